"""One object to one file, whole or not at all. Blocks: runs on a transfer's coordinator.

Bytes go to a temporary file in the target's folder. Each request is pinned to one version of the
object by If-Match, the whole is checked against the object's own checksum, written through to the
disk and then put in place (`publish`). An object that changes midway is fetched anew.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from tui.aws.errors import error_code
from tui.aws.transfers.engine import (
    Engine,
    Remote,
    local_file,
)
from tui.aws.transfers.fetch import Wanted, fetch
from tui.aws.transfers.many import TransferFailure
from tui.aws.transfers.meter import Meter
from tui.aws.transfers.patience import on_behalf
from tui.aws.transfers.publish import Landing, put_in_place
from tui.core.errors import LocalError
from tui.core.folders import Spot, Tree
from tui.core.ledger import ItemLedger

CHANGED_TRIES = 3  # how often an object that changes midway is begun anew
_CHANGED = ("PreconditionFailed", "412", "InvalidRange", "416")


def download_object(
    engine: Engine,
    remote: Remote,
    target: Path,
    meter: Meter,
    size_bytes: int | None = None,
    *,
    kept: ItemLedger,
    replace: bool = True,
    mark: tuple[int, int, int] | None = None,
    modified_ns: int | None = None,
    tree: Tree | None = None,
) -> int:
    """Download an object and return its size in bytes.

    A known `size_bytes` (from a listing) spares small objects a request. The target's folder is
    made, inside of `tree`, which nothing leads out of; without one, it is the tree itself. For
    `replace`, `mark` and `modified_ns` see `Landing`. What `kept` knows to be fetched
    already is kept, where the object is still the same.

    Raises:
        LocalError: the file can't be written, or one stands there that may not be replaced; what
            was there is untouched.
        JobCancelled: the job was cancelled, and nothing was left; or paused, and `kept` knows what.
        AwsError, Exception: botocore's own, for `tui.aws.errors.explain`.
    """
    landing = Landing(replace, mark, modified_ns)
    for attempt in range(1, CHANGED_TRIES + 1):
        try:
            with _spot(target, tree) as spot:
                return _fetch_to(engine, remote, spot, meter, size_bytes, kept, landing=landing)
        except Exception as error:
            meter.take_back()
            if error_code(error) not in _CHANGED or attempt == CHANGED_TRIES:
                raise
            meter.stopped.clear()
    raise AssertionError("unreachable")


def _fetch_to(  # noqa: PLR0917 - what a download is
    engine: Engine,
    remote: Remote,
    spot: Spot,
    meter: Meter,
    size_bytes: int | None,
    kept: ItemLedger,
    *,
    landing: Landing,
) -> int:
    client = engine.client(remote.region)
    target, name = spot.path, kept.temporary_name
    meter.check()

    def stays() -> bool:
        if meter.progress.suspended and kept.download is not None:
            return True
        kept.over()
        return False

    with (
        engine.temporary(target.with_name(name), meter.progress, stays, partial(spot.unlink, name)),
        on_behalf(meter, engine.gateway),
    ):
        handle = _opened(spot, name, kept)
        try:
            wanted = Wanted(client, remote, target, handle, meter, landing, kept)
            size = fetch(engine, wanted, size_bytes)
            meter.check()
            put_in_place(name, handle, spot, meter, landing)
        finally:
            os.close(handle)
    return size


@contextmanager
def _spot(target: Path, tree: Tree | None) -> Iterator[Spot]:
    with ExitStack() as stack:
        with local_file("write", target):
            held = stack.enter_context(Tree(target.parent)) if tree is None else tree
            spot = stack.enter_context(held.spot(target))
        yield spot


def _opened(spot: Spot, name: str, kept: ItemLedger) -> int:
    with local_file("write", spot.path):
        if (there := spot.status()) is not None and stat.S_ISDIR(there.st_mode):
            raise IsADirectoryError(errno.EISDIR, "is a folder")
        if kept.download is not None:
            if (handle := _found(spot, name)) is not None:
                return handle
            kept.over()
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        try:
            return spot.open(name, flags)
        except FileExistsError:  # a run that a crash has ended has left it
            spot.unlink(name)
            return spot.open(name, flags)


def _found(spot: Spot, name: str) -> int | None:
    """Open what an earlier run has fetched; None where it is gone, or not only that."""
    try:
        handle = spot.open(name, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        return None
    there = os.fstat(handle)
    # With two names it was put in place already: writing to it would change its target.
    if stat.S_ISREG(there.st_mode) and there.st_uid == os.geteuid() and there.st_nlink == 1:
        return handle
    os.close(handle)
    return None


def make_folders(tree: Tree, folders: Iterable[Path]) -> tuple[TransferFailure, ...]:
    """Make the root of a tree, and folders below it; return those that can't be.

    Raises:
        LocalError: the root itself can't be made: a file stands in the way, or the disk refused.
    """
    with local_file("create", tree.root):
        tree.make(tree.root)
    failed: list[TransferFailure] = []
    for folder in folders:
        try:
            with local_file("create", folder):
                tree.make(folder)
        except LocalError as error:
            failed.append(TransferFailure(folder.relative_to(tree.root).as_posix(), error))
    return tuple(failed)
