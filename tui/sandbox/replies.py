"""Answers in AWS's shapes, and the few WSGI helpers that the front needs."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Body = Iterable[bytes]
Headers = list[tuple[str, str]]

SERVICE_KEY = "skydeck.service"
"""Where in its WSGI environ the service lies that the request was signed for."""
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


class Refusal(Exception):  # noqa: N818 - an answer, not a failure
    """What AWS answers to a request that it does not want.

    Attributes:
        codes: the error codes of services that have one of their own.
    """

    def __init__(
        self, status: int, code: str, message: str, codes: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.codes = codes or {}

    def answer(self, environ: Environ, start: StartResponse) -> Body:
        """The refusal as the request's service says it."""
        code = self.codes.get(service_of(environ), self.code)
        return service_error(start, environ, self.status, code, self.message)


def reply(
    start: StartResponse,
    status: int,
    body: bytes,
    content_type: str = "application/json",
    extra: Headers | None = None,
) -> Body:
    """Answer with a whole body."""
    headers = [("Content-Type", content_type), ("Content-Length", str(len(body))), *(extra or [])]
    start(f"{status} {HTTPStatus(status).phrase}", headers)
    return [body]


def json_reply(start: StartResponse, value: Any, status: int = 200) -> Body:
    """Answer a JSON-protocol service's call."""
    return reply(start, status, json.dumps(value).encode(), "application/x-amz-json-1.1")


def s3_error(
    start: StartResponse, status: int, code: str, message: str, resource: str = ""
) -> Body:
    """An S3 error document."""
    request_id = uuid.uuid4().hex[:16].upper()
    body = (
        f"{XML}<Error><Code>{code}</Code><Message>{escape(message)}</Message>"
        f"<Resource>{escape(resource)}</Resource><RequestId>{request_id}</RequestId></Error>"
    )
    headers = [("x-amz-request-id", request_id)]
    return reply(start, status, body.encode(), "application/xml", headers)


def ec2_error(code: str, message: str) -> str:
    """An EC2 error document."""
    return (
        f"{XML}<Response><Errors><Error><Code>{code}</Code><Message>{escape(message)}"
        "</Message></Error></Errors><RequestID>sandbox</RequestID></Response>"
    )


def service_error(
    start: StartResponse, environ: Environ, status: int, code: str, message: str
) -> Body:
    """An error in the protocol that the caller's service speaks."""
    if service_of(environ) == "s3":  # whatever it calls its body
        return s3_error(start, status, code, message, environ.get("PATH_INFO", ""))
    if environ.get("HTTP_X_AMZ_TARGET"):
        return json_reply(start, {"__type": code, "message": message}, status)
    if service_of(environ) == "ec2":
        body = ec2_error(code, message)
        return reply(start, status, body.encode(), "text/xml")
    if form_encoded(environ):
        kind = "Sender" if status < 500 else "Receiver"
        body = (
            f"{XML}<ErrorResponse><Error><Type>{kind}</Type><Code>{code}</Code><Message>"
            f"{escape(message)}</Message></Error><RequestId>sandbox</RequestId></ErrorResponse>"
        )
        return reply(start, status, body.encode(), "text/xml")
    if not service_of(environ):
        return s3_error(start, status, code, message, environ.get("PATH_INFO", ""))
    return reply(
        start,
        status,
        json.dumps({"__type": code, "message": message}).encode(),
        extra=[("x-amzn-errortype", code)],
    )


def form_encoded(environ: Environ) -> bool:
    """Whether the body is a query-protocol form."""
    return str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded")


def service_of(environ: Environ) -> str:
    """The service that the request was signed for, or ""."""
    return str(environ.get(SERVICE_KEY, ""))


def read_body(environ: Environ) -> bytes:
    """The whole body, which stays readable for whoever comes next."""
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):  # sent in chunks: its length is not known before
        body: bytes = stream.read()
        environ["CONTENT_LENGTH"] = str(len(body))
    else:
        body = stream.read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def path_of(environ: Environ) -> str:
    """The decoded path; WSGI hands UTF-8 on as Latin-1."""
    raw = str(environ.get("PATH_INFO", ""))
    return raw.encode("latin-1", "replace").decode("utf-8", "replace")


def bucket_and_key(environ: Environ) -> tuple[str, str]:
    """The bucket and the key that the path names; "" for what it does not."""
    name, _, key = path_of(environ).lstrip("/").partition("/")
    return name, key


def query_of(environ: Environ) -> dict[str, str]:
    """The query's parameters; of a repeated one the last counts."""
    return dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
