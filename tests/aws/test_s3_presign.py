"""Links do what was wished until they end, and are never where nobody asked for them."""

from __future__ import annotations

import shlex
import subprocess
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tui.aws.calls import CallLog, caused_by
from tui.aws.gateway import Connection, Gateway
from tui.aws.s3.presign import Link, LinkWish, disposition, link_code, make_link
from tui.aws.s3.service import S3
from tui.core.errors import AwsError

KEY = "a b/é'[x]\x1b$(id).csv"


def use(link: Link, body: bytes | None = None) -> Any:
    """Use a link with nothing but what it needs."""
    method = "PUT" if link.wish.upload else "GET"
    request = urllib.request.Request(link.url, body, link.wish.headers, method=method)
    return urllib.request.urlopen(request, timeout=10)


async def test_a_download_link_names_the_file_and_its_type(
    s3: S3, bucket: str, outside: Any
) -> None:
    outside.put_object(Bucket=bucket, Key=KEY, Body=b"1,2\n")
    plain = await make_link(s3, LinkWish(bucket, KEY, seconds=60))
    with use(plain) as answer:
        assert answer.read() == b"1,2\n"
    named = LinkWish(bucket, KEY, file_name='é "x".csv', content_type="text/x-mine")
    with use(await make_link(s3, named)) as answer:
        assert answer.headers["content-type"] == "text/x-mine"
        assert answer.headers["content-disposition"] == disposition('é "x".csv')


async def test_a_link_to_a_version_reads_that_one(s3: S3, bucket: str, outside: Any) -> None:
    outside.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = outside.put_object(Bucket=bucket, Key="a", Body=b"1")["VersionId"]
    outside.put_object(Bucket=bucket, Key="a", Body=b"2")
    with use(await make_link(s3, LinkWish(bucket, "a", version_id=first))) as answer:
        assert answer.read() == b"1"


async def test_an_upload_link_takes_one_type_and_replaces_nothing(
    s3: S3, bucket: str, outside: Any
) -> None:
    wish = LinkWish(bucket, "new", upload=True, content_type="text/csv", only_new=True)
    link = await make_link(s3, wish)
    use(link, b"first").close()
    assert outside.head_object(Bucket=bucket, Key="new")["ContentType"] == "text/csv"
    with pytest.raises(urllib.error.HTTPError) as refused:
        use(link, b"second")
    assert refused.value.code == 412
    for left_out in link.wish.headers:
        some = {k: v for k, v in link.wish.headers.items() if k != left_out}
        bare = urllib.request.Request(link.url, b"third", some, method="PUT")
        with pytest.raises(urllib.error.HTTPError) as unsigned:
            urllib.request.urlopen(bare, timeout=10)
        assert unsigned.value.code == 403
    assert outside.get_object(Bucket=bucket, Key="new")["Body"].read() == b"first"


async def test_the_curl_line_works_as_it_stands(
    s3: S3, bucket: str, outside: Any, tmp_path: Any
) -> None:
    outside.put_object(Bucket=bucket, Key=KEY, Body=b"1,2\n")
    line = (await make_link(s3, LinkWish(bucket, KEY, file_name="out $(id).csv"))).curl()
    subprocess.run(["bash", "-c", line], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "out $(id).csv").read_bytes() == b"1,2\n"
    (tmp_path / "up.csv").write_text("x")
    up = await make_link(s3, LinkWish(bucket, "to/up.csv", upload=True, content_type="text/csv"))
    subprocess.run(["bash", "-c", up.curl()], cwd=tmp_path, check=True, capture_output=True)
    assert outside.head_object(Bucket=bucket, Key="to/up.csv")["ContentType"] == "text/csv"
    assert "\x1b" not in (await make_link(s3, LinkWish(bucket, KEY))).curl()


async def test_the_log_has_no_link(s3: S3, gateway: Gateway, bucket: str) -> None:
    with caused_by("Link to a"):
        link = await make_link(s3, LinkWish(bucket, "a"))
    assert gateway.log.entries() == ()
    assert link.url not in repr(link)


@pytest.mark.parametrize("upload", [False, True])
def test_the_code_makes_a_link_and_holds_none(upload: bool) -> None:
    wish = LinkWish("lake", KEY, upload=upload, seconds=900, content_type="text/csv")
    python, cli = link_code(wish, "eu-west-1")
    made: dict[str, Any] = {}

    class Client:
        def generate_presigned_url(self, method: str, **named: Any) -> str:
            made.update(named, method=method)
            return "made"

    source = python.replace("import boto3", "")
    exec(source.replace("boto3.client", "client_of"), {"client_of": lambda *_, **__: Client()})
    assert made["method"] == ("put_object" if upload else "get_object")
    assert made["Params"] == wish.params
    assert made["ExpiresIn"] == 900
    assert "Signature" not in python + cli


def test_a_plain_link_is_a_command_too() -> None:
    _, cli = link_code(LinkWish("lake", "a b.csv", seconds=60), "eu-west-1")
    assert shlex.split(cli)[:4] == ["aws", "s3", "presign", "s3://lake/a b.csv"]


async def test_read_only_mode_makes_no_upload_link() -> None:
    connection = Connection(
        region="us-east-1",
        access_key_id="AKEXAMPLE",
        secret_access_key="s",
        read_only=True,
        endpoint_url="http://127.0.0.1:9",
    )
    gateway = Gateway(connection, CallLog())
    with pytest.raises(AwsError, match="read-only"):
        await make_link(S3(gateway), LinkWish("b", "k", upload=True))
    assert (await make_link(S3(gateway), LinkWish("b", "k"))).url
    gateway.close()


async def test_a_link_of_temporary_credentials_says_so() -> None:
    connection = Connection(
        region="us-east-1",
        access_key_id="ASIAEXAMPLE",
        secret_access_key="s",
        session_token="token",
        endpoint_url="http://127.0.0.1:9",
    )
    gateway = Gateway(connection, CallLog())
    link = await make_link(S3(gateway), LinkWish("b", "k"))
    assert link.temporary
    assert link.signer_ends is None
    gateway.close()


def test_a_link_ends_with_its_signer() -> None:
    now = datetime(2026, 5, 6, tzinfo=UTC)
    soon = now + timedelta(minutes=10)
    assert Link(LinkWish("b", "k"), "u", now, True, soon).ends_at == soon
    assert Link(LinkWish("b", "k"), "u", now).ends_at == now + timedelta(hours=1)
