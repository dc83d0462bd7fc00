"""ListObjectsV2 without moto's serializer: a page costs a page, however big the bucket."""

from __future__ import annotations

import base64
import binascii
import bisect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from tui.sandbox.front.s3_read import bucket_for, is_object
from tui.sandbox.patches.store import order_of
from tui.sandbox.replies import (
    XML,
    Body,
    Environ,
    StartResponse,
    bucket_and_key,
    query_of,
    reply,
    s3_error,
)

MOST_KEYS = 1000


@dataclass(slots=True)
class Listing:
    """One page in the making."""

    prefix: str
    delimiter: str
    most: int
    encode: Callable[[str], str]
    rows: list[str] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    last: str = ""
    truncated: bool = False

    @property
    def count(self) -> int:
        """Keys and common prefixes so far."""
        return len(self.rows) + len(self.prefixes)


def answer(environ: Environ, start: StartResponse) -> Body | None:
    """Answer a ListObjectsV2; None for everything else."""
    if environ["REQUEST_METHOD"] != "GET":
        return None
    query = query_of(environ)
    name, key = bucket_and_key(environ)
    if query.get("list-type") != "2" or key or "fetch-owner" in query:
        return None
    bucket = bucket_for(environ, name, "ListBucket")
    if bucket is None:
        return None
    asked = query.get("max-keys") or str(MOST_KEYS)
    if not asked.isdecimal():
        message = "Provided max-keys not an integer or within integer range"
        return s3_error(start, 400, "InvalidArgument", message)
    most = min(int(asked), MOST_KEYS)
    try:
        after = _decode(query.get("continuation-token", "")) or query.get("start-after", "")
    except (ValueError, binascii.Error):
        message = "The continuation token provided is incorrect"
        return s3_error(start, 400, "InvalidArgument", message)
    encode = _quoted if query.get("encoding-type") == "url" else _escaped
    page = Listing(query.get("prefix", ""), query.get("delimiter", ""), most, encode)
    if most > 0:
        fill(page, bucket.keys, after)
    return reply(start, 200, _document(page, name, query).encode(), "application/xml")


def fill(page: Listing, keys: Any, after: str) -> None:
    """Walk the sorted names from `after` (excluded) until the page is full."""
    order = order_of(keys)
    with order.lock:
        _walk(page, keys, order.names, after)


def _walk(page: Listing, keys: Any, names: list[str], after: str) -> None:
    at = bisect.bisect_left(names, page.prefix)
    if after:
        at = max(at, bisect.bisect_right(names, after))
    while at < len(names):
        name = names[at]
        if not name.startswith(page.prefix):
            return
        key = keys.get(name)
        if not is_object(key):
            at += 1
            continue
        if page.count >= page.most:
            page.truncated = True
            return
        cut = name.find(page.delimiter, len(page.prefix)) if page.delimiter else -1
        if cut >= 0:
            common = name[: cut + len(page.delimiter)]
            page.last = common
            if not after.startswith(common):  # what starts at or inside a prefix swallows it
                page.prefixes.append(common)
            at = bisect.bisect_right(names, common, at, key=lambda n: n[: len(common)])
        else:
            page.rows.append(_row(page, name, key))
            page.last = name
            at += 1


def _row(page: Listing, name: str, key: Any) -> str:
    algorithm = key.checksum_algorithm
    checksum = f"<ChecksumAlgorithm>{algorithm}</ChecksumAlgorithm>" if algorithm else ""
    return (
        f"<Contents><Key>{page.encode(name)}</Key><LastModified>{key.last_modified_ISO8601}"
        f"</LastModified><ETag>{escape(key.etag)}</ETag>{checksum}<Size>{key.size}</Size>"
        f"<StorageClass>{key.storage_class}</StorageClass></Contents>"
    )


def _document(page: Listing, bucket: str, query: dict[str, str]) -> str:
    encode = page.encode
    parts = [
        f'{XML}<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
        f"<Name>{bucket}</Name><Prefix>{encode(page.prefix)}</Prefix><MaxKeys>{page.most}</MaxKeys>",
        f"<KeyCount>{page.count}</KeyCount><IsTruncated>{str(page.truncated).lower()}</IsTruncated>",
    ]
    if page.delimiter:
        parts.append(f"<Delimiter>{encode(page.delimiter)}</Delimiter>")
    if query.get("encoding-type"):
        parts.append("<EncodingType>url</EncodingType>")
    if token := query.get("continuation-token"):
        parts.append(f"<ContinuationToken>{escape(token)}</ContinuationToken>")
    if page.truncated:
        token = base64.urlsafe_b64encode(page.last.encode()).decode()
        parts.append(f"<NextContinuationToken>{token}</NextContinuationToken>")
    if after := query.get("start-after"):
        parts.append(f"<StartAfter>{encode(after)}</StartAfter>")
    parts += page.rows
    parts += [
        f"<CommonPrefixes><Prefix>{encode(text)}</Prefix></CommonPrefixes>"
        for text in page.prefixes
    ]
    parts.append("</ListBucketResult>")
    return "".join(parts)


def _decode(token: str) -> str:
    return base64.urlsafe_b64decode(token.encode()).decode() if token else ""


def _quoted(text: str) -> str:
    return quote(text, safe="/")


def _escaped(text: str) -> str:
    return escape(text)
