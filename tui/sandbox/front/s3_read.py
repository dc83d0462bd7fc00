"""Object reads straight from moto's spool file by seek; moto itself copies the whole object."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

from tui.sandbox.patches.access import is_limited
from tui.sandbox.records import ACCOUNT
from tui.sandbox.replies import Body, Environ, Headers, StartResponse, bucket_and_key, query_of

SMALLEST = 256 * 1024
"""Below this many bytes moto is as fast."""
CHUNK = 1 << 20
PLAIN_QUERY = {"x-id"}
SLOW_HEADERS = (
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_IF_UNMODIFIED_SINCE",
    "HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION_CUSTOMER_KEY",
)
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def buckets() -> Any:
    """moto's buckets by name."""
    from moto.s3.models import s3_backends

    return s3_backends[ACCOUNT]["aws"].buckets


def is_object(key: Any) -> bool:
    """Whether what lies under a name is an object; else it is nothing, or a delete marker."""
    return type(key).__name__ == "FakeKey"


def bucket_for(environ: Environ, name: str, action: str, key_name: str = "") -> Any:
    """The bucket, if it is there and the caller may do `action` in it; else moto answers.

    It is moto's own check, in moto's order: the bucket's policy, then the caller's.
    """
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    bucket = buckets().get(name)
    if not authorization or bucket is None:
        return None
    resource = f"arn:aws:s3:::{name}/{key_name}" if key_name else f"arn:aws:s3:::{name}"
    if key_name and bucket.policy and _is_denied(bucket, f"s3:{action}", resource):
        return None
    if is_limited(authorization) and not _is_allowed(environ, action, resource):
        return None
    return bucket


def _is_denied(bucket: Any, action: str, resource: str) -> bool:
    from moto.iam.access_control import PermissionResult

    return bool(bucket.get_permission(action, resource) == PermissionResult.DENIED)


def _is_allowed(environ: Environ, action: str, resource: str) -> bool:
    """Whether the policies of a user or a role allow it."""
    from moto.iam.access_control import S3IAMRequest
    from moto.s3.exceptions import S3ClientError

    headers = {"Authorization": environ["HTTP_AUTHORIZATION"]}
    if token := environ.get("HTTP_X_AMZ_SECURITY_TOKEN"):
        headers["X-Amz-Security-Token"] = token
    try:
        request: Any = S3IAMRequest(
            account_id=ACCOUNT,
            method=environ["REQUEST_METHOD"],
            path=environ["PATH_INFO"],
            data={},
            body=b"",
            headers=headers,
            action=action,
        )
        request.check_action_permitted(resource)
    except S3ClientError:
        return False
    return True


def answer(environ: Environ, start: StartResponse) -> Body | None:
    """Answer a plain GetObject of a big object; None for everything else."""
    if environ["REQUEST_METHOD"] != "GET" or any(name in environ for name in SLOW_HEADERS):
        return None
    if set(query_of(environ)) - PLAIN_QUERY:
        return None
    name, key_name = bucket_and_key(environ)
    bucket = bucket_for(environ, name, "GetObject", key_name) if key_name else None
    key: Any = bucket.keys.get(key_name) if bucket is not None else None
    if not _is_plain(key) or not _matches(environ, key):
        return None
    span = _span(environ.get("HTTP_RANGE"), key.size)
    if span is None:
        return None
    first, last = span
    partial = "HTTP_RANGE" in environ
    body = _bytes(key, first, last)
    if body is None:
        return None
    headers = _headers(key, first, last, partial)
    if environ.get("HTTP_X_AMZ_CHECKSUM_MODE") == "ENABLED" and not partial:
        headers += _checksum(key)
    start("206 Partial Content" if partial else "200 OK", headers)
    return body


def _is_plain(key: Any) -> bool:
    return (
        is_object(key)
        and key.size >= SMALLEST
        and key.storage_class not in ("GLACIER", "DEEP_ARCHIVE")
    )


def _matches(environ: Environ, key: Any) -> bool:
    wanted = str(environ.get("HTTP_IF_MATCH", key.etag))
    return wanted.strip('"') == str(key.etag).strip('"')


def _span(header: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte of what was asked; None when moto should answer (an error, mostly)."""
    if header is None:
        return 0, size - 1
    found = _RANGE.fullmatch(header)
    if found is None or not (found[1] or found[2]):
        return None
    if found[1]:
        first = int(found[1])
        last = min(int(found[2]), size - 1) if found[2] else size - 1
    else:
        first, last = max(0, size - int(found[2])), size - 1
    return (first, last) if first <= last < size else None


def _headers(key: Any, first: int, last: int, partial: bool) -> Headers:
    headers: Headers = [("Content-Length", str(last - first + 1)), ("Accept-Ranges", "bytes")]
    # Content-Type and the like, and x-amz-meta-*, all live in moto's metadata.
    told = {**key.response_dict, **key.metadata}
    headers += [(name, str(value)) for name, value in told.items() if name != "content-length"]
    if partial:
        headers.append(("Content-Range", f"bytes {first}-{last}/{key.size}"))
    return headers


def _checksum(key: Any) -> Headers:
    """The stored checksum; AWS sends it with whole objects only."""
    if not key.checksum_algorithm or not key.checksum_value:
        return []
    value = key.checksum_value
    if key.checksum_type == "COMPOSITE":
        value = f"{value}-{key.checksum_parts}"
    headers = [(f"x-amz-checksum-{key.checksum_algorithm.lower()}", value)]
    if key.checksum_type:
        headers.append(("x-amz-checksum-type", key.checksum_type))
    return headers


class _Bytes:
    """A span of an object as it was when asked for; who replaces the object disturbs no reader."""

    def __init__(self, handle: int, first: int, last: int) -> None:
        self._handle = handle
        self._at = first
        self._last = last

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        data = os.pread(self._handle, min(CHUNK, self._last - self._at + 1), self._at)
        if not data:
            raise StopIteration
        self._at += len(data)
        return data

    def close(self) -> None:
        """Called by the server when the answer is sent, or the reader is gone."""
        os.close(self._handle)


def _bytes(key: Any, first: int, last: int) -> Body | None:
    """The bytes of a span; None when the object has been replaced meanwhile."""
    with key.lock:
        file = key._value_buffer
        try:
            if not file._rolled:  # small enough to be in memory
                file.seek(first)
                return [file.read(last - first + 1)]
            file.flush()
            return _Bytes(os.dup(file.fileno()), first, last)
        except ValueError:  # closed
            return None
