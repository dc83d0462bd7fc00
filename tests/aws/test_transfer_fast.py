"""Small objects past botocore: the same requests, and nothing but the plain success is believed."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.aws.transfer_support import noise
from tui.aws.calls import CallLog
from tui.aws.checksums import crc32_text
from tui.aws.gateway import Connection, Gateway
from tui.aws.transfers.engine import Engine, Remote
from tui.aws.transfers.fast import STRIKES, Fast, Unsure
from tui.aws.transfers.fast_sign import install, pattern_of
from tui.aws.transfers.fast_wire import Lines
from tui.aws.transfers.meter import Meter
from tui.core.errors import JobCancelled
from tui.core.jobs import Progress

KEYS = (
    *("a.csv", "x[/y].txt", "a b+c?d#e&f=g%41~!*'()", "%2e%2e%2f", "é" * 511, "a//b", "a/./b"),
    *("tab\there", "a\x1b[31mred", "abc\u202excod.exe", "ends in space ", "\U0001f600"),
)


def meter() -> Meter:
    return Meter(Progress())


def fetched(fast: Fast, remote: Remote, **options: Any) -> tuple[dict[str, Any], bytes]:
    with fast.get(remote, meter(), **options) as found:
        return found.about, b"".join(bytes(chunk) for chunk in found.chunks())


@pytest.fixture
def engine(gateway: Gateway) -> Iterator[Engine]:
    made = Engine(gateway)
    yield made
    made.close()


@pytest.fixture
def fast(engine: Engine) -> Iterator[Fast]:
    made = Fast(engine)
    yield made
    made.close()


# -- against the sandbox, which checks signatures ------------------------------------------------


@pytest.mark.parametrize("key", KEYS)
def test_what_is_put_is_what_botocore_gets_and_the_other_way_round(
    key: str, fast: Fast, bucket: str, outside: Any
) -> None:
    data, counted, crc = noise(5_000), meter(), zlib.crc32(noise(5_000))
    remote, typed = Remote(bucket, key), {"ContentType": "text/csv"}
    etag = fast.put(remote, data, counted, crc=crc, content_type="text/csv")
    assert counted.counted == counted.progress.done == len(data)
    there = outside.get_object(Bucket=bucket, Key=key)
    assert (there["Body"].read(), there["ETag"], there["ContentType"]) == (data, etag, "text/csv")
    assert outside.list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    sums = {"ChecksumAlgorithm": "CRC32"}
    outside.put_object(Bucket=bucket, Key=key, Body=data[:100], **sums, **typed)
    about, got = fetched(fast, remote)
    assert (got, about["ContentLength"]) == (data[:100], 100)
    assert about["ChecksumCRC32"] == crc32_text(zlib.crc32(data[:100]))


@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000])
def test_any_size_goes_up_and_comes_down(size: int, fast: Fast, bucket: str, outside: Any) -> None:
    data, counted = noise(size), meter()
    fast.put(Remote(bucket, "k"), data, counted, crc=zlib.crc32(data))
    assert counted.counted == size
    assert outside.get_object(Bucket=bucket, Key="k")["Body"].read() == data
    assert fetched(fast, Remote(bucket, "k"))[1] == data
    if size > 10:
        assert fetched(fast, Remote(bucket, "k"), span=(3, 9))[1] == data[3:10]


def test_conditions_and_pins_are_sent(fast: Fast, bucket: str, outside: Any) -> None:
    remote, new, counted = Remote(bucket, "k"), {"IfNoneMatch": "*"}, meter()
    etag = fast.put(remote, b"one", counted, condition=new)
    with pytest.raises(Unsure):
        fast.put(remote, b"two", counted, condition=new)
    with pytest.raises(Unsure):
        fast.put(remote, b"two", counted, condition={"IfMatch": '"0123"'})
    assert counted.counted == counted.progress.done == 3
    assert outside.get_object(Bucket=bucket, Key="k")["Body"].read() == b"one"
    fast.put(remote, b"two", counted, condition={"IfMatch": etag})
    assert fetched(fast, remote)[1] == b"two"
    with pytest.raises(Unsure):
        fetched(fast, remote, pin=etag)


def test_a_verdict_on_one_key_does_not_end_the_fast_way(fast: Fast, bucket: str) -> None:
    fast.put(Remote(bucket, "k"), b"there", meter())
    for number in range(2 * STRIKES):
        with pytest.raises(Unsure):
            fetched(fast, Remote(bucket, f"gone-{number}"))
    assert fetched(fast, Remote(bucket, "k"))[1] == b"there"


def test_a_version_and_a_missing_bucket_are_botocores(fast: Fast, bucket: str) -> None:
    fast.put(Remote(bucket, "k"), b"x", meter())
    with pytest.raises(Unsure):
        fetched(fast, Remote(bucket, "k", version_id="null"))
    with pytest.raises(Unsure):
        fast.put(Remote("skydeck-no-such-bucket", "k"), b"x", meter())


def test_read_only_mode_sends_nothing(connection: Connection, bucket: str, outside: Any) -> None:
    from dataclasses import replace

    gateway = Gateway(replace(connection, read_only=True), CallLog())
    with pytest.raises(Unsure):
        Fast(Engine(gateway)).put(Remote(bucket, "k"), b"x", meter())
    gateway.close()
    assert outside.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_new_session_token_is_used_from_then_on(gateway: Gateway, bucket: str) -> None:
    from botocore.credentials import Credentials

    client = gateway.client_now("s3")
    install(client)
    pattern = pattern_of(client, "put_object", {"Bucket": bucket, "Body": b""})
    assert b"x-amz-security-token" not in pattern.head("k", {}, b"", 0)
    pattern.credentials = Credentials("AKIDNEW", "secret", "t0ken")
    head = pattern.head("k", {}, b"", 0)
    assert b"x-amz-security-token: t0ken\r\n" in head
    assert b"Credential=AKIDNEW/" in head
    assert b";x-amz-security-token" in head


# -- where botocore would send it ----------------------------------------------------------------


def client_of(**options: Any) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(**{"signature_version": "s3v4", **options.pop("config", {})})
    keys = {"aws_access_key_id": "AKID", "aws_secret_access_key": "secret"}
    made = boto3.Session().client("s3", config=config, **(keys | options))
    install(made)
    return made


PUT = {"Bucket": "logs-prod", "Body": b"", "ChecksumCRC32": "AAAAAA=="}


@pytest.mark.parametrize(
    ("options", "origin", "before"),
    [
        ({"region_name": "eu-west-1"}, "https://logs-prod.s3.eu-west-1.amazonaws.com", "/"),
        (
            {"region_name": "eu-west-1", "config": {"use_dualstack_endpoint": True}},
            "https://logs-prod.s3.dualstack.eu-west-1.amazonaws.com",
            "/",
        ),
        ({"endpoint_url": "http://localhost:9000"}, "http://localhost:9000", "/logs-prod/"),
        ({"endpoint_url": "http://[::1]:9000"}, "http://[::1]:9000", "/logs-prod/"),
    ],
)
def test_a_bucket_is_where_botocore_finds_it(
    options: dict[str, Any], origin: str, before: str
) -> None:
    pattern = pattern_of(client_of(**({"region_name": "us-east-1"} | options)), "put_object", PUT)
    assert (pattern.origin, pattern.before_key) == (origin, before)
    assert pattern.hashed  # as botocore does for a checksum that it was given


def test_what_is_signed_in_another_way_is_botocores() -> None:
    from botocore import UNSIGNED

    with pytest.raises(Unsure):
        pattern_of(
            client_of(region_name="us-east-1", config={"signature_version": UNSIGNED}),
            "put_object",
            PUT,
        )
    client = client_of(region_name="us-east-1")
    with pytest.raises(Unsure):
        pattern_of(client, "get_object", {"Bucket": "logs-prod", "VersionId": "3"})
    secret = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "0" * 32}
    with pytest.raises(Unsure):
        pattern_of(client, "put_object", PUT | secret)
    client.meta.events.register_last("request-created.s3", spoil_signature)
    with pytest.raises(Unsure):
        pattern_of(client, "put_object", PUT)


def spoil_signature(request: Any, **_: Any) -> None:
    request.headers["Authorization"] = request.headers["Authorization"][:-4] + "0000"


def test_nothing_of_a_pattern_shows_a_secret() -> None:
    pattern = pattern_of(client_of(region_name="us-east-1"), "put_object", PUT)
    pattern.head("k", {}, b"", 0)
    assert "secret" not in repr(pattern)


def test_a_header_that_would_be_two_is_not_sent() -> None:
    pattern = pattern_of(client_of(region_name="us-east-1"), "put_object", PUT)
    for value in ("text/x\r\nx-amz-acl: public-read", "text/é"):
        with pytest.raises(Unsure):
            pattern.head("k", {"content-type": value}, b"", 0)


def test_a_proxy_is_botocores_matter() -> None:
    client = client_of(region_name="us-east-1", config={"proxies": {"https": "http://proxy:1"}})
    with pytest.raises(Unsure):
        Lines().take(client._endpoint.http_session, "https://logs-prod.s3.amazonaws.com")


# -- bad answers ---------------------------------------------------------------------------------

BODY = b"0123456789"
TAG = f'ETag: "{hashlib.md5(BODY).hexdigest()}"\r\n'
GOOD = f"HTTP/1.1 200 OK\r\n{TAG}Content-Length: 10\r\n\r\n".encode() + BODY
SPAN = GOOD.replace(b"200 OK", b"206 Partial Content\r\nContent-Range: bytes 5-14/20")


class Answering:
    """A server that answers each request in turn; after its last one it hangs up.

    With None it falls silent.
    """

    def __init__(self, *answers: bytes | None) -> None:
        self.answers, self.heads = list(answers), list[str]()
        self.connections = 0
        self.silent = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while self.answers and (asked := connection.recv(65536)):
                self.heads.append(asked.decode("latin-1"))
                answer = self.answers.pop(0)
                connection.sendall(answer or b"")
                if answer is None or self.answers == [None]:
                    self.silent.set()
                    connection.recv(1)
                    return

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def served(request: Any) -> Iterator[tuple[Fast, Answering]]:
    """A fast path to a server with the answers of the parameter."""
    server = Answering(*request.param)
    connection = Connection(
        region="us-east-1", endpoint_url=server.url, access_key_id="A", secret_access_key="b"
    )
    gateway = Gateway(connection, CallLog())
    made = Fast(Engine(gateway))
    yield made, server
    made.close()
    gateway.close()
    server.close()


@pytest.mark.parametrize(
    "served",
    [
        pytest.param((GOOD[:-3],), id="broken off"),
        pytest.param((GOOD + b"more",), id="too long"),
        pytest.param((b"",), id="nothing"),
        pytest.param((b"HTTP/1.1 200 OK\r\n" + TAG.encode() + b"\r\n" + BODY,), id="no length"),
        pytest.param((GOOD.replace(TAG.encode(), b""),), id="no tag"),
        pytest.param((GOOD.replace(b"200 OK", b"206 Partial Content"),), id="a part"),
        pytest.param((GOOD.replace(b"HTTP/1.1", b"HTTP/1.0"),), id="old"),
        pytest.param(
            (GOOD.replace(b"Content-Length: 10", b"Transfer-Encoding: chunked"),), id="chunked"
        ),
        pytest.param((b"x" * 70_000,), id="no end of the head"),
    ],
    indirect=True,
)
def test_an_odd_answer_is_no_answer(served: tuple[Fast, Answering]) -> None:
    fast, server = served
    with pytest.raises(Unsure):
        fetched(fast, Remote("b", "k"))
    assert len(server.heads) == 1


@pytest.mark.parametrize("served", [(SPAN, SPAN)], indirect=True)
def test_another_range_than_was_asked_for_is_no_answer(served: tuple[Fast, Answering]) -> None:
    fast, _ = served
    assert fetched(fast, Remote("b", "k"), span=(5, 14))[1] == BODY
    with pytest.raises(Unsure):
        fetched(fast, Remote("b", "k"), span=(0, 9))


@pytest.mark.parametrize("served", [(GOOD, GOOD)], indirect=True)
def test_a_connection_serves_again(served: tuple[Fast, Answering]) -> None:
    fast, server = served
    for _ in range(2):
        about, data = fetched(fast, Remote("b", "k"))
        assert (data, about["ContentLength"]) == (BODY, 10)
    assert len(server.heads) == 2
    assert server.connections == 1


@pytest.mark.parametrize("served", [(GOOD,)], indirect=True)
def test_a_put_says_what_it_is(served: tuple[Fast, Answering]) -> None:
    fast, server = served
    kind, condition = "text/csv", {"IfMatch": '"0"'}
    etag = fast.put(Remote("b", "k"), b"x", meter(), crc=1, content_type=kind, condition=condition)
    assert etag == f'"{hashlib.md5(BODY).hexdigest()}"'
    head = server.heads[0]
    for line in ("x-amz-checksum-crc32: AAAAAQ==", "content-type: text/csv", 'if-match: "0"'):
        assert f"\r\n{line}\r\n" in head
    signed = head.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert {"content-type", "host", "if-match", "x-amz-checksum-crc32"} <= set(signed)


@pytest.mark.parametrize("served", [(GOOD, GOOD, GOOD)], indirect=True)
def test_who_pays_is_said_as_soon_as_it_is_agreed(served: tuple[Fast, Answering]) -> None:
    fast, server = served
    requester = fast._engine.gateway.requester
    fetched(fast, Remote("b", "k"))
    requester.accept("b")
    fetched(fast, Remote("b", "k"))
    requester.forget("b")
    fetched(fast, Remote("b", "k"))
    assert ["x-amz-request-payer: requester" in head for head in server.heads] == [
        *(False, True, False)
    ]


@pytest.mark.parametrize(
    "served", [(b"HTTP/1.1 307 Elsewhere\r\nContent-Length: 0\r\n\r\n", GOOD)], indirect=True
)
def test_a_redirect_leaves_the_bucket_to_botocore(served: tuple[Fast, Answering]) -> None:
    fast, server = served
    for _ in range(2):
        with pytest.raises(Unsure):
            fetched(fast, Remote("b", "k"))
    assert len(server.heads) == 1


@pytest.mark.parametrize(
    "served", [(b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n", GOOD)], indirect=True
)
def test_a_busy_server_is_counted(served: tuple[Fast, Answering]) -> None:
    fast, _ = served
    with pytest.raises(Unsure):
        fetched(fast, Remote("b", "k"))
    assert fast.refusals == 1
    assert fetched(fast, Remote("b", "k"))[1] == BODY


def put_or_get(fast: Fast, counted: Meter, up: bool) -> None:
    if up:
        fast.put(Remote("b", "k"), noise(5_000), counted)
        return
    with fast.get(Remote("b", "k"), counted) as found:
        list(found.chunks())


@pytest.mark.parametrize("served", [(None,), (GOOD[:-3], None)], indirect=True)
@pytest.mark.parametrize("up", [True, False])
def test_a_cancel_reaches_who_waits_for_a_silent_server(
    up: bool, served: tuple[Fast, Answering]
) -> None:
    fast, server = served
    counted = meter()

    def cancel() -> None:
        server.silent.wait(10)
        counted.progress.cancel()

    threading.Thread(target=cancel, daemon=True).start()
    began = time.monotonic()
    with pytest.raises(JobCancelled):
        put_or_get(fast, counted, up)
    assert time.monotonic() - began < 5
    assert counted.counted == 0
