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
from tui.core.folders import Spot
from tui.core.local_names import READ_ONLY
from tui.core.publish import holds_the_same


@dataclass(frozen=True, slots=True)
class Landing:
    """How a written file gets its name.

    Attributes:
        replace: a file there is replaced; its mode and, where one may, its owner are kept.
        mark: (bytes, modification time in ns, inode) of the only file that may be replaced; None
            for whatever is there.
        modified_ns: the time that it gets, ns since 1970; None for now.
    """

    replace: bool = True
    mark: tuple[int, int, int] | None = None
    modified_ns: int | None = None


def put_in_place(
    temporary: str, handle: int, spot: Spot, meter: Meter, landing: Landing, *, sync: bool = True
) -> None:
    """Give the written file its name, once the disk has all of it. Blocks.

    `temporary` is the open file's name for now, in the folder of `spot`. Without `sync`, the
    caller has the folder written through before the file counts as done.

    Raises:
        LocalError: the disk refused; or a file that may not be replaced is there.
    """
    with local_file("write", spot.path):
        if landing.replace and (old := spot.status()) is not None and stat.S_ISREG(old.st_mode):
            _keep_owner_and_mode(handle, old, spot)
        if landing.modified_ns is not None:
            os.utime(handle, ns=(time.time_ns(), landing.modified_ns))
        with hands_off():
            os.fsync(handle)
        if not spot.holds(temporary, handle):
            raise LocalError(
                f"Can't write {spot.path}",
                "something else took or removed its temporary file",
                "Nothing was replaced; retry.",
                retryable=True,
            )
        if landing.replace:
            if not _there_already(handle, spot, meter, landing):
                spot.replace(temporary)
        else:
            _add(temporary, handle, spot, meter)
    if sync:
        with hands_off():
            spot.sync()


def _keep_owner_and_mode(handle: int, old: os.stat_result, spot: Spot) -> None:
    """Make the new file what the old one is to others; what it may run as is not kept."""
    if not os.access(spot.name, os.W_OK, dir_fd=spot.folder):
        raise LocalError(
            f"Can't write {spot.path}",
            READ_ONLY,
            "Allow writing to it first, or choose another folder.",
            code=errno.errorcode[errno.EACCES],
        )
    new = os.fstat(handle)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        with suppress(PermissionError):
            os.fchown(handle, old.st_uid, old.st_gid)
    mode = stat.S_IMODE(old.st_mode) & 0o777
    if stat.S_IMODE(new.st_mode) != mode:  # not every file system lets one say even the same
        os.fchmod(handle, mode)


def _there_already(handle: int, spot: Spot, meter: Meter, landing: Landing) -> bool:
    """Whether what changed there is this very file: an earlier run of the job put it in place.

    Raises:
        LocalError: it is another one, which may not be replaced.
    """
    if landing.mark is None or (there := spot.status()) is None:
        return False
    if (there.st_size, there.st_mtime_ns, there.st_ino) == landing.mark:
        return False
    if holds_the_same(spot.name, handle, meter.check, spot.folder):
        return True
    raise LocalError(
        f"Can't write {spot.path}",
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


def _add(temporary: str, handle: int, spot: Spot, meter: Meter) -> None:
    try:
        spot.add(temporary)
    except FileExistsError:
        if not holds_the_same(spot.name, handle, meter.check, spot.folder):
            raise _appeared(spot.path) from None


def _appeared(target: Path) -> LocalError:
    return LocalError(
        f"Can't write {target}",
        "a file appeared meanwhile",
        "Download it again: you are asked before a file is replaced.",
        code=errno.errorcode[errno.EEXIST],
    )
