"""What the steps need of the world: handed in, so that this package knows no AWS and no SSH."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tui.core.jobs import Progress
from tui.core.plans import Plan
from tui.core.records import Instance, ObjectDetails, ObjectPage, ObjectQuery


class Store(Protocol):
    """Objects of S3; errors are `UserError`s with the service's code."""

    async def create_bucket(self, name: str, region: str = "") -> None:
        """Create a bucket; the code BucketAlreadyOwnedByYou says that it is there."""

    async def head(self, bucket: str, key: str) -> ObjectDetails:
        """Return an object's properties."""

    def objects(self, query: ObjectQuery) -> AsyncIterator[ObjectPage]:
        """Yield pages of a listing."""

    async def read_range(self, bucket: str, key: str, start: int, length: int) -> bytes:
        """Read a part of an object."""

    async def holds(self, bucket: str, key: str, path: Path) -> bool:
        """Whether an object is surely the very bytes of a file; False where it can't be told."""


class Carrier(Protocol):
    """Files to and from S3, whole or not at all."""

    async def upload(self, bucket: str, key: str, path: Path, progress: Progress) -> object:
        """Upload a file."""

    async def download(self, bucket: str, key: str, target: Path, progress: Progress) -> object:
        """Download an object to exactly this path."""


class Remote(Protocol):
    """A machine that one is logged in to; every method raises `SshError`."""

    async def run(self, command: str) -> tuple[int, str]:
        """Run a command to its end; return its exit status and what it printed."""

    async def stream(
        self, command: str, on_line: Callable[[str], None], cancelled: threading.Event
    ) -> int:
        """Run a command, hand on its lines as they come, return its exit status."""

    async def put(self, local: Path, remote: str, progress: Progress) -> str:
        """Copy a file there; return its path there."""

    async def make_folder(self, remote: str) -> None:
        """Make a folder, which may be there already."""

    async def close(self) -> None:
        """Log out."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A running instance and whether its key pair's file is on this disk."""

    instance: Instance
    has_key: bool


class Machines(Protocol):
    """The instances that run."""

    async def running(self) -> tuple[Machine, ...]:
        """Return the running instances, the newest first."""

    async def connect(self, instance: Instance, say: Callable[[str], None]) -> Remote:
        """Log in; `say` gets what happens meanwhile."""


class Note(Protocol):
    """Takes code for the code drawer."""

    def __call__(self, cause: str, *, python: str = "", cli: str = "", pandas: str = "") -> None:
        """Log what was done, as code."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything that the steps are handed.

    Attributes:
        threaded: runs a blocking function off the event loop.
        confirm: asks the user whether to go on with a plan.
        note: takes code for the code drawer.
        region: of the bucket to make.
    """

    store: Store
    carrier: Carrier
    machines: Machines
    threaded: Callable[..., Awaitable[Any]]
    confirm: Callable[[Plan], Awaitable[bool]]
    note: Note
    region: str
