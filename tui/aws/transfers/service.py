"""Uploads and downloads, as bodies of jobs.

Each method takes the job's `Progress`, reports bytes and items to it, and may be cancelled: the
task's cancel (or the progress's) stops the threads, waits for them and cleans up before it comes
through. One bad item of many fails alone and is named in the report.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tui.aws.calls import caused_by, current_cause
from tui.aws.errors import explain
from tui.aws.s3 import version_code
from tui.aws.s3.copy import WHOLE_BYTES, copy_object, move_object
from tui.aws.s3.copy_plan import CopyItem, CopyPlan
from tui.aws.s3.sync import apply_one
from tui.aws.s3.sync_plan import COPY, DELETE, OVERWRITE, SyncAction, SyncPlan
from tui.aws.transfers import code as transfer_code
from tui.aws.transfers.download import download_object, make_folder
from tui.aws.transfers.engine import Engine, Remote, local_file
from tui.aws.transfers.existing import existing
from tui.aws.transfers.lanes import LANE_BYTES
from tui.aws.transfers.many import Many, TransferFailure, TransferReport
from tui.aws.transfers.meter import Meter
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
from tui.aws.transfers.upload import upload_file
from tui.core import format as texts
from tui.core.errors import JobCancelled, UserError
from tui.core.jobs import Progress
from tui.core.records import ObjectQuery, S3Object
from tui.core.versions import ObjectVersion

if TYPE_CHECKING:
    from tui.aws.gateway import Gateway
    from tui.aws.s3.service import S3

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
PATIENCE_SECONDS = 5.0  # how long a cancelled transfer may take that has nothing to clean up

T = TypeVar("T")


class Transfers:
    """Uploads and downloads over one gateway, eight parts or small files at a time."""

    def __init__(self, gateway: Gateway, s3: S3) -> None:
        self._gateway = gateway
        self._s3 = s3
        self._engine = Engine(gateway)

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
        remote, began = self._remote(bucket, key), time.monotonic()

        def work() -> int:
            with local_file("read", path):
                progress.expect(path.stat().st_size if path.is_file() else None, 1)
            return upload_file(self._engine, remote, path, Meter(progress), seen=seen)

        size = await self._in_thread(work, progress, "upload", str(remote))
        progress.advance(items=1)
        return TransferReport(1, size, time.monotonic() - began)

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
        remote, began = self._remote(bucket, key), time.monotonic()
        with caused_by(None):
            size = (await self._s3.head(bucket, key)).size_bytes
        progress.expect(size, 1)

        def work() -> int:
            make_folder(target.parent)
            # Looked up above, so it is pinned below: no size passed on.
            return download_object(self._engine, remote, target, Meter(progress), replace=replace)

        size = await self._in_thread(work, progress, "download", str(remote))
        progress.advance(items=1)
        return TransferReport(1, size, time.monotonic() - began)

    async def upload_folder(
        self, bucket: str, prefix: str, folder: Path, progress: Progress
    ) -> TransferReport:
        """Upload all files of a folder below `prefix` (a slash is added where it lacks one).

        Raises:
            AwsError, LocalError: the folder can't be read, or nothing more could work.
        """
        prefix = prefix if not prefix or prefix.endswith("/") else prefix + "/"
        self._note(*transfer_code.upload_folder(bucket, prefix, folder, self._gateway.region))
        progress.say("looking through the folder")
        plan = await self._in_thread(partial(plan_uploads, folder, prefix), progress, "upload", "")
        return await self.upload_planned(bucket, plan, progress)

    async def upload_planned(
        self, bucket: str, plan: UploadPlan, progress: Progress
    ) -> TransferReport:
        """Upload exactly what a plan says, replacing only what it has seen; see `plan_uploads`."""

        def one(item: PlannedUpload, meter: Meter) -> int:
            remote = self._remote(bucket, item.key)
            size = item.size_bytes
            return upload_file(self._engine, remote, item.path, meter, size, seen=item.seen)

        progress.expect(plan.size_bytes, len(plan.items))
        many = Many("upload", one, progress, self._engine, lane_bytes=LANE_BYTES)
        report = await self._in_thread(partial(many.run, plan.items), progress, "upload", bucket)
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
        objects: list[S3Object] = []
        with caused_by(None):
            async for page in self._s3.objects(ObjectQuery(bucket, prefix, recursive=True)):
                objects += page.objects
                progress.say(f"{texts.count(len(objects))} objects found")
                progress.check()
        planning = partial(plan_downloads, objects, folder, prefix)
        plan = await self._in_thread(planning, progress, "download", "")
        return await self.download_planned(bucket, plan, progress)

    async def download_planned(
        self, bucket: str, plan: DownloadPlan, progress: Progress
    ) -> TransferReport:
        """Download exactly what a plan says; a file that it did not show is not replaced."""

        made: set[Path] = set()

        def one(item: PlannedDownload, meter: Meter) -> int:
            if (above := item.path.parent) not in made:
                make_folder(above)
                made.add(above)
            remote = self._remote(bucket, item.key)
            return download_object(
                self._engine, remote, item.path, meter, item.size_bytes, replace=item.replaces
            )

        def work() -> TransferReport:
            for folder in (plan.folder, *plan.folders):
                make_folder(folder)
            return many.run(plan.items)

        progress.expect(plan.size_bytes, len(plan.items))
        many = Many("download", one, progress, self._engine, lane_bytes=LANE_BYTES)
        report = await self._in_thread(work, progress, "download", bucket)
        return replace(report, skipped=plan.skipped)

    async def copy_planned(
        self, plan: CopyPlan, progress: Progress, done: set[str] | None = None
    ) -> TransferReport:
        """Copy or move exactly what a plan says, at S3; a source goes once its copy was checked.

        `done` keeps the keys that are through: a retry with the same set leaves them out. One that
        is cancelled says how many those are.
        """
        verb, through = "move" if plan.moves else "copy", done if done is not None else set()

        def one(item: CopyItem, meter: Meter) -> int:
            source = self._remote(plan.source, item.key)
            target = self._remote(plan.target, item.target)
            act = move_object if plan.moves else copy_object
            size = act(self._engine, source, target, item, meter)
            through.add(item.key)
            return size

        def work() -> TransferReport:
            rest = [item for item in plan.items if item.key not in through]
            progress.expect(sum(item.size_bytes for item in rest), len(rest))
            return many.run(rest)

        many = Many(verb, one, progress, self._engine, WHOLE_BYTES)
        try:
            report = await self._in_thread(work, progress, verb, plan.source)
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
        target, began = self._remote(bucket, item.target), time.monotonic()
        self._note(*version_code.restore(bucket, item.key, version_id, self._gateway.region))
        progress.expect(item.size_bytes, 1)

        def work() -> int:
            return copy_object(self._engine, source, target, item, Meter(progress), verb="restore")

        size = await self._in_thread(work, progress, "restore", str(source))
        progress.advance(items=1)
        return TransferReport(1, size, time.monotonic() - began, word="object")

    async def download_version(
        self, bucket: str, version: ObjectVersion, target: Path, progress: Progress, replaces: bool
    ) -> TransferReport:
        """Download one version to a file; as `download` does with the current one."""
        self._engine.refuse_closed()
        remote = replace(self._remote(bucket, version.key), version_id=version.version_id)
        began, region = time.monotonic(), self._gateway.region
        code = version_code.download(bucket, version.key, version.version_id, target, region)
        self._note(*code)
        progress.expect(version.size_bytes, 1)

        def work() -> int:
            make_folder(target.parent)
            meter = Meter(progress)
            return download_object(self._engine, remote, target, meter, replace=replaces)

        size = await self._in_thread(work, progress, "download", str(remote))
        progress.advance(items=1)
        return TransferReport(1, size, time.monotonic() - began)

    async def sync_planned(
        self, plan: SyncPlan, progress: Progress, done: set[str] | None = None
    ) -> TransferReport:
        """Do exactly what a plan shows; nothing is deleted unless all else has worked.

        `done` keeps the names that are through: a retry with the same set leaves them out.
        """
        through = done if done is not None else set()

        def one(item: SyncAction, meter: Meter) -> int:
            remote = self._remote(plan.bucket, plan.prefix + item.name)
            size = apply_one(self._engine, remote, plan, item, meter)
            through.add(item.name)
            return size

        def work() -> TransferReport:
            report = many.run([item for item in moved if item.name not in through])
            left = [item for item in extra if item.name not in through]
            if not left:
                return report
            if report.failures:
                return replace(report, after="Nothing was deleted.")
            gone = Many("delete", one, progress, self._engine, sys.maxsize).run(left)
            told = f"{texts.count(gone.files)} deleted"
            return replace(report, failures=gone.failures, after=told)

        moved, extra = plan.of(COPY, OVERWRITE), plan.of(DELETE)
        progress.expect(plan.size_of(COPY, OVERWRITE), len(moved) + len(extra))
        many = Many("sync", one, progress, self._engine, lane_bytes=LANE_BYTES)
        report = await self._in_thread(work, progress, "sync", plan.bucket)
        return replace(report, again=_AGAIN)

    def close(self) -> None:
        """Take no more transfers."""
        self._engine.close()

    def _remote(self, bucket: str, key: str) -> Remote:
        return Remote(bucket, key, self._s3.region_of(bucket))

    def _note(self, python: str, cli: str) -> None:
        if (cause := current_cause()) is not None:
            self._gateway.log.note(cause, python=python, cli=cli)

    async def _in_thread(
        self, work: Callable[[], T], progress: Progress, operation: str, subject: str
    ) -> T:
        """Run a coordinator. A cancel waits until it has cleaned up.

        The context is not copied into its thread: requests have no cause, the note stands for them.
        """
        future = self._engine.submit(self._engine.coordinators, work)
        waited = asyncio.wrap_future(future)
        try:
            return await asyncio.shield(waited)
        except asyncio.CancelledError:
            progress.cancel()
            if not future.cancel():
                await self._cleaned_up(waited, progress)
            raise
        except (UserError, JobCancelled):
            raise
        except Exception as error:
            raise explain(error, operation, subject, self._gateway.connection) from error

    async def _cleaned_up(self, waited: asyncio.Future[T], progress: Progress) -> None:
        """Wait for a cancelled coordinator, but not for ever: its server may have fallen silent.

        A second cancel ends the waiting at once.
        """
        try:
            while not waited.done():
                await asyncio.wait([waited], timeout=PATIENCE_SECONDS)
                if not progress.owes:
                    break
        finally:
            if waited.done():
                waited.cancelled() or waited.exception()  # somebody has looked at it
            else:
                waited.cancel()
                self._engine.sweep(progress)
