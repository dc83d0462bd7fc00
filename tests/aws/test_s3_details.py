"""All of an object: each property says what it is, or why it is not there, and hides no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tui.aws.gateway import Gateway
from tui.aws.s3.details import PROPERTIES, Acl, HeadFacts, Retention, Said, object_details
from tui.aws.s3.restore_header import Restore, restore_of
from tui.aws.s3.service import S3
from tui.core.s3_urls import address_forms

HOSTILE = ("x[/y].txt", "[@click=app.quit]x[/]", "a\x1b[31mred", "abc\u202excod.exe", "%2e%2e%2f")


async def all_of(s3: S3, bucket: str, key: str, version_id: str = "") -> dict[str, Said[Any]]:
    return {name: said async for name, said in object_details(s3, bucket, key, version_id)}


async def test_an_object_tells_all_of_itself(s3: S3, bucket: str, outside: Any) -> None:
    outside.put_object(
        Bucket=bucket,
        Key="a.csv",
        Body=b"x" * 100,
        ContentType="text/csv",
        CacheControl="max-age=3",
        Metadata={"who": "dana"},
        Tagging="a=b&c=d",
        ChecksumAlgorithm="SHA256",
        ServerSideEncryption="aws:kms",
    )
    outside.put_object_acl(Bucket=bucket, Key="a.csv", ACL="public-read")
    said = await all_of(s3, bucket, "a.csv")
    assert set(said) == set(PROPERTIES)
    head = said["head"].value
    assert isinstance(head, HeadFacts)
    assert (head.size_bytes, head.storage_class, head.encryption) == (100, "STANDARD", "aws:kms")
    assert head.content == (("type", "text/csv"), ("cache control", "max-age=3"))
    assert head.metadata == (("who", "dana"),)
    assert [name for name, _ in head.checksums] == ["SHA256"]
    assert said["tags"].value == (("a", "b"), ("c", "d"))
    acl = said["acl"].value
    assert isinstance(acl, Acl)
    assert ("everyone", "READ") in acl.grants
    assert (acl.owner_id, "FULL_CONTROL") in acl.grants
    assert [said[name].missing for name in ("retention", "hold")] == ["none", "none"]


async def test_retention_and_legal_hold_are_told(s3: S3, outside: Any) -> None:
    outside.create_bucket(Bucket="skydeck-locked-1", ObjectLockEnabledForBucket=True)
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    outside.put_object(
        Bucket="skydeck-locked-1",
        Key="k",
        Body=b"1",
        ObjectLockMode="GOVERNANCE",
        ObjectLockRetainUntilDate=until,
        ObjectLockLegalHoldStatus="ON",
    )
    outside.put_object(Bucket="skydeck-locked-1", Key="free", Body=b"1")
    said = await all_of(s3, "skydeck-locked-1", "k")
    assert said["retention"].value == Retention("GOVERNANCE", until)
    assert said["hold"].value == "ON"
    assert (await all_of(s3, "skydeck-locked-1", "free"))["retention"].missing == "none"


async def test_a_version_tells_of_itself_and_not_of_the_newest(
    s3: S3, bucket: str, outside: Any
) -> None:
    outside.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old = outside.put_object(Bucket=bucket, Key="k", Body=b"old", Tagging="age=old")["VersionId"]
    outside.put_object(Bucket=bucket, Key="k", Body=b"newer", Tagging="age=new")
    said = await all_of(s3, bucket, "k", old)
    assert said["head"].value.size_bytes == 3
    assert said["head"].value.version_id == old
    assert said["tags"].value == (("age", "old"),)


@pytest.mark.parametrize(
    ("code", "missing"),
    [
        ("AccessDenied", "not allowed"),
        ("403", "not allowed"),
        ("NotImplemented", "this server has none"),
        ("MethodNotAllowed", "this server has none"),
        ("NoSuchTagSet", "none"),
        ("InternalError", "AWS had an internal error"),
    ],
)
@pytest.mark.parametrize("operation", ["GetObjectTagging", "GetObjectAcl", "GetObjectAttributes"])
async def test_a_refused_property_says_so_and_hides_nothing_else(
    operation: str, code: str, missing: str, s3: S3, gateway: Gateway, bucket: str, outside: Any
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=b"12345", Tagging="a=b")
    refuse(await gateway.client("s3"), operation, code)
    said = await all_of(s3, bucket, "k")
    refused = [name for name, one in said.items() if one.missing == missing and one.error]
    expected = {"GetObjectTagging": "tags", "GetObjectAcl": "acl", "GetObjectAttributes": "parts"}
    assert expected[operation] in refused
    assert said["head"].value.size_bytes == 5
    others = {"tags", "acl", "parts"} - {expected[operation]}
    assert all(said[name].value is not None for name in others)


async def test_a_checksum_that_may_not_be_read_does_not_hide_the_head(
    s3: S3, gateway: Gateway, bucket: str, outside: Any
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=b"12345")
    refuse(await gateway.client("s3"), "HeadObject", "403", header="x-amz-checksum-mode")
    said = await all_of(s3, bucket, "k")
    assert said["head"].value.size_bytes == 5
    assert said["head"].value.checksums == ()


def refuse(client: Any, operation: str, code: str, header: str = "") -> None:
    """Have a client's calls of an operation (with a header) answered with an error."""
    from botocore.awsrequest import AWSResponse

    def answer(params: Any, **_: Any) -> Any:
        if header and header not in {name.lower() for name in params["headers"]}:
            return None
        status = 403 if code in ("AccessDenied", "403") else 400
        error = {"Code": code, "Message": ""}
        meta = {"HTTPStatusCode": status, "HTTPHeaders": {}}
        return AWSResponse("", status, {}, None), {"Error": error, "ResponseMetadata": meta}

    client.meta.events.register(f"before-call.s3.{operation}", answer)


@pytest.mark.parametrize("key", HOSTILE)
async def test_hostile_names_are_asked_for_to_the_byte(
    key: str, s3: S3, bucket: str, outside: Any
) -> None:
    outside.put_object(Bucket=bucket, Key=key, Body=b"12", Tagging="a=b")
    said = await all_of(s3, bucket, key)
    assert said["head"].value.size_bytes == 2
    assert said["tags"].value == (("a", "b"),)


async def test_parts_and_the_acl_of_a_joined_object_are_told(
    s3: S3, bucket: str, outside: Any
) -> None:
    upload = outside.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    parts = [
        {
            "PartNumber": number,
            "ETag": outside.upload_part(
                Bucket=bucket, Key="k", UploadId=upload, PartNumber=number, Body=body
            )["ETag"],
        }
        for number, body in ((1, b"x" * (5 << 20)), (2, b"y"))
    ]
    outside.complete_multipart_upload(
        Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    said = await all_of(s3, bucket, "k")
    assert said["head"].value.etag.endswith("-2")
    assert said["acl"].value.grants[0][1] == "FULL_CONTROL"


@pytest.mark.parametrize(
    ("header", "restore"),
    [
        ("", None),
        ('ongoing-request="true"', Restore(True)),
        (
            'ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"',
            Restore(False, datetime(2012, 12, 21, tzinfo=UTC)),
        ),
        ('ongoing-request="false", expiry-date="soon"', Restore(False)),
        ("nonsense", None),
    ],
)
def test_the_restore_header_is_read(header: str, restore: Restore | None) -> None:
    assert restore_of(header) == restore


def test_an_object_has_every_form_of_address() -> None:
    forms = dict(address_forms("acme-lake", "a b/é[1].csv", "eu-west-1", version_id="v/1"))
    assert forms == {
        "S3": "s3://acme-lake/a b/é[1].csv",
        "https, host": "https://acme-lake.s3.eu-west-1.amazonaws.com"
        "/a%20b/%C3%A9%5B1%5D.csv?versionId=v%2F1",
        "https, path": "https://s3.eu-west-1.amazonaws.com/acme-lake"
        "/a%20b/%C3%A9%5B1%5D.csv?versionId=v%2F1",
        "ARN": "arn:aws:s3:::acme-lake/a b/é[1].csv",
    }


def test_a_bucket_with_dots_and_another_server_have_no_host_of_their_own() -> None:
    dotted = dict(address_forms("a.b", "k", "cn-north-1", partition="aws-cn"))
    assert "https, host" not in dotted
    assert dotted["https, path"] == "https://s3.cn-north-1.amazonaws.com.cn/a.b/k"
    own = dict(address_forms("acme", "k", "us-east-1", endpoint="http://localhost:9000/"))
    assert own["http, path"] == "http://localhost:9000/acme/k"
    assert len(own) == 3
