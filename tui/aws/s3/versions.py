"""Versions and delete markers: list them, read the beginning of one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from tui.aws.calls import caused_by
from tui.aws.lookalikes import LACKING
from tui.aws.s3.versions_rows import cut_rows, versions_of
from tui.core.errors import AwsError
from tui.core.versions import ObjectVersion, Versioning, VersionPage

if TYPE_CHECKING:
    from tui.aws.s3.service import S3

_STATUSES = frozenset({"", "Enabled", "Suspended"})


async def versioning(s3: S3, bucket: str) -> Versioning:
    """Tell what a bucket keeps (GetBucketVersioning); status "?" where one may not ask."""
    try:
        with caused_by(None):
            answer = await s3.ask("get_bucket_versioning", bucket)
    except AwsError as error:
        if error.code in LACKING:
            return Versioning("", why="this server has no versions")
        return Versioning("?", why=error.message)
    status = str(answer.get("Status", ""))
    mfa = answer.get("MFADelete") == "Enabled"
    return Versioning(status if status in _STATUSES else "?", mfa)


async def pages(s3: S3, bucket: str, prefix: str = "") -> AsyncIterator[VersionPage]:
    """Yield all versions and markers below a prefix by key, the newest of each key first.

    Leaving the loop stops asking (ListObjectVersions).

    Raises:
        AwsError: they may not be listed; a code of `LACKING` where the server has none.
    """
    marks: dict[str, str] | None = {}
    while marks is not None:
        page, marks = await _page(s3, bucket, prefix, marks)
        yield page


async def of_key(s3: S3, bucket: str, key: str) -> AsyncIterator[VersionPage]:
    """Yield all versions and markers of exactly one key, the newest first."""
    # The key itself comes before all that begin with it.
    async for page in pages(s3, bucket, key):
        own = tuple(one for one in page.versions if one.key == key)
        yield VersionPage(own)
        if len(own) < len(page.versions):
            return


async def _page(
    s3: S3, bucket: str, prefix: str, marks: dict[str, str]
) -> tuple[VersionPage, dict[str, str] | None]:
    params: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix, **marks}

    def ask() -> tuple[VersionPage, dict[str, str] | None]:
        client = s3.gateway.client_now("s3", s3.region_of(bucket))
        with cut_rows():
            answer = client.list_object_versions(**params)
        return VersionPage(versions_of(answer)), _next_marks(answer, marks)

    subject = f"{bucket}/{prefix}" if prefix else bucket
    return await s3.gateway.explained(ask, "list_object_versions", subject)


def _next_marks(answer: dict[str, Any], before: dict[str, str]) -> dict[str, str] | None:
    if not answer.get("IsTruncated") or not answer.get("NextKeyMarker"):
        return None
    marks = {"KeyMarker": answer["NextKeyMarker"]}
    if answer.get("NextVersionIdMarker"):
        marks["VersionIdMarker"] = answer["NextVersionIdMarker"]
    return marks if marks != before else None  # a server that knows no markers


async def read_first(s3: S3, bucket: str, version: ObjectVersion, length: int) -> bytes:
    """Read up to `length` bytes of a version's beginning."""
    if not version.size_bytes:
        return b""

    def read() -> bytes:
        client = s3.gateway.client_now("s3", s3.region_of(bucket))
        answer = client.get_object(
            Bucket=bucket,
            Key=version.key,
            VersionId=version.version_id,
            Range=f"bytes=0-{length - 1}",
        )
        with answer["Body"] as body:
            data: bytes = body.read(length)
        return data

    return await s3.gateway.explained(read, "get_object", f"{bucket}/{version.key}")
