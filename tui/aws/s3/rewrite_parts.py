"""An object above 5 GiB copied onto itself in parts, without its bytes passing here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from tui.aws.calls import caused_by
from tui.aws.s3.running_uploads import running
from tui.core.errors import AwsError, JobCancelled

if TYPE_CHECKING:
    from tui.aws.s3.service import S3

PART_BYTES: Final = 512 << 20
MOST_PARTS: Final = 10_000
_PARALLEL: Final = 8
_OF_A_COPY: Final = frozenset(
    {"CopySource", "CopySourceIfMatch", "MetadataDirective", "TaggingDirective", "IfMatch", "Key"}
)


async def copy_in_parts(
    s3: S3,
    bucket: str,
    params: Mapping[str, Any],
    size_bytes: int,
    *,
    tags: Mapping[str, str],
    check: Callable[[], None],
) -> None:
    """Do what CopyObject does with `params`, part by part; all or nothing.

    Args:
        tags: an upload in parts keeps none by itself.
        check: raises where the job was cancelled.

    Raises:
        AwsError: the object changed meanwhile, or it is refused; no part is left.
    """
    key = params["Key"]
    pinned = {name: params[name] for name in ("CopySource", "CopySourceIfMatch")}
    kept = {name: value for name, value in params.items() if name not in _OF_A_COPY}
    if tags:
        kept["Tagging"] = urlencode(list(tags.items()))
    begun = await s3.ask("create_multipart_upload", bucket, Key=key, **kept)
    upload = {"Key": key, "UploadId": begun["UploadId"]}
    finished = False
    try:
        with running(begun["UploadId"]):
            parts = await _parts(s3, bucket, upload, pinned, size_bytes=size_bytes, check=check)
            check()
            wanted = {"IfMatch": params["IfMatch"]} if "IfMatch" in params else {}
            await s3.ask(
                "complete_multipart_upload",
                bucket,
                MultipartUpload={"Parts": parts},
                **upload,
                **wanted,
            )
        finished = True
    finally:
        if not finished:
            await asyncio.shield(_abort(s3, bucket, upload))


async def _parts(
    s3: S3,
    bucket: str,
    upload: Mapping[str, str],
    pinned: Mapping[str, Any],
    *,
    size_bytes: int,
    check: Callable[[], None],
) -> list[dict[str, Any]]:
    room, stopped = asyncio.Semaphore(_PARALLEL), asyncio.Event()

    async def copy(number: int, span: str) -> dict[str, Any]:
        async with room:
            if stopped.is_set():
                raise JobCancelled
            check()
            answer = await s3.ask(
                "upload_part_copy",
                bucket,
                PartNumber=number,
                CopySourceRange=span,
                **upload,
                **pinned,
            )
        return {"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]}

    tasks = [
        asyncio.ensure_future(copy(number, span))
        for number, span in enumerate(spans(size_bytes), start=1)
    ]
    try:
        return await asyncio.gather(*tasks)
    finally:
        stopped.set()
        # Before the upload is aborted: a part that arrives later would stay, and be paid for.
        await asyncio.gather(*tasks, return_exceptions=True)


def spans(size_bytes: int, part_bytes: int = 0) -> Iterator[str]:
    """The ranges of an object's parts, none above 5 GiB and no more than 10,000."""
    part = max(part_bytes or PART_BYTES, -(-size_bytes // MOST_PARTS))
    for start in range(0, size_bytes, part):
        yield f"bytes={start}-{min(start + part, size_bytes) - 1}"


async def _abort(s3: S3, bucket: str, upload: Mapping[str, str]) -> None:
    try:
        with caused_by(None):
            await s3.ask("abort_multipart_upload", bucket, **upload)
    except AwsError:
        return  # what went wrong before is told; unfinished uploads are listed in their own place
