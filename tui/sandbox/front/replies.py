"""Answers in AWS's shapes, and the few WSGI helpers that the front needs."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from xml.sax.saxutils import escape

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Body = Iterable[bytes]
Headers = list[tuple[str, str]]

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


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
    if service_of(environ) in ("s3", ""):
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


def _credential(environ: Environ) -> list[str]:
    """Key, day, region and service of the signature; empty when there is none.

    A presigned URL carries them in its query instead of in the header.
    """
    text = environ.get("HTTP_AUTHORIZATION", "") or environ.get("QUERY_STRING", "")
    _, found, rest = text.replace("%2F", "/").partition("Credential=")
    parts: list[str] = rest.split(",", 1)[0].split("&", 1)[0].split("/")
    return parts if found and len(parts) >= 4 else []


def scope_of(environ: Environ) -> tuple[str, str]:
    """The region and service that the request was signed for; empty when it was not."""
    parts = _credential(environ)
    return (parts[2], parts[3].lower()) if parts else ("", "")


def key_of(environ: Environ) -> str:
    """The access key that signed the request, or ""."""
    parts = _credential(environ)
    return parts[0] if parts else ""


def service_of(environ: Environ) -> str:
    """The service that the request was signed for, or ""."""
    return scope_of(environ)[1]


def read_body(environ: Environ) -> bytes:
    """The whole body, which stays readable for whoever comes next."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def path_of(environ: Environ) -> str:
    """The decoded path; WSGI hands UTF-8 on as Latin-1."""
    raw = str(environ.get("PATH_INFO", ""))
    return raw.encode("latin-1", "replace").decode("utf-8", "replace")
