"""What a crowd does with small objects: each to its file, as `download` does it alone.

Each file is on the disk before it gets its name. Folders are written through once for some files
together, and before any of those counts as done.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui.aws.checksums import Hasher, expected_digest
from tui.aws.transfers.crowd_wire import Reply
from tui.aws.transfers.engine import Engine, Remote
from tui.aws.transfers.fast import Ready, Unsure
from tui.aws.transfers.fast_wire import boto_answer
from tui.aws.transfers.meter import Meter
from tui.aws.transfers.planned import PlannedDownload
from tui.aws.transfers.publish import Landing, put_in_place
from tui.core.folders import Spot, Tree
from tui.core.ledger import ItemLedger

if TYPE_CHECKING:
    from tui.core.progress import Progress

MOST_FOLDERS: Final = 32  # open at a time


@dataclass(eq=False)
class SmallDownloads:
    """A plan's small objects, to files below `tree`. Whatever is not plain success is raised."""

    engine: Engine
    progress: Progress
    tree: Tree
    remote_of: Callable[[PlannedDownload], Remote]
    _spots: dict[str, Spot] = field(default_factory=dict)  # by folder, until all are settled
    _held: ExitStack = field(default_factory=ExitStack)
    _begun: dict[str, Spot] = field(default_factory=dict)  # by the temporary file's name
    _thread: int = 0  # the crowd's; others hold their folders themselves

    @contextmanager
    def working(self) -> Iterator[None]:
        """All else is called inside. No temporary file is left after it, nor an open folder."""
        self._thread = threading.get_ident()
        key = self.tree.root / f"crowd-{id(self)}"
        with self._held, self.engine.temporary(key, self.progress, remove=self._sweep):
            yield
            self.settle()

    def ask(self, item: PlannedDownload) -> Ready:
        """Return the request for an object."""
        return self.engine.fast.ready(self.remote_of(item))

    def accept(self, ready: Ready, reply: Reply) -> None:
        """Raise unless the answer has the object."""
        ready.judge(reply.status, self.progress)

    def finish(self, item: PlannedDownload, reply: Reply, kept: ItemLedger) -> int:
        """Check the bytes, write them and give the file its name; return how many they are."""
        _refuse_damage(reply)
        landing = _REPLACING if item.replaces else _ADDING
        if threading.get_ident() == self._thread:
            self._write(self._spot(item.path), reply.body, kept.temporary_name, landing)
        else:
            with self.tree.spot(item.path) as spot:
                self._write(spot, reply.body, kept.temporary_name, landing)
                spot.sync()
        return len(reply.body)

    def settle(self) -> None:
        """Have the folders of all that is finished on the disk."""
        spots, self._spots = self._spots, {}
        with self._held.pop_all():
            for spot in spots.values():
                spot.sync()

    def _spot(self, path: Path) -> Spot:
        """A file's place; its folder is looked up once for some files together."""
        folder, _, name = str(path).rpartition("/")
        spot = self._spots.get(folder)
        if spot is None:
            if len(self._spots) >= MOST_FOLDERS:
                self.settle()
            spot = self._spots[folder] = self._held.enter_context(self.tree.spot(path))
        return spot.beside(path, name)

    def _write(self, spot: Spot, body: memoryview, name: str, landing: Landing) -> None:
        self._begun[name] = spot
        try:
            handle = _created(spot, name)
            try:
                at = 0
                while at < len(body):
                    at += os.pwrite(handle, body[at:], at)
                put_in_place(name, handle, spot, Meter(self.progress), landing, sync=False)
            finally:
                os.close(handle)
        finally:
            with suppress(OSError):
                spot.unlink(name)
            del self._begun[name]

    def _sweep(self) -> None:
        for name, spot in tuple(self._begun.items()):
            with suppress(OSError):
                spot.unlink(name)


_ADDING, _REPLACING = Landing(replace=False), Landing()


def _refuse_damage(reply: Reply) -> None:
    about = boto_answer(reply.headers, len(reply.body))
    expected = expected_digest(about)
    if not about["ETag"] or expected is None:
        raise Unsure
    hasher = Hasher(expected.kind)
    hasher.update(reply.body)
    if hasher.digest() != expected.value:
        raise Unsure


def _created(spot: Spot, name: str) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
    try:
        return spot.open(name, flags)
    except FileExistsError:  # a run that a crash has ended has left it
        spot.unlink(name)
        return spot.open(name, flags)
