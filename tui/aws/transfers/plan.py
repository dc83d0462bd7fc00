"""What a folder's transfer would do, known before its first byte: items, sizes, what is left out.

Keys become local paths only by `tui.core.local_names`. Two keys never share a file: where they
would, or where one is a file and the other needs a folder there, the plan says which one it drops.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tui.aws.errors import explain_local
from tui.aws.transfers.engine import local_file
from tui.aws.transfers.folding import one_file_each
from tui.core.errors import LocalError
from tui.core.local_names import UnsafeName, local_path
from tui.core.records import S3Object

KEY_LIMIT_BYTES = 1024


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


def plan_downloads(objects: Iterable[S3Object], folder: Path, prefix: str = "") -> DownloadPlan:
    """Plan to download objects into `folder`; paths begin after the prefix's last slash. Blocks.

    Empty `name/` objects become folders.
    """
    base = prefix[: prefix.rfind("/") + 1]
    wanted: list[PlannedDownload] = []
    folders: list[Path] = []
    skipped: list[Skipped] = []
    for entry in objects:
        name = entry.key.removeprefix(base)
        try:
            if not entry.size_bytes and (not name or name.endswith("/")):
                folders.append(local_path(folder, name[:-1]) if name else folder)
            else:
                path = local_path(folder, name)
                wanted.append(PlannedDownload(entry.key, path, entry.size_bytes))
        except UnsafeName as error:
            skipped.append(Skipped(entry.key, error.message))
    kept = _kept(wanted, folders, folder, skipped)
    return DownloadPlan(folder, tuple(kept), tuple(dict.fromkeys(folders)), tuple(skipped))


def _kept(
    wanted: list[PlannedDownload], folders: list[Path], folder: Path, skipped: list[Skipped]
) -> list[PlannedDownload]:
    """Drop what can't be written beside the others, with a word for each."""
    above = {parent for one in wanted for parent in _above(one.path, folder)}
    above |= {one for path in folders for one in (path, *_above(path, folder))}
    same = one_file_each((*(one.path for one in wanted), *above), folder)
    items: dict[str, PlannedDownload] = {}
    for one in wanted:
        if (name := same(one.path)) in items:
            reason = f"it would share a file with {items[name].key}"
            skipped.append(Skipped(one.key, reason))
        else:
            items[name] = one
    needed = {same(path) for path in above}
    kept: list[PlannedDownload] = []
    for name, item in items.items():
        reason = "a folder of that name is needed" if name in needed else _in_the_way(item, folder)
        if reason:
            skipped.append(Skipped(item.key, reason))
        else:
            kept.append(_marked(item))
    return kept


def plan_upload(path: Path, prefix: str = "") -> UploadPlan:
    """Plan to upload one file to `prefix` and its name. Blocks.

    Raises:
        LocalError: it is gone, or may not be looked at.
    """
    key = prefix + path.name
    if reason := _key_problem(key):
        return UploadPlan((), (Skipped(_shown(path.name), reason),), key)
    with local_file("read", path):
        size = path.stat().st_size
    return UploadPlan((PlannedUpload(path, key, size),), (), key)


def plan_uploads(folder: Path, prefix: str = "") -> UploadPlan:
    """Plan to upload a folder's files below `prefix`. Blocks.

    Symbolic links to files inside the folder are followed; all others are left out.

    Raises:
        LocalError: there is no such folder, or it can't be read.
    """
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    with local_file("read", folder):
        root = folder.resolve(strict=True)
        os.scandir(root).close()
    items: list[PlannedUpload] = []
    skipped: list[Skipped] = []
    for found in _walk(root, root):
        if isinstance(found, Skipped):
            skipped.append(found)
            continue
        relative, size = found
        key = prefix + relative
        if reason := _key_problem(key):
            skipped.append(Skipped(_shown(relative), reason))
        else:
            items.append(PlannedUpload(root / relative, key, size))
    return UploadPlan(tuple(items), tuple(skipped), prefix)


def _walk(folder: Path, root: Path) -> Iterator[Skipped | tuple[str, int]]:
    """Yield (path below the root with slashes, size) of each file, in order."""
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        yield Skipped(_below(folder, root), explain_local(error, "read", folder).message)
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(folder / entry.name, root)
            continue
        name = _below(folder / entry.name, root)
        try:
            if reason := _entry_problem(entry, root):
                yield Skipped(name, reason)
            else:
                yield name, entry.stat().st_size
        except OSError as error:
            yield Skipped(name, explain_local(error, "read", entry.path).message)


def _entry_problem(entry: os.DirEntry[str], root: Path) -> str:
    if entry.is_symlink():
        real = Path(entry.path).resolve()
        if not real.is_relative_to(root):
            return "it is a link that leads out of the folder"
        if real.is_dir():
            return "it is a link to a folder"
        if not real.is_file():
            return "it is a link to nothing"
        return ""
    return "" if entry.is_file() else "it is no plain file"


def _below(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _key_problem(key: str) -> str:
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    return "its key would be over 1,024 bytes" if length > KEY_LIMIT_BYTES else ""


def _shown(name: str) -> str:
    """Return a file's name as text that every terminal takes."""
    return os.fsencode(name).decode("utf-8", "replace")


def _above(path: Path, folder: Path) -> Iterator[Path]:
    """Yield the folders between a path and the target folder."""
    for parent in path.parents:
        if parent == folder:
            return
        yield parent


def _in_the_way(item: PlannedDownload, folder: Path) -> str:
    """Say what stands on the disk where the item would go, or ""."""
    try:
        if item.path.is_dir():
            return "a folder of that name stands there"
        if any(parent.exists() and not parent.is_dir() for parent in _above(item.path, folder)):
            return "a file stands where its folder is needed"
    except OSError as error:
        return explain_local(error, "write", item.path).message
    return ""


def _marked(item: PlannedDownload) -> PlannedDownload:
    if not os.path.lexists(item.path):
        return item
    return replace(item, replaces=True)


__all__ = [
    "DownloadPlan",
    "LocalError",
    "PlannedDownload",
    "PlannedUpload",
    "Skipped",
    "UploadPlan",
    "plan_downloads",
    "plan_upload",
    "plan_uploads",
]
