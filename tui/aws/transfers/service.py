"""Uploads and downloads, as bodies of jobs.

Each method takes the job's `Progress`, reports bytes and items to it, and may be cancelled: the
task's cancel (or the progress's) stops the threads, waits for them and cleans up before it comes
through. One bad item of many fails alone and is named in the report.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tui.aws.calls import caused_by, current_cause
from tui.aws.s3 import version_code
from tui.aws.s3.copy import WHOLE_BYTES, copy_object, move_object
from tui.aws.s3.copy_plan import CopyItem, CopyPlan
from tui.aws.s3.sync import apply_one
from tui.aws.s3.sync_plan import COPY, DELETE, OVERWRITE, SyncAction, SyncPlan
from tui.aws.transfers import code as transfer_code
from tui.aws.transfers import plan_rows, recovery
from tui.aws.transfers.download import download_object, make_folders
from tui.aws.transfers.engine import Engine, Remote, local_file
from tui.aws.transfers.existing import existing
from tui.aws.transfers.lanes import LANE_BYTES
from tui.aws.transfers.many import Many, TransferFailure, TransferReport
from tui.aws.transfers.meter import Meter
from tui.aws.transfers.patience import awaited
from tui.aws.transfers.plan import (
    DownloadPlan,
    PlannedDownload,
    PlannedUpload,
    Skipped,
    UploadPlan,
    plan_downloads,
    plan_upload,
    plan_uploads,
)
from tui.aws.transfers.runs import Runs, known_plan, one_item
from tui.aws.transfers.small import SmallDownloads
from tui.aws.transfers.upload import upload_file
from tui.core import format as texts
from tui.core.errors import JobCancelled
from tui.core.folders import Tree
from tui.core.ledger import ItemLedger, Ledger
from tui.core.progress import Progress
from tui.core.records import ObjectQuery, S3Object
from tui.core.versions import ObjectVersion

if TYPE_CHECKING:
    from tui.aws.gateway import Gateway
    from tui.aws.s3.service import S3
    from tui.core.ledger import Interrupted
    from tui.core.ledger_folder import LedgerFolder

__all__ = [
    "DownloadPlan",
    "PlannedDownload",
    "PlannedUpload",
    "Skipped",
    "TransferFailure",
    "TransferReport",
    "Transfers",
    "UploadPlan",
    "plan_downloads",
    "plan_upload",
    "plan_uploads",
]

_AGAIN = "retry takes these again"
_DONE = {"copy": "copied", "move": "moved"}


class Transfers:
    """Uploads and downloads over one gateway, eight parts or small files at a time."""

    def __init__(self, gateway: Gateway, s3: S3, ledgers: LedgerFolder | None = None) -> None:
        """`ledgers` is where the jobs' ledgers are kept; with None, they end with the process."""
        self._gateway = gateway
        self._s3 = s3
        self._ledgers = ledgers
        self._engine = Engine(gateway)
        self._runs = Runs(self._engine, ledgers)

    async def interrupted(self) -> tuple[Interrupted, ...]:
        """The jobs that have not ended and that nobody works on, oldest first."""
        return await self._gateway.run(recovery.interrupted, self._ledgers)

    async def resume(self, ledger_id: str, progress: Progress) -> TransferReport:
        """Go on with an interrupted job: with what is not done.

        Raises:
            UserError: another app works on it, or it is gone, or another connection's.
            JobPaused, JobCancelled: as with all transfers.
        """
        known = self._s3, self._ledgers, ledger_id, progress
        return await recovery.resume(self, self._runs, *known)

    async def discard(self, ledger_id: str, progress: Progress) -> None:
        """Clean up after an interrupted job, or the paused one of this progress, and forget it.

        Raises:
            UserError: something could not be cleaned up: then the job stays known.
        """
        work = partial(recovery.discard, self._engine, self._ledgers, ledger_id, progress)
        await self._runs.in_thread(work, progress, "abort_multipart_upload", "")

    async def existing(self, bucket: str, plan: UploadPlan) -> dict[str, str]:
        """Return {key: ETag} of the planned keys that are there, for `UploadPlan.with_seen`.

        Raises:
            AwsError: one may not look, or the bucket is missing.
        """
        return await existing(self._gateway, self._s3, bucket, plan)

    async def upload(
        self, bucket: str, key: str, path: Path, progress: Progress, seen: str | None = None
    ) -> TransferReport:
        """Upload one file. `seen` is the ETag of the object that may be replaced, "" for none;
        with None, whatever is there is replaced.

        Raises:
            AwsError, LocalError: it failed; nothing half-done is left at S3.
        """
        self._note(*transfer_code.upload(bucket, key, path, self._gateway.region))
        remote = self._remote(bucket, key)

        def make() -> plan_rows.Work:
            with local_file("read", path):
                size = path.stat().st_size if path.is_file() else 0
            return plan_rows.one_upload_work(PlannedUpload(path, key, size, seen), bucket)

        def one(meter: Meter, kept: ItemLedger) -> int:
            return upload_file(self._engine, remote, path, meter, kept=kept, seen=seen)

        act = partial(one_item, progress=progress, act=one)
        return await self._runs.run(make, act, progress, "upload", str(remote))

    async def download(
        self, bucket: str, key: str, target: Path, progress: Progress, replace: bool = True
    ) -> TransferReport:
        """Download one object to a file; its folder is made. A file there is replaced, or fails
        the download where it may not be.

        Raises:
            AwsError, LocalError: it failed; what was at the target is untouched.
        """
        self._engine.refuse_closed()
        self._note(*transfer_code.download(bucket, key, target, self._gateway.region))
        remote = self._remote(bucket, key)

        def look() -> PlannedDownload:
            head = self._engine.client(remote.region).head_object(**remote.params)
            return PlannedDownload(key, target, head["ContentLength"], replace)

        return await self._download_one(remote, look, target, progress, replace)

    async def download_version(
        self, bucket: str, version: ObjectVersion, target: Path, progress: Progress, replaces: bool
    ) -> TransferReport:
        """Download one version to a file; as `download` does with the current one."""
        self._engine.refuse_closed()
        remote = replace(self._remote(bucket, version.key), version_id=version.version_id)
        region = self._gateway.region
        code = version_code.download(bucket, version.key, version.version_id, target, region)
        self._note(*code)
        item = PlannedDownload(version.key, target, version.size_bytes, replaces)
        return await self._download_one(remote, lambda: item, target, progress, replaces)

    async def _download_one(
        self,
        remote: Remote,
        look: Callable[[], PlannedDownload],
        target: Path,
        progress: Progress,
        replaces: bool,
    ) -> TransferReport:
        def make() -> plan_rows.Work:
            return plan_rows.one_download_work(look(), remote.bucket, remote.version_id)

        def one(meter: Meter, kept: ItemLedger) -> int:
            # Its size was looked up, so it is pinned below: none is passed on.
            return download_object(self._engine, remote, target, meter, kept=kept, replace=replaces)

        act = partial(one_item, progress=progress, act=one)
        return await self._runs.run(make, act, progress, "download", str(remote))

    async def upload_folder(
        self, bucket: str, prefix: str, folder: Path, progress: Progress
    ) -> TransferReport:
        """Upload all files of a folder below `prefix` (a slash is added where it lacks one).

        Raises:
            AwsError, LocalError: the folder can't be read, or nothing more could work.
        """
        prefix = prefix if not prefix or prefix.endswith("/") else prefix + "/"
        self._note(*transfer_code.upload_folder(bucket, prefix, folder, self._gateway.region))
        plan = known_plan(progress, plan_rows.UPLOADS, bucket)
        if not isinstance(plan, UploadPlan):
            progress.say("looking through the folder")
            planning = partial(plan_uploads, folder, prefix)
            plan = await self._runs.in_thread(planning, progress, "upload", "")
        return await self.upload_planned(bucket, plan, progress)

    async def upload_planned(
        self, bucket: str, plan: UploadPlan, progress: Progress
    ) -> TransferReport:
        """Upload exactly what a plan says, replacing only what it has seen; see `plan_uploads`."""

        def one(item: PlannedUpload, meter: Meter, kept: ItemLedger) -> int:
            remote, size = self._remote(bucket, item.key), item.size_bytes
            return upload_file(
                self._engine, remote, item.path, meter, size, kept=kept, seen=item.seen
            )

        def act(ledger: Ledger) -> TransferReport:
            many = Many("upload", one, progress, self._engine, ledger, lane_bytes=LANE_BYTES)
            return many.run(plan.items)

        make = partial(plan_rows.upload_work, plan, bucket)
        report = await self._runs.run(make, act, progress, "upload", bucket)
        return replace(report, skipped=plan.skipped)

    async def download_prefix(
        self, bucket: str, prefix: str, folder: Path, progress: Progress
    ) -> TransferReport:
        """Download everything below a prefix into a folder; paths begin after its last slash.

        Raises:
            AwsError, LocalError: the listing failed, or nothing more could work.
        """
        self._engine.refuse_closed()
        self._note(*transfer_code.download_prefix(bucket, prefix, folder, self._gateway.region))
        plan = known_plan(progress, plan_rows.DOWNLOADS, bucket)
        if not isinstance(plan, DownloadPlan):
            plan = await self._planned_download(bucket, prefix, folder, progress)
        return await self.download_planned(bucket, plan, progress)

    async def _planned_download(
        self, bucket: str, prefix: str, folder: Path, progress: Progress
    ) -> DownloadPlan:
        objects: list[S3Object] = []
        query = ObjectQuery(bucket, prefix, recursive=True)
        async with awaited(progress, self._gateway):
            with caused_by(None):
                async for page in self._s3.objects(query):
                    objects += page.objects
                    progress.say(f"{texts.count(len(objects))} objects found")
                    progress.check()
        planning = partial(plan_downloads, objects, folder, prefix)
        return await self._runs.in_thread(planning, progress, "download", "")

    async def download_planned(
        self, bucket: str, plan: DownloadPlan, progress: Progress
    ) -> TransferReport:
        """Download exactly what a plan says; a file that it did not show is not replaced."""

        def one(tree: Tree, item: PlannedDownload, meter: Meter, kept: ItemLedger) -> int:
            remote, size = self._remote(bucket, item.key), item.size_bytes
            return download_object(
                self._engine,
                remote,
                item.path,
                meter,
                size,
                kept=kept,
                replace=item.replaces,
                tree=tree,
            )

        def act(ledger: Ledger) -> TransferReport:
            with Tree(plan.folder) as tree:
                failed = make_folders(tree, plan.folders)
                do = partial(one, tree)
                many = Many(
                    "download",
                    do,
                    progress,
                    self._engine,
                    ledger,
                    lane_bytes=LANE_BYTES,
                    quick=SmallDownloads(
                        self._engine, progress, tree, lambda item: self._remote(bucket, item.key)
                    ),
                )
                report = many.run(plan.items)
            return replace(report, failures=(*failed, *report.failures)) if failed else report

        make = partial(plan_rows.download_work, plan, bucket)
        report = await self._runs.run(make, act, progress, "download", bucket)
        return replace(report, skipped=plan.skipped)

    async def copy_planned(
        self, plan: CopyPlan, progress: Progress, done: set[str] | None = None
    ) -> TransferReport:
        """Copy or move exactly what a plan says, at S3; a source goes once its copy was checked.

        `done` keeps the keys that are through: a retry with the same set leaves them out. One that
        is cancelled says how many those are.
        """
        verb, through = "move" if plan.moves else "copy", done if done is not None else set()

        def one(item: CopyItem, meter: Meter, kept: ItemLedger) -> int:
            source = self._remote(plan.source, item.key)
            target = self._remote(plan.target, item.target)
            act = move_object if plan.moves else copy_object
            size = act(self._engine, source, target, item, meter, kept)
            through.add(item.key)
            return size

        def act(ledger: Ledger) -> TransferReport:
            return Many(verb, one, progress, self._engine, ledger, WHOLE_BYTES).run(plan.items)

        make = partial(plan_rows.copy_work, plan)
        try:
            report = await self._runs.run(make, act, progress, verb, plan.source, through)
        except (asyncio.CancelledError, JobCancelled) as stop:
            count = f"{texts.count(len(through))} of {texts.count(len(plan.items))}"
            raise type(stop)(f"cancelled, {count} {_DONE[verb]}") from None
        return replace(report, skipped=plan.skipped, word="object", again=_AGAIN)

    async def restore_version(
        self, bucket: str, item: CopyItem, version_id: str, progress: Progress
    ) -> TransferReport:
        """Copy one version of `item.key` onto `item.target`, at S3, with all that it is.

        Raises:
            AwsError: it is gone or archived, or what is at the target is not what was seen.
        """
        source = replace(self._remote(bucket, item.key), version_id=version_id)
        target = self._remote(bucket, item.target)
        self._note(*version_code.restore(bucket, item.key, version_id, self._gateway.region))

        def one(meter: Meter, kept: ItemLedger) -> int:
            return copy_object(self._engine, source, target, item, meter, kept, verb="restore")

        make = partial(plan_rows.restore_work, item, bucket, version_id)
        act = partial(one_item, progress=progress, act=one, word="object")
        return await self._runs.run(make, act, progress, "restore", str(source))

    async def sync_planned(
        self, plan: SyncPlan, progress: Progress, done: set[str] | None = None
    ) -> TransferReport:
        """Do exactly what a plan shows; nothing is deleted unless all else has worked.

        `done` keeps the names that are through: a retry with the same set leaves them out.
        """
        through = done if done is not None else set()
        moved, extra = plan.of(COPY, OVERWRITE), plan.of(DELETE)

        def one(tree: Tree, item: SyncAction, meter: Meter, kept: ItemLedger) -> int:
            remote = self._remote(plan.bucket, plan.prefix + item.name)
            size = apply_one(self._engine, remote, plan, item, meter, kept, tree)
            through.add(item.name)
            return size

        def act(ledger: Ledger) -> TransferReport:
            with Tree(plan.folder) as tree:
                return acted(ledger, partial(one, tree))

        def acted(
            ledger: Ledger, one: Callable[[SyncAction, Meter, ItemLedger], int]
        ) -> TransferReport:
            many = Many("sync", one, progress, self._engine, ledger, lane_bytes=LANE_BYTES)
            report = many.run(moved)
            if not extra:
                return report
            if report.failures:
                return replace(report, after="Nothing was deleted.")
            many = Many("delete", one, progress, self._engine, ledger, sys.maxsize)
            gone = many.run(extra, len(moved))
            told = f"{texts.count(gone.files)} deleted"
            return replace(report, failures=gone.failures, after=told)

        make = partial(plan_rows.sync_work, plan)
        report = await self._runs.run(make, act, progress, "sync", plan.bucket, through)
        return replace(report, again=_AGAIN)

    def close(self) -> None:
        """Take no more transfers."""
        self._engine.close()

    def _remote(self, bucket: str, key: str) -> Remote:
        return Remote(bucket, key, self._s3.region_of(bucket))

    def _note(self, python: str, cli: str) -> None:
        if (cause := current_cause()) is not None:
            self._gateway.log.note(cause, python=python, cli=cli)
