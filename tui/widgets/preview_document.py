"""An object as pages: which format it is, and its pages one by one. Blocks: for a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from tui.core.reads import BeyondAllowanceError, BytesReads, Reads
from tui.widgets import preview_colour, preview_table
from tui.widgets.preview_archive import ArchiveDocument, is_archive
from tui.widgets.preview_data import (
    CHUNK_BYTES,
    MOST_BYTES,
    READ_BYTES,
    PlainPages,
    PreviewData,
    TableData,
    TextData,
)
from tui.widgets.preview_image import ImageDocument, is_image
from tui.widgets.preview_json import JsonCutter, JsonlCutter, is_flat, record_of
from tui.widgets.preview_known import known
from tui.widgets.preview_parquet import ParquetDocument, is_parquet
from tui.widgets.preview_source import Source, packing_of, source_of
from tui.widgets.preview_table import SEPARATORS, CsvCutter, separator_of
from tui.widgets.preview_text import (
    TEXT_ENDINGS,
    Cursor,
    Cutter,
    Encoding,
    HexCutter,
    Piece,
    TextCutter,
    encoding_of,
)

PACKED_ENDINGS = {"gz": "gz", "gzip": "gz", "bz2": "bz2", "xz": "xz", "zst": "zst", "zstd": "zst",
                  "lz4": "lz4", "tgz": "gz"}  # fmt: skip
_TYPES = {
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/json": "json",
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
}
_JSON = frozenset({"json", "geojson", "ipynb", "topojson"})
_SNIFFED_CHARACTERS = 16 * 1024


class Document(Protocol):
    """What can be shown of an object, page by page.

    `page` and `refined` block, and raise what reading raises.
    """

    @property
    def packing(self) -> str:
        """How the object is packed: gz, bz2, xz, zst, lz4, or ""."""

    @property
    def grows(self) -> bool:
        """Whether reading on makes the first page better, in place of a second one."""

    @property
    def gathers(self) -> bool:
        """Whether `wants` has anything to say."""

    def page(self, number: int) -> PreviewData:
        """Return a page; the ones before it are looked through if need be."""

    def refined(self, number: int, page: PreviewData) -> PreviewData:
        """The same page with what takes longer: pandas' types, colours."""

    def wants(self, number: int) -> list[tuple[int, int]]:
        """Ranges (start, length) that are best asked for at once before a page is made."""

    def choose(self, columns: Sequence[int]) -> None:
        """Read these columns from now on, where each column costs a read of its own."""


class ByteDocument(PlainPages):
    """Pages cut from a stream of bytes."""

    def __init__(self, source: Source, cutter: Cutter) -> None:
        self._source, self._cutter = source, cutter
        self._cursors = [Cursor()]  # where each known page begins
        self._ends: dict[int, int] = {}

    @property
    def packing(self) -> str:
        """How the object is packed; "" if it is not."""
        return self._source.packing

    def page(self, number: int) -> PreviewData:
        """Cut a page."""
        while len(self._cursors) <= number:
            known_pages = len(self._cursors)
            self.page(known_pages - 1)
            if len(self._cursors) == known_pages:
                raise IndexError(number)
        cursor = self._cursors[number]
        piece, ended = self._cut(cursor)
        end = cursor.at + piece.used
        self._ends[number] = end
        if not ended and number + 1 == len(self._cursors):
            self._cursors.append(Cursor(end, cursor.first + piece.count, piece.state))
        return self._told(cursor, piece, ended)

    def _cut(self, cursor: Cursor) -> tuple[Piece, bool]:
        """Read more where too few rows, or not even one, come of what was read."""
        length = READ_BYTES if not cursor.at else CHUNK_BYTES
        while True:
            data, last = self._source.read(cursor.at, length)
            piece = self._cutter.cut(data, last, cursor)
            short = len(data) < length
            if last or short or length >= MOST_BYTES:
                break
            if piece.count >= self._cutter.enough or (piece.count and piece.used < length // 2):
                break
            length *= 4
        if not piece.count and not last:
            if short:
                raise BeyondAllowanceError(length - len(data))
            piece = self._cutter.cut(data, True, cursor)
        return piece, (last and piece.used >= len(data)) or not piece.used

    def _told(self, cursor: Cursor, piece: Piece, ended: bool) -> PreviewData:
        shown = replace(piece.shown, more=not ended)
        if ended and self._source.broken:
            shown = replace(shown, note=f"the {self._source.packing} stream breaks off here")
        if self._source.packing:
            shown = replace(shown, label=f"{shown.label}.{self._source.packing}")
        if not isinstance(shown, TableData):
            return shown
        rows = cursor.first + piece.count
        if ended:
            return replace(shown, rows_in_all=rows, exact=True)
        used = max(1, cursor.at + piece.used)
        about = round(rows * max(used, self._source.about()) / used)
        return replace(shown, rows_in_all=max(rows + 1, about))

    def refined(self, number: int, page: PreviewData) -> PreviewData:
        """pandas' types for the first rows of a delimited text; colours for a text."""
        if isinstance(page, TextData):
            return preview_colour.coloured(page)
        cutter = self._cutter
        if not isinstance(cutter, CsvCutter) or not isinstance(page, TableData):
            return page
        if number or not page.rows:
            return replace(page, columns=cutter.columns)
        data, _ = self._source.read(0, self._ends.get(0, 0))
        made = preview_table.refined(page, cutter.text_of(data))
        cutter.columns = made.columns
        return made


def opened(key: str, reads: Reads) -> Document:
    """Say what an object is, by its name's ending and its first bytes.

    Args:
        key: its ending counts more than the content type, which is often wrong.
        reads: of an object of at least one byte.
    """
    ending = ending_of(key)
    if is_parquet(ending, b""):
        return ParquetDocument(reads)
    if is_archive(ending, b""):
        return ArchiveDocument(reads, ending, packed="")
    head = reads.read_at(0, min(READ_BYTES, reads.kept_from(0) or READ_BYTES))
    return _by_head(key, ending, reads, head)


def _by_head(key: str, ending: str, reads: Reads, head: bytes) -> Document:
    if is_parquet("", head):
        return ParquetDocument(reads)
    if is_archive("", head):
        return ArchiveDocument(reads, ending, packed="")
    if is_image(head):
        return ImageDocument(reads, head)
    source = source_of(reads, head)
    if source.packing:
        name = key.rsplit("/", 1)[-1]
        if name.rpartition(".")[2].lower() in PACKED_ENDINGS:
            ending = "tar" if name.lower().endswith("tgz") else ending_of(name.rpartition(".")[0])
    else:
        ending = ending if ending not in PACKED_ENDINGS else ""
    told = reads.content_type.partition(";")[0].strip()
    return _of_bytes(ending or _TYPES.get(told, ""), source)


def _of_bytes(ending: str, source: Source) -> Document:
    data, last = source.read(0, READ_BYTES)
    if is_archive("", data) and source.packing:
        return ByteDocument(source, HexCutter("zip"))
    tar = ArchiveDocument.of_tar(ending, data, last, source)
    if tar is not None:
        return tar
    encoding = encoding_of(data, last, ending)
    if encoding is None:
        label, facts = known(ending, data)
        return ByteDocument(source, HexCutter(label, facts))
    return ByteDocument(source, _text_cutter(ending, data, last, encoding))


def _text_cutter(ending: str, data: bytes, last: bool, encoding: Encoding) -> Cutter:
    text, _ = encoding.decode(data, last, 0)
    lines = text.split("\n", 200)[: 200 if last else -1] or [text]
    if ending in SEPARATORS and ("\n" in text or last):
        return CsvCutter(ending, encoding, separator_of(text[:_SNIFFED_CHARACTERS], ending))
    if ending in ("jsonl", "ndjson") or (ending in _JSON and _many_records(lines)):
        if is_flat(lines):
            return JsonlCutter(encoding)
        return TextCutter(ending, encoding, "json")
    if ending in _JSON and text.lstrip()[:1] in tuple('{["-0123456789tfn'):
        return JsonCutter(encoding, ending)
    label = ending if ending in TEXT_ENDINGS else "text"
    return TextCutter(label, encoding, ending if ending in TEXT_ENDINGS else "")


def _many_records(lines: Sequence[str]) -> bool:
    """Whether what is called JSON has a record a line."""
    full = [line for line in lines if line.strip()][:2]
    return len(full) == 2 and all(isinstance(record_of(line), dict) for line in full)


def ending_of(key: str) -> str:
    """The ending of a key's name, in lower case; "" if it has none."""
    name = key.rsplit("/", 1)[-1]
    return name.rsplit(".", 1)[-1].lower() if "." in name else ""


def parsed(key: str, data: bytes, size_bytes: int) -> PreviewData:
    """The first page of an object whose first bytes are here. Pure.

    Args:
        key: the object's.
        data: its first bytes; at least one.
        size_bytes: of the whole object.
    """
    return opened(key, BytesReads(data, size_bytes)).page(0)


__all__ = ["ByteDocument", "Document", "ending_of", "opened", "packing_of", "parsed"]
