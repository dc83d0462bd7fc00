"""S3 refuses what AWS refuses, lists in order, and reads ranges."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from tests.sandbox.signing import error, send
from tui.sandbox import Sandbox
from tui.sandbox.front import s3_list, s3_read
from tui.sandbox.front.s3_list import Listing, fill
from tui.sandbox.patches.store import KeyOrder
from tui.sandbox.records import ACCOUNT

HOSTILE = ["x[/y].txt", "a[bold]b", "[@click=app.quit]x[/]", "esc\x1bkey", "r\u202elo", "é/ü ß+&<>"]


@pytest.mark.parametrize(
    "name", ["ab", "Upper-Case", "under_score", "dots..dots", "192.168.0.1", "xn--puny", "-start"]
)
def test_bad_bucket_names_are_refused(s3: Any, name: str) -> None:
    assert error(s3.create_bucket, Bucket=name) == "InvalidBucketName"


@pytest.mark.parametrize("name", ["test", "data", "my-bucket", "moto-api-x"])
def test_a_name_of_somebody_else_is_taken(s3: Any, name: str) -> None:
    assert error(s3.create_bucket, Bucket=name) == "BucketAlreadyExists"


def test_a_key_above_1024_bytes_is_too_long(s3: Any) -> None:
    s3.put_object(Bucket="the-bucket", Key="é" * 512, Body=b"")
    too_long = error(s3.put_object, Bucket="the-bucket", Key="é" * 512 + "x", Body=b"")
    assert too_long == "KeyTooLongError"


def test_a_wrong_digest_is_refused(s3: Any) -> None:
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    options = {"Bucket": "the-bucket", "Key": "k", "Body": b"body"}
    assert error(s3.put_object, **options, ContentMD5=wrong) == "BadDigest"
    assert error(s3.put_object, **options, ChecksumCRC32="AAAAAA==") == "BadDigest"
    sha = base64.b64encode(hashlib.sha256(b"body").digest()).decode()
    s3.put_object(**options, ChecksumSHA256=sha)


def test_conditional_writes(s3: Any) -> None:
    options = {"Bucket": "the-bucket", "Key": "k"}
    tag = s3.put_object(**options, Body=b"1", IfNoneMatch="*")["ETag"]
    assert error(s3.put_object, **options, Body=b"2", IfNoneMatch="*") == "PreconditionFailed"
    assert error(s3.put_object, **options, Body=b"2", IfMatch='"0"') == "PreconditionFailed"
    s3.put_object(**options, Body=b"2", IfMatch=tag)
    assert s3.get_object(**options)["Body"].read() == b"2"


def test_unsigned_requests_are_refused(s3: Any, clean_sandbox: Sandbox) -> None:
    s3.put_object(Bucket="the-bucket", Key="private", Body=b"x")
    for path in ("/the-bucket", "/the-bucket/private", "/"):
        assert send(clean_sandbox.info.endpoint_url + path).status == 403
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "the-bucket", "Key": "private"})
    assert send(url).body == b"x"


@pytest.mark.parametrize("size", [100, 3 << 20])
def test_ranges(s3: Any, size: int) -> None:
    body = bytes(i % 251 for i in range(size))
    s3.put_object(
        Bucket="the-bucket", Key="k", Body=body, ContentType="text/csv", Metadata={"who": "me"}
    )

    def get(span: str) -> dict[str, Any]:
        answer: dict[str, Any] = s3.get_object(Bucket="the-bucket", Key="k", Range=f"bytes={span}")
        return answer

    whole = s3.get_object(Bucket="the-bucket", Key="k")
    assert whole["Body"].read() == body
    assert (whole["ContentType"], whole["Metadata"]) == ("text/csv", {"who": "me"})
    assert get("10-19")["Body"].read() == body[10:20]
    assert get("-7")["Body"].read() == body[-7:]
    assert get(f"{size - 5}-")["Body"].read() == body[-5:]
    last = get(f"50-{size * 2}")
    assert last["Body"].read() == body[50:]
    assert last["ContentRange"] == f"bytes 50-{size - 1}/{size}"
    assert error(get, span=f"{size}-") == "InvalidRange"


def test_hostile_keys_survive_a_round_trip(s3: Any) -> None:
    for key in HOSTILE:
        s3.put_object(Bucket="the-bucket", Key=key, Body=key.encode())
    rows = s3.list_objects_v2(Bucket="the-bucket")["Contents"]
    assert [row["Key"] for row in rows] == sorted(HOSTILE)
    for key in HOSTILE:
        assert s3.get_object(Bucket="the-bucket", Key=key)["Body"].read() == key.encode()


def listed(s3: Any, **options: Any) -> tuple[list[str], list[str]]:
    """Keys and prefixes over all pages."""
    keys: list[str] = []
    prefixes: list[str] = []
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="the-bucket", **options)
    for page in pages:
        keys += [row["Key"] for row in page.get("Contents", [])]
        prefixes += [row["Prefix"] for row in page.get("CommonPrefixes", [])]
        assert page["KeyCount"] == len(page.get("Contents", [])) + len(
            page.get("CommonPrefixes", [])
        )
    return keys, prefixes


def test_listings_page_by_prefix_and_delimiter(s3: Any) -> None:
    names = [f"{top}/{low}/{n}" for top in "cab" for low in "yx" for n in range(4)]
    last = "a/\U0010ffffx"  # no text sorts behind every key of a folder
    names += ["z", "a", last]
    for name in names:
        s3.put_object(Bucket="the-bucket", Key=name, Body=b"")
    for size in (1, 2, 3, 1000):
        options: dict[str, Any] = {"PaginationConfig": {"PageSize": size}}
        assert listed(s3, **options) == (sorted(names), [])
        assert listed(s3, Delimiter="/", **options) == (["a", "z"], ["a/", "b/", "c/"])
        assert listed(s3, Prefix="a/", Delimiter="/", **options) == ([last], ["a/x/", "a/y/"])
        assert listed(s3, Prefix="b/x/", **options) == ([f"b/x/{n}" for n in range(4)], [])
        assert listed(s3, StartAfter="c/x/3", **options) == (sorted(names)[-5:], [])
    assert s3.list_objects_v2(Bucket="the-bucket", MaxKeys=0)["KeyCount"] == 0


def test_listings_follow_deletes_and_versions(s3: Any) -> None:
    for name in ("a", "b", "c"):
        s3.put_object(Bucket="the-bucket", Key=name, Body=b"")
    assert listed(s3)[0] == ["a", "b", "c"]
    s3.delete_object(Bucket="the-bucket", Key="b")
    s3.put_object(Bucket="the-bucket", Key="aa", Body=b"")
    assert listed(s3)[0] == ["a", "aa", "c"]
    s3.put_bucket_versioning(Bucket="the-bucket", VersioningConfiguration={"Status": "Enabled"})
    s3.delete_object(Bucket="the-bucket", Key="a")
    assert listed(s3)[0] == ["aa", "c"]
    s3.delete_objects(Bucket="the-bucket", Delete={"Objects": [{"Key": "aa"}, {"Key": "c"}]})
    assert listed(s3)[0] == []


@dataclass(frozen=True)
class FakeKey:
    """What a listing asks of moto's class of this name."""

    last_modified_ISO8601: str = "2025-01-01T00:00:00.000Z"  # noqa: N815 - moto's
    etag: str = '"0"'
    size: int = 0
    storage_class: str = "STANDARD"
    checksum_algorithm: str = ""


class Keys(dict[str, FakeKey]):
    """A bucket's keys that count how many of them are looked at."""

    looked_at = 0

    def get(self, key: str, default: Any = None) -> Any:
        self.looked_at += 1
        return super().get(key, default)


@pytest.mark.parametrize(("delimiter", "rows", "prefixes"), [("", 1000, 0), ("/", 0, 50)])
def test_a_page_of_a_big_bucket_costs_a_page(delimiter: str, rows: int, prefixes: int) -> None:
    keys = Keys({f"{n % 50:02}/{n:06}": FakeKey() for n in range(20_000)})
    page = Listing("", delimiter, 1000, str)
    fill(page, keys, "")
    assert (len(page.rows), len(page.prefixes)) == (rows, prefixes)
    assert page.truncated == bool(rows)
    assert keys.looked_at <= 1001


def test_names_keep_their_order_when_many_write_and_one_looks() -> None:
    order = KeyOrder([])
    names = [f"{n:05}" for n in range(2000)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(order.add, names[::-1] + names))
    assert order.names == names
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(order.drop, names[::2] * 2))
    assert order.names == names[1::2]


def test_a_managed_upload_and_download_round_trip(s3: Any, tmp_path: Any) -> None:
    sent = tmp_path / "sent"
    sent.write_bytes(bytes(range(256)) * (20 << 12))
    s3.upload_file(str(sent), "the-bucket", "big.bin")
    back = tmp_path / "back"
    s3.download_file("the-bucket", "big.bin", str(back))
    assert back.read_bytes() == sent.read_bytes()


def test_a_missing_key_and_a_missing_bucket(s3: Any) -> None:
    assert error(s3.get_object, Bucket="the-bucket", Key="none") == "NoSuchKey"
    assert error(s3.list_objects_v2, Bucket="no-such-bucket-here") == "NoSuchBucket"
    s3.put_object(Bucket="the-bucket", Key="k", Body=b"")
    assert error(s3.delete_bucket, Bucket="the-bucket") == "BucketNotEmpty"


def test_a_big_object_comes_with_its_checksum(s3: Any) -> None:
    body = bytes(3 << 20)
    sent = s3.put_object(Bucket="the-bucket", Key="k", Body=body, ChecksumAlgorithm="SHA256")
    answer = s3.get_object(Bucket="the-bucket", Key="k", ChecksumMode="ENABLED")
    assert answer["ChecksumSHA256"] == sent["ChecksumSHA256"]
    assert answer["Body"].read() == body
    part = s3.get_object(Bucket="the-bucket", Key="k", ChecksumMode="ENABLED", Range="bytes=0-9")
    assert "ChecksumSHA256" not in part


def test_an_etag_holds_however_many_ask_while_it_is_made(s3: Any) -> None:
    body = bytes(range(256)) * (32 << 10)
    options = {"Bucket": "the-bucket", "Key": "k"}

    def tags(number: int) -> set[str]:
        if number == 0:
            return {s3.put_object(**options, Body=body)["ETag"] for _ in range(6)}
        return {s3.head_object(**options)["ETag"] for _ in range(40)}

    s3.put_object(**options, Body=body)
    with ThreadPoolExecutor(5) as pool:
        found = set().union(*pool.map(tags, range(5)))
    assert found == {f'"{hashlib.md5(body).hexdigest()}"'}


def test_a_reader_keeps_the_object_that_it_began(s3: Any) -> None:
    old = bytes(range(256)) * (160 << 10)  # more than the two sockets hold
    options = {"Bucket": "the-bucket", "Key": "k"}
    s3.put_object(**options, Body=old)
    reading = s3.get_object(**options)["Body"]
    start = reading.read(1000)
    s3.put_object(**options, Body=b"new")
    s3.delete_object(**options)
    assert start + reading.read() == old


def upload(s3: Any, parts: list[bytes], **options: Any) -> dict[str, Any]:
    """An upload in parts; what CompleteMultipartUpload answers."""
    where = {"Bucket": "the-bucket", "Key": "k"}
    begun = {**where, "UploadId": s3.create_multipart_upload(**where, **options)["UploadId"]}
    listed = []
    for number, body in enumerate(parts, 1):
        sent = s3.upload_part(**begun, PartNumber=number, Body=body)
        listed.append({"PartNumber": number, "ETag": sent["ETag"]})
    answer: dict[str, Any] = s3.complete_multipart_upload(
        **begun, MultipartUpload={"Parts": listed}
    )
    return answer


@pytest.mark.parametrize("kind", ["FULL_OBJECT", "COMPOSITE"])
def test_an_upload_in_parts_is_joined_with_its_checksum(s3: Any, kind: str) -> None:
    parts = [bytes([n]) * (5 << 20) for n in range(2)] + [b"the rest"]
    upload(s3, parts, ChecksumAlgorithm="CRC32", ChecksumType=kind)
    found = s3.get_object(Bucket="the-bucket", Key="k", ChecksumMode="ENABLED")
    whole = b"".join(parts)
    assert found["Body"].read() == whole
    digests = b"".join(hashlib.md5(part).digest() for part in parts)
    assert found["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    crcs = b"".join(zlib.crc32(part).to_bytes(4, "big") for part in parts)
    summed, ending = (whole, "") if kind == "FULL_OBJECT" else (crcs, "-3")
    crc = base64.b64encode(zlib.crc32(summed).to_bytes(4, "big")).decode()
    assert found["ChecksumCRC32"] == crc + ending


def test_a_part_too_small_or_unknown_ends_no_upload(s3: Any) -> None:
    assert error(upload, s3=s3, parts=[b"small", b"the rest"]) == "EntityTooSmall"
    begun = s3.create_multipart_upload(Bucket="the-bucket", Key="k")["UploadId"]
    for parts, answer in (
        ([{"PartNumber": 1, "ETag": '"0"'}], "InvalidPart"),
        ([], "MalformedXML"),
    ):
        options = {"Bucket": "the-bucket", "Key": "k", "UploadId": begun}
        end = {"Parts": parts}
        assert error(s3.complete_multipart_upload, **options, MultipartUpload=end) == answer
    assert len(s3.list_multipart_uploads(Bucket="the-bucket")["Uploads"]) == 2


def test_the_end_of_an_upload_in_parts_keeps_to_its_condition(s3: Any) -> None:
    where = {"Bucket": "the-bucket", "Key": "k"}

    def ended(**condition: str) -> Any:
        begun = {**where, "UploadId": s3.create_multipart_upload(**where)["UploadId"]}
        tag = s3.upload_part(**begun, PartNumber=1, Body=b"parts")["ETag"]
        parts = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
        return lambda: s3.complete_multipart_upload(**begun, MultipartUpload=parts, **condition)

    assert error(ended(IfMatch='"0"')) == "NoSuchKey"
    once = ended(IfNoneMatch="*")
    tag = once()["ETag"]
    assert once()["ETag"] == tag  # the same end once more is no new write
    assert error(ended(IfNoneMatch="*")) == "PreconditionFailed"
    s3.put_object(**where, Body=b"other")
    assert error(ended(IfMatch=tag)) == "PreconditionFailed"
    assert s3.get_object(**where)["Body"].read() == b"other"
    ended(IfMatch=s3.head_object(**where)["ETag"])()
    assert s3.get_object(**where)["Body"].read() == b"parts"
    assert len(s3.list_multipart_uploads(Bucket="the-bucket")["Uploads"]) == 3


# -- reads by seek


@pytest.fixture
def bucket() -> Iterator[Any]:
    """A bucket of moto's in this process, with a big object."""
    from moto.iam.models import iam_backends
    from moto.s3.models import s3_backends

    backend = s3_backends[ACCOUNT]["aws"]
    made = backend.create_bucket("near-bucket", "us-east-1")
    backend.put_object("near-bucket", "big", bytes(1 << 20), encryption="AES256")
    yield made
    s3_backends[ACCOUNT]["aws"].reset()
    iam_backends[ACCOUNT]["aws"].reset()


def is_fast(key: str, environ: dict[str, Any]) -> bool:
    """Whether the front answers by itself, or leaves it to moto."""
    scope = f"Credential={key}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, "
    header = {"HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 {scope}Signature=checked"}
    base = {"REQUEST_METHOD": "GET", "PATH_INFO": "/near-bucket/big", "HTTP_RANGE": "bytes=5-9"}
    said: list[Any] = []
    answers = (s3_list.answer, s3_read.answer)
    found = [call(base | header | environ, lambda *args: said.append(args)) for call in answers]
    bodies = [b"".join(body) for body in found if body is not None]
    return bool(bodies)


LISTING = {"PATH_INFO": "/near-bucket", "QUERY_STRING": "list-type=2"}


def test_a_users_reads_are_as_fast_as_the_roots(bucket: Any) -> None:
    from moto.iam.models import iam_backends

    iam = iam_backends[ACCOUNT]["aws"]
    iam.create_user(region_name="us-east-1", user_name="dev")
    key = iam.create_access_key("dev").access_key_id
    assert is_fast("ROOT", {})
    assert not is_fast(key, {})
    assert not is_fast(key, LISTING)
    allowed = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}
    iam.put_user_policy("dev", "p", json.dumps({"Version": "2012-10-17", "Statement": [allowed]}))
    assert is_fast(key, {})
    assert is_fast(key, LISTING)


@pytest.mark.parametrize(("resource", "fast"), [("other/*", True), ("*", False)])
def test_a_bucket_with_a_policy_is_read_fast_unless_it_denies(
    bucket: Any, resource: str, fast: bool
) -> None:
    denied = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject"}
    statement = denied | {"Resource": f"arn:aws:s3:::near-bucket/{resource}"}
    bucket.policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]}).encode()
    assert is_fast("ROOT", {}) == fast
    assert is_fast("ROOT", LISTING)


def test_an_encrypted_object_says_so(s3: Any) -> None:
    body = bytes(3 << 20)
    s3.put_object(Bucket="the-bucket", Key="k", Body=body, ServerSideEncryption="AES256")
    for options in ({}, {"Range": "bytes=0-9"}):
        answer = s3.get_object(Bucket="the-bucket", Key="k", **options)
        assert answer["ServerSideEncryption"] == "AES256"
        assert len(answer["Body"].read()) in (len(body), 10)
