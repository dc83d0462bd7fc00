"""What every fault test stands on: a sandbox, the proxy before it, and Skydeck's own transfers."""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.clients import make_client
from tests.faults.proxy import FaultProxy
from tui.aws.calls import CallLog
from tui.aws.connection import Connection
from tui.aws.gateway import Gateway
from tui.aws.s3.service import S3
from tui.aws.transfers import engine, fetch, many, service, upload
from tui.aws.transfers.service import TransferReport, Transfers
from tui.core.job import Job
from tui.core.jobs import JobManager
from tui.core.ledger import Owner
from tui.core.ledger_folder import LedgerFolder
from tui.core.progress import Progress
from tui.sandbox import Sandbox

BUCKET = "skydeck-faults-5309"
PART_BYTES = 5 * 1024 * 1024  # the least that S3 takes: a part a file would need is 16 MiB else


OWNER = Owner("000000000000", "sandbox:/kept-for-the-fault-tests", "", "us-east-1")
PATIENCE_SECONDS = 120.0
_COPY = sys.modules["tui.aws.s3.copy"]  # which can't be imported before the service


@dataclass(eq=False)
class Outcome:
    """What came of a suite; every method may be called from any thread."""

    counts: Counter[str] = field(default_factory=Counter)
    defects: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, name: str, amount: int = 1) -> None:
        """Count."""
        with self._lock:
            self.counts[name] += amount

    def defect(self, name: str, what: str) -> None:
        """Note what must not be."""
        with self._lock:
            self.counts[name] += 1
            self.defects.append(f"{name}: {what}")


@dataclass(eq=False)
class World:
    """A sandbox and the proxy before it.

    Attributes:
        outside: a plain boto3 client, past the proxy.
        folder: a scratch folder, gone at the end.
    """

    sandbox: Sandbox
    proxy: FaultProxy
    outside: Any
    folder: Path
    random: random.Random = field(default_factory=lambda: random.Random(20261125))

    @property
    def connection(self) -> Connection:
        """Skydeck's connection, by way of the proxy."""
        info = self.sandbox.info
        return Connection(
            region=info.region,
            endpoint_url=self.proxy.url,
            access_key_id=info.access_key_id,
            secret_access_key=info.secret_access_key,
            sandbox=True,
        )

    @property
    def far_connection(self) -> Connection:
        """The same as to a server of one's own, which may be gone for a while."""
        return replace(self.connection, sandbox=False)

    def unfinished(self) -> list[str]:
        """The keys of the multipart uploads that are open."""
        answer = self.outside.list_multipart_uploads(Bucket=BUCKET)
        return [upload["Key"] for upload in answer.get("Uploads", ())]

    def body(self, key: str) -> bytes | None:
        """What is at a key, or None."""
        try:
            found: bytes = self.outside.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        except self.outside.exceptions.NoSuchKey:
            return None
        return found


@contextmanager
def world(sandbox: Sandbox | None = None) -> Iterator[World]:
    """A world with an empty bucket; the sandbox is ended with it, unless it is the caller's."""
    box = sandbox or Sandbox(fast=True)
    if sandbox is None:
        box.start(timeout=60)
    place = urlsplit(box.info.endpoint_url)
    try:
        with (
            FaultProxy(str(place.hostname), int(place.port or 80)) as proxy,
            tempfile.TemporaryDirectory(prefix="skydeck-faults-") as folder,
        ):
            outside = make_client(box, "s3")
            outside.create_bucket(Bucket=BUCKET)
            yield World(box, proxy, outside, Path(folder).resolve())
            if proxy.errors:
                raise proxy.errors[0]
    finally:
        if sandbox is None:
            box.stop()
        else:
            box.reset()


@asynccontextmanager
async def transfers(connection: Connection, **options: Any) -> AsyncIterator[Transfers]:
    """Transfers of their own gateway; their threads are told to end."""
    gateway = Gateway(connection, CallLog())
    made = Transfers(gateway, S3(gateway), **options)
    try:
        yield made
    finally:
        made.close()
        gateway.close()
        await asyncio.sleep(0)


async def let_go(mover: Transfers, progress: Progress) -> None:
    """Cancel a job that has paused: what it has begun is cleaned up."""
    if progress.ledger is not None:
        await mover.discard(progress.ledger.id, progress.successor())


Act = Callable[[Transfers, Any], Awaitable[TransferReport]]


@dataclass(eq=False)
class Desk:
    """Jobs over transfers that keep ledgers, as the app has them."""

    gateway: Gateway
    transfers: Transfers
    jobs: JobManager
    ledgers: Path

    async def start(self, act: Act) -> Job:
        """Start a job and wait until it rests: has ended, or is paused."""

        async def body(job: Job) -> str:
            return (await act(self.transfers, job.progress)).finish()

        return await self.rest(self.jobs.start("fault", "test", body, pausable=True))

    async def rest(self, job: Job) -> Job:
        """Wait until a job rests."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while job.state.value == "running":
                await asyncio.sleep(0.01)
        return job

    async def go_on(self, job: Job) -> Job:
        """Resume a paused job and wait until it rests again."""
        self.jobs.resume(job.id)
        return await self.rest(job)


@asynccontextmanager
async def desk(
    world: World, ledgers: Path | None = None, connection: Connection | None = None
) -> AsyncIterator[Desk]:
    """A desk by way of the proxy; its jobs are cancelled at the end."""
    folder = ledgers or world.folder / "ledgers"
    gateway = Gateway(connection or world.connection, CallLog())
    made = Transfers(gateway, S3(gateway), LedgerFolder(folder, OWNER))
    jobs = JobManager()
    try:
        yield Desk(gateway, made, jobs, folder)
    finally:
        await jobs.close()
        made.close()
        gateway.close()


@contextmanager
def small_parts(part_bytes: int = PART_BYTES) -> Iterator[None]:
    """Parts of fewer bytes, so that a few MiB make a multipart transfer, or copy."""
    before = engine.PART_BYTES
    defaults = many.Many.__init__.__defaults__ or ()
    lowered = tuple(part_bytes if value == before else value for value in defaults)
    names = [
        *((module, "PART_BYTES") for module in (engine, fetch, upload, many)),
        *((_COPY, "WHOLE_BYTES"), (_COPY, "COPY_PART_BYTES"), (service, "WHOLE_BYTES")),
    ]
    kept = [getattr(module, name) for module, name in names]
    try:
        for module, name in names:
            setattr(module, name, part_bytes)
        many.Many.__init__.__defaults__ = lowered
        yield
    finally:
        for (module, name), value in zip(names, kept, strict=True):
            setattr(module, name, value)
        many.Many.__init__.__defaults__ = defaults


def left_over(folder: Path) -> list[str]:
    """Temporary files below a folder."""
    return [path.name for path in folder.rglob(".skydeck-*")]


@lru_cache(maxsize=64)
def noise(size: int, seed: int = 1) -> bytes:
    """Bytes that no damage leaves equal."""
    return random.Random(seed).randbytes(size)
