"""Bytes of a program's output as lines."""

from __future__ import annotations

import codecs


class LineSplitter:
    """Cuts a byte stream into lines; a carriage return ends one too (progress bars).

    A line of more than `limit` characters comes in pieces; nothing is dropped.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that `data` completes, and the full pieces of one without an end."""
        text = self._rest + self._decode(data)
        # A final "\r" may be half of "\r\n".
        held = text.endswith("\r")
        *lines, rest = (
            (text[:-1] if held else text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        )
        *full, rest = self._pieces(rest)
        self._rest = rest + "\r" * held
        return [piece for line in lines for piece in self._pieces(line)] + full

    def end(self) -> list[str]:
        """Return what stood after the last line end."""
        rest = (self._rest + self._decode(b"", True)).removesuffix("\r")
        self._rest = ""
        return self._pieces(rest) if rest else []

    def _pieces(self, line: str) -> list[str]:
        return [line[at : at + self._limit] for at in range(0, len(line), self._limit)] or [""]
