"""Unfinished multi-part uploads: list them, add up their parts, abort them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from tui.aws.calls import caused_by
from tui.aws.s3.delete import DeleteFailure
from tui.core.errors import AwsError
from tui.core.jobs import Progress
from tui.core.versions import UnfinishedUpload, UploadParts

if TYPE_CHECKING:
    from tui.aws.s3.service import S3

PARALLEL = 8
_GONE = frozenset({"NoSuchUpload", "404"})  # completed or aborted meanwhile: nothing is left of it


async def pages(
    s3: S3, bucket: str, prefix: str = ""
) -> AsyncIterator[tuple[UnfinishedUpload, ...]]:
    """Yield the unfinished uploads below a prefix, by key (ListMultipartUploads).

    Raises:
        AwsError: they may not be listed, or the server has no such call.
    """
    marks: dict[str, str] | None = {}
    while marks is not None:
        params: dict[str, Any] = {"Prefix": prefix, "EncodingType": "url", **marks}
        answer = await s3.ask("list_multipart_uploads", bucket, **params)
        yield tuple(_made(entry, _decoder(answer)) for entry in answer.get("Uploads", ()))
        marks = _next_marks(answer, marks)


def _decoder(answer: dict[str, Any]) -> Callable[[str], str]:
    # botocore undoes the encoding for object listings, but not for this one.
    return unquote_plus if answer.get("EncodingType") == "url" else str


def _next_marks(answer: dict[str, Any], before: dict[str, str]) -> dict[str, str] | None:
    if not answer.get("IsTruncated") or not answer.get("NextKeyMarker"):
        return None
    marks = {"KeyMarker": _decoder(answer)(answer["NextKeyMarker"])}
    if answer.get("NextUploadIdMarker"):
        marks["UploadIdMarker"] = answer["NextUploadIdMarker"]
    return marks if marks != before else None


def _made(entry: dict[str, Any], decode: Callable[[str], str]) -> UnfinishedUpload:
    who = entry.get("Initiator") or entry.get("Owner") or {}
    return UnfinishedUpload(
        key=decode(entry["Key"]),
        upload_id=entry["UploadId"],
        begun_at=entry["Initiated"],
        initiator=who.get("DisplayName") or who.get("ID", "").rpartition(":")[2],
        storage_class=entry.get("StorageClass") or "STANDARD",
    )


async def parts(s3: S3, bucket: str, upload: UnfinishedUpload) -> UploadParts:
    """Add up what an unfinished upload holds (ListParts).

    Raises:
        AwsError: it may not be looked at; or it has ended: then code NoSuchUpload.
    """
    count, size, marker = 0, 0, 0
    while True:
        params = {"Key": upload.key, "UploadId": upload.upload_id, "PartNumberMarker": marker}
        answer = await s3.ask("list_parts", bucket, **params)
        found = answer.get("Parts", ())
        count, size = count + len(found), size + sum(part["Size"] for part in found)
        following = answer.get("NextPartNumberMarker") or 0
        if not answer.get("IsTruncated") or following <= marker:
            return UploadParts(count, size)
        marker = following


async def parts_of_many(
    s3: S3, bucket: str, uploads: Sequence[UnfinishedUpload]
) -> AsyncIterator[tuple[UnfinishedUpload, UploadParts | AwsError]]:
    """Yield what each upload holds, or why that is not known, as the answers come."""
    waiting = iter(uploads)
    results: asyncio.Queue[tuple[UnfinishedUpload, UploadParts | AwsError]] = asyncio.Queue()

    async def walk() -> None:
        for upload in waiting:
            try:
                with caused_by(None):
                    await results.put((upload, await parts(s3, bucket, upload)))
            except AwsError as error:
                await results.put((upload, error))

    tasks = [asyncio.ensure_future(walk()) for _ in range(min(PARALLEL, len(uploads)))]
    try:
        for _ in uploads:
            yield await results.get()
    finally:
        for task in tasks:
            task.cancel()


async def abort_many(
    s3: S3, bucket: str, uploads: Sequence[UnfinishedUpload], progress: Progress
) -> list[DeleteFailure]:
    """Abort exactly these uploads; what has ended meanwhile counts as done.

    Returns:
        What could not be aborted, upload by upload.

    Raises:
        JobCancelled: no other was begun since.
    """
    failures: list[DeleteFailure] = []
    waiting = iter(uploads)

    async def walk() -> None:
        for upload in waiting:
            progress.check()
            failure = await _aborted(s3, bucket, upload)
            if failure is not None:
                failures.append(failure)
            else:
                progress.advance(1, items=1)

    await asyncio.gather(*(walk() for _ in range(min(PARALLEL, len(uploads)))))
    return failures


async def _aborted(s3: S3, bucket: str, upload: UnfinishedUpload) -> DeleteFailure | None:
    try:
        await s3.ask("abort_multipart_upload", bucket, Key=upload.key, UploadId=upload.upload_id)
    except AwsError as error:
        if error.code not in _GONE:
            return DeleteFailure(upload.key, error.code, error.message, upload.upload_id)
    return None
