"""One run of Skydeck without its screen: the process that the kill tests end at any moment.

A zygote has imported everything and made the client; it forks one victim a run, which does what
the app does: a gateway, transfers with ledgers, a job manager.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.world import OWNER
from tui.aws.gateway import Gateway
from tui.aws.s3.copy_plan import plan_copies
from tui.aws.s3.seen import listed
from tui.aws.s3.service import S3
from tui.aws.transfers.plan import plan_downloads, plan_uploads
from tui.aws.transfers.service import TransferReport, Transfers
from tui.core.job import Job
from tui.core.jobs import JobManager
from tui.core.ledger_folder import LedgerFolder
from tui.core.records import ObjectQuery, S3Object

STEPS = (
    *("open", "write", "pwrite", "fsync", "fdatasync", "ftruncate", "truncate", "link", "unlink"),
    *("rename", "replace", "mkdir", "utime", "fchmod"),
)

Act = Callable[["App", Any], Awaitable[TransferReport]]


@dataclass(frozen=True, slots=True)
class Order:
    """What one victim is to do.

    Attributes:
        act: one of `JOBS`; or "resume" or "discard" for a next start, which does so with every job
            that is left.
        dies_at: the step of the file system (`STEPS`, counted over all threads) that it dies at.
        after: it dies once that step is done, not before.
    """

    act: str
    bucket: str
    local: str
    ledgers: str
    result: str
    dies_at: int = 0
    after: bool = False
    bytes_per_second: int | None = None


@dataclass(eq=False)
class Result:
    """What a victim says at its end, if it comes to it."""

    steps: int = 0
    found: int = 0
    states: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(eq=False)
class App:
    """What an app without a screen consists of."""

    order: Order
    gateway: Gateway

    def __post_init__(self) -> None:
        folder = LedgerFolder(Path(self.order.ledgers), OWNER)
        self.s3 = S3(self.gateway)
        self.transfers = Transfers(self.gateway, self.s3, folder)
        self.jobs = JobManager()

    async def run(self, result: Result) -> None:
        """Do what was ordered."""
        if self.order.act in JOBS:
            await self._job(self.order.act, JOBS[self.order.act], result)
            return
        left = await self.transfers.interrupted()
        result.found = len(left)
        for one in left:
            if not one.mine:
                result.notes.append(f"another's: {one}")
            elif self.order.act == "resume":
                await self._job(one.verb, _resuming(one.id), result)
            else:
                await self._job("discard", _discarding(one.id), result)

    async def _job(self, verb: str, act: Act, result: Result) -> None:
        async def body(job: Job) -> str:
            job.progress.limits.bytes_per_second = self.order.bytes_per_second
            return (await act(self, job.progress)).finish()

        job = self.jobs.start(verb, "kill test", body, pausable=True)
        while not job.state.ended and job.state.value != "paused":
            await asyncio.sleep(0.005)
        result.states.append(job.state.value)
        result.notes.append(job.snapshot().note)

    async def close(self) -> None:
        """As the app does when one quits."""
        await self.jobs.close()
        self.transfers.close()
        self.gateway.close()


async def _upload(app: App, progress: Any) -> TransferReport:
    plan = await asyncio.to_thread(plan_uploads, Path(app.order.local), "up/")
    seen = await app.transfers.existing(app.order.bucket, plan)
    return await app.transfers.upload_planned(app.order.bucket, plan.with_seen(seen), progress)


async def _upload_one(app: App, progress: Any) -> TransferReport:
    (path,) = Path(app.order.local).iterdir()
    return await app.transfers.upload(app.order.bucket, f"up/{path.name}", path, progress)


async def _download(app: App, progress: Any) -> TransferReport:
    objects: list[S3Object] = []
    async for page in app.s3.objects(ObjectQuery(app.order.bucket, "down/", recursive=True)):
        objects += page.objects
    plan = await asyncio.to_thread(plan_downloads, objects, Path(app.order.local), "down/")
    return await app.transfers.download_planned(app.order.bucket, plan, progress)


async def _download_one(app: App, progress: Any) -> TransferReport:
    target = Path(app.order.local) / "big-1"
    return await app.transfers.download(app.order.bucket, "down/big-1", target, progress)


async def _move(app: App, progress: Any) -> TransferReport:
    bucket = app.order.bucket
    found = await listed(app.s3, bucket, "from/")
    plan = plan_copies(found, bucket, "from/", bucket, "to/", moves=True)
    plan = plan.with_seen({item.target: "" for item in plan.items})
    return await app.transfers.copy_planned(plan, progress)


JOBS: dict[str, Act] = {
    "move": _move,
    "upload": _upload,
    "upload one": _upload_one,
    "download": _download,
    "download one": _download_one,
}


def _resuming(ledger_id: str) -> Act:
    async def act(app: App, progress: Any) -> TransferReport:
        return await app.transfers.resume(ledger_id, progress)

    return act


def _discarding(ledger_id: str) -> Act:
    async def act(app: App, progress: Any) -> TransferReport:
        await app.transfers.discard(ledger_id, progress)
        return TransferReport(0, 0, 0.0)

    return act


@dataclass(eq=False)
class Steps:
    """Counts what a process does to the file system, and ends it at one step."""

    dies_at: int
    after: bool
    count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def install(self) -> None:
        """Stand before the system's calls."""
        for name in STEPS:
            setattr(os, name, self._counted(getattr(os, name)))

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            with self._lock:
                self.count += 1
                dies = self.count == self.dies_at
            if dies and not self.after:
                os.kill(os.getpid(), signal.SIGKILL)
            done = call(*args, **options)
            if dies:
                os.kill(os.getpid(), signal.SIGKILL)
            return done

        return counted


def main(order: Order, gateway: Gateway) -> None:
    """Do it and write down what came of it; called in the forked child."""
    steps, result = Steps(order.dies_at, order.after), Result()
    write = os.write
    steps.install()

    async def run() -> None:
        app = App(order, gateway)
        await app.run(result)
        result.steps = steps.count
        await app.close()

    try:
        asyncio.run(run())
    except BaseException as error:  # the harness is to hear of it
        result.notes.append(f"CRASH {error!r}")
    handle = os.open(order.result, os.O_WRONLY | os.O_CREAT, 0o600)
    write(handle, json.dumps(asdict(result)).encode())


__all__ = ["JOBS", "Order", "Result", "main"]
