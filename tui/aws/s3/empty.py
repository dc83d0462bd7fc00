"""Empty a bucket for good: freeze all that is in it to disk, then delete exactly that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from tui.aws.calls import caused_by
from tui.aws.lookalikes import LACKING
from tui.aws.s3.delete import BATCH, Batch, DeleteFailure, batches, delete_batches
from tui.aws.s3.uploads import abort_many, parts_of_many
from tui.aws.s3.uploads import pages as upload_pages
from tui.aws.s3.versions import pages as version_pages
from tui.aws.s3.versions import versioning
from tui.core.errors import AwsError
from tui.core.frozen import Sums
from tui.core.jobs import Progress
from tui.core.kept_plan import UPLOAD, VERSION, KeptPlan, Stayed
from tui.core.records import ObjectQuery
from tui.core.versions import NULL_VERSION, UnfinishedUpload, UploadParts

if TYPE_CHECKING:
    from tui.aws.s3.service import S3

LOOKED_INTO_AT_MOST = 1_000  # uploads whose parts are added up; each takes a request
NEWCOMERS_SHOWN = 3
_DENIED = frozenset({"AccessDenied", "403", "Forbidden"})


@dataclass(slots=True)
class Contents:
    """All that is in a bucket; `sums` are of the versions, the current ones among them.

    Attributes:
        plain: the server lists no versions: what it hides, if anything, stays hidden.
        nameless: some have no version id of their own: what is written anew has the same.
        upload_bytes: what the unfinished uploads hold; None where that is not known.
        uploads_unknown: why the uploads could not be listed, or "".
    """

    sums: Sums = field(default_factory=Sums)
    objects: int = 0
    older: int = 0
    markers: int = 0
    uploads: int = 0
    upload_bytes: int | None = 0
    upload_classes: dict[str, tuple[int, int]] = field(default_factory=dict)
    uploads_unknown: str = ""
    plain: bool = False
    nameless: bool = False

    @property
    def rows(self) -> int:
        """All that must go before the bucket can."""
        return self.objects + self.older + self.markers + self.uploads


async def freeze(s3: S3, bucket: str, plan: KeptPlan, told: Callable[[Contents], None]) -> Contents:
    """List all that is in a bucket into `plan`; `told` is called as it goes.

    Raises:
        AwsError: something could not be listed: there is no plan then.
        OSError: the disk has no room for the list.
    """
    found = Contents()
    run = s3.gateway.run
    async for rows in _everything(s3, bucket, found):
        await run(plan.add, VERSION, rows)
        told(found)
    uploads: list[UnfinishedUpload] = []
    try:
        async for page in upload_pages(s3, bucket):
            await run(plan.add, UPLOAD, [(one.key, one.upload_id) for one in page])
            found.uploads += len(page)
            uploads += page[: LOOKED_INTO_AT_MOST + 1 - len(uploads)]
            told(found)
    except AwsError as error:
        if error.code not in LACKING | _DENIED:
            raise
        lacking = error.code in LACKING
        found.uploads_unknown = "this server lists none" if lacking else "not allowed to list them"
    await _add_up(s3, bucket, uploads, found, told)
    await run(plan.freeze)
    return found


async def _everything(s3: S3, bucket: str, found: Contents) -> AsyncIterator[list[tuple[str, str]]]:
    """Yield (key, version id) of all versions and markers; plain keys where there are none."""
    try:
        async for page in version_pages(s3, bucket):
            for one in page.versions:
                found.markers += one.marker
                found.nameless |= one.version_id in ("", NULL_VERSION)
                found.objects += one.latest and not one.marker
                found.older += not one.latest and not one.marker
                if not one.marker:
                    found.sums.add(one.key, one.size_bytes, one.modified_at, one.storage_class)
            yield [(one.key, one.version_id) for one in page.versions]
        return
    except AwsError as error:
        denied = error.code in _DENIED and (await versioning(s3, bucket)).status == ""
        if found.rows or not (denied or error.code in LACKING):
            raise
    found.plain = found.nameless = True
    async for objects in s3.objects(ObjectQuery(bucket, recursive=True)):
        for row in objects.objects:
            found.objects += 1
            found.sums.add(row.key, row.size_bytes, row.modified_at, row.storage_class)
        yield [(row.key, "") for row in objects.objects]


async def _add_up(
    s3: S3,
    bucket: str,
    uploads: list[UnfinishedUpload],
    found: Contents,
    told: Callable[[Contents], None],
) -> None:
    if len(uploads) > LOOKED_INTO_AT_MOST:
        found.upload_bytes = None
        return
    async for upload, held in parts_of_many(s3, bucket, uploads):
        if not isinstance(held, UploadParts):
            found.upload_bytes = None
        elif found.upload_bytes is not None:
            found.upload_bytes += held.size_bytes
            count, size = found.upload_classes.get(upload.storage_class, (0, 0))
            found.upload_classes[upload.storage_class] = count + 1, size + held.size_bytes
        told(found)


async def carry_out(s3: S3, plan: KeptPlan, progress: Progress) -> list[DeleteFailure]:
    """Delete what of a plan is left; returns what stayed. What is done is on disk at once.

    Raises:
        AwsError: nothing more could work.
        CancelledError, JobCancelled: no batch was begun since.
    """
    assert plan.head is not None
    bucket, run = plan.head.bucket, s3.gateway.run
    again = [(one.key, one.version_id) for one in plan.stayed.values()]
    done = min(len(plan.answered) * BATCH, plan.head.rows) - len(again)
    progress.expect(plan.head.rows, plan.head.rows)
    progress.advance(max(0, done), items=max(0, done))

    async def answered(batch: Batch, failed: list[DeleteFailure]) -> None:
        kept = {(one.key, one.version_id) for one in failed}
        gone = [one for one in batch.targets if one not in kept] if batch.number < 0 else []
        stayed = [Stayed(one.key, one.version_id, one.code, one.message) for one in failed]
        await run(plan.note, batch.number, stayed, gone)

    region = s3.region_of(bucket)
    waiting = _left(plan, again)
    # A million rows that are gone already take seconds to skip: not on the event loop.
    first = await run(lambda: list(islice(waiting, 1)))
    waiting = chain(first, waiting)
    await delete_batches(s3.gateway, bucket, waiting, progress, region, answered=answered)
    failures = [
        DeleteFailure(one.key, one.code, one.message, one.version_id)
        for one in plan.stayed.values()
    ]
    uploads = plan.uploads()
    while some := await run(lambda: list(islice(uploads, BATCH))):
        failures += await abort_many(s3, bucket, [_named(*one) for one in some], progress)
    return failures


def _left(plan: KeptPlan, again: list[tuple[str, str]]) -> Iterator[Batch]:
    """The batches that were not answered, then what stayed, under negative numbers."""
    from tui.core.frozen import Target

    answered = frozenset(plan.answered)
    fresh = (one for one in batches(plan.targets()) if one.number not in answered)
    retried = batches(Target(key, version_id) for key, version_id in again)
    return chain(fresh, (Batch(-1 - one.number, one.targets) for one in retried))


def _named(key: str, upload_id: str) -> UnfinishedUpload:
    from datetime import UTC, datetime

    return UnfinishedUpload(key, upload_id, datetime.now(UTC))


async def newcomers(s3: S3, bucket: str) -> tuple[list[str], bool]:
    """The first keys that are in a bucket after all, and whether there are more."""
    keys: list[str] = []
    try:
        with caused_by(None):
            async for page in version_pages(s3, bucket):
                keys = list(dict.fromkeys(one.key for one in page.versions))
                break
    except AwsError:
        with caused_by(None):
            answer: dict[str, Any] = await s3.ask("list_objects_v2", bucket, MaxKeys=10)
        keys = [row["Key"] for row in answer.get("Contents", ())]
    return keys[:NEWCOMERS_SHOWN], len(keys) > NEWCOMERS_SHOWN


__all__ = ["Contents", "carry_out", "freeze", "newcomers"]
