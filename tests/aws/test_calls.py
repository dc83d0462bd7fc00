"""Which calls the log keeps, what it keeps of them, and whom it tells."""

from __future__ import annotations

import contextvars
import io
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aws.code_stub import Stub
from tui.aws import calls
from tui.aws.calls import Call, CallLog, Note, caused_by, current_cause
from tui.aws.code import models

Client = Callable[[str], Any]


@pytest.fixture
def stub() -> Iterator[Stub]:
    server = Stub()
    yield server
    server.close()


@pytest.fixture
def log() -> CallLog:
    return CallLog()


@pytest.fixture
def client(stub: Stub, log: CallLog) -> Client:
    import boto3
    from botocore.config import Config

    def make(service: str) -> Any:
        made = boto3.client(
            service,
            region_name="eu-west-1",
            endpoint_url=stub.url,
            aws_access_key_id="AKIAEXAMPLE",
            aws_secret_access_key="example",
            config=Config(retries={"max_attempts": 0}),
        )
        log.attach(made)
        return made

    return make


def kept(log: CallLog) -> list[Call]:
    return [entry for entry in log.entries() if isinstance(entry, Call)]


def test_importing_the_log_imports_no_boto() -> None:
    program = (
        "import sys, tui.aws.calls;"
        "print([name for name in sys.modules if name.split('.')[0] in ('boto3', 'botocore')])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


def test_a_call_without_a_cause_is_not_logged(client: Client, log: CallLog) -> None:
    s3 = client("s3")
    s3.list_buckets()
    with caused_by("Look"), caused_by(None):
        s3.list_buckets()
    assert log.entries() == ()


def test_a_call_is_logged_under_its_cause(client: Client, log: CallLog) -> None:
    with caused_by("List buckets"):
        assert current_cause() == "List buckets"
        client("s3").list_buckets()
    assert current_cause() is None
    (call,) = kept(log)
    assert (call.cause, call.service, call.operation) == ("List buckets", "s3", "ListBuckets")
    assert (call.region, call.pages, call.outcome) == ("eu-west-1", 1, "200")
    assert call.succeeded
    assert call.at.tzinfo is not None


def test_attaching_twice_logs_once(client: Client, log: CallLog) -> None:
    sts = client("sts")
    log.attach(sts)
    with caused_by("Who"):
        sts.get_caller_identity()
    assert len(kept(log)) == 1


def test_one_client_can_feed_two_logs(client: Client, log: CallLog) -> None:
    s3, other = client("s3"), CallLog()
    other.attach(s3)
    with caused_by("Look"):
        s3.list_buckets()
    assert [len(kept(each)) for each in (log, other)] == [1, 1]


def test_a_presigned_url_is_no_call(client: Client, log: CallLog) -> None:
    with caused_by("Share"):
        client("s3").generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
    assert log.entries() == ()


def test_a_call_that_fails_validation_is_not_logged(client: Client, log: CallLog) -> None:
    from botocore.exceptions import ParamValidationError

    with caused_by("Upload"), pytest.raises(ParamValidationError):
        client("s3").put_object(Bucket="b")
    assert log.entries() == ()


def test_a_network_failure_is_the_outcome(client: Client, log: CallLog, stub: Stub) -> None:
    from botocore.exceptions import EndpointConnectionError

    sts = client("sts")
    stub.close()
    with caused_by("Who"), pytest.raises(EndpointConnectionError):
        sts.get_caller_identity()
    (call,) = kept(log)
    assert call.outcome == "EndpointConnectionError"
    assert not call.succeeded


def test_a_service_error_is_the_outcome(
    client: Client, log: CallLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    refusal = b"<Error><Code>NoSuchBucket</Code><Message>no</Message></Error>"
    monkeypatch.setattr("tests.aws.code_stub._answer", lambda *_: ("text/xml", refusal))
    monkeypatch.setattr("tests.aws.code_stub.STATUS", 404)
    with caused_by("Look"), pytest.raises(ClientError):
        client("s3").list_objects_v2(Bucket="missing")
    assert kept(log)[0].outcome == "NoSuchBucket"


def test_a_thread_has_the_cause_only_with_a_copied_context(client: Client, log: CallLog) -> None:
    s3 = client("s3")
    with caused_by("Look"):
        bare = threading.Thread(target=s3.list_buckets)
        copied = threading.Thread(target=contextvars.copy_context().run, args=(s3.list_buckets,))
        bare.start()
        bare.join()
        assert kept(log) == []
        copied.start()
        copied.join()
    assert [call.cause for call in kept(log)] == ["Look"]


def test_threads_of_two_causes_stay_apart(client: Client, log: CallLog) -> None:
    s3 = client("s3")

    def look(cause: str) -> None:
        with caused_by(cause):
            for _ in range(10):
                s3.list_buckets()

    threads = [threading.Thread(target=look, args=(f"Look {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    causes = [call.cause for call in kept(log)]
    assert sorted(causes) == sorted(f"Look {n}" for n in range(4) for _ in range(10))


def forget_models() -> None:
    """Have the log load what it needs anew, as in a process that has just started."""
    models._met.clear()
    for each in vars(models).values():
        if hasattr(each, "cache_clear"):
            each.cache_clear()


@pytest.mark.parametrize("broken", ["profile", "file"])
def test_a_broken_configuration_of_the_user_fails_no_call(
    client: Client, log: CallLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    s3 = client("s3")
    config = tmp_path / "config"
    config.write_text("no [ini\n\x00 at all" if broken == "file" else "")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    if broken == "profile":
        monkeypatch.setenv("AWS_PROFILE", "nope")
    forget_models()
    with caused_by("List bucket"):
        s3.list_objects_v2(Bucket="bucket")
    (call,) = kept(log)
    forget_models()  # as when the drawer shows a call that it knows by name only
    assert call.outcome == "200"
    assert "client.list_objects_v2(" in call.python()
    assert "aws s3api list-objects-v2" in call.cli()


@pytest.mark.parametrize("part", ["_append", "_earlier_page", "_finish", "_changed"])
def test_trouble_in_the_log_fails_no_call(
    client: Client, log: CallLog, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("the log is broken")

    monkeypatch.setattr(CallLog, part, fail)
    with caused_by("Look"):
        assert client("s3").list_buckets()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_call_that_cannot_be_copied_is_made_all_the_same(
    client: Client, log: CallLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "Redaction", None)
    with caused_by("Look"):
        client("s3").list_buckets()
    assert log.entries() == ()


def test_a_managed_transfer_is_logged_by_its_wrapper_alone(client: Client, log: CallLog) -> None:
    s3 = client("s3")
    with caused_by("Upload k"):
        with caused_by(None):
            s3.upload_fileobj(io.BytesIO(b"x"), "bucket", "k")
        log.note("Upload k", python="pass", cli="aws s3 cp k s3://bucket/k")
    (note,) = log.entries()
    assert isinstance(note, Note)
    assert (note.cause, note.python, note.pandas) == ("Upload k", "pass", "")
    assert note.at.tzinfo is not None


def test_the_pages_of_a_listing_are_one_entry(client: Client, log: CallLog, stub: Stub) -> None:
    s3 = client("s3")
    with caused_by("List bucket"):
        for _ in range(2):
            stub.paged = True
            list(s3.get_paginator("list_objects_v2").paginate(Bucket="bucket"))
            stub.requests()
    assert [(call.pages, call.params) for call in kept(log)] == [(2, {"Bucket": "bucket"})] * 2


def test_pages_of_two_listings_at_once_are_two_entries(
    client: Client, log: CallLog, stub: Stub
) -> None:
    s3 = client("s3")
    with caused_by("List both"):
        for token in ({}, {"ContinuationToken": "t2"}):
            for bucket in ("one", "two"):
                s3.list_objects_v2(Bucket=bucket, **token)
    assert [(call.params["Bucket"], call.pages) for call in kept(log)] == [("one", 2), ("two", 2)]


def test_secrets_and_bytes_never_enter_the_log(client: Client, log: CallLog) -> None:
    from botocore.exceptions import ClientError, ParamValidationError

    secret = "hunter2-hunter2-hunter2-hunter2!"
    signed = "https://b.s3.amazonaws.com/k?X-Amz-Signature=hunter2"
    tries: list[tuple[str, str, dict[str, Any]]] = [
        ("ssm", "put_parameter", {"Name": "n", "Value": secret, "Type": "SecureString"}),
        ("ssm", "send_command", {"DocumentName": "d", "Parameters": {"commands": [secret]}}),
        ("iam", "create_login_profile", {"UserName": "u", "Password": secret}),
        ("iam", "update_login_profile", {"UserName": "u", "Password": secret}),
        ("s3", "put_object", {"Bucket": "b1b", "Key": "k", "Body": secret.encode(),
                              "SSECustomerAlgorithm": "AES256", "SSECustomerKey": secret}),
        ("s3", "put_object", {"Bucket": "b1b", "Key": "k", "WebsiteRedirectLocation": signed}),
        ("ec2", "run_instances", {"MinCount": 1, "MaxCount": 1, "UserData": secret}),
        ("ec2", "create_launch_template", {"LaunchTemplateName": "ttt",
                                           "LaunchTemplateData": {"UserData": secret}}),
        ("ec2", "modify_instance_attribute", {"InstanceId": "i",
                                              "UserData": {"Value": secret.encode()}}),
        ("sts", "assume_role_with_web_identity", {"RoleArn": "arn:aws:iam::1:role/abcdef",
                                                  "RoleSessionName": "ss",
                                                  "WebIdentityToken": secret}),
    ]  # fmt: skip
    for service, method, params in tries:
        with caused_by("Try"):
            try:
                getattr(client(service), method)(**params)
            except (ClientError, ParamValidationError) as error:  # pragma: no cover
                pytest.fail(str(error))
    assert len(kept(log)) == len(tries)
    for call in kept(log):
        shown = call.python() + call.cli() + repr(call)
        assert "hunter2" not in shown
        assert "os.environ[" in call.python() or "open(" in call.python()


def test_a_listener_hears_of_every_change_and_cannot_break_a_call(
    client: Client, log: CallLog
) -> None:
    heard: list[str] = []

    def listen() -> None:
        heard.append(threading.current_thread().name)
        raise RuntimeError("the drawer is gone")

    log.on_change = listen
    with caused_by("Look"):
        client("s3").list_buckets()
    log.note("Read", pandas="pass")
    assert len(heard) == 3  # sent, answered, noted


def test_the_log_keeps_the_newest_thousand(log: CallLog) -> None:
    for number in range(calls.MAX_ENTRIES + 5):
        log.note(f"Note {number}")
    entries = log.entries()
    assert len(entries) == calls.MAX_ENTRIES
    assert (entries[0].cause, entries[-1].cause) == ("Note 5", "Note 1004")


def test_the_log_forgets_early_when_calls_are_huge(
    client: Client, log: CallLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "MAX_VALUES", 50)
    s3 = client("s3")
    for number in range(5):
        objects = [{"Key": f"{number}-{key}"} for key in range(20)]
        with caused_by(f"Delete {number}"):
            s3.delete_objects(Bucket="bucket", Delete={"Objects": objects})
    assert [call.cause for call in kept(log)] == ["Delete 3", "Delete 4"]
