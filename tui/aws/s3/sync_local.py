"""The local side of a sync: what is there, whether it is the same, and removing it safely.

Blocks. Nothing here follows a link out of the folder, and a file is removed only while it is the
very one that the plan has shown.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tui.aws.checksums import Hasher, expected_digest
from tui.aws.s3.sync_plan import LocalFile, Mark
from tui.aws.transfers.engine import CHUNK_BYTES, local_file
from tui.aws.transfers.plan import Skipped, plan_uploads
from tui.aws.transfers.verify import equal_sizes
from tui.core.errors import JobCancelled, LocalError

Head = Callable[[], Mapping[str, Any]]


def mark_of(status: os.stat_result) -> Mark:
    """What tells one state of a file from another."""
    return status.st_size, status.st_mtime_ns, status.st_ino


def local_side(folder: Path, prefix: str, *, up: bool) -> tuple[list[LocalFile], list[Skipped]]:
    """Return the files below a folder, and what of it is left out and why.

    On the way up, links to files inside the folder are followed; on the way down none is: what
    stands behind it is neither compared nor removed.

    Raises:
        LocalError: the folder can't be read.
    """
    plan = plan_uploads(folder, prefix)
    skipped = list(plan.skipped)
    root = folder.resolve()
    found: list[LocalFile] = []
    for item in plan.items:
        name = item.path.relative_to(root).as_posix()
        try:
            status = item.path.stat() if up else item.path.lstat()
        except OSError as error:
            skipped.append(Skipped(name, (error.strerror or "it is gone").lower()))
            continue
        if stat.S_ISREG(status.st_mode):
            found.append(LocalFile(name, status.st_size, mark_of(status)))
        else:
            skipped.append(Skipped(name, "it is a link"))
    return found, skipped


def same_content(path: Path, etag: str, size: int, head: Head, stop: threading.Event) -> bool:
    """Whether a file has the bytes of an object of the same size. What can't be told is False.

    By the ETag where it is a checksum of the bytes or of parts; else by what HeadObject says.

    Raises:
        LocalError: the file can't be read.
        JobCancelled: `stop` was set.
    """
    digest, dash, parts = etag.partition("-")
    if not dash and _digest(path, Hasher("md5"), stop).hex() == digest:
        return True
    if dash and parts.isdigit():
        for part_bytes in equal_sizes(size, int(parts)):
            if _digest_of_parts(path, part_bytes, stop) == digest:
                return True
    expected = expected_digest(head())
    if expected is None or expected.kind == "md5":
        return False
    return _digest(path, Hasher(expected.kind), stop) == expected.value


def remove_file(folder: Path, name: str, mark: Mark) -> None:
    """Remove one file below the folder, if it is what was seen; never through a link.

    Raises:
        LocalError: it changed meanwhile, a link is in the way, or the disk refused.
    """
    path = folder / name
    *above, last = name.split("/")
    with local_file("delete", path), _opened(folder, above) as handle:
        status = os.stat(last, dir_fd=handle, follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode) or mark_of(status) != mark:
            raise LocalError(
                f"Can't delete {path}",
                "it changed meanwhile",
                "It stays; plan the sync once more.",
                code=errno.errorcode[errno.EBUSY],
            )
        os.unlink(last, dir_fd=handle)


@contextmanager
def _opened(folder: Path, above: list[str]) -> Iterator[int]:
    """The folder that a name lies in, opened step by step; no step may be a link."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    handle = os.open(folder, flags)
    try:
        for part in above:
            if part in ("", ".", ".."):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), part)
            deeper = os.open(part, flags | os.O_NOFOLLOW, dir_fd=handle)
            os.close(handle)
            handle = deeper
        yield handle
    finally:
        os.close(handle)


def _digest(path: Path, hasher: Hasher, stop: threading.Event) -> bytes:
    for chunk in _chunks(path, stop):
        hasher.update(chunk)
    return hasher.digest()


def _digest_of_parts(path: Path, part_bytes: int, stop: threading.Event) -> str:
    sums, current, left = b"", hashlib.md5(usedforsecurity=False), part_bytes
    for chunk in _chunks(path, stop):
        view = memoryview(chunk)
        while view:
            current.update(view[:left])
            taken = min(left, len(view))
            view, left = view[taken:], left - taken
            if not left:
                sums += current.digest()
                current, left = hashlib.md5(usedforsecurity=False), part_bytes
    if left != part_bytes or not sums:
        sums += current.digest()
    return hashlib.md5(sums, usedforsecurity=False).hexdigest()


def _chunks(path: Path, stop: threading.Event) -> Iterator[bytes]:
    with local_file("read", path), path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK_BYTES):
            if stop.is_set():
                raise JobCancelled
            yield chunk
