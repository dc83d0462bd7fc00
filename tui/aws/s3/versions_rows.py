"""Listings of versions, parsed without an XML tree, in the server's own order.

As `listing` does for objects. Here it is more than speed: botocore splits a page into versions
and delete markers, and two of one key within one second could no longer be put in order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from sys import intern
from typing import Any, Final
from urllib.parse import unquote_plus

from tui.aws.sessions import PARSING
from tui.core.versions import ObjectVersion

ROWS: Final = "SkydeckVersions"

_ENTRY = re.compile(r"<(Version|DeleteMarker)>(.*?)</\1>", re.DOTALL)
_FIELD = re.compile(
    r"<(Key|VersionId|IsLatest|LastModified|ETag|Size|StorageClass)>([^<]*)</\1>", re.DOTALL
)
_URL_ENCODED = b"<EncodingType>url</EncodingType>"
_cutting: ContextVar[bool] = ContextVar("cutting_versions", default=False)


@contextmanager
def cut_rows() -> Iterator[None]:
    """Let the version listings of this block (in this thread) come with `ROWS`."""
    token = _cutting.set(True)
    try:
        yield
    finally:
        _cutting.reset(token)


def install(client: Any) -> None:
    """Hook an S3 client, as `s3_listing.install` does."""
    client.meta.events.register("before-parse.*.ListObjectVersions", _before_parse)


def versions_of(answer: dict[str, Any]) -> tuple[ObjectVersion, ...]:
    """The versions and markers of an answer, however it was parsed, the newest of a key first."""
    rows: tuple[ObjectVersion, ...] | None = answer.get(ROWS)
    if rows is not None:
        return rows
    held = [_made(entry, marker=False) for entry in answer.get("Versions", ())]
    markers = [_made(entry, marker=True) for entry in answer.get("DeleteMarkers", ())]
    return tuple(merged(held, markers))


def merged(held: Iterable[ObjectVersion], markers: Iterable[ObjectVersion]) -> list[ObjectVersion]:
    """Versions and markers in one order: by key, the latest first, then by age."""
    both = sorted([*markers, *held], key=lambda one: one.modified_at, reverse=True)
    return sorted(both, key=lambda one: (one.key, not one.latest))


def _made(entry: dict[str, Any], *, marker: bool) -> ObjectVersion:
    return ObjectVersion(
        key=entry["Key"],
        version_id=entry.get("VersionId", "null"),
        modified_at=entry["LastModified"],
        size_bytes=entry.get("Size", 0),
        etag=entry.get("ETag", "").strip('"'),
        storage_class="" if marker else entry.get("StorageClass") or "STANDARD",
        latest=bool(entry.get("IsLatest")),
        marker=marker,
    )


def _before_parse(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    body = response_dict["body"]
    if not _cutting.get() or response_dict["status_code"] != 200 or _URL_ENCODED not in body:
        return
    with PARSING:
        cut = _cut(body)
    if cut is not None:
        response_dict["body"], customized_response_dict[ROWS] = cut


def _cut(body: bytes) -> tuple[bytes, tuple[ObjectVersion, ...]] | None:
    """The body without its rows, and the rows; None where anything is not as expected."""
    try:
        text = body.decode("ascii")  # URL-encoded keys leave nothing else
        found = _ENTRY.findall(text)
        if len(found) != text.count("<Version>") + text.count("<DeleteMarker>"):
            return None
        rows = tuple(_row(kind, dict(_FIELD.findall(inner))) for kind, inner in found)
    except (ValueError, KeyError):  # an owner's name in another alphabet, a field that is missing
        return None
    return _ENTRY.sub("", text).encode(), rows


def _row(kind: str, fields: dict[str, str]) -> ObjectVersion:
    key, version_id = fields["Key"], fields["VersionId"]
    if "&" in key or "&" in version_id:
        raise ValueError("an XML entity: URL encoding leaves none")
    moment = datetime.fromisoformat(fields["LastModified"])
    marker = kind == "DeleteMarker"
    return ObjectVersion(
        key=unquote_plus(key) if "%" in key or "+" in key else key,
        version_id=version_id,
        modified_at=moment if moment.tzinfo else moment.replace(tzinfo=UTC),
        size_bytes=0 if marker else int(fields["Size"]),
        etag=fields.get("ETag", "").replace("&quot;", "").strip('"'),
        storage_class="" if marker else intern(fields.get("StorageClass") or "STANDARD"),
        latest=fields["IsLatest"] == "true",
        marker=marker,
    )
