"""What the code drawer shows of an action: one program, for the app's own connection."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from tui.aws.calls import Call, CallLog
from tui.aws.connection import Connection
from tui.aws.transfers import code as transfer_code
from tui.screens.code_source import Rendered, code_source
from tui.screens.services import Services

CONNECTION = Connection(profile="dev", endpoint_url="http://me:s3cret@127.0.0.1:9")
PLACE = 'boto3.Session(profile_name="dev").client("s3", region_name="eu-west-1"'
URL = 'endpoint_url="http://127.0.0.1:9"'


async def shown(*entries: Any, connection: Connection = CONNECTION) -> Rendered:
    """The rendered last action of a log with these entries."""

    async def run(function: Callable[..., Rendered], *args: Any) -> Rendered:
        return function(*args)

    services = SimpleNamespace(
        log=SimpleNamespace(entries=lambda: entries),
        gateway=SimpleNamespace(connection=connection, run=run),
    )
    actions, render, _ = code_source(cast("Services", services))
    return await render(actions[-1])


def call(service: str, operation: str, outcome: str = "200") -> Call:
    return Call("Look", service, operation, {}, "eu-west-1", outcome=outcome)


def notes(**code: str) -> tuple[Any, ...]:
    log = CallLog()
    log.note("Look", **code)
    return log.entries()


async def test_a_transfer_is_shown_for_the_connections_profile_and_endpoint() -> None:
    python, cli = transfer_code.upload("bucket", "k", Path("/f"), "eu-west-1")
    code = await shown(*notes(python=python, cli=cli))
    assert f"client = {PLACE}, {URL})\n" in code["python"]
    assert code["cli"] == (
        "aws s3 cp /f s3://bucket/k --region eu-west-1"
        " --profile dev --endpoint-url http://127.0.0.1:9"
    )


async def test_a_single_call_is_shown_for_the_connections_profile_and_endpoint() -> None:
    code = await shown(call("s3", "ListBuckets"))
    assert f"client = {PLACE}, {URL})\n" in code["python"]
    assert "--profile dev" in code["cli"]
    assert "s3cret" not in "".join(code.values())


async def test_a_read_by_pandas_is_shown_for_the_connections_profile_and_endpoint() -> None:
    read = "import boto3\n\nclient = boto3.client('s3', region_name='eu-west-1')\n"
    code = await shown(call("s3", "GetObject"), *notes(pandas=read))
    assert 'boto3.Session(profile_name="dev")' in code["pandas"]
    assert URL in code["pandas"]
    assert "pandas" not in code["python"]


async def test_several_calls_are_one_program() -> None:
    python, cli = transfer_code.upload_folder("bucket", "k/", Path("/f"), "eu-west-1")
    code = await shown(
        call("s3", "ListBuckets"),
        call("ec2", "DescribeInstances"),
        call("iam", "ListUsers", "AccessDenied"),
        *notes(python=python, cli=cli),
        call("s3", "ListBuckets"),
    )
    program = code["python"]
    assert program.count("import boto3") == 1
    assert program.count(".client(") == 2
    assert program.count("s3_client.list_buckets()") == 2
    assert "list_users" not in program
    kinds = [isinstance(node, ast.Import | ast.ImportFrom) for node in ast.parse(program).body]
    assert kinds == sorted(kinds, reverse=True)  # imports stand first
    assert code["cli"].count("aws ") == 5


async def test_calls_that_all_failed_are_one_program_too() -> None:
    code = await shown(call("s3", "ListBuckets", "AccessDenied"), call("s3", "ListBuckets", "sent"))
    assert code["python"].count("import boto3") == 1
    assert code["python"].count("client.list_buckets()") == 2
