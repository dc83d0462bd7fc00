"""What an object is whose name does not say, by its first bytes: `part-0000` of a Spark job."""

from __future__ import annotations

import csv
import io
import json
import re

from tui.aws.subset.packed import begin_of

SEPARATORS = ",;|\t"
LINES = 20
_PARQUET = b"PAR1"
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def sniffed(data: bytes, *, whole: bool) -> str:
    """Say what begins like this: "csv", "jsonl", "parquet" or "" for none of them.

    A CSV has a head and a row at least, all of the same number of values, which is two or more.
    """
    if data.startswith(_PARQUET):
        return "parquet"
    text, packed = begin_of(data)
    if text[:2] in _UTF_16:
        text = text.decode("utf-16", "ignore").encode()
    elif _CONTROLS.search(text):
        return ""
    lines = [line for line in text.split(b"\n") if line.strip()]
    if (packed or not whole) and not text.endswith(b"\n"):
        lines = lines[:-1]  # it is cut off
    if not lines:
        return ""
    if lines[0].lstrip().startswith(b"{"):
        return "jsonl" if all(map(_is_record, lines[:LINES])) else ""
    return "csv" if any(_is_table(lines, one) for one in SEPARATORS) else ""


def _is_record(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _is_table(lines: list[bytes], separator: str) -> bool:
    text = b"\n".join(lines).decode("utf-8", "replace")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        widths = [len(row) for row, _ in zip(reader, range(LINES), strict=False)]
    except csv.Error:
        return False
    return len(widths) > 1 and len(set(widths)) == 1 and widths[0] > 1
