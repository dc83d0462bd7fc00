"""The shown code sends the very request that the original call sent.

Each call is made against a recording server on loopback: by boto3 as the caller wrote it, by its
Python code, and by its CLI line. The shell is a real one for every line; the AWS CLI is driven in
this process, and by its own command for the cases that need its standard input or its quoting.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from tests.aws.code_cases import CASES, PAGE_SIZES, Case
from tests.aws.code_stub import Asked, Stub
from tui.aws.calls import Call, CallLog, caused_by
from tui.aws.code.models import xform
from tui.aws.code.values import Secret

REGION = "eu-west-1"
# Stands in for `aws`: hands over the words and the standard input as the shell made them.
SHELL_AWS = 'aws() { printf "%s\\0" "$@" >words; if [ -p /dev/stdin ]; then cat >stdin; fi; }\n'


@pytest.fixture(scope="module")
def stub() -> Iterator[Stub]:
    server = Stub()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def environment(stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials, the stub, a time zone that is not UTC, and a folder of its own."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_ENDPOINT_URL": stub.url,
        "AWS_MAX_ATTEMPTS": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "TZ": "Asia/Kolkata",
    }.items():
        monkeypatch.setenv(name, value)
    time.tzset()
    monkeypatch.chdir(tmp_path)
    stub.requests()


@pytest.fixture(scope="module", autouse=True)
def same_time_zone() -> Iterator[None]:
    yield
    time.tzset()


def run_cli(words: list[str]) -> int:
    """Run the installed AWS CLI's own driver in this process: far faster than its command.

    A driver keeps handlers of the command that it ran, so each command gets its own.
    """
    from awscli.clidriver import create_clidriver  # type: ignore[import-untyped]

    try:
        return int(create_clidriver().main(words))
    except SystemExit as ended:
        return int(ended.code or 0)


@lru_cache
def client_of(service: str, endpoint_url: str) -> Any:
    import boto3

    return boto3.client(service, region_name=REGION, endpoint_url=endpoint_url)


def make(case: Case, stub: Stub) -> tuple[Call, list[Asked]]:
    """Make a call by boto3 as its caller would; return what the log shows, and what was sent."""
    stub.paged = case.pages > 1
    client, log = client_of(case.service, stub.url), CallLog()
    log.attach(client)
    for name, value in case.params.items():
        if isinstance(value, bytes) or name == "Body":
            content = value if isinstance(value, bytes) else value.encode()
            Path(f"{xform(name, '-')}.bin").write_bytes(content)
    with caused_by("a test"):
        if case.pages > 1:
            kept = {k: v for k, v in case.params.items() if k not in PAGE_SIZES}
            sizes = [case.params[k] for k in PAGE_SIZES if k in case.params]
            pages = client.get_paginator(xform(case.operation))
            list(pages.paginate(**kept, PaginationConfig={"PageSize": sizes[0]} if sizes else {}))
        else:
            getattr(client, xform(case.operation))(**case.params)
    (entry,) = log.entries()
    assert isinstance(entry, Call)
    assert entry.outcome == "200"
    return entry, stub.requests()


def secrets_of(value: Any, redacted: Any) -> dict[str, str]:
    """Pair each variable that the shown code reads with the value that it stands for."""
    if isinstance(redacted, Secret):
        return {redacted.variable: value}
    found: dict[str, str] = {}
    if isinstance(redacted, dict):
        for key, item in redacted.items():
            found |= secrets_of(value[key], item)
    if isinstance(redacted, list):
        for each, item in zip(value, redacted, strict=True):
            found |= secrets_of(each, item)
    return found


def give_secrets(case: Case, call: Call, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    secrets = secrets_of(case.params, call.params)
    for variable, value in secrets.items():
        monkeypatch.setenv(variable, value)
    return list(secrets.values())


def names(cases: list[Case]) -> list[str]:
    return [f"{number}-{case.service}-{case.operation}" for number, case in enumerate(cases)]


@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_the_python_code_sends_the_same_request(
    case: Case, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, wanted = make(case, stub)
    secrets = give_secrets(case, call, monkeypatch)
    code = call.python()
    exec(compile(code, "shown.py", "exec"), {"__name__": "__main__"})
    assert stub.requests() == wanted
    assert_no_secret(secrets, code + repr(call))


def cli_cases() -> list[Any]:
    return [
        pytest.param(
            case,
            id=name,
            marks=[pytest.mark.xfail(reason=case.cli_differs, strict=True)]
            if case.cli_differs
            else [],
        )
        for case, name in zip(CASES, names(CASES), strict=True)
    ]


@pytest.mark.parametrize("case", cli_cases())
def test_the_cli_line_sends_the_same_request(
    case: Case,
    stub: Stub,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call, wanted = make(case, stub)
    secrets = give_secrets(case, call, monkeypatch)
    line = call.cli()
    assert_no_secret(secrets, line)
    subprocess.run(["/bin/sh", "-c", SHELL_AWS + line], check=True, timeout=60)
    words = [word.decode() for word in Path("words").read_bytes().split(b"\0")[:-1]]
    words = [word.replace("/dev/stdin", str(Path("stdin").resolve())) for word in words]
    assert run_cli(words) == 0
    assert stub.requests() == wanted
    assert not Path("pwned").exists()


PROCESS_CASES = [case for case in CASES if case.process]


@pytest.mark.parametrize("case", PROCESS_CASES, ids=names(PROCESS_CASES))
def test_the_line_runs_in_a_shell_with_the_real_aws(
    case: Case, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, wanted = make(case, stub)
    give_secrets(case, call, monkeypatch)
    ran = subprocess.run(
        ["/bin/sh", "-c", call.cli()], capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert stub.requests() == wanted
    assert not Path("pwned").exists()


def assert_no_secret(secrets: list[str], shown: str) -> None:
    for secret in secrets:
        assert len(secret) > 4  # too short a one would be found by chance
        assert secret not in shown
        assert repr(secret)[1:-1] not in shown
