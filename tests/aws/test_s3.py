from __future__ import annotations

import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from tui.aws.calls import caused_by
from tui.aws.gateway import Connection, Gateway
from tui.aws.s3.service import S3
from tui.core.errors import AwsError
from tui.core.jobs import JobCancelled, Progress
from tui.core.records import ObjectQuery

HOSTILE = (
    "x[/y].txt",
    "a[bold]b",
    "[@click=app.quit]x[/]",
    "esc\x1b[31m",
    "rlo\u202egnp.exe",
    "a b+c%2F&<x>'\".txt",
    "a/../b",
    "./z",
    "d//g",
    "ünï/cødé/日本語",
    "tab\there",
    "k" * 1024,
)


async def keys_of(s3: S3, query: ObjectQuery) -> list[str]:
    return [row.key async for page in s3.objects(query) for row in page.objects]


async def test_a_new_bucket_is_listed(s3: S3, outside: Any) -> None:
    await s3.create_bucket("skydeck-test-new-7421")
    assert [bucket.name for bucket in await s3.buckets()] == ["skydeck-test-new-7421"]
    assert (await s3.buckets())[0].created_at is not None
    outside.head_bucket(Bucket="skydeck-test-new-7421")


async def test_a_bucket_is_made_where_it_was_asked(s3: S3, outside: Any) -> None:
    await s3.create_bucket("skydeck-test-eu-7421", "eu-west-1")
    answer = outside.get_bucket_location(Bucket="skydeck-test-eu-7421")
    assert answer["LocationConstraint"] == "eu-west-1"
    assert await s3.bucket_region("skydeck-test-eu-7421") == "eu-west-1"


async def test_another_apps_bucket_tells_its_region(s3: S3, outside: Any) -> None:
    where = {"LocationConstraint": "eu-west-1"}
    outside.create_bucket(Bucket="skydeck-test-eu-7421", CreateBucketConfiguration=where)
    assert await s3.bucket_region("skydeck-test-eu-7421") == "eu-west-1"


async def test_only_the_creation_itself_is_shown_as_code(s3: S3, gateway: Gateway) -> None:
    with caused_by("Create"):
        await s3.create_bucket("skydeck-test-new-7421")
    assert [entry.operation for entry in gateway.log.entries()] == ["CreateBucket"]  # type: ignore[union-attr]


async def test_a_bad_name_is_refused_before_anyone_is_asked(s3: S3) -> None:
    with pytest.raises(AwsError) as caught:
        await s3.create_bucket("My_Bucket")
    assert caught.value.code == "InvalidBucketName"


async def test_a_bucket_that_is_ours_is_not_created_again(s3: S3, bucket: str) -> None:
    with pytest.raises(AwsError) as caught:
        await s3.create_bucket(bucket)
    assert "already have a bucket of that name" in str(caught.value)


async def test_a_name_that_someone_else_has_says_so(s3: S3) -> None:
    with pytest.raises(AwsError) as caught:
        await s3.create_bucket("my-data")  # the sandbox plays the others' buckets
    assert "taken by someone else" in str(caught.value)


async def test_a_full_bucket_is_not_deleted(s3: S3, bucket: str, outside: Any) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=b"x")
    with pytest.raises(AwsError, match="delete bucket") as caught:
        await s3.delete_bucket(bucket)
    assert "Empty it first" in caught.value.hint
    outside.delete_object(Bucket=bucket, Key="k")
    await s3.delete_bucket(bucket)
    assert await s3.buckets() == ()


async def test_listing_by_prefix_and_in_depth(s3: S3, bucket: str, outside: Any) -> None:
    for key in ("a.csv", "raw/1.csv", "raw/2.csv", "raw/deep/3.csv", "raw/deep/"):
        outside.put_object(Bucket=bucket, Key=key, Body=b"12345")
    [page] = [page async for page in s3.objects(ObjectQuery(bucket))]
    assert [row.key for row in page.objects] == ["a.csv"]
    assert page.prefixes == ("raw/",)
    [page] = [page async for page in s3.objects(ObjectQuery(bucket, "raw/"))]
    assert [row.key for row in page.objects] == ["raw/1.csv", "raw/2.csv"]
    assert page.prefixes == ("raw/deep/",)
    [row, *_] = page.objects
    assert row.size_bytes == 5
    assert row.storage_class == "STANDARD"
    assert row.modified_at.utcoffset() is not None
    deep = await keys_of(s3, ObjectQuery(bucket, "raw/", recursive=True))
    assert deep == ["raw/1.csv", "raw/2.csv", "raw/deep/", "raw/deep/3.csv"]


async def test_an_empty_bucket_lists_as_one_empty_page(s3: S3, bucket: str) -> None:
    pages = [page async for page in s3.objects(ObjectQuery(bucket))]
    assert [page.objects for page in pages] == [()]


async def test_a_missing_bucket_says_so(s3: S3) -> None:
    with pytest.raises(AwsError) as caught:
        await keys_of(s3, ObjectQuery("skydeck-not-there-7421"))
    assert str(caught.value).startswith(
        "Can't list skydeck-not-there-7421: there is no such bucket"
    )


@pytest.mark.parametrize("key", HOSTILE)
async def test_hostile_keys_are_written_listed_read_and_deleted_byte_for_byte(
    key: str, s3: S3, bucket: str, outside: Any
) -> None:
    await s3.put_bytes(bucket, key, b"hello", ContentType="text/plain")
    assert await keys_of(s3, ObjectQuery(bucket, recursive=True)) == [key]
    assert (await s3.head(bucket, key)).content_type == "text/plain"
    assert await s3.read_range(bucket, key, 0, 100) == b"hello"
    assert outside.get_object(Bucket=bucket, Key=key)["Body"].read() == b"hello"
    await s3.put_bytes(bucket, "other", b"")
    assert await s3.delete_many(bucket, [key], Progress()) == ()
    assert await keys_of(s3, ObjectQuery(bucket, recursive=True)) == ["other"]


async def test_details_of_an_object(s3: S3, bucket: str, outside: Any) -> None:
    outside.put_object(
        Bucket=bucket, Key="k", Body=b"hello", ContentType="text/csv", Metadata={"b": "2", "a": "1"}
    )
    details = await s3.head(bucket, "k")
    assert (details.size_bytes, details.content_type) == (5, "text/csv")
    assert details.metadata == (("a", "1"), ("b", "2"))
    assert details.etag == "5d41402abc4b2a76b9719d911017c592"
    assert details.modified_at.tzinfo is not None


async def test_an_object_that_vanished_says_so(s3: S3, bucket: str) -> None:
    for read in (s3.head(bucket, "gone"), s3.read_range(bucket, "gone", 0, 10)):
        with pytest.raises(AwsError) as caught:
            await read
        assert "isn't there any more" in str(caught.value)


class Canned:
    """A client whose every answer lacks something."""

    def __init__(self, **answer: Any) -> None:
        self.answer = answer

    def __getattr__(self, operation: str) -> Any:
        return lambda **_: self.answer


@pytest.mark.parametrize("missing", ["LastModified", "ContentLength"])
async def test_a_server_that_leaves_out_what_aws_says_gets_a_sentence(
    missing: str, s3: S3, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {"LastModified": datetime.now(UTC), "ContentLength": 5}
    del answer[missing]
    monkeypatch.setattr(gateway, "client_now", lambda *_: Canned(**answer))
    with pytest.raises(AwsError) as caught:
        await s3.head("b", "k")
    assert str(caught.value).startswith("Can't look up b/k: the server doesn't answer as AWS does.")


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [(0, 5, b"01234"), (8, 5, b"89"), (10, 5, b""), (99, 1, b""), (3, 0, b"")],
)
async def test_reading_a_range(
    start: int, length: int, expected: bytes, s3: S3, bucket: str, outside: Any
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    assert await s3.read_range(bucket, "k", start, length) == expected


async def test_reading_a_range_of_an_empty_object(s3: S3, bucket: str, outside: Any) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=b"")
    assert await s3.read_range(bucket, "k", 0, 100) == b""


async def test_a_small_object_is_not_overwritten_unless_asked(
    s3: S3, bucket: str, outside: Any
) -> None:
    etag = await s3.put_bytes(bucket, "k", b"one", overwrite=False)
    for options in ({"overwrite": False}, {"if_match": "0" * 32}):
        with pytest.raises(AwsError) as caught:
            await s3.put_bytes(bucket, "k", b"two", **options)
        assert caught.value.code == "PreconditionFailed"
    assert outside.get_object(Bucket=bucket, Key="k")["Body"].read() == b"one"
    await s3.put_bytes(bucket, "k", b"three", if_match=etag)
    await s3.put_bytes(bucket, "k", b"four")


async def test_more_than_a_page_is_listed_in_order_and_deleted_in_batches(
    s3: S3, bucket: str, outside: Any
) -> None:
    keys = [f"{number:05}" for number in range(1003)]
    with ThreadPoolExecutor(8) as pool:
        made = [
            pool.submit(outside.put_object, Bucket=bucket, Key=key, Body=b"")
            for key in [*keys, "stays"]
        ]
    for future in made:
        future.result()
    pages = [page async for page in s3.objects(ObjectQuery(bucket))]
    assert [len(page.objects) for page in pages] == [1000, 4]
    assert [row.key for page in pages for row in page.objects] == [*keys, "stays"]
    progress = Progress()
    assert await s3.delete_many(bucket, keys, progress) == ()
    assert (progress.items_done, progress.items_total) == (1003, 1003)
    assert await keys_of(s3, ObjectQuery(bucket)) == ["stays"]


async def test_a_cancelled_delete_stops_at_the_next_batches(s3: S3, bucket: str) -> None:
    progress = Progress()
    progress.cancelled.set()
    with pytest.raises(JobCancelled):
        await s3.delete_many(bucket, [str(n) for n in range(9000)], progress)


async def test_deleting_from_a_missing_bucket_fails_as_a_whole(s3: S3) -> None:
    with pytest.raises(AwsError, match="delete objects"):
        await s3.delete_many("skydeck-not-there-7421", ["k"], Progress())


async def test_keys_that_are_not_xml_go_one_by_one(
    s3: S3, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, Any]] = []

    async def call(_: str, operation: str, **params: Any) -> dict[str, Any]:
        sent.append((operation, params.get("Key") or params["Delete"]["Objects"]))
        return {}

    monkeypatch.setattr(gateway, "call", call)
    await s3.delete_many("b", ["plain", "bell\x07", "tab\t"], Progress())
    assert sent == [
        ("delete_object", "bell\x07"),
        ("delete_objects", [{"Key": "plain"}, {"Key": "tab\t"}]),
    ]


async def test_keys_that_could_not_be_deleted_come_back_with_reasons(
    s3: S3, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def call(_: str, operation: str, **params: Any) -> dict[str, Any]:
        first = params["Delete"]["Objects"][0]["Key"]
        if first == "01000":
            raise AwsError("Can't delete", "asked to slow down", code="SlowDown")
        return {"Errors": [{"Key": first, "Code": "AccessDenied", "Message": "Access Denied."}]}

    monkeypatch.setattr(gateway, "call", call)
    progress = Progress()
    failures = await s3.delete_many("b", [f"{n:05}" for n in range(1500)], progress)
    assert (failures[0].key, failures[0].code) == ("00000", "AccessDenied")
    assert failures[0].message == "access Denied"
    assert len(failures) == 501
    assert failures[1].code == "SlowDown"
    assert progress.items_done == 999


async def test_a_summary_counts_by_storage_class(s3: S3, bucket: str, outside: Any) -> None:
    for key, kind in (("raw/a", "STANDARD"), ("raw/b", "STANDARD_IA"), ("c", "STANDARD")):
        outside.put_object(Bucket=bucket, Key=key, Body=b"1234", StorageClass=kind)
    assert await s3.summary(bucket) == {"STANDARD": (2, 8), "STANDARD_IA": (1, 4)}
    assert await s3.summary(bucket, "raw/") == {"STANDARD": (1, 4), "STANDARD_IA": (1, 4)}


async def test_a_link_opens_without_credentials(s3: S3, bucket: str) -> None:
    await s3.put_bytes(bucket, "a b+c.txt", b"hello")
    link = await s3.presign(bucket, "a b+c.txt", 60)
    assert "X-Amz-Algorithm=AWS4" in link
    with urllib.request.urlopen(link) as answer:
        assert answer.read() == b"hello"


async def test_an_upload_link_is_refused_in_read_only_mode(connection: Connection) -> None:
    from dataclasses import replace

    from tui.aws.calls import CallLog

    gateway = Gateway(replace(connection, read_only=True), CallLog())
    with pytest.raises(AwsError) as caught:
        await S3(gateway).presign("b", "k", upload=True)
    assert caught.value.code == "ReadOnly"
    gateway.close()
