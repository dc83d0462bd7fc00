"""The rows of a CSV or JSONL, a chunk at a time. Blocks: for threads."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from tui.aws.subset.packed import begin_of
from tui.aws.subset.parquet import parquet_chunks
from tui.aws.subset.rows import RecordRows, Rows, TextKinds, TextRows
from tui.aws.subset.shape import (
    CHUNK_AT_MOST,
    CHUNK_BYTES,
    LONGEST_RECORD,
    Shape,
    cant,
    first_line,
    other_columns,
    too_long,
)
from tui.aws.subset.sniff import SEPARATORS

UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # as such a text begins
_SEPARATORS = {"tsv": "\t", "tab": "\t", "psv": "|"}


def shape_of(key: str, data: bytes, kind: str, *, whole: bool) -> tuple[Shape, Rows]:
    """Look at the first bytes of a "csv" or "jsonl": its shape, and the rows in them.

    Raises:
        UserError: it is neither, or no row of it is whole.
    """
    if kind not in ("csv", "jsonl"):
        told = "it is no CSV, TSV, JSONL or Parquet" if data else "it is empty"
        raise cant(key, told, "Download it instead.")
    text, packed = begin_of(data)
    if not whole or packed:
        text = _whole_lines(text)
    shape = _csv_shape(key, text) if kind == "csv" else _jsonl_shape(key, text)
    shape = replace(shape, packed=packed)
    chunk = next(chunks(io.BytesIO(text), replace(shape, packed=""), key), None)
    if chunk is None:
        raise cant(key, "it has no rows")
    frame = chunk.frame(shape.names)
    columns = tuple((name, str(frame[name].dtype)) for name in shape.names)
    counted = whole and not packed and len(chunk) < shape.chunk_rows
    return replace(shape, columns=columns, rows=len(chunk) if counted else None), chunk


def _whole_lines(text: bytes) -> bytes:
    """Without the line that is cut off; all of it where there is but one."""
    if text[:2] in UTF_16:
        told = text.decode("utf-16", "ignore")
        return told[: told.rfind("\n") + 1].encode("utf-16") if "\n" in told else text
    return text[: text.rfind(b"\n") + 1] or text


def _csv_shape(key: str, text: bytes) -> Shape:
    encoding = "utf-8-sig" if text.startswith(b"\xef\xbb\xbf") else "utf-8"
    if text[:2] in UTF_16:
        encoding = "utf-16"
        text = text[: len(text) // 2 * 2]
    body = text.decode(encoding, "surrogateescape" if encoding != "utf-16" else "replace")
    head = body.split("\n", 1)[0]
    ending = key.lower().rsplit("/", 1)[-1]
    separator = next((s for e, s in _SEPARATORS.items() if f".{e}" in ending), "")
    if not separator:
        separator = max(SEPARATORS, key=lambda one: (head.count(one), -SEPARATORS.index(one)))
    try:
        reader = csv.reader(io.StringIO(body, newline=""), delimiter=separator)
        rows = [row for row, _ in zip((row for row in reader if row), range(200), strict=False)]
    except csv.Error as error:
        raise cant(key, f"it can't be read as CSV ({error})") from error
    if not rows:
        raise cant(key, "it is empty")
    if len(rows) > 1 and len(rows[1]) > len(rows[0]):
        raise cant(key, "its rows have more values than its head has names")
    import pandas as pd

    names = pd.read_csv(io.StringIO(_line(rows[0])), nrows=0).columns
    average = len(body) // max(1, body.count("\n"))
    columns = tuple((str(name), "") for name in names)
    return Shape("csv", "", columns, tuple(rows[0]), separator, encoding, max(1, average))


def _line(row: Sequence[str]) -> str:
    held = io.StringIO()
    csv.writer(held).writerow(row)
    return held.getvalue()


def _jsonl_shape(key: str, text: bytes) -> Shape:
    lines = [line for line in text.split(b"\n") if line.strip()][:1000]
    names: dict[str, None] = {}
    for line in lines:
        names.update(dict.fromkeys(_record(line, key)))
    if not names:
        raise cant(key, "it has no rows")
    average = len(text) // max(1, len(lines))
    return Shape("jsonl", columns=tuple((name, "") for name in names), row_bytes=max(1, average))


def chunks(
    stream: Any,
    shape: Shape,
    key: str,
    names: Sequence[str] = (),
    start: int = 0,
) -> Iterator[Rows]:
    """Yield an object's rows, a chunk at a time; of these columns, or all.

    `stream` is unpacked already, but for a Parquet, which is read from wherever it wants.

    Raises:
        UserError: it is not what its name says, or a row is longer than can be held.
    """
    if shape.format == "parquet":
        return parquet_chunks(stream, shape, key, names, start)
    if shape.format == "csv":
        return _csv_chunks(stream, shape, key, names, start)
    return _jsonl_chunks(stream, shape, key, start)


def _csv_chunks(
    stream: Any, shape: Shape, key: str, names: Sequence[str], start: int
) -> Iterator[Rows]:
    import pandas as pd

    kinds, at = TextKinds(), start
    bounded = _Bounded(stream, key, shape.chunk_rows)
    strict = shape.encoding == "utf-16"
    try:
        with pd.read_csv(
            bounded,
            sep=shape.separator,
            encoding=shape.encoding,
            encoding_errors="strict" if strict else "surrogateescape",
            dtype=object,
            keep_default_na=False,
            usecols=list(names) or None,
            chunksize=shape.chunk_rows,
        ) as reader:
            for chunk in reader:
                if not isinstance(chunk.index, pd.RangeIndex):
                    raise cant(key, "its rows have more values than its head has names")
                if not names and tuple(chunk.columns) != shape.names:
                    raise other_columns(key)
                yield TextRows(chunk, at, kinds)
                at += len(chunk)
                bounded.begin_anew()
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise cant(key, f"it can't be read as CSV ({first_line(error)})") from error


def _jsonl_chunks(stream: Any, shape: Shape, key: str, start: int) -> Iterator[Rows]:
    at = start
    held: list[bytes] = []
    size = 0
    for line in iter(lambda: stream.readline(LONGEST_RECORD), b""):
        if len(line) >= LONGEST_RECORD:
            raise too_long(key, LONGEST_RECORD)
        if not line.strip():
            continue
        held.append(line.rstrip(b"\r\n"))
        size += len(line)
        if len(held) >= shape.chunk_rows or size >= CHUNK_BYTES:
            yield RecordRows(tuple(held), tuple(_record(one, key) for one in held), at)
            at += len(held)
            held, size = [], 0
    if held:
        yield RecordRows(tuple(held), tuple(_record(one, key) for one in held), at)


def _record(line: bytes, key: str) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise cant(key, f"a line of it is no JSON ({first_line(error)})") from error
    if not isinstance(said, dict):
        raise cant(key, "a line of it is no JSON object")
    return said


class _Bounded(io.RawIOBase):
    """Refuses a row that would fill the memory: pandas reads until it has all of a chunk's rows."""

    def __init__(self, stream: Any, key: str, rows: int) -> None:
        super().__init__()
        self._stream, self._key, self._rows = stream, key, rows
        self._since = 0

    def begin_anew(self) -> None:
        """A chunk is complete."""
        self._since = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        self._since += len(data)
        if self._since > CHUNK_AT_MOST:
            raise too_long(self._key, CHUNK_AT_MOST, self._rows)
        buffer[: len(data)] = data
        return len(data)
