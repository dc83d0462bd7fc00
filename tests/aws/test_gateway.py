from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.utils
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.aws import sessions
from tui.aws.calls import CallLog, caused_by
from tui.aws.gateway import Connection, Gateway
from tui.aws.sessions import parse_time
from tui.core.errors import AwsError

Make = Callable[..., Gateway]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Gateway] = []

    def build(**options: Any) -> Gateway:
        made.append(Gateway(Connection(**options), CallLog()))
        return made[-1]

    yield build
    for gateway in made:
        gateway.close()


@pytest.fixture
def refused_url() -> str:
    """An address on loopback where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


KEYS = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "s3cr3t", "region": "us-east-1"}


async def test_a_call_answers_as_boto3_does(gateway: Gateway, bucket: str) -> None:
    answer = await gateway.call("s3", "list_buckets")
    assert [bucket["Name"] for bucket in answer["Buckets"]] == [bucket]


async def test_calls_never_use_the_loops_own_threads(gateway: Gateway) -> None:
    await gateway.call("sts", "get_caller_identity")
    assert asyncio.get_running_loop()._default_executor is None  # type: ignore[attr-defined]


async def test_the_loop_turns_while_a_blocking_call_runs(gateway: Gateway) -> None:
    turned = threading.Event()

    async def turn() -> None:
        for _ in range(50):
            await asyncio.sleep(0)
        turned.set()

    turning = asyncio.create_task(turn())
    assert await gateway.run(turned.wait, 20)  # on the loop it would wait in vain
    await turning


async def test_one_client_for_each_service_and_region_however_many_ask(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[str, str]] = []
    real = sessions.make_client

    def counting(session: Any, connection: Connection, service: str, *rest: Any) -> Any:
        made.append((service, rest[0]))
        return real(session, connection, service, *rest)

    monkeypatch.setattr(sessions, "make_client", counting)
    regions = ["us-east-1", "eu-west-1"] * 10
    clients = await asyncio.gather(*(gateway.client("sts", region) for region in regions))
    assert sorted(made) == [("sts", "eu-west-1"), ("sts", "us-east-1")]
    assert len({id(client) for client in clients}) == 2


async def test_the_cause_survives_the_thread(gateway: Gateway) -> None:
    with caused_by("Look"):
        await gateway.call("s3", "list_buckets")
        async for _ in gateway.pages("ec2", "describe_instances", len):
            pass
    await gateway.call("s3", "list_buckets")
    assert [entry.cause for entry in gateway.log.entries()] == ["Look", "Look"]


async def test_pages_are_made_in_the_thread_and_leaving_stops_asking(
    gateway: Gateway, outside: Any, bucket: str
) -> None:
    for number in range(7):
        outside.put_object(Bucket=bucket, Key=str(number))
    threads = set()

    def make(page: dict[str, Any]) -> int:
        threads.add(threading.current_thread())
        return len(page["Contents"])

    sizes = []
    with caused_by("List"):
        pages = gateway.pages("s3", "list_objects_v2", make, Bucket=bucket, MaxKeys=2)
        async for size in pages:
            sizes.append(size)
            if len(sizes) == 2:
                break
    assert sizes == [2, 2]
    assert threading.main_thread() not in threads
    [entry] = gateway.log.entries()
    assert entry.pages == 2  # type: ignore[union-attr]


async def test_an_operation_without_pages_yields_one(gateway: Gateway) -> None:
    pages = [page async for page in gateway.pages("sts", "get_caller_identity", len)]
    assert len(pages) == 1


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("s3", "create_bucket", {"Bucket": "new-bucket-7421"}),
        ("s3", "delete_objects", {"Bucket": "b", "Delete": {"Objects": [{"Key": "k"}]}}),
        ("s3", "put_object", {"Bucket": "b", "Key": "k", "Body": b""}),
        ("ec2", "terminate_instances", {"InstanceIds": ["i-1"]}),
        ("ec2", "run_instances", {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1}),
        ("iam", "create_role", {"RoleName": "r", "AssumeRolePolicyDocument": "{}"}),
    ],
)
async def test_read_only_mode_sends_nothing_that_changes(
    service: str,
    operation: str,
    params: dict[str, Any],
    make: Make,
    refused_url: str,
) -> None:
    # Nothing listens there: had it been sent, the error would be another one.
    gateway = make(**KEYS, endpoint_url=refused_url, read_only=True)
    with pytest.raises(AwsError) as caught:
        await gateway.call(service, operation, **params)
    assert caught.value.code == "ReadOnly"
    assert "read-only" in str(caught.value)


async def test_read_only_mode_reads(
    connection: Connection, outside: Any, bucket: str, make: Make
) -> None:
    gateway = make(
        **{name: getattr(connection, name) for name in connection.__dataclass_fields__}
        | {"read_only": True}
    )
    outside.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert (await gateway.call("s3", "head_object", Bucket=bucket, Key="k"))["ContentLength"] == 1
    await gateway.call("sts", "get_caller_identity")
    await gateway.call("ec2", "describe_instances")


def test_read_only_mode_denies_every_operation_that_is_not_known_to_read() -> None:
    import botocore.session

    loader = botocore.session.Session()
    changing = ("Create", "Delete", "Put", "Run", "Start", "Stop", "Terminate", "Update", "Modify")
    denied = 0
    for service in ("s3", "ec2", "iam", "ssm", "ebs"):
        model = loader.get_service_model(service)
        for name in model.operation_names:
            if name.startswith(changing):
                with pytest.raises(AwsError):
                    sessions.refuse_changes(model.operation_model(name))
                denied += 1
    assert denied > 300


async def test_an_endpoint_that_refuses_is_one_sentence(make: Make, refused_url: str) -> None:
    with pytest.raises(AwsError) as caught:
        await make(**KEYS, endpoint_url=refused_url).call("s3", "list_buckets")
    assert str(caught.value) == (
        f"Can't list the buckets: nothing answers at {refused_url}. Check that a server runs there."
    )


async def test_a_bad_address_is_one_sentence(make: Make) -> None:
    with pytest.raises(AwsError, match="list the buckets") as caught:
        await make(**KEYS, endpoint_url="bogus").call("s3", "list_buckets")
    assert "bogus" in caught.value.message


async def test_a_server_that_is_not_aws_is_one_sentence(make: Make) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        for _ in range(8):
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            connection.close()

    threading.Thread(target=answer, daemon=True).start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(AwsError) as caught:
        await make(**KEYS, endpoint_url=url).call("ec2", "describe_instances")
    listener.close()
    assert "doesn't speak as AWS does" in caught.value.message


async def test_an_unknown_profile_is_one_sentence(make: Make) -> None:
    with pytest.raises(AwsError) as caught:
        await make(profile="nope").call("sts", "get_caller_identity")
    assert "there is no profile nope" in str(caught.value)


@pytest.mark.parametrize("region", ["mars-north-1", "us-eats-1", "nowhere"])
async def test_an_unknown_region_is_one_sentence_and_asks_nobody(
    region: str, make: Make, refused_url: str
) -> None:
    keys = KEYS | {"region": region}
    with pytest.raises(AwsError) as caught:
        await make(**keys, endpoint_url=refused_url, sandbox=True).call("s3", "list_buckets")
    assert f"Can't use region {region}: AWS has no region of that name." in str(caught.value)


async def test_other_servers_may_name_their_regions(connection: Connection, make: Make) -> None:
    own = replace(connection, region="garage", sandbox=False)
    options = {name: getattr(own, name) for name in own.__dataclass_fields__}
    await make(**options).client("s3")


async def test_without_credentials_nobody_is_asked(
    make: Make, monkeypatch: pytest.MonkeyPatch, refused_url: str
) -> None:
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    # Where the metadata service would be asked, were it asked.
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", address)
    for options in ({}, {"endpoint_url": refused_url}):
        with pytest.raises(AwsError) as caught:
            await make(**options).call("s3", "list_buckets")
        assert "no credentials found" in str(caught.value)
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.accept()
    listener.close()


async def test_the_metadata_service_is_asked_when_the_environment_says_so(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", address)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    with pytest.raises(AwsError):
        await make().call("s3", "list_buckets")
    listener.setblocking(False)
    listener.accept()[0].close()
    listener.close()


async def test_a_role_that_asks_for_an_mfa_code_never_prompts(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile base]\naws_access_key_id = A\naws_secret_access_key = B\n"
        "[profile ops]\nrole_arn = arn:aws:iam::1:role/ops\nsource_profile = base\n"
        "mfa_serial = arn:aws:iam::1:mfa/dana\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setattr("getpass.getpass", lambda *_: pytest.fail("asked on the terminal"))
    with pytest.raises(AwsError) as caught:
        await make(profile="ops").call("s3", "list_buckets")
    assert "MFA" in str(caught.value)


async def test_a_credential_program_gets_no_hold_of_the_terminal(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connection: Connection
) -> None:
    program = tmp_path / "give.sh"
    answer = '{"Version": 1, "AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "s"}'
    program.write_text(f"#!/bin/sh\nread line && exit 1\necho '{answer}'\n")
    program.chmod(0o700)
    config = tmp_path / "config"
    config.write_text(f"[profile tool]\ncredential_process = {program}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    reading, writing = os.pipe()  # a terminal that something was typed into
    os.write(writing, b"typed\n")
    kept = os.dup(0)
    os.dup2(reading, 0)
    try:
        gateway = make(profile="tool", endpoint_url=connection.endpoint_url)
        client = await gateway.client("s3")
        keys = await gateway.run(lambda: client._request_signer._credentials.access_key)
    finally:
        os.dup2(kept, 0)
        for handle in (reading, writing, kept):
            os.close(handle)
    assert keys == "AKIAEXAMPLE"


async def test_the_users_environment_does_not_leak_into_a_given_connection(
    connection: Connection, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "bogus")
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    options = {name: getattr(connection, name) for name in connection.__dataclass_fields__}
    await make(**options).call("s3", "list_buckets")


async def test_the_environments_endpoint_is_used_like_a_given_one(
    connection: Connection, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", connection.endpoint_url)
    options = {name: getattr(connection, name) for name in connection.__dataclass_fields__}
    gateway = make(**options | {"endpoint_url": "", "sandbox": False})
    assert gateway.connection.on_loopback
    await gateway.call("s3", "list_buckets")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert not make(**options | {"endpoint_url": ""}).connection.endpoint_url


async def test_a_closed_gateway_says_so(gateway: Gateway) -> None:
    gateway.close()
    with pytest.raises(AwsError):
        await gateway.call("s3", "list_buckets")


def test_a_connection_shows_no_secret() -> None:
    shown = repr(Connection(secret_access_key="hidden-1", session_token="hidden-2"))
    assert "hidden" not in shown


@pytest.mark.parametrize(
    ("url", "loopback", "by_path"),
    [
        ("", False, False),
        ("http://127.0.0.1:9000", True, True),
        ("http://[::1]:9000", True, True),
        ("http://localhost:9000", True, True),
        ("https://minio.example.com", False, True),
        ("https://s3.eu-west-1.amazonaws.com", False, False),
        ("https://127.0.0.1.example.com", False, True),
    ],
)
def test_where_buckets_are_addressed_by_path(url: str, loopback: bool, by_path: bool) -> None:
    connection = Connection(endpoint_url=url)
    assert (connection.on_loopback, connection.wants_path_style) == (loopback, by_path)


MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS)
def test_times_are_read_as_botocore_reads_them(moment: datetime) -> None:
    whole = moment.replace(microsecond=0)
    texts = (
        whole.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        whole.strftime("%Y-%m-%dT%H:%M:%SZ"),
        whole.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        str(whole.timestamp()),
        whole.timestamp(),
    )
    for text in texts:
        assert parse_time(text) == botocore.utils.parse_timestamp(text) == whole
        assert parse_time(text).utcoffset() == whole.utcoffset()
