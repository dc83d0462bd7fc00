"""Bytes as text: which encoding, where a page of lines ends; and bytes as bytes."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Any, Protocol

from tui.widgets.preview_data import (
    LINE_AT_MOST,
    LINES_A_PAGE,
    HexData,
    PreviewData,
    TextData,
)

_ENDINGS = (
    "c cfg conf cpp css csv go h hpp html ini ipynb java js json jsonl kt log lua md ndjson "
    "properties ps1 psv py r rb rs rst scala sh sql srt svg tab tex toml ts tsv txt vtt xml yaml "
    "yml"
)
TEXT_ENDINGS = frozenset(_ENDINGS.split())
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_ESCAPED = re.compile("[\udc80-\udcff]")
_OFTEN = 20  # a control character among so few is no text


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: its byte, its row (line) number, what its cutter must know there."""

    at: int = 0
    first: int = 0
    state: Any = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A page: what it shows, how many bytes it used up, the state after it."""

    shown: PreviewData
    used: int
    count: int
    state: Any = None


class Cutter(Protocol):
    """Cuts one page of whole rows from bytes."""

    @property
    def enough(self) -> int:
        """With fewer rows than this, more bytes are worth a read."""

    def cut(self, data: bytes, last: bool, cursor: Cursor) -> Piece:
        """Make a page of the beginning of `data`; `last` if nothing follows these bytes.

        A piece that used nothing up wants more bytes.
        """


@dataclass(frozen=True, slots=True)
class Encoding:
    """How bytes are characters. Every byte comes back by `size`, broken ones too."""

    name: str
    mark: int = 0  # bytes of a byte order mark at the beginning

    def decode(self, data: bytes, last: bool, at: int) -> tuple[str, int]:
        """Return text and how many bytes of a byte order mark were left out before it.

        A character that was cut off at the end is left to the next page.
        """
        skipped = self.mark if at == 0 else 0
        data = data[skipped:]
        if not last:
            data = data[: len(data) - self._cut_off(data)]
        return data.decode(self.name, self._errors), skipped

    def size(self, text: str) -> int:
        """How many bytes a decoded text was."""
        if self.name == "latin-1":
            return len(text)
        return len(text) if text.isascii() and self._narrow else self._size(text)

    def _size(self, text: str) -> int:
        return len(text.encode(self.name, self._errors))

    @property
    def _narrow(self) -> bool:
        return not self.name.startswith("utf-16")

    @property
    def _errors(self) -> str:
        return "surrogateescape" if self._narrow else "replace"

    def _cut_off(self, data: bytes) -> int:
        if not self._narrow:
            odd = len(data) % 2
            return odd + 2 if _half_pair(data[: len(data) - odd], self.name) else odd
        if self.name == "latin-1":
            return 0
        for back in range(1, min(4, len(data)) + 1):
            byte = data[-back]
            if byte & 0xC0 != 0x80:  # the last character's first byte
                wants = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
                return back if wants > back else 0
        return 0


def _half_pair(data: bytes, name: str) -> bool:
    if len(data) < 2:
        return False
    unit = int.from_bytes(data[-2:], "little" if name.endswith("le") else "big")
    return 0xD800 <= unit < 0xDC00


def encoding_of(data: bytes, last: bool, ending: str = "") -> Encoding | None:
    """Guess how bytes are text; None if they are not.

    A byte order mark, else UTF-8 (with a few broken bytes if need be), else Latin-1. What is
    called a text may have a few more control characters.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return Encoding(name, len(mark))
    text, _ = Encoding("utf-8").decode(data, last, 0)
    controls = len(_CONTROLS.findall(text))
    lenient = ending in TEXT_ENDINGS
    if (text.count("\0") and not lenient) or controls * _OFTEN > len(text):
        return None
    broken = len(_ESCAPED.findall(text))
    if not broken:
        return Encoding("utf-8")
    if controls and not lenient:
        return None
    wide = sum(char > "\x7f" for char in text) - broken
    return Encoding("utf-8" if wide > broken else "latin-1")


class TextCutter:
    """Lines of text; one that is too long goes on in the next."""

    enough = 1

    def __init__(self, label: str, encoding: Encoding, language: str = "") -> None:
        self._label, self._encoding, self._language = label, encoding, language

    def cut(self, data: bytes, last: bool, cursor: Cursor) -> Piece:
        """Whole lines, unless there is but one, without an end."""
        text, skipped = self._encoding.decode(data, last, cursor.at)
        end = "\r" if "\r" in text and "\n" not in text else "\n"
        rows = text.split(end, LINES_A_PAGE)
        rest = rows.pop()
        if rest and (last or not rows) and len(rows) < LINES_A_PAGE:
            rows.append(rest)
            rest = ""
        used = skipped + self._encoding.size(text) - self._encoding.size(rest)
        lines = tuple(part for row in rows for part in broken(row))
        shown = TextData(self._label, lines, cursor.first, language=self._language)
        return Piece(shown, used, len(lines))


def broken(row: str) -> list[str]:
    """A line in parts of a length that can be painted; tabs as spaces."""
    row = row.removesuffix("\r")
    if "\t" in row:
        row = row.expandtabs(4)
    if len(row) <= LINE_AT_MOST:
        return [row]
    return [row[at : at + LINE_AT_MOST] for at in range(0, len(row), LINE_AT_MOST)]


class HexCutter:
    """Bytes that are no text."""

    enough = 1

    def __init__(self, label: str, facts: tuple[tuple[str, str], ...] = ()) -> None:
        self._label, self._facts = label, facts

    def cut(self, data: bytes, last: bool, cursor: Cursor) -> Piece:
        """All of them, but whole lines of 16."""
        used = len(data) if last else max(len(data) // 16 * 16, min(len(data), 16))
        facts = self._facts if not cursor.at else ()
        return Piece(HexData(self._label, data[:used], cursor.at, facts=facts), used, used)
