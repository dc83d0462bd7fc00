"""A bucket in memory and machines made of functions: what the steps are handed in tests."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tui.core.errors import AwsError
from tui.core.jobs import Progress
from tui.core.plans import Plan
from tui.core.records import Instance, ObjectDetails, ObjectPage, ObjectQuery, S3Object
from tui.workflow.flow import WorkFlow
from tui.workflow.parameters import Parameters
from tui.workflow.ports import Machine, Ports

NOW = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)


@dataclass
class FakeS3:
    """Buckets as dictionaries; both the store and the carrier."""

    buckets: dict[str, dict[str, bytes]] = field(default_factory=dict)
    told: bool = True  # whether objects have a checksum

    async def create_bucket(self, name: str, region: str = "") -> None:
        if name in self.buckets:
            raise AwsError("Can't create", code="BucketAlreadyOwnedByYou")
        self.buckets[name] = {}

    async def head(self, bucket: str, key: str) -> ObjectDetails:
        data = self._data(bucket, key)
        return ObjectDetails(bucket, key, len(data), NOW, hashlib.sha256(data).hexdigest())

    async def objects(self, query: ObjectQuery) -> AsyncIterator[ObjectPage]:
        rows = self.buckets.get(query.bucket, {})
        yield ObjectPage(
            tuple(
                S3Object(key, len(data), NOW)
                for key, data in sorted(rows.items())
                if key.startswith(query.prefix)
            )
        )

    async def read_range(self, bucket: str, key: str, start: int, length: int) -> bytes:
        return self._data(bucket, key)[start : start + length]

    async def holds(self, bucket: str, key: str, path: Path) -> bool:
        return self.told and self._data(bucket, key) == path.read_bytes()

    async def upload(self, bucket: str, key: str, path: Path, progress: Progress) -> None:
        self.buckets[bucket][key] = path.read_bytes()
        progress.advance(path.stat().st_size)

    async def download(self, bucket: str, key: str, target: Path, progress: Progress) -> None:
        target.write_bytes(self._data(bucket, key))

    def _data(self, bucket: str, key: str) -> bytes:
        try:
            return self.buckets[bucket][key]
        except KeyError:
            raise AwsError("Can't read it", "it is not there", code="404") from None


@dataclass
class FakeRemote:
    """A login whose commands are answered by `says`: command -> (status, lines)."""

    files: dict[str, bytes] = field(default_factory=dict)
    says: Callable[[str], tuple[int, list[str]]] = lambda _: (0, [])
    commands: list[str] = field(default_factory=list)
    hang: bool = False
    closed: int = 0

    async def run(self, command: str) -> tuple[int, str]:
        self.commands.append(command)
        if command.startswith("sha256sum "):
            data = self.files.get(command.split()[1])
            if data is None:
                return 1, ""
            return 0, f"{hashlib.sha256(data).hexdigest()}  {command.split()[1]}\n"
        return 0, ""

    async def stream(
        self, command: str, on_line: Callable[[str], None], cancelled: threading.Event
    ) -> int:
        self.commands.append(command)
        status, lines = self.says(command)
        for line in lines:
            on_line(line)
        while self.hang and "fares.py" in command:
            await asyncio.sleep(0.01)
        return status

    async def put(self, local: Path, remote: str, progress: Progress) -> str:
        self.files[remote] = local.read_bytes()
        return remote

    async def make_folder(self, remote: str) -> None:
        pass

    async def close(self) -> None:
        self.closed += 1


@dataclass
class FakeMachines:
    """Some running machines, all reached by one login."""

    found: list[Machine] = field(default_factory=list)
    remote: FakeRemote = field(default_factory=FakeRemote)
    dialled: list[str] = field(default_factory=list)

    async def running(self) -> tuple[Machine, ...]:
        return tuple(self.found)

    async def connect(self, instance: Instance, say: Callable[[str], None]) -> FakeRemote:
        self.dialled.append(instance.id)
        return self.remote


def instance(id_: str = "i-1", *, role: str = "s3", key: str = "dana") -> Instance:
    """A running machine."""
    return Instance(
        id=id_, name="", state="running", type="t3.micro", architecture="x86_64",
        zone="us-east-1a", public_ip="203.0.113.7", public_dns="", private_ip="172.31.0.4",
        key_name=key, image_id="ami-1", launched_at=NOW, role=role,
    )  # fmt: skip


@dataclass
class World:
    """A work flow over fakes."""

    flow: WorkFlow
    s3: FakeS3
    machines: FakeMachines
    asked: list[Plan]
    notes: list[dict[str, str]]
    agree: list[bool]

    async def run(self, step: str, progress: Progress | None = None) -> str:
        return await self.flow.run(step, progress or Progress())

    def said(self, step: str) -> str:
        from tui.workflow.steps import BY_ID

        return "\n".join(line.text for line in self.flow.log(BY_ID[step]))


def world(folder: Path, csv: bytes = b"") -> World:
    """A work flow over a small CSV of its own."""
    source = folder / "trips.csv"
    source.write_bytes(csv or small_csv())
    asked: list[Plan] = []
    notes: list[dict[str, str]] = []
    agree = [True]
    s3, machines = FakeS3(), FakeMachines()

    async def threaded(function: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.to_thread(function, *args)

    async def confirm(plan: Plan) -> bool:
        asked.append(plan)
        return agree[0]

    def note(cause: str, *, python: str = "", cli: str = "", pandas: str = "") -> None:
        notes.append({"cause": cause, "python": python, "cli": cli, "pandas": pandas})

    ports = Ports(s3, s3, machines, threaded, confirm, note, "us-east-1")
    parameters = Parameters(
        source=source,
        demo=folder / "demo" / "demo.csv",
        bucket="a-bucket",
        key="raw/trips.csv",
        folder=folder / "work",
        every=10,
    )
    return World(WorkFlow(ports, parameters), s3, machines, asked, notes, agree)


def small_csv(rows: int = 95) -> bytes:
    """Trips that the script understands."""
    lines = ["pickup,zone,passengers,miles,fare,tip"]
    for row in range(rows):
        lines.append(f"2026-03-01 {row % 24:02d}:00:00,Zone {row % 3},1,2.50,10.00,1.00")
    return ("\n".join(lines) + "\n").encode()
