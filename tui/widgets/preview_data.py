"""What the first bytes of an object are: a table, text, or bytes. Pure; pandas only in `refined`.

The csv module makes the first table at once; pandas, which takes most of a second to load, gives
the columns the types that `read_csv` would.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

READ_BYTES = 64 * 1024  # one range read; `MOST_BYTES` is the limit it must stay under
MOST_BYTES = 256 * 1024
UNPACKED_BYTES = 1024 * 1024  # a gzip bomb stops here
ROWS_AT_MOST = 2_000
HEX_ROW = 8
NULLS = frozenset(
    {"", "null", "NULL", "nan", "NaN", "NA", "N/A", "n/a", "None", "none", "<NA>", "#N/A"}
)  # what pandas.read_csv reads as missing by default

_SEPARATORS = {"csv": ",;|\t", "tsv": "\t", "tab": "\t", "psv": "|"}
_WHOLE = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_SAMPLE_ROWS = 200
_TEXT_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table: its name and its type, in short: i64, f64, str, bool, datetime."""

    name: str
    kind: str

    @property
    def numeric(self) -> bool:
        """Numbers stand at the right."""
        return self.kind[:1] in "iuf" and self.kind[-1:].isdigit()


@dataclass(frozen=True, slots=True)
class TableData:
    """The first rows of a CSV, TSV or JSONL object. A missing value is None."""

    label: str
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[str | None, ...], ...]
    separator: str  # "" for JSONL
    rows_in_all: int
    exact: bool  # False where `rows_in_all` is estimated from the size


@dataclass(frozen=True, slots=True)
class TextData:
    """Lines of text; the last may be cut unless `whole`."""

    label: str
    lines: tuple[str, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class HexData:
    """Bytes that are no text."""

    label: str
    data: bytes


PreviewData = TableData | TextData | HexData


def parsed(key: str, data: bytes, size_bytes: int) -> PreviewData:
    """Say what the first bytes of an object are.

    Args:
        key: the object's; its ending counts more than its content type, which is often wrong.
        data: its first bytes.
        size_bytes: of the whole object.
    """
    ending, whole = _ending(key), len(data) >= size_bytes
    if data[:2] == b"\x1f\x8b":
        unpacked = _unpacked(data)
        if unpacked is not None:
            share = len(unpacked) / max(1, len(data))
            made = _of_text(
                _ending(key.rsplit(".", 1)[0]), unpacked, int(size_bytes * share), whole
            )
            return made if isinstance(made, HexData) else replace(made, label=f"{made.label}.gz")
    return _of_text(ending, data, size_bytes, whole)


def _of_text(ending: str, data: bytes, size_bytes: int, whole: bool) -> PreviewData:
    text = _decoded(data, whole)
    if text is None:
        return HexData(ending or "bytes", data)
    made: PreviewData | None = None
    if ending in _SEPARATORS:
        made = _table(ending, text, size_bytes, len(data), whole)
    elif ending in ("jsonl", "ndjson"):
        made = _records(text, size_bytes, len(data), whole)
    elif ending in ("json", "geojson", "ipynb") and whole:
        made = _pretty(text)
    label = (
        ending if ending in ("json", "jsonl", "csv", "tsv", "log", "md", "py", "txt") else "text"
    )
    return made or TextData(label, tuple(text.splitlines()), whole)


def _ending(key: str) -> str:
    name = key.rsplit("/", 1)[-1]
    return name.rsplit(".", 1)[-1].lower() if "." in name else ""


def _unpacked(data: bytes) -> bytes | None:
    """The beginning of a gzip stream that may be cut off, or None if it is none."""
    try:
        return zlib.decompressobj(wbits=31).decompress(data, UNPACKED_BYTES)
    except zlib.error:
        return None


def _decoded(data: bytes, whole: bool) -> str | None:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data[: len(data) // 2 * 2].decode("utf-16", "replace")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if whole or error.start < len(data) - 3:  # more than one character that was cut
            if b"\0" in data or _TEXT_CONTROLS.search(data.decode("latin-1")):
                return None
            return data.decode("cp1252", "replace")
        text = data[: error.start].decode("utf-8-sig")
    controls = len(_TEXT_CONTROLS.findall(text))
    return None if "\0" in text or controls > len(text) / 20 else text


def _table(
    ending: str, text: str, size_bytes: int, read_bytes: int, whole: bool
) -> TableData | None:
    body = text if whole else text[: text.rfind("\n") + 1]
    separator = _separator(body, _SEPARATORS[ending])
    try:
        rows = _rows(body, separator)
    except csv.Error:
        return None
    if not rows or (len(rows) < 2 and not whole):
        return None
    head, values = rows[0], rows[1:]
    width = len(head)
    held = tuple(
        tuple(None if cell in NULLS else cell for cell in (*row, *[""] * width)[:width])
        for row in values[:ROWS_AT_MOST]
    )
    columns = tuple(
        TableColumn(name, kind_of(row[at] for row in held)) for at, name in enumerate(head)
    )
    used = len(body.encode("utf-8", "replace")) if not whole else read_bytes
    in_all = len(values) if whole else _estimate(size_bytes, used, len(rows)) - 1
    return TableData(ending, columns, held, separator, max(in_all, len(held)), whole)


def _separator(body: str, choices: str) -> str:
    head = body.split("\n", 1)[0]
    return max(choices, key=lambda one: (head.count(one), -choices.index(one)))


def _rows(body: str, separator: str) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(body, newline=""), delimiter=separator) if row]


def _estimate(size_bytes: int, read_bytes: int, rows: int) -> int:
    return round(rows * size_bytes / max(1, read_bytes))


def kind_of(values: Iterable[str | None]) -> str:
    """Guess a column's type from its first values, as pandas would name it."""
    seen = [value for _, value in zip(range(_SAMPLE_ROWS), values, strict=False)]
    there = [value for value in seen if value is not None]
    if not there:
        return "f64" if seen else "str"
    if all(_WHOLE.fullmatch(value) for value in there):
        return "i64" if len(there) == len(seen) else "f64"
    if all(_NUMBER.fullmatch(value) for value in there):
        return "f64"
    if all(value in ("True", "False", "true", "false", "TRUE", "FALSE") for value in there):
        return "bool" if len(there) == len(seen) else "str"
    return "datetime" if all(_is_moment(value) for value in there) else "str"


def _is_moment(value: str) -> bool:
    if len(value) < 10 or value[4:5] != "-":
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _records(text: str, size_bytes: int, read_bytes: int, whole: bool) -> TableData | None:
    body = text if whole else text[: text.rfind("\n") + 1]
    lines = [line for line in body.splitlines() if line.strip()]
    try:
        records = [json.loads(line) for line in lines[:ROWS_AT_MOST]]
    except (ValueError, RecursionError):
        return None
    if not records or not all(isinstance(record, dict) for record in records):
        return None
    names = list(dict.fromkeys(name for record in records for name in record))
    held = tuple(tuple(_said(record.get(name)) for name in names) for record in records)
    columns = tuple(
        TableColumn(name, _json_kind([record.get(name) for record in records])) for name in names
    )
    in_all = len(lines) if whole else _estimate(size_bytes, len(body.encode()), len(lines))
    return TableData("jsonl", columns, held, "", max(in_all, len(held)), whole)


def _said(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _json_kind(values: Sequence[Any]) -> str:
    there = {type(value) for value in values if value is not None}
    if there == {int}:
        return "i64" if None not in values else "f64"
    if there and there <= {int, float}:
        return "f64"
    if there == {bool} and None not in values:
        return "bool"
    return "str" if there <= {str} else "object"


def _pretty(text: str) -> TextData | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return TextData(
        "json", tuple(json.dumps(value, indent=2, ensure_ascii=False).splitlines()), True
    )


_SHORT = {
    "int64": "i64", "int32": "i32", "int16": "i16", "int8": "i8", "uint64": "u64",
    "float64": "f64", "float32": "f32", "boolean": "bool", "string": "str",
}  # fmt: skip


def refined(table: TableData, data: bytes) -> TableData:
    """Give a table the types that pandas reads. Blocks; imports pandas: for a thread.

    What pandas cannot read keeps its guessed types.
    """
    if not table.separator or not table.rows:
        return table
    import pandas as pd

    text = _decoded(_unpacked(data) or data if data[:2] == b"\x1f\x8b" else data, table.exact)
    body = text or ""
    if not table.exact:
        body = body[: body.rfind("\n") + 1]
    try:
        frame = pd.read_csv(io.StringIO(body), sep=table.separator, nrows=ROWS_AT_MOST)
    except (ValueError, pd.errors.ParserError):
        return table
    if len(frame.columns) != len(table.columns):
        return table
    columns = []
    for column, dtype in zip(table.columns, frame.dtypes, strict=True):
        kind = _SHORT.get(str(dtype), str(dtype))
        # read_csv leaves dates as text unless it is told which columns to parse.
        keeps = column.kind == "datetime" and kind in ("str", "object")
        columns.append(
            column if keeps else replace(column, kind="str" if kind == "object" else kind)
        )
    return replace(table, columns=tuple(columns))


def pandas_code(bucket: str, key: str, region: str, table: TableData, read_bytes: int) -> str:
    """The program that reads the same rows with boto3 and pandas."""
    packed = table.label.endswith(".gz")
    unpack = ["body = zlib.decompressobj(31).decompress(body)"] if packed else []
    cut = [] if table.exact else [r'body = body[: body.rfind(b"\n") + 1]  # whole rows only']
    if table.separator:
        apart = "" if table.separator == "," else f", sep={table.separator!r}"
        read = f"frame = pd.read_csv(io.BytesIO(body){apart})"
    else:
        read = "frame = pd.read_json(io.BytesIO(body), lines=True)"
    return "\n".join(
        [
            "import io",
            *(["import zlib"] if packed else []),
            "",
            "import boto3",
            "import pandas as pd",
            "",
            f'client = boto3.client("s3", region_name={region!r})',
            "answer = client.get_object(",
            f"    Bucket={bucket!r},",
            f"    Key={key!r},",
            f'    Range="bytes=0-{max(0, read_bytes - 1)}",',
            ")",
            'body = answer["Body"].read()',
            *unpack,
            *cut,
            read,
            "print(frame.dtypes)",
            "print(frame.head(10))",
        ]
    )
