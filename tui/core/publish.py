"""Give a whole temporary file its name without replacing what appeared there meanwhile."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

CHUNK_BYTES = 256 * 1024  # a cancel is seen after each


def add(temporary: Path | str, target: Path | str, folder: int | None = None) -> None:
    """Have `target` name the temporary file, which may keep its own name too. Blocks.

    With a folder's handle, both are names in it.

    Raises:
        FileExistsError: something stands there; it is kept.
    """
    try:
        # Unlike a rename, it replaces nothing.
        os.link(temporary, target, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:  # FAT, some network disks: a reserved name is replaced instead
        _reserve(target, folder)
        try:
            os.replace(temporary, target, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            os.unlink(target, dir_fd=folder)
            raise


def holds_the_same(
    target: Path | str, handle: int, check: Callable[[], None], folder: int | None = None
) -> bool:
    """Whether a file of the very bytes of an open one stands at `target`. Blocks.

    `check` is called before each chunk and may raise to end it. With a folder's handle, `target`
    is a name in it.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        other = os.open(target, flags, dir_fd=folder)
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


def _reserve(target: Path | str, folder: int | None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    os.close(os.open(target, flags, 0o666, dir_fd=folder))
