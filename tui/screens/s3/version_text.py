"""The first lines of some bytes, as text or in hex. Pure."""

from __future__ import annotations

import string

from tui.core import format as fmt
from tui.widgets.paint import Spans

FIRST_BYTES = 2_048
LINES = 4
LINE_AT_MOST = 400
HEX_ROW = 24
_PRINTED = frozenset(string.printable.encode()) - frozenset(b"\t\r\n\x0b\x0c")


def first_lines(data: bytes, size_bytes: int) -> list[Spans]:
    """Up to five lines: what it is, then its beginning."""
    if not size_bytes:
        return [(("muted", "empty, 0 bytes"),)]
    text = _text(data)
    if text is None:
        shown = data[: LINES * HEX_ROW]
        rows = [_hex(shown[at : at + HEX_ROW]) for at in range(0, len(shown), HEX_ROW)]
        return [(("dim", f"the first bytes of {fmt.size(size_bytes)}, in hex"),), *rows]
    lines = text.split("\n")[:LINES]
    head: Spans = (("dim", f"the first lines of {fmt.size(size_bytes)}"),)
    return [head, *((("text", line.rstrip("\r")[:LINE_AT_MOST].expandtabs()),) for line in lines)]


def _text(data: bytes) -> str | None:
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        # The last character may be cut off by the range.
        if error.start < len(data) - 3:
            return None
        return data[: error.start].decode("utf-8")


def _hex(row: bytes) -> Spans:
    shown = "".join(chr(byte) if byte in _PRINTED else "·" for byte in row)
    return (("text", f"{row.hex(' '):<{HEX_ROW * 3}}"), ("dim", shown))
