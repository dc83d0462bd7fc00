"""Put a whole temporary file where it belongs: over the file that may be replaced, or nowhere.

A plan that showed no file at a target never replaces one that appeared since. Only a file with
the very same bytes is no matter: a retry of a job finds what its first try has written.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from tui.aws.keys import sync_folder
from tui.aws.transfer_engine import CHUNK_BYTES, Meter, local_file
from tui.core.errors import LocalError


def put_in_place(temporary: Path, handle: int, target: Path, meter: Meter, replace: bool) -> None:
    """Give the written file its name, once the disk has all of it. Blocks.

    With `replace`, a file there is replaced and its mode kept.

    Raises:
        LocalError: the disk refused; or, without `replace`, a file appeared meanwhile.
    """
    with local_file("write", target):
        if replace:
            with suppress(FileNotFoundError):
                old = target.lstat()
                if stat.S_ISREG(old.st_mode):
                    os.fchmod(handle, stat.S_IMODE(old.st_mode))
        os.fsync(handle)
        if replace:
            temporary.replace(target)
        else:
            _put_beside(temporary, handle, target, meter)
    sync_folder(target.parent)


def refuse_newcomer(target: Path, size_bytes: int) -> None:
    """Raise before the first byte is fetched where a file appeared that can't be the same.

    Raises:
        LocalError: something else stands there.
    """
    with local_file("write", target), suppress(FileNotFoundError):
        there = target.lstat()
        if not stat.S_ISREG(there.st_mode) or there.st_size != size_bytes:
            raise _appeared(target)


def _put_beside(temporary: Path, handle: int, target: Path, meter: Meter) -> None:
    try:
        try:
            target.hardlink_to(temporary)
        except FileExistsError:
            raise
        except OSError:  # FAT, some network disks: a reserved name is replaced instead
            _reserve(target)
            try:
                temporary.replace(target)
            except OSError:
                target.unlink()
                raise
    except FileExistsError:
        if not _holds_the_same(target, handle, meter):
            raise _appeared(target) from None


def _reserve(target: Path) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    os.close(os.open(target, flags, 0o666))


def _holds_the_same(target: Path, handle: int, meter: Meter) -> bool:
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
            meter.check()
            if os.pread(other, CHUNK_BYTES, at) != os.pread(handle, CHUNK_BYTES, at):
                return False
        return True
    finally:
        os.close(other)


def _appeared(target: Path) -> LocalError:
    return LocalError(
        f"Can't write {target}",
        "a file appeared meanwhile",
        "Download it again: you are asked before a file is replaced.",
        code=errno.errorcode[errno.EEXIST],
    )
