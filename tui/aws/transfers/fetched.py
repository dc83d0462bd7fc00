"""The parts of a download that an earlier run has fetched: kept where they are what they were.

Their bytes are read again and compared by their CRC, so that no part has to wait for the disk: what
a power cut took is fetched anew. Blocks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tui.aws.checksums import crc_of
from tui.aws.transfers.engine import CHUNK_BYTES, local_file
from tui.aws.transfers.meter import Meter
from tui.core.ledger import ItemLedger, Part


@dataclass(frozen=True, slots=True)
class Span:
    """Where a part lies in the open temporary file, and the kind of its CRC."""

    handle: int
    target: os.PathLike[str]
    kind: str
    start: int
    length: int


def fetched_before(
    kept: ItemLedger, etag: str, size_bytes: int, part_bytes: int, crc_kind: str
) -> Mapping[int, Part]:
    """Return the parts that are there of this very object; where none are, it is begun."""
    begun = kept.download
    if begun is not None:
        same = (begun.etag, begun.size_bytes, begun.part_bytes, begun.crc_kind)
        if same == (etag, size_bytes, part_bytes, crc_kind):
            return dict(begun.parts)
        kept.over()
    kept.fetching(etag, size_bytes, part_bytes, crc_kind)
    return {}


def part_or_kept(  # noqa: PLR0917 - what a part is
    span: Span,
    kept: ItemLedger,
    number: int,
    begun: Mapping[int, Part],
    meter: Meter,
    fetch: Callable[[], tuple[int, int]],
) -> tuple[int, int]:
    """Return the CRC and length of a part that is there, or `fetch` it."""
    part = begun.get(number)
    if part is not None and part.length == span.length and _crc(span, meter) == part.crc:
        meter.found(span.length)
        return part.crc, part.length
    crc, length = fetch()
    kept.part(Part(number, crc, length))
    return crc, length


def _crc(span: Span, meter: Meter) -> int:
    crc, at, end = 0, span.start, span.start + span.length
    with local_file("read", span.target):
        while at < end:
            meter.check()
            chunk = os.pread(span.handle, min(CHUNK_BYTES, end - at), at)
            if not chunk:
                return -1
            crc = crc_of(span.kind, chunk, crc)
            at += len(chunk)
    return crc
