"""What a recorded parameter turns into, and how it is written in Python."""

from __future__ import annotations

import io
import tempfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.aws.code.models import operation_model, output_file
from tui.aws.code.python import literal, python_call
from tui.aws.code.values import (
    FileRef,
    Redaction,
    Secret,
    secrets_in,
    with_suffix,
)
from tui.aws.redaction import bare_endpoint


def redacted(service: str, operation: str, **params: Any) -> Any:
    return Redaction().copy(operation_model(service, operation).input_shape, params)


def test_two_secrets_never_share_a_variable() -> None:
    copy = redacted(
        "ssm", "SendCommand", Parameters={"a-b": ["one", "two"], "a_b": ["three"], "é": ["four"]}
    )
    variables = [secret.variable for secret in secrets_in(copy)]
    assert len(set(variables)) == 4
    assert all(name.isascii() and name.isidentifier() and name.isupper() for name in variables)


def test_a_secret_takes_no_variable_that_the_shell_uses() -> None:
    redaction = Redaction()
    shape = operation_model("ssm", "PutParameter").input_shape.members["Value"]
    assert redaction.copy(shape, "x", "Path") == Secret("SECRET_PATH")


def test_the_log_holds_a_copy() -> None:
    tags = [{"Key": "a", "Value": "b"}]
    copy = redacted("ec2", "CreateTags", Resources=["i-1"], Tags=tags)
    tags[0]["Value"] = "changed later"
    assert copy["Tags"] == [{"Key": "a", "Value": "b"}]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"bytes", "body.bin"),
        ("text", "body.bin"),
        (io.BytesIO(b""), "body.bin"),
        (FileRef("data.csv", stream=True), "data.csv"),
    ],
)
def test_bytes_become_a_file(body: Any, path: str) -> None:
    copy = redacted("s3", "PutObject", Bucket="b", Key="k", Body=body)
    assert copy["Body"] == FileRef(path, stream=True)


def test_an_open_file_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "my data.csv").touch()
    (tmp_path / "bad\x1b.csv").touch()
    for name, shown in (
        ("my data.csv", str(tmp_path / "my data.csv")),
        ("bad\x1b.csv", "body.bin"),
    ):
        with (tmp_path / name).open("rb") as file:
            copy = redacted("s3", "PutObject", Bucket="b", Key="k", Body=file)
        assert copy["Body"].path == shown
    with tempfile.TemporaryFile() as file:  # its name is a number
        assert redacted("s3", "PutObject", Body=file)["Body"].path == "body.bin"


def test_a_suffix_reaches_every_secret() -> None:
    value = {"a": [Secret("X"), {"b": Secret("Y")}], "c": "X"}
    assert with_suffix(value, "_3") == {"a": [Secret("X_3"), {"b": Secret("Y_3")}], "c": "X"}


def test_a_secret_number_is_read_as_a_number() -> None:
    assert literal(Secret("PIN", "int")) == 'int(os.environ["PIN"])'


@given(
    st.recursive(
        st.one_of(st.text(), st.integers(), st.booleans(), st.floats(allow_nan=False, width=32)),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_a_literal_is_the_value_and_printable(value: Any) -> None:
    text = literal(value)
    assert text.isprintable()
    assert eval(text, {"inf": float("inf")}) == value


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("https://me:s3cr@t@minio.lan:9000/a", "https://minio.lan:9000/a"),
        ("http://me@[::1]:9000", "http://[::1]:9000"),
        ("HTTP://:pw@host", "HTTP://host"),
        ("//me:pw@host", "//host"),
        ("me:pw@host", "host"),
        ("http://me:p/w w?@host/x", "http://host/x"),
        ("http://[::1]:9000/a@b", "http://[::1]:9000/a@b"),
        ("http://minio:9000/a@b", "http://minio:9000/a@b"),
        ("https://host/a@b?c=d@e", "https://host/a@b?c=d@e"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("", ""),
    ],
)
def test_an_endpoint_is_shown_without_its_user(url: str, bare: str) -> None:
    assert bare_endpoint(url) == bare


@given(st.datetimes(), st.integers(-12, 14))
def test_a_time_is_the_same_moment(at: datetime, hours: int) -> None:
    year = at.replace(year=min(max(at.year, 2), 9998))  # so that UTC has such a year
    aware = year.replace(tzinfo=timezone(timedelta(hours=hours)))
    assert eval(literal(aware), {"datetime": datetime, "timezone": timezone}) == aware


def test_a_naive_time_is_utc_as_botocore_takes_it() -> None:
    copy = redacted("ec2", "DescribeSpotPriceHistory", StartTime=datetime(2026, 3, 4))  # noqa: DTZ001
    assert copy["StartTime"] == datetime(2026, 3, 4, tzinfo=UTC)


def test_long_arguments_stand_on_lines_of_their_own() -> None:
    rules = [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port} for port in range(20, 25)]
    code = python_call(
        "ec2", "AuthorizeSecurityGroupIngress", {"IpPermissions": rules}, "us-east-1"
    )
    assert max(map(len, code.splitlines())) <= 88
    assert '        {"IpProtocol": "tcp", "FromPort": 20, "ToPort": 20},\n' in code


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("logs/a b.txt", "downloaded-a_b.txt"),
        ("--help", "downloaded-help"),
        ("../..", "output.bin"),
        ("a/\x1b[0m", "downloaded-_0m"),
        ("", "output.bin"),
    ],
)
def test_a_download_gets_a_tame_name(key: str, name: str) -> None:
    assert output_file({"Key": key}) == name
