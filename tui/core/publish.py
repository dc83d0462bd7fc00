"""Give a whole temporary file its name without replacing what appeared there meanwhile."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

CHUNK_BYTES = 256 * 1024  # a cancel is seen after each


def add(temporary: Path, target: Path) -> None:
    """Have `target` name the temporary file, which may keep its own name too. Blocks.

    Raises:
        FileExistsError: something stands there; it is kept.
    """
    try:
        os.link(temporary, target)  # unlike a rename, it replaces nothing
    except FileExistsError:
        raise
    except OSError:  # FAT, some network disks: a reserved name is replaced instead
        _reserve(target)
        try:
            temporary.replace(target)
        except OSError:
            target.unlink()
            raise


def holds_the_same(target: Path, handle: int, check: Callable[[], None]) -> bool:
    """Whether a file of the very bytes of an open one stands at `target`. Blocks.

    `check` is called before each chunk and may raise to end it.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        other = os.open(target, flags)
    except OSError:
        return False
    try:
        there, size = os.fstat(other), os.fstat(handle).st_size
        if not stat.S_ISREG(there.st_mode) or there.st_size != size:
            return False
        for at in range(0, size, CHUNK_BYTES):
            check()
            if os.pread(other, CHUNK_BYTES, at) != os.pread(handle, CHUNK_BYTES, at):
                return False
        return True
    finally:
        os.close(other)


def sync_folder(folder: Path) -> None:
    """Have the folder's entries on the disk; not every file system can, so errors are left."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _reserve(target: Path) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    os.close(os.open(target, flags, 0o666))
