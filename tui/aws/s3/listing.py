"""Listings of S3, parsed without an XML tree.

botocore builds an element tree and a dict for each row: about 200 CPU-ms a page of 1,000 keys.
Here a `before-parse` handler cuts the rows out of the answer with one regular expression and
leaves the rest to botocore. Whatever is not laid out exactly as expected (another server's order,
a missing element, no URL encoding, an XML entity) goes to botocore whole.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from sys import intern
from typing import Any, Final
from urllib.parse import unquote_plus

from tui.core.packed import PackedPage, packed
from tui.core.records import ObjectPage, S3Object

ROWS: Final = "SkydeckRows"
GIVEN_WAY_SECONDS: Final = 0.025

_ROW = re.compile(
    r"<Contents><Key>([^<&]*)</Key><LastModified>([^<]*Z)</LastModified>"
    r"(?:<(?:ETag|ChecksumAlgorithm|ChecksumType)>[^<]*</(?:ETag|ChecksumAlgorithm|ChecksumType)>)*"
    r"<Size>(\d+)</Size>"
    r"(?:<Owner>(?:(?!</?Contents>).)*?</Owner>)?"
    r"(?:<StorageClass>([^<&]*)</StorageClass>)?"
    r"(?:<Owner>(?:(?!</?Contents>).)*?</Owner>)?"
    r"(?:<RestoreStatus>(?:(?!</?Contents>).)*?</RestoreStatus>)?"
    r"</Contents>",
    re.DOTALL,
)
_FIRST, _LAST = b"<Contents>", b"</Contents>"
_BETWEEN = "</Contents><Contents>"
_URL_ENCODED = b"<EncodingType>url</EncodingType>"


class _Turn:
    """The right to compute: of all listings' threads one has it, the others wait for the network.

    A thread that computes holds the interpreter for milliseconds. With eight of them the event loop
    would get it once in a tenth of a second, and nothing would be listed sooner.
    """

    _lock = threading.Lock()
    quiet_until = 0.0

    def __init__(self) -> None:
        self._mine = False

    def take(self) -> None:
        """Wait for the turn."""
        if not self._mine:
            self._lock.acquire()
            self._mine = True
            rest = _Turn.quiet_until - time.monotonic()
            if rest > 0:
                time.sleep(min(rest, GIVEN_WAY_SECONDS))  # all others wait for the turn meanwhile

    def leave(self) -> None:
        """Let another thread have it."""
        if self._mine:
            self._mine = False
            self._lock.release()


# Only our own listings take rows; a plain list_objects_v2 still gets Contents.
_cutting: ContextVar[_Turn | None] = ContextVar("cutting", default=None)


@contextmanager
def cut_rows() -> Iterator[None]:
    """Let the listings of this block (in this thread) come with `ROWS` instead of Contents."""
    turn = _Turn()
    token = _cutting.set(turn)
    turn.take()
    try:
        yield
    finally:
        turn.leave()
        _cutting.reset(token)


@contextmanager
def in_turn() -> Iterator[None]:
    """Compute with a page (match it, add it up) while no listing's thread computes."""
    turn = _Turn()
    turn.take()
    try:
        yield
    finally:
        turn.leave()


def give_way() -> None:
    """Let no listing compute for a moment: the user has pressed a key, and waits for its answer."""
    _Turn.quiet_until = time.monotonic() + GIVEN_WAY_SECONDS


def install(client: Any) -> None:
    """Hook an S3 client. The wildcard matters: the `.s3.` form runs after a second full parse."""
    client.meta.events.register("before-parse.*.ListObjectsV2", _before_parse)
    client.meta.events.register_first("before-send.s3.ListObjectsV2", _before_send)


def page_of(answer: dict[str, Any]) -> ObjectPage:
    """Turn the answer of ListObjectsV2 into a page, however it was parsed."""
    rows = answer.get(ROWS)
    if rows is None:
        rows = packed([_row_of(entry) for entry in answer.get("Contents", ())])
    prefixes = tuple(entry["Prefix"] for entry in answer.get("CommonPrefixes", ()))
    return ObjectPage(rows, prefixes)


def _row_of(entry: dict[str, Any]) -> S3Object:
    return S3Object(
        entry["Key"], entry["Size"], entry["LastModified"], entry.get("StorageClass") or "STANDARD"
    )


def _before_send(**_: Any) -> None:
    if (turn := _cutting.get()) is not None:
        turn.leave()


def _before_parse(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    body, turn = response_dict["body"], _cutting.get()
    if turn is None or response_dict["status_code"] != 200:
        return  # before another attempt botocore sleeps: not with the turn
    turn.take()
    cut = _cut(body) if _FIRST in body else None
    if cut is not None:
        response_dict["body"], customized_response_dict[ROWS] = cut


def _cut(body: bytes) -> tuple[bytes, PackedPage] | None:
    """Return the body without its rows, and the rows; None where the layout is a stranger's."""
    start, end = body.find(_FIRST), body.rfind(_LAST) + len(_LAST)
    head, tail = body[:start], body[end:]
    if _URL_ENCODED not in head and _URL_ENCODED not in tail:
        return None
    try:
        text = body[start:end].decode("ascii")  # URL-encoded keys leave nothing else
        found = _ROW.findall(text)
        # Anything between the rows (CommonPrefixes) would be lost with them.
        if text.count(_BETWEEN) != len(found) - 1 or len(found) != body.count(_FIRST):
            return None
        return head + tail, _columns(found)
    except (ValueError, OverflowError):
        return None


def _columns(found: list[tuple[str, str, str, str]]) -> PackedPage:
    keys, modified, sizes, classes = zip(*found, strict=True)
    joined = "".join(keys)
    if "%" in joined or "+" in joined:
        keys = tuple(map(unquote_plus, keys))
    read = datetime.fromisoformat
    # One text for each class, not one for each row: a bucket holds millions.
    named = {name: intern(name or "STANDARD") for name in set(classes)}
    return PackedPage(
        keys,
        map(int, sizes),
        [read(text).timestamp() for text in modified],
        [named[name] for name in classes],
    )
