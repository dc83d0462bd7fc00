"""An instance's console: the newest 64 KB of what it said, as AWS keeps it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

KEPT_BYTES = 64 << 10


class Console:
    """Lines of text, the oldest let go."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        self._lines: deque[str] = deque()
        self._bytes = 0
        self.add(*lines)

    @property
    def lines(self) -> list[str]:
        """What is there now."""
        return list(self._lines)

    def add(self, *lines: str, before: int = 0) -> None:
        """Add lines at the end, or above the last `before` ones."""
        kept = [self._lines.pop() for _ in range(min(before, len(self._lines)))]
        for line in (*lines, *reversed(kept)):
            self._lines.append(line)
        self._bytes += sum(_size(line) for line in lines)
        while self._bytes > KEPT_BYTES and self._lines:
            self._bytes -= _size(self._lines.popleft())

    def text(self) -> str:
        """All of it, with the line ends of a serial line; "" when nothing was said."""
        return "".join(f"{line}\r\n" for line in self.lines)


def _size(line: str) -> int:
    return len(line.encode(errors="replace")) + 2
