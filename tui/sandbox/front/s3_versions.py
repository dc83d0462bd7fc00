"""ListObjectVersions and ListMultipartUploads as S3 answers them.

moto copies every object of the bucket (bytes too) for one page of versions, leaves names as they
are where the URL encoding was asked for, and gives all uploads one date.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from tui.sandbox.front.s3_read import bucket_for, is_object
from tui.sandbox.patches.store import order_of
from tui.sandbox.patches.versions import begun_at, begun_by
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

MOST = 1000
_NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
_OWNER = (
    "<Owner><ID>75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a</ID>"
    "<DisplayName>sandbox</DisplayName></Owner>"
)
Encode = Callable[[str], str]


@dataclass(slots=True)
class _Page:
    """A page in the making: rows, common prefixes, and where the next one begins."""

    most: int
    rows: list[str] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    last: tuple[str, str] = ("", "")
    truncated: bool = False

    @property
    def full(self) -> bool:
        return len(self.rows) + len(self.prefixes) >= self.most


def answer(environ: Environ, start: StartResponse) -> Body | None:
    """Answer a listing of versions or of uploads; None for everything else."""
    if environ["REQUEST_METHOD"] != "GET":
        return None
    query = query_of(environ)
    name, key = bucket_and_key(environ)
    asked = next((what for what in ("versions", "uploads") if what in query), "")
    if not asked or key:
        return None
    versions = asked == "versions"
    action = "ListBucketVersions" if versions else "ListBucketMultipartUploads"
    bucket = bucket_for(environ, name, action)
    if bucket is None:
        return None
    most = query.get("max-keys" if versions else "max-uploads") or str(MOST)
    if not most.isdecimal():
        message = "Provided max-keys not an integer or within integer range"
        return s3_error(start, 400, "InvalidArgument", message)
    page = _Page(min(int(most), MOST))
    encode = _quoted if query.get("encoding-type") == "url" else _escaped
    entries = _versions(bucket, query, encode) if versions else _uploads(bucket, query, encode)
    _fill(page, entries, query, versions)
    document = _document(page, name, query, encode, versions)
    return reply(start, 200, document.encode(), "application/xml")


def _fill(
    page: _Page, entries: Iterator[tuple[str, str, str]], query: dict[str, str], versions: bool
) -> None:
    """Take (key, id, row) until the page is full; what shares a prefix is one entry."""
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    after = query.get("key-marker", "")
    for key, own_id, row in entries:
        cut = key.find(delimiter, len(prefix)) if delimiter else -1
        common = key[: cut + len(delimiter)] if cut >= 0 else ""
        if common and (common in page.prefixes[-1:] or (after and common <= after)):
            continue
        if page.full:
            page.truncated = page.most > 0
            return
        if common:
            page.prefixes.append(common)
            page.last = common, ""
        else:
            page.rows.append(row)
            page.last = key, own_id


def _versions(bucket: Any, query: dict[str, str], encode: Encode) -> Iterator[tuple[str, str, str]]:
    """All versions and markers after the query's markers, by key, the newest first."""
    prefix = query.get("prefix", "")
    key_marker, version_marker = query.get("key-marker", ""), query.get("version-id-marker", "")
    order = order_of(bucket.keys)
    with order.lock:
        names = order.names
        at = bisect.bisect_left(names, max(prefix, key_marker))
        wanted = names[at : at + MOST + 2] if not query.get("delimiter") else names[at:]
    # A page holds at most as many keys as rows; deleted keys may leave empty lists behind.
    while wanted:
        for name in wanted:
            if not name.startswith(prefix):
                return
            if name == key_marker and not version_marker:
                continue
            yield from _versions_of(bucket, name, version_marker * (name == key_marker), encode)
        with order.lock:
            at = bisect.bisect_right(order.names, wanted[-1])
            wanted = order.names[at : at + MOST]


def _versions_of(
    bucket: Any, name: str, after: str, encode: Encode
) -> Iterator[tuple[str, str, str]]:
    newest_first = list(reversed(bucket.keys.getlist(name, [])))
    ids = [_id_of(version) for version in newest_first]
    begin = ids.index(after) + 1 if after in ids else 0
    for number in range(begin, len(newest_first)):
        row = _version_row(newest_first[number], ids[number], number == 0, encode)
        yield name, ids[number], row


def _id_of(version: Any) -> str:
    return str(version.version_id) if version.version_id is not None else "null"


def _version_row(version: Any, own_id: str, latest: bool, encode: Encode) -> str:
    head = (
        f"<Key>{encode(version.name)}</Key><VersionId>{own_id}</VersionId>"
        f"<IsLatest>{str(latest).lower()}</IsLatest>"
        f"<LastModified>{version.last_modified_ISO8601}</LastModified>"
    )
    if not is_object(version):
        return f"<DeleteMarker>{head}{_OWNER}</DeleteMarker>"
    return (
        f"<Version>{head}<ETag>{escape(version.etag)}</ETag><Size>{version.size}</Size>{_OWNER}"
        f"<StorageClass>{version.storage_class}</StorageClass></Version>"
    )


def _uploads(bucket: Any, query: dict[str, str], encode: Encode) -> Iterator[tuple[str, str, str]]:
    """All unfinished uploads after the query's markers, by key, then by when they began."""
    prefix, key_marker = query.get("prefix", ""), query.get("key-marker", "")
    found = sorted(bucket.multiparts.values(), key=lambda one: (one.key_name, begun_at(one)))
    ids = [upload.id for upload in found if upload.key_name == key_marker]
    own = query.get("upload-id-marker")
    passed = set(ids[: ids.index(own) + 1] if own in ids else ids)
    for upload in found:
        key: str = upload.key_name
        if key.startswith(prefix) and key >= key_marker and upload.id not in passed:
            yield key, upload.id, _upload_row(upload, encode)


def _upload_row(upload: Any, encode: Encode) -> str:
    who = begun_by(upload)
    return (
        f"<Upload><UploadId>{upload.id}</UploadId><Key>{encode(upload.key_name)}</Key>"
        f"<Initiated>{begun_at(upload)}</Initiated>"
        f"<StorageClass>{upload.storage or 'STANDARD'}</StorageClass>{_OWNER}"
        f"<Initiator><ID>{escape(who)}</ID><DisplayName>{escape(who.rpartition('/')[2])}"
        "</DisplayName></Initiator></Upload>"
    )


def _document(
    page: _Page, bucket: str, query: dict[str, str], encode: Encode, versions: bool
) -> str:
    root = "ListVersionsResult" if versions else "ListMultipartUploadsResult"
    marker, asked = (
        ("VersionIdMarker", "version-id-marker")
        if versions
        else ("UploadIdMarker", "upload-id-marker")
    )
    said = [
        ("Name" if versions else "Bucket", bucket),
        ("Prefix", encode(query.get("prefix", ""))),
        ("KeyMarker", encode(query.get("key-marker", ""))),
        (marker, escape(query.get(asked, ""))),
        ("MaxKeys" if versions else "MaxUploads", str(page.most)),
        ("IsTruncated", str(page.truncated).lower()),
    ]
    if query.get("delimiter"):
        said.append(("Delimiter", encode(query["delimiter"])))
    if query.get("encoding-type"):
        said.append(("EncodingType", "url"))
    if page.truncated:
        said.append(("NextKeyMarker", encode(page.last[0])))
        said += [(f"Next{marker}", escape(page.last[1]))] if page.last[1] else []
    head = "".join(f"<{name}>{text}</{name}>" for name, text in said)
    prefixes = "".join(
        f"<CommonPrefixes><Prefix>{encode(text)}</Prefix></CommonPrefixes>"
        for text in page.prefixes
    )
    return f"{XML}<{root} {_NAMESPACE}>{head}{''.join(page.rows)}{prefixes}</{root}>"


def _quoted(text: str) -> str:
    return quote(text, safe="/")


def _escaped(text: str) -> str:
    return escape(text)
