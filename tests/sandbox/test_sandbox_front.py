"""The layer before moto keeps its word when moto does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.sandbox.signing import environ_of
from tui.sandbox import Sandbox
from tui.sandbox.front import Front
from tui.sandbox.patches.access import Keys
from tui.sandbox.patches.base import MisfitError, Patch, apply, need

ROOT = Credentials("ROOT", "root's secret")
KEYS = Keys("ROOT", "root's secret")


def ask(moto: Callable[..., Any], service: str) -> tuple[str, bytes]:
    """The status and body of one request through the front."""
    said: list[str] = []

    def start(status: str, headers: Any, error: Any = None) -> None:
        said.append(status)

    front = Front(moto, lambda *_: [b"control"], lambda: None, KEYS)
    body: Iterable[bytes] = front(environ_of(service, ROOT), start)
    return said[0], b"".join(body)


def test_a_catalogue_is_asked_for_once_for_each_region_and_page() -> None:
    asked: list[bytes] = []

    def moto(environ: Any, start: Any) -> Any:
        asked.append(environ["wsgi.input"].read())
        start("200 OK", [])
        return [b"page of " + asked[-1]]

    front = Front(moto, lambda *_: [b"control"], lambda: None, KEYS)

    def types(region: str, page: bytes) -> bytes:
        body = b"Action=DescribeInstanceTypes&NextToken=" + page
        environ = environ_of("ec2", ROOT, body=body, region=region)
        return b"".join(front(environ, lambda *_: None))

    for region, page in [("us-east-1", b"1"), ("us-east-1", b"2"), ("eu-west-1", b"1")] * 3:
        assert types(region, page).endswith(b"NextToken=" + page)
    assert len(asked) == 3


def broken(environ: Any, start: Any) -> Any:
    raise RuntimeError("secret detail")


def lacking(environ: Any, start: Any) -> Any:
    raise NotImplementedError("no such thing")


@pytest.mark.parametrize("service", ["s3", "ec2", "iam", "dynamodb"])
def test_an_unexpected_exception_is_a_503_without_its_details(service: str) -> None:
    status, body = ask(broken, service)
    assert status.startswith("503")
    assert b"ServiceUnavailable" in body or b"RuntimeError" in body
    assert b"secret detail" not in body


def test_s3_does_not_wait_for_ec2() -> None:
    waited: list[str] = []

    def moto(environ: Any, start: Any) -> Any:
        start("200 OK", [])
        return [b"moto"]

    for service in ("s3", "sts", "iam", "ec2", "ssm"):
        front = Front(moto, lambda *_: [b"control"], partial(waited.append, service), KEYS)
        environ = environ_of(service, ROOT, "GET")
        assert b"".join(front(environ, lambda *_: None)) == b"moto"
    assert waited == ["ec2", "ssm"]


def test_what_moto_lacks_is_a_501() -> None:
    status, body = ask(lacking, "ec2")
    assert status.startswith("501")
    assert b"<Code>SandboxNotSupported</Code>" in body


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("s3", "list_buckets", "InvalidAccessKeyId"),
        ("ec2", "describe_instances", "AuthFailure"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
    ],
)
def test_a_key_that_the_sandbox_never_gave_out_is_refused(
    sandbox: Sandbox, aws_client: Callable[..., Any], service: str, operation: str, code: str
) -> None:
    client = aws_client(
        sandbox, service, aws_access_key_id="AKIAEXAMPLEEXAMPLE00", aws_secret_access_key="x"
    )
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)()
    assert caught.value.response["Error"]["Code"] == code


class Changed:
    """What a later moto might look like."""

    def renamed(self, new_name: str) -> None: ...


def test_a_patch_that_does_not_fit_is_named_and_left_out() -> None:
    def install(context: Any) -> None:
        need(Changed, "renamed", "old_name")

    warnings = apply([Patch("the old way", install)], None)  # type: ignore[arg-type]
    assert len(warnings) == 1
    assert "'the old way'" in warnings[0]
    assert "old_name" in warnings[0]
    with pytest.raises(MisfitError, match="is gone"):
        need(Changed, "missing")
