"""What a transfer is to do, as its plan shows it: items, sizes, what is left out and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Skipped:
    """One item that is left out, and why, as a clause."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class PlannedUpload:
    """One file and the key that it goes to.

    `seen` is the ETag of the object that was there, "" where none was, None where nobody looked.
    """

    path: Path
    key: str
    size_bytes: int
    seen: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedDownload:
    """One object and the file that it goes to; `replaces` says that a file is there now."""

    key: str
    path: Path
    size_bytes: int
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class UploadPlan:
    """A file, or the files of a folder, and what is left out.

    `target` is the file's key, or what the keys of the folder's files begin with.
    """

    items: tuple[PlannedUpload, ...]
    skipped: tuple[Skipped, ...] = ()
    target: str = ""

    @property
    def size_bytes(self) -> int:
        """All items together."""
        return sum(item.size_bytes for item in self.items)

    @property
    def replaced(self) -> tuple[PlannedUpload, ...]:
        """The items that would replace an object."""
        return tuple(item for item in self.items if item.seen)

    def with_seen(self, there: Mapping[str, str]) -> UploadPlan:
        """Return the plan with what was there when one looked: {key: ETag}."""
        items = (replace(item, seen=there.get(item.key, "")) for item in self.items)
        return replace(self, items=tuple(items))


@dataclass(frozen=True, slots=True)
class DownloadPlan:
    """The objects, the folders to be made, and what is left out."""

    folder: Path
    items: tuple[PlannedDownload, ...]
    folders: tuple[Path, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    @property
    def size_bytes(self) -> int:
        """All items together."""
        return sum(item.size_bytes for item in self.items)

    @property
    def replaced(self) -> tuple[PlannedDownload, ...]:
        """The items that would replace a file."""
        return tuple(item for item in self.items if item.replaces)
