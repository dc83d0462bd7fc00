"""Conditions that S3 holds copies and deletes to, and moto does not.

Of a copy's source (x-amz-copy-source-if-match and the like), of its target (If-Match,
If-None-Match), and of what a delete removes (If-Match).
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from tui.sandbox.front.s3_read import buckets, is_object
from tui.sandbox.replies import (
    Body,
    Environ,
    StartResponse,
    bucket_and_key,
    query_of,
    s3_error,
)

FAILED = "At least one of the pre-conditions you specified did not hold"


def refuse(environ: Environ, start: StartResponse) -> Body | None:
    """The refusal that S3 would give, or None."""
    name, key = bucket_and_key(environ)
    bucket = buckets().get(name) if key else None
    if bucket is None:
        return None
    method, query = environ["REQUEST_METHOD"], query_of(environ)
    if method == "DELETE" and set(query) <= {"x-id"}:
        return _refuse_target(environ, start, bucket, key)
    if method != "PUT" or "HTTP_X_AMZ_COPY_SOURCE" not in environ:
        return None
    refusal = _refuse_source(environ, start)
    if refusal is None and "uploadId" not in query:
        refusal = _refuse_target(environ, start, bucket, key)
    return refusal


def _refuse_target(environ: Environ, start: StartResponse, bucket: Any, key: str) -> Body | None:
    wanted, unwanted = environ.get("HTTP_IF_MATCH"), environ.get("HTTP_IF_NONE_MATCH")
    found, where = bucket.keys.get(key), f"/{bucket.name}/{key}"
    there = is_object(found)
    if wanted and not there:
        return s3_error(start, 404, "NoSuchKey", "The specified key does not exist.", where)
    if there and (unwanted == "*" or (wanted and not _same(wanted, found))):
        return s3_error(start, 412, "PreconditionFailed", FAILED, where)
    return None


def _refuse_source(environ: Environ, start: StartResponse) -> Body | None:
    source = _source(environ["HTTP_X_AMZ_COPY_SOURCE"])
    if source is None:
        return None  # moto says that it is not there
    if _source_failed(environ, source):
        return s3_error(start, 412, "PreconditionFailed", FAILED)
    return _refuse_range(environ, start, source)


def _source_failed(environ: Environ, source: Any) -> bool:
    def header(name: str) -> str | None:
        value = environ.get(f"HTTP_X_AMZ_COPY_SOURCE_IF_{name}")
        return str(value) if value else None

    modified = source.last_modified.replace(tzinfo=UTC, microsecond=0)
    wanted, unwanted = header("MATCH"), header("NONE_MATCH")
    since, until = _moment(header("MODIFIED_SINCE")), _moment(header("UNMODIFIED_SINCE"))
    if wanted and not _same(wanted, source):
        return True
    if until is not None and not wanted and modified > until:
        return True
    if unwanted:
        return _same(unwanted, source)
    return since is not None and modified <= since


def _refuse_range(environ: Environ, start: StartResponse, source: Any) -> Body | None:
    """A range of UploadPartCopy has both its ends, and lies inside the source."""
    span = environ.get("HTTP_X_AMZ_COPY_SOURCE_RANGE")
    if span is None:
        return None
    first, _, last = str(span).removeprefix("bytes=").partition("-")
    whole = first.isdigit() and last.isdigit() and int(first) <= int(last)
    if not whole:
        message = "The x-amz-copy-source-range value must be of the form bytes=first-last"
        return s3_error(start, 400, "InvalidArgument", message)
    if int(last) >= source.size:
        message = f"Range specified is not valid for source object of size: {source.size}"
        return s3_error(start, 400, "InvalidArgument", message)
    return None


def _source(header: str) -> Any:
    """The object that a copy reads, or None."""
    path, _, query = header.partition("?")
    name, _, key_name = unquote(path).lstrip("/").partition("/")
    bucket = buckets().get(name)
    if bucket is None:
        return None
    version = parse_qs(query).get("versionId", [""])[0]
    if version:
        found = [one for one in bucket.keys.getlist(key_name, []) if one.version_id == version]
        key: Any = found[0] if found else None
    else:
        key = bucket.keys.get(key_name)
    return key if is_object(key) else None


def _same(header: str, key: Any) -> bool:
    return header == "*" or header.strip('"') == str(key.etag).strip('"')


def _moment(header: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(header) if header else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
