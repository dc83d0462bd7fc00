"""What shown code prints of an answer: everything but its secrets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aws.code_stub import Stub
from tui.aws.calls import Call, action_program, session_script
from tui.aws.code.models import operation_model
from tui.aws.code.values import secret_members

SECRET = "hunter2-hunter2"


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Stub]:
    server = Stub()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    yield server
    server.close()


def answering(monkeypatch: pytest.MonkeyPatch, kind: str, body: bytes) -> None:
    monkeypatch.setattr("tests.aws.code_stub._answer", lambda *_: (kind, body))


def made(service: str, operation: str, /, pages: int = 1, **params: Any) -> Call:
    return Call("Do", service, operation, params, "eu-west-1", pages=pages, outcome="200")


def run(code: str) -> None:
    exec(compile(code, "shown.py", "exec"), {"__name__": "__main__"})


KEY = made("ec2", "CreateKeyPair", KeyName="../my key")


def test_a_new_private_key_is_saved_for_its_owner_and_not_printed(
    stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(KEY.python())
    (path,) = tmp_path.iterdir()
    assert path.name == "_my_key.pem"
    assert path.read_text() == "PRIVATE-KEY-4711\n"
    assert path.stat().st_mode & 0o777 == 0o600
    shown = capsys.readouterr().out
    assert "PRIVATE-KEY" not in shown
    assert "'KeyName': 'my key'" in shown


def test_no_key_is_made_where_its_file_would_be_written_over(stub: Stub, tmp_path: Path) -> None:
    (tmp_path / "_my_key.pem").write_text("mine")
    with pytest.raises(FileExistsError):
        run(KEY.python())
    ran = subprocess.run(["/bin/sh", "-c", KEY.cli()], capture_output=True, check=False)
    assert ran.returncode != 0
    assert stub.requests() == []
    assert (tmp_path / "_my_key.pem").read_text() == "mine"


def test_the_cli_line_saves_the_private_key_too(stub: Stub, tmp_path: Path) -> None:
    ran = subprocess.run(
        ["/bin/sh", "-c", KEY.cli()], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr
    (path,) = tmp_path.iterdir()
    assert path.name == "_my_key.pem"
    assert path.read_text() == "PRIVATE-KEY-4711\n"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("pages", [1, 2])
def test_secrets_deep_in_an_answer_are_not_printed(
    stub: Stub,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    pages: int,
) -> None:
    found = {"Parameters": [{"Name": "/app/db", "Value": SECRET}]}
    answering(monkeypatch, "application/x-amz-json-1.1", json.dumps(found).encode())
    run(made("ssm", "GetParametersByPath", pages=pages, Path="/app").python())
    shown = capsys.readouterr().out
    assert SECRET not in shown
    assert "/app/db" in shown


def test_the_keys_of_a_role_are_not_printed(
    stub: Stub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = (
        f"<AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>"
        f"<SessionToken>{SECRET}</SessionToken>"
    )
    result = f"<AssumeRoleResult><Credentials>{keys}</Credentials></AssumeRoleResult>"
    answering(monkeypatch, "text/xml", f"<R>{result}</R>".encode())
    role = made("sts", "AssumeRole", RoleArn="arn:aws:iam::1:role/abcdef", RoleSessionName="ss")
    run(role.python())
    shown = capsys.readouterr().out
    assert SECRET not in shown
    assert "ASIAEXAMPLE" in shown


def test_an_answer_without_secrets_is_printed_as_it_is() -> None:
    assert made("s3", "ListBuckets").python().endswith("print(response)\n")


def test_programs_with_secrets_are_joined_with_one_helper(
    stub: Stub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = json.dumps({"Parameter": {"Name": "n", "Value": SECRET}}).encode()
    answering(monkeypatch, "application/x-amz-json-1.1", answer)
    steps = [made("ssm", "GetParameter", Name=name) for name in ("a", "b")]
    for code in (session_script(steps), action_program(steps)):
        assert code.count("def without(") == 1
        run(code)
    shown = capsys.readouterr().out
    assert SECRET not in shown
    assert shown.count("'Name': 'n'") == 4


def test_secret_members_are_found_at_any_depth() -> None:
    def members(service: str, operation: str) -> dict[str, bool]:
        return secret_members(operation_model(service, operation).output_shape)

    assert members("ec2", "CreateKeyPair") == {"KeyMaterial": False}
    assert members("ec2", "DescribeSpotInstanceRequests") == {"UserData": True}
    assert members("iam", "CreateAccessKey") == {"SecretAccessKey": True}
    assert members("s3", "ListBuckets") == {}
    assert secret_members(None) == {}
