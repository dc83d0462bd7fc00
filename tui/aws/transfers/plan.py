"""What a transfer would do, known before its first byte: items, sizes, what is left out.

Downloads are planned in `plan_down`, uploads here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tui.aws.errors import explain_local
from tui.aws.transfers.engine import local_file
from tui.aws.transfers.plan_down import plan_downloads
from tui.aws.transfers.planned import (
    DownloadPlan,
    PlannedDownload,
    PlannedUpload,
    Skipped,
    UploadPlan,
)
from tui.core.errors import LocalError
from tui.core.local_names import is_temporary

KEY_LIMIT_BYTES = 1024


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
    if is_temporary(entry.name):
        return "it is half a download, of Skydeck's own"
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
