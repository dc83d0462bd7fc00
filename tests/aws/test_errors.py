from __future__ import annotations

import errno
import json
import os
import socket
from pathlib import Path

import pytest
from botocore import exceptions as boto
from hypothesis import given
from hypothesis import strategies as st

from tui.aws import error_texts
from tui.aws.connection import Connection
from tui.aws.errors import clean, error_code, explain, explain_local, subject_of
from tui.core.errors import AwsError, UserError


def client_error(code: str, message: str = "", status: int = 400) -> boto.ClientError:
    answer = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "REQ-1"},
    }
    return boto.ClientError(answer, "Whatever")


def test_access_denied_names_who_and_what_is_missing() -> None:
    message = (
        "User: arn:aws:sts::123456789012:assumed-role/Dev/dana is not authorized to perform: "
        "s3:ListBucket on resource: arn:aws:s3:::logs-prod because no policy allows it"
    )
    told = explain(client_error("AccessDenied", message), "list_objects_v2", "logs-prod")
    assert str(told) == (
        "Can't list logs-prod: access denied for role Dev (it needs s3:ListBucket). "
        "Press P to switch profile, or ask for the right."
    )
    assert told.code == "AccessDenied"


def test_the_long_encoded_message_of_ec2_is_not_shown() -> None:
    message = (
        "You are not authorized to perform this operation. User: arn:aws:iam::1:user/dana is not "
        "authorized to perform: ec2:RunInstances on resource: x. "
        "Encoded authorization failure message: " + "Zm9v" * 100
    )
    told = explain(client_error("UnauthorizedOperation", message), "run_instances")
    assert "Zm9v" not in str(told)
    assert "user dana" in told.message
    assert "ec2:RunInstances" in told.message


@pytest.mark.parametrize(
    ("operation", "code", "message", "piece"),
    [
        ("create_bucket", "BucketAlreadyExists", "", "taken by someone else"),
        ("create_bucket", "BucketAlreadyOwnedByYou", "", "you already have"),
        ("delete_bucket", "BucketNotEmpty", "", "still holds"),
        ("head_bucket", "404", "Not Found", "no such bucket"),
        ("head_object", "404", "Not Found", "isn't there any more"),
        ("create_key_pair", "InvalidKeyPair.Duplicate", "", "of that name exists"),
        ("list_buckets", "ExpiredToken", "", "session has expired"),
        ("list_buckets", "RequestTimeTooSkewed", "", "clock is wrong"),
        ("list_buckets", "InvalidAccessKeyId", "", "doesn't accept these credentials"),
        ("list_buckets", "SlowDown", "", "slow down"),
        ("get_object", "InvalidObjectState", "", "archived"),
        ("terminate_instances", "OperationNotPermitted", "x", "protected against termination"),
        (
            "run_instances",
            "InvalidParameterValue",
            "The architecture 'arm64' of the specified instance type does not match ...",
            "doesn't fit the image's architecture",
        ),
        ("run_instances", "InsufficientInstanceCapacity", "", "no free machine"),
    ],
)
def test_known_codes_have_a_sentence(operation: str, code: str, message: str, piece: str) -> None:
    told = explain(client_error(code, message), operation, "it")
    assert piece in told.message
    assert told.hint


def test_an_unknown_code_gets_the_first_sentence_of_aws_without_noise() -> None:
    message = (
        "An error occurred (Odd) when calling the Foo operation: The moon is full. Try later "
        "(Service: S3, Status Code: 400, Request ID: 4442587FB7D0A2F9)"
    )
    told = explain(client_error("OddThing", message), "describe_volumes")
    assert told.title == "Can't list the volumes"
    assert told.message == "the moon is full"


def test_keys_and_signatures_are_cut_out_of_messages() -> None:
    text = "The key AKIAIOSFODNN7EXAMPLE with Signature=abc/def+1 is bad"
    assert "AKIA" not in clean(text)
    assert "abc" not in clean(text)


SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize(
    "said",
    [
        "SecretAccessKey: {}",
        '{{"SecretAccessKey":"{}","SessionToken":"x"}}',
        '{{"Version": 1, "SessionToken": "{}"}}',
        "{{'aws_session_token': '{}'}}",
        '{{\\"SecretAccessKey\\": \\"{}\\"}}',
        "aws_secret_access_key = {}",
        "AWS_SECRET_ACCESS_KEY={} is bad",
        "secret access key: {}",
        "<SecretAccessKey>{}</SecretAccessKey>",
        "password={}",
        'the passphrase: "two words {}"',
        "X-Amz-Security-Token={}&X-Amz-Date=1",
        "at https://b.s3.amazonaws.com/k?X-Amz-Date=1&X-Amz-Signature={}&x=1",
        "at https://b.s3.amazonaws.com/k?AWSAccessKeyId=A&Signature={}",
        "X-Amz-Signature%3D{}",
        "Authorization: Bearer {}",
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260501/s3, Signature={}",
        "at http://minio:{}@host:9000/b",
        "password={} at http://minio@host:9000/b",
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
        "a key alone, {}, in the text",
        "a session's token FwoGZXIvYXdzEH0a" + "Ab1/" * 30 + "{}",
        "the key id ASIAIOSFODNN7EXAMPLE {}",
    ],
)
def test_no_secret_of_any_writing_is_in_a_sentence(said: str) -> None:
    told = str(explain(client_error("Odd", said.format(SECRET)), "get_object", "b/k"))
    told += clean(said.format(SECRET))
    assert SECRET not in told
    assert SECRET[-12:] not in told
    for piece in ("AKIA", "ASIA", "FwoG", "minio"):
        assert piece not in told


def test_what_is_no_secret_stays_readable() -> None:
    for said in (
        "the security token included in the request is invalid",
        "the object raw/trips/2024-01.csv of https://host:9000/mail@example is gone",
        "the digest da39a3ee5e6b4b0d3255bfef95601890afd80709 differs",
    ):
        assert clean(said) == said


def process_error(said: str) -> Exception:
    return boto.CredentialRetrievalError(provider="custom-process", error_msg=said)


def test_what_a_credential_program_prints_is_never_shown() -> None:
    told = explain(process_error("hunter2 is no good"), "list_buckets")
    assert "hunter2" not in str(told)
    assert "its credential_process failed" in told.message
    said = "Missing required key in response: 'SecretAccessKey'"
    assert "missing required key" in explain(process_error(said), "list_buckets").message


@pytest.mark.parametrize("password", ["s3cret", "s3/cret", "s3@cret", "s3#cret", "1/s3?cret"])
def test_an_endpoint_is_named_without_its_user(password: str) -> None:
    url = f"http://minio:{password}@host:9000"
    refused = boto.EndpointConnectionError(endpoint_url=f"{url}/b", error="refused")
    late = boto.ReadTimeoutError(endpoint_url=url)
    for error in (refused, late, ValueError(f"Invalid endpoint: {url}")):
        for connection in (None, Connection(endpoint_url=url)):
            told = str(explain(error, "list_buckets", "", connection))
            assert "host:9000" in told
            assert "cret" not in told
            assert "minio" not in told


def test_an_endpoint_that_is_none_is_named_without_what_may_be_a_password() -> None:
    told = explain(ValueError("Invalid endpoint: minio:s3cret@host"), "list_buckets")
    assert told.message == "host is no address of a server"
    told = explain(ValueError("Port could not be cast to integer value as 's3cret'"), "upload")
    assert "s3cret" not in str(told)
    assert "endpoint's address" in told.message


def test_an_endpoint_that_refuses_is_named_without_its_query() -> None:
    error = boto.EndpointConnectionError(
        endpoint_url="http://127.0.0.1:9/bucket?X-Amz-Signature=secret", error="refused"
    )
    told = explain(error, "list_buckets", "", Connection(endpoint_url="http://127.0.0.1:9"))
    assert "nothing answers at http://127.0.0.1:9" in told.message
    assert "secret" not in str(told)
    assert told.retryable


def test_a_missing_network_is_told_from_a_refusing_server() -> None:
    error = boto.EndpointConnectionError(
        endpoint_url="https://s3.us-east-9.amazonaws.com/", error="Failed to resolve 's3...'"
    )
    told = explain(error, "list_buckets", "", Connection(region="us-east-9"))
    assert "host name" in told.message
    assert "us-east-9" in told.hint


@pytest.mark.parametrize(
    "error",
    [
        boto.NoCredentialsError(),
        boto.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        boto.ProfileNotFound(profile="nope"),
        boto.NoRegionError(),
        boto.ReadTimeoutError(endpoint_url="https://x"),
        boto.ConnectTimeoutError(endpoint_url="https://x"),
        boto.SSLError(endpoint_url="https://x", error="bad"),
        boto.UnauthorizedSSOTokenError(),
        boto.ConfigParseError(path="/x", error="bad"),
        boto.ParamValidationError(report="Missing required parameter: Bucket"),
        boto.IncompleteReadError(actual_bytes=1, expected_bytes=2),
        ValueError("Invalid endpoint: bogus"),
        KeyError("surprise"),
    ],
)
def test_no_failure_of_boto3_shows_its_insides(error: Exception) -> None:
    told = explain(error, "list_buckets")
    assert isinstance(told, AwsError)
    assert told.title == "Can't list the buckets"
    assert told.message
    assert "{" not in str(told)
    assert "botocore" not in str(told)


TYPES = ", value: {}, type: <class 'str'>, valid types: <class 'int'>"


@pytest.mark.parametrize(
    ("report", "message"),
    [
        (
            'Missing required parameter in input: "Key"',
            'missing required parameter in input: "Key"',
        ),
        (
            "Invalid type for parameter MaxKeys" + TYPES.format("s3cret"),
            "invalid type for parameter MaxKeys, valid types: int",
        ),
        (
            "Invalid length for parameter Key, value: 0, valid min length: 1",
            "invalid length for parameter Key, valid min length: 1",
        ),
        (
            "Invalid type for parameter Body" + TYPES.format("a, valid types: s3cret\ns3cret"),
            "invalid type for parameter Body",
        ),
        ('Unknown parameter in input: "X", must be one of: A\nand more', "unknown parameter"),
        ('Invalid bucket name "My_B": Bucket name must match', 'invalid bucket name "My_B"'),
    ],
)
def test_a_bad_parameter_is_told_without_its_value(report: str, message: str) -> None:
    told = explain(boto.ParamValidationError(report=report), "list_buckets")
    assert told.message.startswith(message)
    assert "s3cret" not in str(told)


def json_error() -> Exception:
    try:
        json.loads("not JSON s3cret")
    except ValueError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (FileNotFoundError(2, "No such file", "/opt/give"), "no such file: /opt/give", "config"),
        (PermissionError(13, "Denied", "/opt/give"), "permission denied: /opt/give", "config"),
        (OSError(8, "Exec format error", "/opt/give"), "no program", "config"),
        (OSError(28, "No space left", "/opt/x"), "the disk is full: /opt/x", "Free some space"),
        (OSError(24, "Too many open files"), "too many files", "Close something"),
        (OSError("all its own"), "all its own", ""),
        (json_error(), "printed no JSON", "credential_process"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), "UTF-8", "config"),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "bad"), "can't be sent", "another"),
        (UnicodeError("label too long"), "characters", "names"),
        (ValueError("Invalid IPv6 URL"), "address can't be used", "endpoint"),
        (ValueError("No closing quotation"), "quotation mark", "config"),
        (ValueError("It is odd"), "it is odd", ""),
        (RuntimeError("can't start new thread"), "no more threads", "Close something"),
        (RuntimeError("the aws pool is shut down"), "connection is closed", "Start again"),
        (RuntimeError("the refreshed credentials are still expired."), "expired", "Log in"),
        (RuntimeError("who knows"), "something unexpected happened (RuntimeError)", "report"),
        (ConnectionResetError(104, "reset"), "broke off", "network"),
        (TimeoutError(), "in time", "network"),
        (socket.gaierror(-2, "unknown"), "host name", "network"),
        (KeyError("LastModified"), "doesn't answer as AWS does", "look-alike"),
    ],
)
def test_failures_outside_aws_have_their_own_sentence(
    error: Exception, message: str, hint: str
) -> None:
    told = explain(error, "list_buckets", "", Connection(region="us-east-1", profile="dev"))
    assert message in told.message
    assert hint in told.hint
    assert "s3cret" not in str(told)
    if "endpoint" not in hint and "look-alike" not in hint:
        assert "endpoint" not in told.hint


@pytest.mark.parametrize("operation", ["head_object", "head_bucket", "download"])
def test_a_bare_400_says_that_the_session_may_have_expired(operation: str) -> None:
    told = explain(client_error("400", "Bad Request"), operation, "logs/a")
    assert told.message == "the session may have expired"
    assert "Log in again" in told.hint
    assert "bad Request" not in str(explain(client_error("400", "Bad Request"), "list_buckets"))


def test_a_profile_that_does_not_exist_lists_those_that_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile dev]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    told = explain(boto.ProfileNotFound(profile="nope"), "get_caller_identity")
    assert str(told) == "Can't log in to AWS: there is no profile nope. Choose one of dev."


def test_a_sentence_that_is_ready_passes_through() -> None:
    ready = AwsError("Can't", "because")
    assert explain(ready, "list_buckets") is ready
    assert explain(UserError("Can't", "so", code="X"), "list_buckets").code == "X"


@pytest.mark.parametrize(
    ("number", "piece"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EACCES, "permission denied"),
        (errno.ENOENT, "no such file"),
        (errno.EISDIR, "folder"),
        (errno.EXDEV, "link"),
    ],
)
def test_local_errors_are_sentences_too(number: int, piece: str) -> None:
    told = explain_local(OSError(number, os.strerror(number)), "read", Path("/tmp/a.csv"))
    assert told.title == "Can't read /tmp/a.csv"
    assert piece in told.message
    assert told.code == errno.errorcode[number]


def test_what_a_call_acts_on_is_named() -> None:
    assert subject_of({"Bucket": "b", "Key": "k/x"}) == "b/k/x"
    assert subject_of({"Bucket": "b"}) == "b"
    assert subject_of({"InstanceIds": ["i-1"]}) == "i-1"
    assert subject_of({"InstanceIds": ["i-1", "i-2"]}) == "2 instances"
    assert subject_of({"KeyName": "k"}) == "k"
    assert subject_of({}) == ""


def test_every_text_of_the_table_fills_in_with_no_brace_left() -> None:
    codes = [(operation, code) for operation, code in error_texts.BY_OPERATION]
    codes += [("list_objects_v2", code) for code in error_texts.CODES]
    for operation, code in codes:
        told = explain(client_error(code), operation, "subject")
        assert "{" not in str(told)
        assert told.message
        assert told.message[-1] not in ".!?"
        assert not told.hint or told.hint[-1] == "."


@given(st.text(), st.text(), st.text())
def test_explaining_never_fails_whatever_aws_says(code: str, message: str, subject: str) -> None:
    told = explain(client_error(code, message), "get_object", subject)
    assert told.title == f"Can't read {subject}".strip() or subject.strip() != subject
    assert len(told.message) < 400
    error_code(told)
