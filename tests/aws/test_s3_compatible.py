"""Servers that are not Amazon's: what they have works, what they lack is said and harms nothing."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aws.lookalike_server import Server, serving
from tui.aws.calls import CallLog
from tui.aws.gateway import Connection, Gateway
from tui.aws.identity import who_am_i
from tui.aws.lookalikes import LACKING, MOST_BYTES
from tui.aws.s3.presign import LinkWish, make_link
from tui.aws.s3.properties import CHANGED, change_object, change_tags, properties
from tui.aws.s3.service import S3
from tui.aws.s3.versions import versioning
from tui.aws.transfers.service import Transfers
from tui.core.errors import AwsError
from tui.core.jobs import Progress
from tui.core.object_changes import Change, Edits
from tui.core.records import ObjectQuery, S3Object

BUCKET, KEY = "lake", "raw/a b+é%2f.xml"


@pytest.fixture(params=[False, True], ids=["heedless", "strict"])
def server(request: Any) -> Iterator[Server]:
    with serving(strict=request.param) as running:
        running.buckets[BUCKET] = {}
        yield running


@pytest.fixture
def s3(server: Server) -> Iterator[S3]:
    made = gateway_to(server.url)
    yield S3(made)
    made.close()


def gateway_to(url: str) -> Gateway:
    return Gateway(
        Connection(
            region="us-east-1",
            endpoint_url=url,
            access_key_id="AKEXAMPLE",
            secret_access_key="not-a-secret-42",
        ),
        CallLog(),
    )


async def rows_of(s3: S3, **query: Any) -> list[S3Object]:
    pages = s3.objects(ObjectQuery(BUCKET, recursive=True, **query))
    return [row async for page in pages for row in page.objects]


async def test_the_daily_loop_works(s3: S3, server: Server, tmp_path: Path) -> None:
    transfers = Transfers(s3.gateway, s3)
    await s3.create_bucket("fresh")
    assert [bucket.name for bucket in await s3.buckets()] == ["fresh", BUCKET]
    (tmp_path / "a").write_bytes(b"a,b\n1,2\n")
    await transfers.upload(BUCKET, KEY, tmp_path / "a", Progress())
    found = [(row.key, row.size_bytes, row.storage_class) for row in await rows_of(s3)]
    assert found == [(KEY, 8, "STANDARD")]
    async for page in s3.objects(ObjectQuery(BUCKET)):
        assert page.prefixes == ("raw/",)
    assert (await s3.head(BUCKET, KEY)).size_bytes == 8
    assert await s3.read_range(BUCKET, KEY, 2, 3) == b"b\n1"
    await transfers.download(BUCKET, KEY, tmp_path / "b", Progress())
    assert (tmp_path / "b").read_bytes() == b"a,b\n1,2\n"
    row = (await rows_of(s3))[0]
    assert await change_object(s3, BUCKET, row, Change(Edits((("k", "v"),)))) == CHANGED
    assert (await properties(s3, BUCKET, KEY)).metadata == (("k", "v"),)
    await s3.delete_bucket("fresh")
    transfers.close()
    assert list(server.buckets) == [BUCKET]


async def test_a_server_that_can_t_say_who_one_is_lets_one_in(s3: S3, server: Server) -> None:
    identity = await who_am_i(s3.gateway)
    assert identity.account == server.url.removeprefix("http://")
    assert identity.user == "unnamed user"


async def test_a_server_that_refuses_the_credentials_lets_nobody_in(s3: S3, server: Server) -> None:
    server.refuses = "InvalidAccessKeyId"
    with pytest.raises(AwsError, match="doesn't accept these credentials"):
        await who_am_i(s3.gateway)
    server.refuses = "AccessDenied"  # these are known, and may not list
    assert (await who_am_i(s3.gateway)).account


async def test_no_server_at_all_is_said_as_before() -> None:
    with serving() as server:
        url = server.url
    gateway = gateway_to(url)
    with pytest.raises(AwsError, match="nothing answers"):
        await who_am_i(gateway)
    gateway.close()


async def test_many_are_deleted_together_or_one_by_one(s3: S3, server: Server) -> None:
    for number in range(5):
        await s3.put_bytes(BUCKET, f"k&{number}", b"x")
    progress = Progress()
    assert await s3.delete_many(BUCKET, ["k&0", "k&1", "k&2"], progress) == ()
    assert sorted(server.buckets[BUCKET]) == ["k&3", "k&4"]
    assert progress.items_done == 3


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("put_object_tagging", {"Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}}),
        ("delete_object_tagging", {}),
        ("put_object_acl", {"ACL": "private"}),
        ("put_object_legal_hold", {"LegalHold": {"Status": "ON"}}),
        ("delete_object", {"VersionId": "null"}),
        ("get_object_tagging", {}),
        ("get_object_acl", {}),
    ],
)
@pytest.mark.parametrize("data", [b"<a><b>1</b></a>", b"", b"no xml"])
@pytest.mark.parametrize("ranges", [True, False])
async def test_what_is_asked_of_a_property_never_befalls_the_object(
    s3: S3, server: Server, operation: str, params: Any, data: bytes, ranges: bool
) -> None:
    server.ranges = ranges
    await s3.put_bytes(BUCKET, KEY, data)
    with pytest.raises(AwsError) as caught:
        await s3.ask(operation, BUCKET, Key=KEY, **params)
    assert caught.value.code in LACKING
    assert server.buckets[BUCKET][KEY][0] == data


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("delete_bucket_policy", {}),
        ("delete_bucket_lifecycle", {}),
        ("delete_bucket_cors", {}),
        ("delete_bucket_tagging", {}),
        ("delete_public_access_block", {}),
        ("get_bucket_policy", {}),
        ("list_object_versions", {}),
        ("list_multipart_uploads", {}),
    ],
)
async def test_what_is_asked_of_a_property_never_befalls_the_bucket(
    s3: S3, server: Server, operation: str, params: Any
) -> None:
    if operation != "list_multipart_uploads":
        with pytest.raises(AwsError) as caught:
            await s3.ask(operation, BUCKET, **params)
        assert caught.value.code in LACKING
    assert BUCKET in server.buckets


async def test_a_bucket_that_is_not_there_teaches_nothing_about_the_server() -> None:
    with serving() as server:
        server.buckets[BUCKET] = {}
        gateway = gateway_to(server.url)
        s3 = S3(gateway)
        with pytest.raises(AwsError, match="no such bucket"):
            await s3.ask("delete_bucket_policy", "elsewhere")
        with pytest.raises(AwsError) as caught:
            await s3.ask("delete_bucket_policy", BUCKET)
        assert caught.value.code in LACKING
        assert BUCKET in server.buckets
        gateway.close()


async def test_a_property_that_is_not_understood_costs_no_big_read() -> None:
    with serving() as server:
        server.buckets[BUCKET] = {}
        gateway = gateway_to(server.url)
        s3 = S3(gateway)
        await s3.put_bytes(BUCKET, KEY, b"x" * 5_000_000)
        before = server.sent_bytes
        with pytest.raises(AwsError):
            await change_tags(s3, BUCKET, KEY, Edits((("k", "v"),)))
        assert server.sent_bytes - before <= MOST_BYTES
        assert sum("tagging" in line for line in server.asked) == 1  # and no retries
        gateway.close()


async def test_a_write_that_may_replace_nothing_looks_first(s3: S3, server: Server) -> None:
    first = await s3.put_bytes(BUCKET, KEY, b"first", overwrite=False)
    for condition in ({"overwrite": False}, {"if_match": "0" * 32}):
        with pytest.raises(AwsError) as caught:
            await s3.put_bytes(BUCKET, KEY, b"second", **condition)
        assert caught.value.code == "PreconditionFailed"
    assert server.buckets[BUCKET][KEY][0] == b"first"
    await s3.put_bytes(BUCKET, KEY, b"third", if_match=first)
    assert server.buckets[BUCKET][KEY][0] == b"third"


async def test_a_listing_s_time_is_compared_with_a_listing_s(s3: S3, server: Server) -> None:
    await s3.put_bytes(BUCKET, KEY, b"<a/>")
    row = (await rows_of(s3))[0]
    change = Change(Edits((("k", "v"),)))
    data, headers = server.buckets[BUCKET][KEY]
    headers["last-modified"] = "Tue, 05 May 2026 00:00:00 GMT"  # not what the listing has
    assert await change_object(s3, BUCKET, row, change) == CHANGED
    server.buckets[BUCKET][KEY] = data + b" ", headers
    with pytest.raises(AwsError, match="changed since it was listed"):
        await change_object(s3, BUCKET, row, Change(Edits((("k", "other"),))))


async def test_a_server_without_the_call_has_no_versions(s3: S3, server: Server) -> None:
    assert (await versioning(s3, BUCKET)).why == "this server has no versions"


async def test_links_go_to_the_server_by_path(s3: S3, server: Server) -> None:
    link = await make_link(s3, LinkWish(BUCKET, KEY))
    assert link.url.startswith(f"{server.url}/{BUCKET}/raw/")
    assert not server.asked  # made on this machine


# -- the real thing, where it is installed


@pytest.mark.skipif(not shutil.which("rclone"), reason="rclone is not installed")
async def test_rclone_keeps_what_its_properties_are_asked_for(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["rclone", "serve", "s3", "--auth-key", "AKEXAMPLE,not-a-secret-42"]
    command += ["--addr", f"127.0.0.1:{port}", str(tmp_path)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    gateway = gateway_to(f"http://127.0.0.1:{port}")
    try:
        s3 = S3(gateway)
        end = time.monotonic() + 20
        while not _answers(port) and time.monotonic() < end:
            time.sleep(0.1)
        await s3.create_bucket(BUCKET)
        await s3.put_bytes(BUCKET, "k.xml", b"<a/>")
        for operation in ("delete_object_tagging", "get_object_acl"):
            with pytest.raises(AwsError) as caught:
                await s3.ask(operation, BUCKET, Key="k.xml")
            assert caught.value.code in LACKING
        assert await s3.read_range(BUCKET, "k.xml", 0, 10) == b"<a/>"
        assert await s3.delete_many(BUCKET, ["k.xml"], Progress()) == ()
        with pytest.raises(AwsError):
            await s3.ask("delete_bucket_policy", BUCKET)
        await s3.delete_bucket(BUCKET)
    finally:
        gateway.close()
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
