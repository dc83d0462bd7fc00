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

from tui.aws.transfer_engine import Meter, local_file
from tui.core.errors import LocalError
from tui.core.publish import add, holds_the_same, sync_folder


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
            _add(temporary, handle, target, meter)
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
