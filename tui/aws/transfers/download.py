"""One object to one file, whole or not at all. Blocks: runs on a transfer's coordinator.

Bytes go to a temporary file in the target's folder. Each request is pinned to one version of the
object by If-Match, the whole is checked against the object's own checksum, written through to the
disk and then put in place (`publish`). An object that changes midway is fetched anew.
"""

from __future__ import annotations

import errno
import os
import secrets
from pathlib import Path

from tui.aws.errors import error_code
from tui.aws.transfers.engine import (
    Engine,
    Remote,
    local_file,
)
from tui.aws.transfers.fetch import Wanted, fetch
from tui.aws.transfers.meter import Meter
from tui.aws.transfers.publish import Landing, put_in_place

CHANGED_TRIES = 3  # how often an object that changes midway is begun anew
_CHANGED = ("PreconditionFailed", "412", "InvalidRange", "416")


def download_object(
    engine: Engine,
    remote: Remote,
    target: Path,
    meter: Meter,
    size_bytes: int | None = None,
    *,
    replace: bool = True,
    mark: tuple[int, int, int] | None = None,
    modified_ns: int | None = None,
) -> int:
    """Download an object and return its size in bytes.

    A known `size_bytes` (from a listing) spares small objects a request. The target's folder must
    exist. For `replace`, `mark` and `modified_ns` see `Landing`.

    Raises:
        LocalError: the file can't be written, or one stands there that may not be replaced; what
            was there is untouched.
        JobCancelled: the job was cancelled; nothing was left.
        AwsError, Exception: botocore's own, for `tui.aws.errors.explain`.
    """
    landing = Landing(replace, mark, modified_ns)
    for attempt in range(1, CHANGED_TRIES + 1):
        try:
            return _fetch_to(engine, remote, target, meter, size_bytes, landing=landing)
        except Exception as error:
            meter.take_back()
            if error_code(error) not in _CHANGED or attempt == CHANGED_TRIES:
                raise
            meter.stopped.clear()
    raise AssertionError("unreachable")


def _fetch_to(
    engine: Engine,
    remote: Remote,
    target: Path,
    meter: Meter,
    size_bytes: int | None,
    *,
    landing: Landing,
) -> int:
    client = engine.client(remote.region)
    temporary = target.parent / f".skydeck-{secrets.token_hex(8)}.part"
    meter.check()
    with engine.temporary(temporary, meter.progress):
        handle = _opened(temporary, target)
        try:
            wanted = Wanted(client, remote, target, handle, meter, landing)
            size = fetch(engine, wanted, size_bytes)
            meter.check()
            put_in_place(temporary, handle, target, meter, landing)
        finally:
            os.close(handle)
    return size


def _opened(temporary: Path, target: Path) -> int:
    with local_file("write", target):
        if target.is_dir() and not target.is_symlink():
            raise IsADirectoryError(errno.EISDIR, "is a folder")
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(temporary, flags, 0o666)


def make_folder(folder: Path) -> None:
    """Create a folder and those above it.

    Raises:
        LocalError: a file stands in the way, or it can't be created.
    """
    with local_file("create", folder):
        if folder.exists() and not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "a file is in the way")
        folder.mkdir(parents=True, exist_ok=True)
