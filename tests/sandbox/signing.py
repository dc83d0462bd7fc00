"""Requests signed by botocore and sent by hand, so that a test can spoil them on the way."""

from __future__ import annotations

import io
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tui.sandbox import Sandbox

# A proxy of the user's environment has no business with loopback.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
SECONDS = 60
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; the names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def says(self, code: str) -> bool:
        """Whether its error code is `code`, in XML or in JSON."""
        return f"<Code>{code}</Code>".encode() in self.body or f'"{code}"'.encode() in self.body


def sign(
    url: str,
    service: str,
    credentials: Credentials,
    method: str = "GET",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    region: str = "us-east-1",
) -> dict[str, str]:
    """The headers of a signed request."""
    request = AWSRequest(method=method, url=url, data=body, headers=dict(headers or {}))
    kind = S3SigV4Auth if service == "s3" else SigV4Auth
    kind(credentials, service, region).add_auth(request)
    return dict(request.headers.items())


def root_of(sandbox: Sandbox) -> Credentials:
    """The sandbox's own key."""
    return Credentials(sandbox.info.access_key_id, sandbox.info.secret_access_key)


def send(
    url: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None
) -> Answer:
    """Send a request as it is; an error is an answer too."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    if body is not None and not request.has_header("Content-type"):
        request.add_unredirected_header("Content-type", "")  # else urllib calls it a form
    try:
        answer = OPENER.open(request, timeout=SECONDS)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        lower = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status, lower, answer.read())


def ask(
    sandbox: Sandbox,
    service: str,
    path: str = "/",
    method: str = "POST",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> Answer:
    """A request signed by the sandbox's own key."""
    url = sandbox.info.endpoint_url + path
    signed = sign(url, service, root_of(sandbox), method, body, headers)
    return send(url, method, body or None, signed)


def environ_of(
    service: str,
    credentials: Credentials,
    method: str = "POST",
    body: bytes = b"",
    path: str = "/",
    region: str = "us-east-1",
) -> dict[str, Any]:
    """The WSGI environment of a signed request."""
    url = f"http://127.0.0.1:1{path}"
    headers = sign(url, service, credentials, method, body, region=region)
    parts = urlsplit(url)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "REQUEST_URI": path,
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "HTTP_HOST": parts.netloc,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    return environ | {
        f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()
    }


def error(call: Callable[..., Any], **options: Any) -> str:
    """The code of the error that a call ends in."""
    with pytest.raises(ClientError) as caught:
        call(**options)
    return str(caught.value.response["Error"]["Code"])


def with_key(given: dict[str, Any]) -> dict[str, Any]:
    """boto3's options for an IAM or STS answer's key."""
    names = {
        "aws_access_key_id": "AccessKeyId",
        "aws_secret_access_key": "SecretAccessKey",
        "aws_session_token": "SessionToken",
    }
    return {option: given[name] for option, name in names.items() if name in given}


def new_user(iam: Any, policy: str = "") -> dict[str, Any]:
    """A user's key, as boto3's options."""
    iam.create_user(UserName="dev")
    if policy:
        iam.attach_user_policy(UserName="dev", PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    return with_key(iam.create_access_key(UserName="dev")["AccessKey"])
