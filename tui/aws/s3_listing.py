"""Listings of S3, parsed without an XML tree.

botocore builds an element tree and a dict for each row: about 200 CPU-ms a page of 1,000 keys.
Here a `before-parse` handler cuts the rows out of the answer with one regular expression and
leaves the rest to botocore. Whatever is not laid out exactly as expected (another server's order,
a missing element, no URL encoding, an XML entity) goes to botocore whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from sys import intern
from typing import Any, Final
from urllib.parse import unquote_plus

from tui.aws.sessions import PARSING
from tui.core.records import ObjectPage, S3Object

ROWS: Final = "SkydeckRows"

_ROW = re.compile(
    r"<Contents><Key>([^<]*)</Key><LastModified>([^<]*)</LastModified>"
    r"(?:<(?:ETag|ChecksumAlgorithm|ChecksumType)>[^<]*</(?:ETag|ChecksumAlgorithm|ChecksumType)>)*"
    r"<Size>(\d+)</Size>"
    r"(?:<Owner>(?:(?!</?Contents>).)*?</Owner>)?"
    r"(?:<StorageClass>([^<]*)</StorageClass>)?"
    r"(?:<Owner>(?:(?!</?Contents>).)*?</Owner>)?"
    r"(?:<RestoreStatus>(?:(?!</?Contents>).)*?</RestoreStatus>)?"
    r"</Contents>",
    re.DOTALL,
)
_FIRST, _LAST = b"<Contents>", b"</Contents>"
_URL_ENCODED = b"<EncodingType>url</EncodingType>"

# Only our own listings take rows; a plain list_objects_v2 still gets Contents.
_cutting: ContextVar[bool] = ContextVar("cutting", default=False)


@contextmanager
def cut_rows() -> Iterator[None]:
    """Let the listings of this block (in this thread) come with `ROWS` instead of Contents."""
    token = _cutting.set(True)
    try:
        yield
    finally:
        _cutting.reset(token)


def install(client: Any) -> None:
    """Hook an S3 client. The wildcard matters: the `.s3.` form runs after a second full parse."""
    client.meta.events.register("before-parse.*.ListObjectsV2", _before_parse)


def page_of(answer: dict[str, Any]) -> ObjectPage:
    """Turn the answer of ListObjectsV2 into a page, however it was parsed."""
    rows = answer.get(ROWS)
    if rows is None:
        rows = tuple(_row_of(entry) for entry in answer.get("Contents", ()))
    prefixes = tuple(entry["Prefix"] for entry in answer.get("CommonPrefixes", ()))
    return ObjectPage(rows, prefixes)


def _row_of(entry: dict[str, Any]) -> S3Object:
    return S3Object(
        entry["Key"], entry["Size"], entry["LastModified"], entry.get("StorageClass") or "STANDARD"
    )


def _before_parse(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    body = response_dict["body"]
    if not _cutting.get() or response_dict["status_code"] != 200 or _FIRST not in body:
        return
    with PARSING:
        cut = _cut(body)
    if cut is not None:
        response_dict["body"], customized_response_dict[ROWS] = cut


def _cut(body: bytes) -> tuple[bytes, tuple[S3Object, ...]] | None:
    """Return the body without its rows, and the rows; None where the layout is a stranger's."""
    start, end = body.find(_FIRST), body.rfind(_LAST) + len(_LAST)
    head, tail = body[:start], body[end:]
    if _URL_ENCODED not in head and _URL_ENCODED not in tail:
        return None
    try:
        text = body[start:end].decode("ascii")  # URL-encoded keys leave nothing else
        found = _ROW.findall(text)
        # Anything between the rows (CommonPrefixes) would be lost with them.
        if len(found) != body.count(_FIRST) or _gap(text):
            return None
        return head + tail, tuple(_made(*row) for row in found)
    except ValueError:
        return None


def _gap(text: str) -> bool:
    return text.count("</Contents><Contents>") != text.count("<Contents>") - 1


def _made(key: str, modified: str, size: str, storage_class: str) -> S3Object:
    if "&" in key or "&" in storage_class:
        raise ValueError("an XML entity: URL encoding leaves none")
    if "%" in key or "+" in key:
        key = unquote_plus(key)
    moment = datetime.fromisoformat(modified)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    # One text for each class, not one for each row: a bucket holds millions.
    return S3Object(key, int(size), moment, intern(storage_class or "STANDARD"))
