"""The state of a terminal, without a screen: bytes of a remote program in, styled rows out.

The parser behind it is libghostty (`tui.ssh.ghostty_core`); only that module knows it, so another
core can take its place. Everything here runs on one thread at a time.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from tui.core.errors import SshError

Rgb = tuple[int, int, int]
Color = int | Rgb | None
"""A colour as the program asked for it: palette index 0-255, red-green-blue, or the default."""

SCROLLBACK_BYTES = 80 * 1024 * 1024
"""Bound of the history: 100,000 lines of 100 columns. (Bounded by lines, libghostty drops to an
eighth of its speed: 35 against 280 MB/s.)"""

MAX_COLUMNS = MAX_ROWS = 2_000
TITLE_CHARACTERS = 256


@dataclass(frozen=True, slots=True)
class CellStyle:
    """How a run of cells looks."""

    fg: Color = None
    bg: Color = None
    bold: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    dim: bool = False
    strike: bool = False
    conceal: bool = False
    blink: bool = False


PLAIN = CellStyle()

Run = tuple[str, CellStyle]
"""Text and its look. The runs of a row together are as wide as the screen."""


class CursorShape(Enum):
    """The shapes a program can ask for (DECSCUSR)."""

    BLOCK = "block"
    BAR = "bar"
    UNDERLINE = "underline"


@dataclass(frozen=True, slots=True)
class CursorView:
    """Where and how the cursor is to be drawn, in rows and columns of the view."""

    row: int
    column: int
    shape: CursorShape = CursorShape.BLOCK
    blinking: bool = False


@dataclass(frozen=True, slots=True)
class Modes:
    """What the remote program asked of keyboard, mouse and screen (DEC private modes)."""

    application_cursor: bool = False  # 1
    application_keypad: bool = False  # 66
    alternate_screen: bool = False  # 1049 and its elder relatives
    alternate_scroll: bool = False  # 1007: the wheel is arrow keys on the alternate screen
    bracketed_paste: bool = False  # 2004
    focus_reports: bool = False  # 1004
    mouse_clicks: bool = False  # 9, 1000, 1002 or 1003
    mouse_drags: bool = False  # 1002 or 1003
    mouse_moves: bool = False  # 1003
    mouse_sgr: bool = False  # 1006: positions as decimal numbers
    synchronized: bool = False  # 2026: the program is in the middle of a frame


class Core(Protocol):
    """What `Terminal` needs of a parser."""

    replies: list[bytes]
    """What the parser wants to answer; emptied by `Terminal`."""
    bells: int

    def feed(self, data: bytes) -> None:
        """Parse; any bytes at all are allowed."""

    def resize(self, columns: int, rows: int) -> None:
        """Change the size; the primary screen reflows."""

    def text(self) -> list[str]:
        """Return the live screen's rows, without trailing blanks."""

    def cursor(self) -> tuple[int, int]:
        """Return row and column of the cursor on the live screen."""

    def rows(self, everything: bool) -> dict[int, list[Run]]:
        """Return the view's rows that changed since the last call, or all."""

    def cursor_view(self) -> CursorView | None:
        """Return the cursor as of the last `rows`, or None when it is hidden or out of view."""

    def modes(self) -> Modes:
        """Return the modes in force."""

    def title(self) -> str:
        """Return the title that the program set, raw."""

    def history(self) -> tuple[int, int]:
        """Return rows kept above the screen, and how many rows the view is scrolled up."""

    def scroll(self, rows: int | None) -> None:
        """Move the view (negative is up); None goes back to the live screen."""

    def close(self) -> None:
        """Free the native memory."""


class ReplyLimit:
    """Lets through so many bytes of replies a second, so that no remote output makes a storm.

    A program that starts asks a handful of questions; a flood of them is an attack or a binary
    file that was printed. Replies over the limit are dropped whole.
    """

    BURST_BYTES = 4096
    BYTES_PER_SECOND = 2048

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left = float(self.BURST_BYTES)
        self._at = clock()

    def take(self, replies: Sequence[bytes]) -> bytes:
        """Return the replies that may be sent, joined."""
        if not replies:
            return b""
        now = self._clock()
        refill = (now - self._at) * self.BYTES_PER_SECOND
        self._left = min(self.BURST_BYTES, self._left + refill)
        self._at = now
        allowed = bytearray()
        for reply in replies:
            if len(reply) <= self._left:
                self._left -= len(reply)
                allowed += reply
        return bytes(allowed)


class Terminal:
    """A terminal of `columns` x `rows` cells, driven by the output of a remote program.

    Not thread-safe. No input makes it raise or grow without bound.
    """

    FEED_BYTES = 64 * 1024

    def __init__(
        self,
        columns: int,
        rows: int,
        *,
        scrollback_bytes: int = SCROLLBACK_BYTES,
        foreground: Rgb | None = None,
        background: Rgb | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make an empty terminal; the colours are what a program that asks for them is told.

        Raises:
            SshError: the terminal library is not there for this system.
        """
        self.columns, self.rows = _size(columns, rows)
        self._core = _make_core(self.columns, self.rows, scrollback_bytes, foreground, background)
        self._limit = ReplyLimit(clock)

    def feed(self, data: bytes) -> bytes:
        """Take output of the remote program; return what is to be answered (often b"")."""
        core = self._core
        replies: list[bytes] = []
        for start in range(0, len(data), self.FEED_BYTES):
            core.feed(data[start : start + self.FEED_BYTES])
            if core.replies:
                # Cut early: one answer a byte would otherwise grow with the input.
                replies.append(self._limit.take(core.replies))
                core.replies.clear()
        return b"".join(replies)

    def resize(self, columns: int, rows: int) -> None:
        """Change the size; the primary screen reflows, the alternate one is cut or filled."""
        columns, rows = _size(columns, rows)
        if (columns, rows) != (self.columns, self.rows):
            self.columns, self.rows = columns, rows
            self._core.resize(columns, rows)

    def screen_text(self) -> list[str]:
        """Return the live screen as `rows` strings without trailing spaces."""
        return self._core.text()

    @property
    def cursor(self) -> tuple[int, int]:
        """Row and column of the cursor on the live screen, from 0."""
        return self._core.cursor()

    def dirty(self) -> dict[int, list[Run]]:
        """Return the view's rows that changed since the last call (or `rows_styled`), as runs."""
        return self._core.rows(everything=False)

    def rows_styled(self) -> list[list[Run]]:
        """Return all rows of the view as runs, and count them as seen."""
        rows = self._core.rows(everything=True)
        return [rows[row] for row in sorted(rows)]

    @property
    def cursor_view(self) -> CursorView | None:
        """The cursor as of the last `dirty` or `rows_styled`; None when not to be drawn."""
        return self._core.cursor_view()

    @property
    def modes(self) -> Modes:
        """What the program asked of keyboard, mouse and screen."""
        return self._core.modes()

    @property
    def title(self) -> str:
        """The title that the program set, cut to 256 characters. Hostile text: not for a widget
        before it went through `tui.core.safe_text`."""
        return self._core.title()[:TITLE_CHARACTERS]

    @property
    def bells(self) -> int:
        """How often the program rang the bell."""
        return self._core.bells

    @property
    def scrollback_rows(self) -> int:
        """Rows of history above the live screen."""
        return self._core.history()[0]

    @property
    def scroll_offset(self) -> int:
        """How many rows the view is scrolled up; 0 is the live screen."""
        return self._core.history()[1]

    def scroll(self, rows: int) -> None:
        """Move the view by rows, negative is up; it stops at either end."""
        self._core.scroll(max(-1_000_000, min(rows, 1_000_000)))

    def scroll_to_live(self) -> None:
        """Bring the view back to the live screen."""
        self._core.scroll(None)

    def close(self) -> None:
        """Free the native memory now; the terminal may not be used afterwards."""
        self._core.close()


def _size(columns: int, rows: int) -> tuple[int, int]:
    return max(1, min(columns, MAX_COLUMNS)), max(1, min(rows, MAX_ROWS))


def load_core() -> Any:
    """Load the terminal library, which takes some 100 ms the first time; for a thread.

    Raises:
        SshError: there is none for this system.
    """
    try:
        return importlib.import_module("tui.ssh.ghostty_core")
    except (ImportError, OSError) as error:
        raise SshError(
            "Can't open a terminal",
            "the terminal library (pyghostty) has no build for this system",
            "Skydeck has consoles on Linux and macOS, x86-64 and arm64; try pip install pyghostty.",
        ) from error


def _make_core(
    columns: int, rows: int, scrollback_bytes: int, foreground: Rgb | None, background: Rgb | None
) -> Core:
    core: Core = load_core().GhosttyCore(
        columns,
        rows,
        scrollback_bytes=scrollback_bytes,
        foreground=foreground,
        background=background,
    )
    return core
