"""Shown code connects where the app does: its endpoint and its profile, and no one's password."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.aws.code_cases import EVIL, UNPRINTABLE
from tui.aws.calls import Call, CallLog, Note
from tui.aws.code.place import place_cli, place_python
from tui.aws.code.python import quoted
from tui.aws.transfers import code as transfer_code

URL = "http://me:s3cret@127.0.0.1:9/x"
BARE = 'endpoint_url="http://127.0.0.1:9/x"'
KINDS = (
    transfer_code.upload,
    transfer_code.download,
    transfer_code.upload_folder,
    transfer_code.download_prefix,
)
CALL = Call("Look", "s3", "ListBuckets", {}, "eu-west-1", outcome="200")


def client_line(program: str) -> str:
    (line,) = [line for line in program.splitlines() if line.startswith("client = ")]
    return line


def noted(**code: str) -> Note:
    log = CallLog()
    log.note("Try", **code)
    (note,) = log.entries()
    assert isinstance(note, Note)
    return note


def test_a_call_names_its_profile_and_endpoint() -> None:
    assert client_line(CALL.python(endpoint_url=URL, profile="my dev")) == (
        'client = boto3.Session(profile_name="my dev")'
        f'.client("s3", region_name="eu-west-1", {BARE})'
    )
    assert client_line(CALL.python()) == 'client = boto3.client("s3", region_name="eu-west-1")'


def test_no_code_holds_the_password_of_an_endpoint() -> None:
    shown = CALL.python(endpoint_url=URL) + CALL.cli(endpoint_url=URL)
    assert "s3cret" not in shown
    assert "--endpoint-url http://127.0.0.1:9/x" in shown


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("key", ["logs/", EVIL, UNPRINTABLE])
def test_a_transfer_names_profile_and_endpoint_wherever_they_are_added(make: Any, key: str) -> None:
    path = Path("/data/boto3.client(") / "é"
    python, cli = make("bucket", key, path, "eu-west-1", endpoint_url=URL, profile="dev")
    assert client_line(python) == client_line(CALL.python(endpoint_url=URL, profile="dev"))
    options = ["--region", "eu-west-1", "--profile", "dev"]
    assert shlex.split(cli)[-6:] == [*options, "--endpoint-url", "http://127.0.0.1:9/x"]

    bare = make("bucket", key, path, "eu-west-1")
    plain = noted(python=bare[0], cli=bare[1])
    placed = plain.placed(URL, "dev")
    assert (placed.python, placed.cli) == (python, cli)
    assert placed.placed(URL, "dev") == placed
    assert plain.placed(None, None) == plain


def test_a_read_by_pandas_is_placed_too() -> None:
    program = "import boto3\n\nx = 'é'; client = boto3.client('s3'); y = boto3.client('ec2',)\n"
    placed = noted(pandas=program).placed(URL, "dev").pandas
    session = 'boto3.Session(profile_name="dev")'
    assert placed.splitlines()[2] == (
        f"x = 'é'; client = {session}.client('s3', {BARE}); y = {session}.client('ec2', {BARE},)"
    )
    compile(placed, "note", "exec")


@pytest.mark.parametrize("profile", ['"; print(1) #', "a\nb", "\x1b[31m", "it's"])
def test_no_name_of_a_profile_breaks_out(profile: str) -> None:
    placed = place_python('import boto3\n\nclient = boto3.client("s3")\n', None, profile)
    assert client_line(placed) == (
        f'client = boto3.Session(profile_name={quoted(profile)}).client("s3")'
    )
    assert shlex.split(place_cli("aws s3 cp a b", None, profile))[-2:] == ["--profile", profile]


def test_what_is_no_program_or_no_command_is_left_alone() -> None:
    assert place_python("print(boto3.client(\nnot python", URL, "dev").startswith("print(")
    assert place_cli("", URL, "dev") == ""
    assert place_cli("# The AWS CLI has no such command.", URL, "dev").endswith("command.")
