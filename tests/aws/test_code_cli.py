"""What the wire cannot show: calls without a CLI line, and how words are quoted."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.aws.calls import Call
from tui.aws.code import shell
from tui.aws.code.cli import SERVICES, cli_call
from tui.aws.code.cli_gaps import missing_command
from tui.aws.code.models import xform
from tui.aws.code.values import Secret

OURS = ("ce", "cloudwatch", "ec2", "iam", "pricing", "s3", "service-quotas", "ssm", "sts")


def operations_without_a_command(commands: Any, service: str) -> set[str]:
    """Ask the installed AWS CLI which of a service's operations it has no plain command for."""
    import botocore.session

    command = commands[SERVICES.get(service, service)]
    plain = {name: type(each).__name__ for name, each in command._get_command_table().items()}
    replaced = {"StartSessionCommand", "ECSExecuteCommand", "StartLiveTailCommand"}
    replaced |= {"AddInstanceGroups", "DescribeCluster"}
    names = botocore.session.Session().get_service_model(service).operation_names
    return {name for name in names if plain.get(xform(name, "-")) in {None, *replaced}}


def noted_gaps(service: str) -> set[str]:
    import botocore.session

    names = botocore.session.Session().get_service_model(service).operation_names
    return {name for name in names if missing_command(service, name)}


@pytest.fixture(scope="module")
def commands() -> Any:
    from awscli.clidriver import create_clidriver  # type: ignore[import-untyped]

    return create_clidriver()._get_command_table()


@pytest.mark.parametrize("service", OURS)
def test_the_operations_without_a_cli_line_are_known(commands: Any, service: str) -> None:
    assert noted_gaps(service) == operations_without_a_command(commands, service)


@pytest.mark.slow
def test_the_operations_without_a_cli_line_are_known_for_all_of_aws(commands: Any) -> None:
    import botocore.session

    for service in botocore.session.Session().get_available_services():
        if SERVICES.get(service, service) in commands:
            assert noted_gaps(service) == operations_without_a_command(commands, service), service


def test_our_services_have_three_operations_without_a_cli_line() -> None:
    gaps = {(service, name) for service in OURS for name in noted_gaps(service)}
    assert gaps == {("ssm", "StartSession"), ("ec2", "ImportInstance"), ("ec2", "ImportVolume")}


@pytest.mark.parametrize(
    ("service", "operation", "why"),
    [
        ("ssm", "StartSession", "opens the session itself"),
        ("ec2", "ImportVolume", "removed as deprecated"),
        ("lambda", "InvokeWithResponseStream", "streams of events"),
    ],
)
def test_an_operation_without_a_cli_line_says_so(service: str, operation: str, why: str) -> None:
    line = Call("Try", service, operation, {}, "eu-west-1").cli()
    assert line.startswith("# The AWS CLI")
    assert why in line
    assert "\n" not in line


def test_two_values_that_the_cli_would_fetch_have_no_line() -> None:
    params = {"Bucket": "bucket", "Key": "http://k", "VersionId": "file://v"}
    line = cli_call("s3", "GetObject", params, "eu-west-1")
    assert line.startswith("# The AWS CLI cannot send this get-object")


def test_profile_and_endpoint_are_part_of_the_line() -> None:
    call = Call("Look", "s3", "ListBuckets", {}, "eu-west-1")
    line = call.cli("my profile", endpoint_url="http://127.0.0.1:5000")
    words = shlex.split(line.replace("\\\n", ""))
    assert words[-4:] == ["--profile", "my profile", "--endpoint-url", "http://127.0.0.1:5000"]
    assert 'endpoint_url="http://127.0.0.1:5000"' in call.python(
        endpoint_url="http://127.0.0.1:5000"
    )


def test_a_line_holds_nothing_unprintable() -> None:
    hostile = "\x1b[201~\r\nid\x07\u202e\x9b\x00"
    tries: list[tuple[str, str, dict[str, Any]]] = [
        ("s3", "ListObjectsV2", {"Bucket": "b", "Prefix": hostile}),
        ("s3", "GetObject", {"Bucket": "b", "Key": hostile}),
        ("s3", "DeleteObjects", {"Bucket": "b", "Delete": {"Objects": [{"Key": hostile}]}}),
        ("ec2", "CreateTags", {"Resources": [hostile], "Tags": [{"Key": "k", "Value": hostile}]}),
    ]
    for service, operation, params in tries:
        line = cli_call(service, operation, params, "eu-west-1")
        assert line.replace("\n", "").isprintable(), line
        python = Call("c", service, operation, params, "eu-west-1").python()
        assert python.replace("\n", "").isprintable(), python


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_printing_gives_the_very_text(text: str) -> None:
    ran = subprocess.run(["/bin/sh", "-c", shell.printing(text)], capture_output=True, check=True)
    assert ran.stdout.decode() == text


def test_a_secret_inside_of_json_may_hold_quotes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IT", "a \"b\" 'c' $HOME \\ é\n")
    command = shell.revealing({"x": [Secret("IT"), "it's"], "n": 1})
    ran = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == {"x": ["a \"b\" 'c' $HOME \\ é\n", "it's"], "n": 1}
