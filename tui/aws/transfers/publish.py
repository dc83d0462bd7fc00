"""Put a whole temporary file where it belongs: over the file that may be replaced, or nowhere.

A plan that showed no file at a target never replaces one that appeared since. Only a file with
the very same bytes is no matter: a retry of a job finds what its first try has written.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tui.aws.transfers.engine import local_file
from tui.aws.transfers.lanes import hands_off
from tui.aws.transfers.meter import Meter
from tui.core.errors import LocalError
from tui.core.publish import add, holds_the_same, sync_folder


@dataclass(frozen=True, slots=True)
class Landing:
    """How a written file gets its name.

    Attributes:
        replace: a file there is replaced, and its mode kept.
        mark: (bytes, modification time in ns, inode) of the only file that may be replaced; None
            for whatever is there.
        modified_ns: the time that it gets, ns since 1970; None for now.
    """

    replace: bool = True
    mark: tuple[int, int, int] | None = None
    modified_ns: int | None = None


def put_in_place(
    temporary: Path, handle: int, target: Path, meter: Meter, landing: Landing
) -> None:
    """Give the written file its name, once the disk has all of it. Blocks.

    Raises:
        LocalError: the disk refused; or a file that may not be replaced is there.
    """
    with local_file("write", target):
        if landing.replace:
            with suppress(FileNotFoundError):
                old = target.lstat()
                if stat.S_ISREG(old.st_mode):
                    os.fchmod(handle, stat.S_IMODE(old.st_mode))
        if landing.modified_ns is not None:
            os.utime(handle, ns=(time.time_ns(), landing.modified_ns))
        with hands_off():
            os.fsync(handle)
        if landing.replace:
            _refuse_another(target, landing)
            temporary.replace(target)
        else:
            _add(temporary, handle, target, meter)
    with hands_off():
        sync_folder(target.parent)


def _refuse_another(target: Path, landing: Landing) -> None:
    if landing.mark is None:
        return
    with suppress(FileNotFoundError):
        there = target.lstat()
        if (there.st_size, there.st_mtime_ns, there.st_ino) != landing.mark:
            raise LocalError(
                f"Can't write {target}",
                "the file there changed meanwhile",
                "It stays. Download it again: you are asked before a file is replaced.",
                code=errno.errorcode[errno.EEXIST],
            )


def refuse_newcomer(target: Path, size_bytes: int) -> None:
    """Raise before the first byte is fetched where a file appeared that can't be the same.

    Raises:
        LocalError: something else stands there.
    """
    with local_file("write", target), suppress(FileNotFoundError):
        there = target.lstat()
        if not stat.S_ISREG(there.st_mode) or there.st_size != size_bytes:
            raise _appeared(target)


def _add(temporary: Path, handle: int, target: Path, meter: Meter) -> None:
    try:
        add(temporary, target)
    except FileExistsError:
        if not holds_the_same(target, handle, meter.check):
            raise _appeared(target) from None


def _appeared(target: Path) -> LocalError:
    return LocalError(
        f"Can't write {target}",
        "a file appeared meanwhile",
        "Download it again: you are asked before a file is replaced.",
        code=errno.errorcode[errno.EEXIST],
    )
