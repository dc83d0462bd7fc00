"""Plan a sync from what is here and what is at S3, and do one item of such a plan."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.aws.calls import caused_by
from tui.aws.s3.copy import delete_seen
from tui.aws.s3.seen import SeenObject, listed
from tui.aws.s3.sync_local import local_side, remove_file, same_content
from tui.aws.s3.sync_plan import (
    DELETE,
    Differs,
    LocalFile,
    RemoteFile,
    SyncAction,
    SyncOptions,
    SyncPlan,
    by_size_and_time,
    plan_sync,
)
from tui.aws.transfers.download import download_object
from tui.aws.transfers.engine import Engine, Remote
from tui.aws.transfers.folding import one_file_each
from tui.aws.transfers.meter import Meter
from tui.aws.transfers.plan import Skipped, plan_downloads
from tui.aws.transfers.upload import upload_file
from tui.core.errors import LocalError
from tui.core.folders import Tree
from tui.core.ledger import ItemLedger
from tui.core.records import S3Object

if TYPE_CHECKING:
    from tui.aws.s3.service import S3

Told = Callable[[str], object]


async def planned(
    s3: S3, bucket: str, prefix: str, folder: Path, options: SyncOptions, *, told: Told
) -> SyncPlan:
    """List both sides and compare them; `told` hears what is being done.

    Raises:
        UserError: a side could not be listed; then there is no plan at all.
    """
    told("listing S3…")
    objects = await listed(s3, bucket, prefix, told=lambda count: told(f"{count:,} objects found…"))
    told("looking through the folder…")
    stop = threading.Event()
    differs = by_size_and_time(options.up)
    if options.by_content:
        differs = _by_content(s3, bucket, prefix, folder, stop)
        told("comparing bytes…")
    work = partial(_planned, objects, bucket, prefix, folder, options, differs)
    try:
        with caused_by(None):
            return await s3.gateway.explained(work, "sync", str(folder))
    except asyncio.CancelledError:
        stop.set()
        raise


def _planned(  # noqa: PLR0917
    objects: Sequence[SeenObject],
    bucket: str,
    prefix: str,
    folder: Path,
    options: SyncOptions,
    differs: Differs,
) -> SyncPlan:
    plain = [one for one in objects if not _is_marker(one, prefix)]
    here: list[LocalFile] = []
    left_out: list[Skipped] = []
    if options.up or folder.is_dir():
        here, left_out = local_side(folder, prefix, up=options.up)
    if options.up:
        there = [_remote(one, prefix, one.key.removeprefix(prefix)) for one in plain]
        actions, excluded = plan_sync(here, there, options, differs, left_out)
    else:
        there, refused = _with_local_names(plain, prefix, folder)
        paths = [folder / one.local_name for one in there if one.local_name]
        same = one_file_each([*paths, *(folder / one.name for one in here)], folder)
        actions, excluded = plan_sync(
            here,
            there,
            options,
            differs,
            [*refused, *left_out],
            same_file=lambda name: same(folder / name),
        )
    return SyncPlan(folder, bucket, prefix, options, actions, excluded)


def _with_local_names(
    objects: Sequence[SeenObject], prefix: str, folder: Path
) -> tuple[list[RemoteFile], list[Skipped]]:
    rows = [S3Object(one.key, one.size_bytes, one.modified_at) for one in objects]
    plan = plan_downloads(rows, folder, prefix)
    paths = {item.key: item.path.relative_to(folder).as_posix() for item in plan.items}
    there = [_remote(one, prefix, paths.get(one.key, "")) for one in objects]
    return there, [Skipped(one.name.removeprefix(prefix), one.reason) for one in plan.skipped]


def _remote(entry: SeenObject, prefix: str, local_name: str) -> RemoteFile:
    return RemoteFile(
        entry.key.removeprefix(prefix),
        entry.size_bytes,
        entry.modified_at.timestamp(),
        entry.etag,
        entry.storage_class,
        local_name,
    )


def _is_marker(entry: SeenObject, prefix: str) -> bool:
    """A folder's own empty object: neither side of a sync has a file for it."""
    return entry.key == prefix or (entry.key.endswith("/") and not entry.size_bytes)


def _by_content(s3: S3, bucket: str, prefix: str, folder: Path, stop: threading.Event) -> Differs:
    def differs(local: LocalFile, remote: RemoteFile) -> str:
        if local.size_bytes != remote.size_bytes:
            return "another size"

        def head() -> dict[str, Any]:
            client = s3.gateway.client_now("s3", s3.region_of(bucket))
            key = prefix + remote.name
            answer: dict[str, Any] = client.head_object(
                Bucket=bucket, Key=key, ChecksumMode="ENABLED"
            )
            return answer

        path = folder / local.name
        alike = same_content(path, remote.etag, local.size_bytes, head, stop)
        return "" if alike else "other bytes"

    return differs


def apply_one(  # noqa: PLR0917 - what an item of a sync is
    engine: Engine,
    remote: Remote,
    plan: SyncPlan,
    item: SyncAction,
    meter: Meter,
    kept: ItemLedger,
    tree: Tree,
) -> int:
    """Do one item of a plan, exactly as it was shown; returns its bytes. Blocks.

    Raises:
        UserError: what stands at the target is not what the plan has seen; it stays.
        JobCancelled: the job was cancelled.
        Exception: botocore's own, for `tui.aws.errors.explain`.
    """
    if item.kind == DELETE:
        meter.check()
        if plan.options.up and item.remote is not None:
            delete_seen(engine, remote, item.remote.etag)
        elif item.local is not None:
            _remove(plan.folder, item.local, resumed=kept.ledger.resumed)
        return 0
    if plan.options.up:
        assert item.local is not None
        seen = item.remote.etag if item.remote is not None else ""
        path = plan.folder / item.local.name
        size = item.local.size_bytes
        return upload_file(engine, remote, path, meter, size, kept=kept, seen=seen)
    assert item.remote is not None
    target = plan.folder / item.remote.local_name
    return download_object(
        engine,
        remote,
        target,
        meter,
        item.size_bytes,
        kept=kept,
        replace=item.local is not None,
        mark=item.local.mark if item.local is not None else None,
        modified_ns=int(item.remote.modified_at * 1e9),
        tree=tree,
    )


def _remove(folder: Path, file: LocalFile, *, resumed: bool) -> None:
    try:
        remove_file(folder, file.name, file.mark)
    except LocalError as error:
        if not resumed or error.code != "ENOENT":  # an earlier run has removed it
            raise
