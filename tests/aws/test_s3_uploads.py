"""Unfinished uploads: listed byte-exactly, added up, aborted one by one."""

from __future__ import annotations

from typing import Any

import pytest

from tui.aws.gateway import Gateway
from tui.aws.s3 import uploads as s3_uploads
from tui.aws.s3.service import S3
from tui.core.errors import AwsError, JobCancelled
from tui.core.jobs import Progress
from tui.core.versions import UnfinishedUpload, UploadParts

NAMES = ("raw/a b.csv", "raw/x[/y].txt", "raw/%2e%2e", "raw/é", "top")


def begin(outside: Any, bucket: str, key: str, *sizes: int) -> str:
    own_id = str(outside.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"])
    for number, size in enumerate(sizes, 1):
        outside.upload_part(
            Bucket=bucket, Key=key, UploadId=own_id, PartNumber=number, Body=b"x" * size
        )
    return own_id


async def listed(s3: S3, bucket: str, prefix: str = "") -> list[UnfinishedUpload]:
    return [one async for page in s3_uploads.pages(s3, bucket, prefix) for one in page]


async def test_uploads_are_listed_with_their_names_as_they_are(
    s3: S3, outside: Any, bucket: str
) -> None:
    for name in NAMES:
        begin(outside, bucket, name)
    assert {one.key for one in await listed(s3, bucket)} == set(NAMES)
    assert {one.key for one in await listed(s3, bucket, "raw/")} == set(NAMES[:-1])


async def test_parts_are_added_up_and_what_fails_says_so(s3: S3, outside: Any, bucket: str) -> None:
    begin(outside, bucket, "a", 100, 20)
    begin(outside, bucket, "b")
    gone = begin(outside, bucket, "c", 7)
    uploads = await listed(s3, bucket)
    outside.abort_multipart_upload(Bucket=bucket, Key="c", UploadId=gone)
    found = {one.key: held async for one, held in s3_uploads.parts_of_many(s3, bucket, uploads)}
    assert found["a"] == UploadParts(2, 120)
    assert found["b"] == UploadParts(0, 0)
    assert isinstance(found["c"], AwsError)


async def test_exactly_the_given_uploads_are_aborted(s3: S3, outside: Any, bucket: str) -> None:
    for key in ("a", "b", "c"):
        begin(outside, bucket, key, 3)
    uploads = await listed(s3, bucket)
    gone = uploads[0]
    outside.abort_multipart_upload(Bucket=bucket, Key=gone.key, UploadId=gone.upload_id)
    progress = Progress()
    assert await s3_uploads.abort_many(s3, bucket, uploads[:2], progress) == []
    assert [one.key for one in await listed(s3, bucket)] == ["c"]
    assert progress.items_done == 2  # who was gone already is no failure


async def test_what_could_not_be_aborted_is_told_and_a_cancel_begins_no_other(
    s3: S3, gateway: Gateway, outside: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("a", "b"):
        begin(outside, bucket, key)
    uploads = await listed(s3, bucket)
    call = gateway.call

    async def refusing(service: str, operation: str, /, **params: Any) -> Any:
        if operation == "abort_multipart_upload" and params["Key"] == "a":
            raise AwsError("Can't", "access denied", code="AccessDenied")
        return await call(service, operation, **params)

    monkeypatch.setattr(gateway, "call", refusing)
    cancelled = Progress()
    cancelled.cancel()
    with pytest.raises(JobCancelled):
        await s3_uploads.abort_many(s3, bucket, uploads, cancelled)
    assert len(await listed(s3, bucket)) == 2
    failures = await s3_uploads.abort_many(s3, bucket, uploads, Progress())
    assert [(one.key, one.code) for one in failures] == [("a", "AccessDenied")]
    assert failures[0].version_id == uploads[0].upload_id
    assert [one.key for one in await listed(s3, bucket)] == ["a"]
