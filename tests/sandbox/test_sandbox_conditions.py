"""Conditions of copies and deletes in the sandbox, as S3 keeps them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

BUCKET = "acme-lake"


@pytest.fixture
def client(clean_sandbox: Any, aws_client: Any) -> Any:
    made = aws_client(clean_sandbox, "s3")
    made.create_bucket(Bucket=BUCKET)
    made.put_object(Bucket=BUCKET, Key="a", Body=b"a")
    made.put_object(Bucket=BUCKET, Key="b", Body=b"b")
    return made


def tag(client: Any, key: str) -> str:
    return str(client.head_object(Bucket=BUCKET, Key=key)["ETag"])


def outcome(call: Any, **params: Any) -> int:
    """The HTTP status of an answer, good or bad."""
    try:
        answer = call(Bucket=BUCKET, **params)
    except ClientError as error:
        answer = error.response
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def copied(client: Any, target: str, **conditions: Any) -> int:
    source = {"Bucket": BUCKET, "Key": "a"}
    return outcome(client.copy_object, CopySource=source, Key=target, **conditions)


def test_a_copy_keeps_to_what_is_at_its_target(client: Any) -> None:
    other = '"' + "0" * 32 + '"'
    assert copied(client, "b", IfNoneMatch="*") == 412
    assert copied(client, "b", IfMatch=other) == 412
    assert copied(client, "c", IfMatch=other) == 404
    assert client.get_object(Bucket=BUCKET, Key="b")["Body"].read() == b"b"
    assert copied(client, "c", IfNoneMatch="*") == 200
    assert copied(client, "b", IfMatch=tag(client, "b")) == 200
    assert client.get_object(Bucket=BUCKET, Key="b")["Body"].read() == b"a"


def test_a_copy_keeps_to_what_its_source_is(client: Any) -> None:
    good, other = tag(client, "a"), '"' + "0" * 32 + '"'
    now = datetime.now(UTC)
    late, early = now + timedelta(hours=1), now - timedelta(hours=1)
    for conditions, status in (
        ({"CopySourceIfMatch": good}, 200),
        ({"CopySourceIfMatch": other}, 412),
        ({"CopySourceIfNoneMatch": good}, 412),
        ({"CopySourceIfNoneMatch": other}, 200),
        ({"CopySourceIfUnmodifiedSince": early}, 412),
        ({"CopySourceIfMatch": good, "CopySourceIfUnmodifiedSince": early}, 200),
        ({"CopySourceIfModifiedSince": late}, 412),
        ({"CopySourceIfModifiedSince": early}, 200),
    ):
        assert copied(client, "c", **conditions) == status, conditions


def test_a_delete_removes_only_what_was_seen(client: Any) -> None:
    delete, good = client.delete_object, tag(client, "a")
    assert outcome(delete, Key="a", IfMatch='"0"') == 412
    assert outcome(delete, Key="a", IfMatch=good) == 204
    assert outcome(delete, Key="a", IfMatch=good) == 404
    assert outcome(delete, Key="a") == 204
    versioned = {"Status": "Enabled"}
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=versioned)
    seen = tag(client, "b")
    client.put_object(Bucket=BUCKET, Key="b", Body=b"newer")
    assert outcome(delete, Key="b", IfMatch=seen) == 412
    assert outcome(delete, Key="b", IfMatch=tag(client, "b")) == 204
    assert outcome(delete, Key="b", IfMatch=seen) == 404  # under a marker


def test_a_part_is_copied_by_its_range(client: Any) -> None:
    client.put_object(Bucket=BUCKET, Key="a", Body=b"0123456789")
    good = tag(client, "a")
    upload = client.create_multipart_upload(Bucket=BUCKET, Key="c")["UploadId"]
    asked = {
        "Key": "c",
        "UploadId": upload,
        "PartNumber": 1,
        "CopySource": {"Bucket": BUCKET, "Key": "a"},
    }
    part = client.upload_part_copy
    assert outcome(part, **asked, CopySourceIfMatch='"0"') == 412
    assert outcome(part, **asked, CopySourceRange="bytes=5-10") == 400
    assert outcome(part, **asked, CopySourceRange="bytes=5-") == 400
    made = part(Bucket=BUCKET, **asked, CopySourceRange="bytes=2-4", CopySourceIfMatch=good)
    parts = [{"PartNumber": 1, "ETag": made["CopyPartResult"]["ETag"]}]
    client.complete_multipart_upload(
        Bucket=BUCKET, Key="c", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    assert client.get_object(Bucket=BUCKET, Key="c")["Body"].read() == b"234"
