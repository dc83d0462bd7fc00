"""What S3 refuses before it stores anything, and moto does not."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Callable

from tui.sandbox.front.crc import CRC32C, CRC64NVME
from tui.sandbox.front.s3_read import buckets, is_object
from tui.sandbox.replies import (
    Body,
    Environ,
    StartResponse,
    bucket_and_key,
    query_of,
    read_body,
    s3_error,
)

KEY_BYTES = 1024
BIGGEST_CHECKED = 128 << 20
"""Bodies above this many bytes are not read twice; parts are always below."""
TAKEN = frozenset(
    """
    amazon aws backup bucket data datasets demo example images logs my-bucket my-data mybucket
    mydata public test test-bucket
    """.split()  # noqa: SIM905 - one name a line would be a screenful
)
"""Names that belong to somebody else, as every short name does on AWS."""

RESERVED = ("moto-api", "skydeck-sandbox")
"""Names whose paths mean something else to the server."""

_SHAPE = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")

Digest = Callable[[bytes], bytes]
_CHECKSUMS: dict[str, Digest] = {
    "crc32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "sha1": lambda data: hashlib.sha1(data).digest(),
    "sha256": lambda data: hashlib.sha256(data).digest(),
    "crc32c": CRC32C.digest,
    "crc64nvme": CRC64NVME.digest,
}
_SLOW = ("crc32c", "crc64nvme")
BIGGEST_SLOW = 16 << 20
"""Bodies above this many bytes are believed where the check is Python's: 7 and 12 ms a MiB."""


def name_is_valid(name: str) -> bool:
    """S3's rules for the names of general purpose buckets."""
    return (
        _SHAPE.fullmatch(name) is not None
        and ".." not in name
        and _ADDRESS.fullmatch(name) is None
        and not name.startswith(_PREFIXES)
        and not name.endswith(_SUFFIXES)
    )


def refuse(environ: Environ, start: StartResponse) -> Body | None:
    """The refusal that S3 would give, or None."""
    name, key = bucket_and_key(environ)
    method = environ["REQUEST_METHOD"]
    query = query_of(environ)
    if len(key.encode()) > KEY_BYTES:
        return s3_error(start, 400, "KeyTooLongError", "Your key is too long", f"/{name}/{key}")
    if method == "POST" and key and "uploadId" in query:
        return _refuse_condition(environ, start, name, key, query["uploadId"])
    if method != "PUT":
        return None
    if name and not key and not set(query) - {"x-id"}:
        return _refuse_bucket(name, start)
    if not key and "policy" in query:
        return _refuse_policy(environ, start)
    if key and "HTTP_X_AMZ_COPY_SOURCE" not in environ and set(query) <= {"x-id"}:
        refusal = _refuse_condition(environ, start, name, key)
        if refusal is not None:
            return refusal
    return _refuse_body(environ, start) if key else None


def _refuse_bucket(name: str, start: StartResponse) -> Body | None:
    if not name_is_valid(name):
        return s3_error(
            start, 400, "InvalidBucketName", "The specified bucket is not valid.", f"/{name}"
        )
    if (name in TAKEN or name.startswith(RESERVED)) and name not in buckets():
        message = (
            "The requested bucket name is not available. The bucket namespace is shared by all "
            "users of the system. Please select a different name and try again."
        )
        return s3_error(start, 409, "BucketAlreadyExists", message, f"/{name}")
    return None


def _refuse_policy(environ: Environ, start: StartResponse) -> Body | None:
    """A policy that cannot be read would shut the bucket for good."""
    try:
        statements = json.loads(read_body(environ))["Statement"]
    except (ValueError, TypeError, KeyError):
        statements = None
    if isinstance(statements, (dict, list)):
        return None
    message = "Policies must be valid JSON and hold statements"
    return s3_error(start, 400, "MalformedPolicy", message)


def _refuse_condition(
    environ: Environ, start: StartResponse, name: str, key_name: str, upload_id: str = ""
) -> Body | None:
    """Conditional writes: If-None-Match: * and If-Match: ETAG, of a whole body or an upload's end.

    The end of an upload that has ended already is no new write: it gets its answer once more.
    """
    wanted, unwanted = environ.get("HTTP_IF_MATCH"), environ.get("HTTP_IF_NONE_MATCH")
    bucket = buckets().get(name) if wanted or unwanted else None
    if bucket is None:
        return None
    key = bucket.keys.get(key_name)
    there = is_object(key)
    where = f"/{name}/{key_name}"
    if there and upload_id and key.multipart and key.multipart.id == upload_id:
        return None
    if wanted and not there:
        return s3_error(start, 404, "NoSuchKey", "The specified key does not exist.", where)
    refused = there and (
        unwanted == "*" or (wanted is not None and wanted.strip('"') != key.etag.strip('"'))
    )
    if refused:
        message = "At least one of the pre-conditions you specified did not hold"
        return s3_error(start, 412, "PreconditionFailed", message, where)
    return None


def _refuse_body(environ: Environ, start: StartResponse) -> Body | None:
    """Compare the digests that the client sent with the body that arrived."""
    if "aws-chunked" in environ.get("HTTP_CONTENT_ENCODING", ""):
        return None
    sent = {
        kind: environ[header]
        for kind in _CHECKSUMS
        if (header := f"HTTP_X_AMZ_CHECKSUM_{kind.upper()}") in environ
    }
    md5 = environ.get("HTTP_CONTENT_MD5")
    size = int(environ.get("CONTENT_LENGTH") or 0)
    if size > BIGGEST_SLOW:
        sent = {kind: value for kind, value in sent.items() if kind not in _SLOW}
    if (not sent and not md5) or size > BIGGEST_CHECKED:
        return None
    body = read_body(environ)
    if md5 and base64.b64encode(hashlib.md5(body).digest()).decode() != md5:
        message = "The Content-MD5 you specified did not match what we received."
        return s3_error(start, 400, "BadDigest", message)
    for kind, value in sent.items():
        if base64.b64encode(_CHECKSUMS[kind](body)).decode() != value:
            message = f"The {kind.upper()} you specified did not match the calculated checksum."
            return s3_error(start, 400, "BadDigest", message)
    return None
