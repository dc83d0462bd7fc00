"""libghostty's terminal through pyghostty's cffi bindings: its render state and raw row cells.

Imported only by `tui.ssh.vt`, and late: loading the library takes about 100 ms.
A cell is 64 bits: 2 content kind, 24 content (codepoint or colour), 16 style id, 2 width, and more
that is of no use here. The plain `pyghostty.Terminal` reads single cells only and is far too slow.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from itertools import groupby
from operator import or_
from typing import Any

import pyghostty
from pyghostty._ffi import check, ffi, lib, union_fn
from pyghostty.core import init_sized

from tui.ssh.vt import PLAIN, CellStyle, Color, CursorShape, CursorView, Modes, Rgb, Run

# cffi can't pass a union by value; this has the layout of GhosttyTerminalScrollViewport.
ffi.cdef("typedef struct { int tag; intptr_t delta; uint64_t pad; } SkydeckScrollViewport;")

KIND_MASK = 3
KIND_GRAPHEME = 1
KIND_COLOR_BIT = 2  # 2: a palette colour, 3: a true colour, both without text
STYLE_SHIFT, STYLE_MASK = 26, 0xFFFF
WIDTH_SHIFT = 42
WIDTH_TAIL = 2  # the right half of a wide character
NOT_PLAIN_TEXT = KIND_MASK | 3 << WIDTH_SHIFT
CODEPOINT_MASK = 0x1FFFFF

ANY_LINES = 100_000_000  # the history is bounded by its bytes
MAX_STYLES = 4096  # a true-colour gradient makes styles without end
MAX_GRAPHEME = 64  # codepoints in one cell; more is an attack by combining marks

CURSOR_SHAPES = {
    lib.GHOSTTY_RENDER_STATE_CURSOR_VISUAL_STYLE_BAR: CursorShape.BAR,
    lib.GHOSTTY_RENDER_STATE_CURSOR_VISUAL_STYLE_UNDERLINE: CursorShape.UNDERLINE,
}


class GhosttyCore:
    """One libghostty terminal and its render state; see `tui.ssh.vt.Core`."""

    def __init__(
        self,
        columns: int,
        rows: int,
        *,
        scrollback_bytes: int,
        foreground: Rgb | None = None,
        background: Rgb | None = None,
    ) -> None:
        self.replies: list[bytes] = []
        self.bells = 0
        self._terminal = pyghostty.Terminal(
            columns, rows, scrollback=ANY_LINES, fg=foreground, bg=background
        )
        self._handle = self._terminal._t[0]
        self._set("SCROLLBACK_MAX_BYTES", ffi.new("size_t*", scrollback_bytes))
        self._harden()
        self._terminal.on_reply(self.replies.append)
        self._bell = ffi.callback("GhosttyTerminalBellFn", self._rang)
        self._set("BELL", self._bell)
        self._view = _View(self._handle)

    def _set(self, option: str, value: Any) -> None:
        number = getattr(lib, f"GHOSTTY_TERMINAL_OPT_{option}")
        check(lib.ghostty_terminal_set(self._handle, number, value), option)

    def _harden(self) -> None:
        """Take away what a remote program has no business with."""
        # Images would hold memory. Their file media, which would read this machine's files, are
        # off until switched on.
        self._set("KITTY_IMAGE_STORAGE_LIMIT", ffi.new("uint64_t*", 0))
        # No clipboard call-back is set, so OSC 52 does nothing; keep none of its data either.
        self._set("CLIPBOARD_WRITE_MAX_BYTES", ffi.new("size_t*", 1))
        self._set("APC_MAX_BYTES", ffi.new("size_t*", 4096))
        # A title that is reported back is typed text that the remote chose.
        self._set("TITLE_REPORT", ffi.new("bool*", False))

    def _rang(self, _terminal: Any, _userdata: Any) -> None:
        self.bells += 1

    def feed(self, data: bytes) -> None:
        self._terminal.feed(data)

    def resize(self, columns: int, rows: int) -> None:
        self._terminal.resize(columns, rows)

    def text(self) -> list[str]:
        _, scrolled = self.history()
        if scrolled:
            self.scroll(None)
        lines = self._view.text()
        if scrolled:
            self.scroll(-scrolled)
        return lines

    def cursor(self) -> tuple[int, int]:
        column, row = self._terminal.cursor
        return row, column

    def rows(self, everything: bool) -> dict[int, list[Run]]:
        return self._view.take(everything)

    def cursor_view(self) -> CursorView | None:
        return self._view.cursor

    def modes(self) -> Modes:
        mode = self._terminal.mode
        moves = mode(1003)
        drags = moves or mode(1002)
        return Modes(
            application_cursor=mode(1),
            application_keypad=mode(66),
            alternate_screen=self._terminal.get("active_screen", "int") == 1,
            alternate_scroll=mode(1007),
            bracketed_paste=mode(2004),
            focus_reports=mode(1004),
            mouse_clicks=drags or mode(1000) or mode(9),
            mouse_drags=drags,
            mouse_moves=moves,
            mouse_sgr=mode(1006),
            synchronized=mode(2026),
        )

    def title(self) -> str:
        raw = self._terminal.get("title", "GhosttyString")
        return bytes(ffi.buffer(raw.ptr, raw.len)).decode("utf-8", "replace") if raw.len else ""

    def history(self) -> tuple[int, int]:
        bar = self._terminal.get("scrollbar", "GhosttyTerminalScrollbar")
        above = bar.total - bar.len
        return above, above - bar.offset

    def scroll(self, rows: int | None) -> None:
        if rows is None:
            by = {"tag": lib.GHOSTTY_SCROLL_VIEWPORT_BOTTOM}
        else:
            by = {"tag": lib.GHOSTTY_SCROLL_VIEWPORT_DELTA, "delta": rows}
        move = union_fn(
            "ghostty_terminal_scroll_viewport", "void(*)(GhosttyTerminal, SkydeckScrollViewport)"
        )
        move(self._handle, ffi.new("SkydeckScrollViewport*", by)[0])

    def close(self) -> None:
        self._view.close()
        self._terminal.close()


class _View:
    """The render state of one terminal, read row by row into runs."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self.cursor: CursorView | None = None
        self._lines: list[list[Run]] = []
        self._pending: set[int] = set()
        self._state = ffi.new("GhosttyRenderState*")
        self._rows = ffi.new("GhosttyRenderStateRowIterator*")
        self._cells = ffi.new("GhosttyRenderStateRowCells*")
        check(lib.ghostty_render_state_new(ffi.NULL, self._state), "render state")
        check(lib.ghostty_render_state_row_iterator_new(ffi.NULL, self._rows), "row iterator")
        check(lib.ghostty_render_state_row_cells_new(ffi.NULL, self._cells), "row cells")
        self._raw = ffi.new("GhosttyCellsView*")
        self._at = ffi.new("uint16_t*")
        self._flag = ffi.new("int*")
        self._cursor = init_sized("GhosttyRenderStateCursor")
        self._reader = _StyleReader(self._rows, self._cells)

    def take(self, everything: bool) -> dict[int, list[Run]]:
        """Return the rows changed since the last call, or all of them."""
        self._update()
        self.cursor = self._read_cursor()
        places = range(len(self._lines)) if everything else sorted(self._pending)
        taken = {y: self._lines[y] for y in places if y < len(self._lines)}
        self._pending.clear()
        return taken

    def text(self) -> list[str]:
        """Return the rows as plain text, without taking the changes away from `take`."""
        self._update()
        return ["".join([text for text, _ in line]).rstrip() for line in self._lines]

    def _update(self) -> None:
        state = self._state[0]
        check(lib.ghostty_render_state_update(state, self._handle), "update")
        lib.ghostty_render_state_get(state, lib.GHOSTTY_RENDER_STATE_DATA_DIRTY, self._flag)
        lib.ghostty_render_state_get(state, lib.GHOSTTY_RENDER_STATE_DATA_ROW_ITERATOR, self._rows)
        if self._flag[0] == lib.GHOSTTY_RENDER_STATE_DIRTY_FULL or not self._lines:
            self._lines = [self._row() for _ in self._every_row()]
            self._pending = set(range(len(self._lines)))
        else:
            for y in self._dirty_rows():
                self._lines[y] = self._row()
                self._pending.add(y)
        lib.ghostty_render_state_get(state, lib.GHOSTTY_RENDER_STATE_DATA_CURSOR, self._cursor)
        lib.ghostty_render_state_clean(state)

    # The row that an iterator stands on is the one that `_row` reads.

    def _every_row(self) -> Iterator[None]:
        while lib.ghostty_render_state_row_iterator_next(self._rows[0]):
            yield

    def _dirty_rows(self) -> Iterator[int]:
        while lib.ghostty_render_state_row_iterator_next_dirty(self._rows[0], self._at):
            yield int(self._at[0])

    def _row(self) -> list[Run]:
        lib.ghostty_render_state_row_get(
            self._rows[0], lib.GHOSTTY_RENDER_STATE_ROW_DATA_CELLS_RAW, self._raw
        )
        raw = ffi.buffer(self._raw.ptr, self._raw.len * 8)
        return self._reader.runs(memoryview(raw).cast("B").cast("Q").tolist())

    def _read_cursor(self) -> CursorView | None:
        cursor = self._cursor
        if not (cursor.visible and cursor.viewport_has_value):
            return None
        return CursorView(
            row=cursor.viewport_y,
            column=cursor.viewport_x - int(cursor.wide_tail),
            shape=CURSOR_SHAPES.get(cursor.visual_style, CursorShape.BLOCK),
            blinking=bool(cursor.blinking),
        )

    def close(self) -> None:
        lib.ghostty_render_state_row_cells_free(self._cells[0])
        lib.ghostty_render_state_row_iterator_free(self._rows[0])
        lib.ghostty_render_state_free(self._state[0])


class _StyleReader:
    """Turns the raw cells of the row that the iterator stands on into runs."""

    def __init__(self, rows: Any, cells: Any) -> None:
        self._rows, self._cells = rows, cells
        self._have_cells = False
        self._number = ffi.new("uint32_t*")
        self._codepoints = ffi.new(f"uint32_t[{MAX_GRAPHEME}]")
        self._style = init_sized("GhosttyStyle")
        self._style_bytes = ffi.buffer(self._style)
        self._styles: dict[object, CellStyle] = {}

    def runs(self, cells: list[int]) -> list[Run]:
        self._have_cells = False
        combined = reduce(or_, cells, 0)
        if combined & NOT_PLAIN_TEXT:
            return self._mixed_runs(cells)
        # One codepoint in every cell, as in most rows.
        text = "".join([chr(cell >> 2 & CODEPOINT_MASK) for cell in cells]).replace("\0", " ")
        if not combined >> STYLE_SHIFT & STYLE_MASK:
            return [(text, PLAIN)]
        runs: list[Run] = []
        seen: dict[int, CellStyle] = {}  # style ids mean the same only inside a row
        x = 0
        for bits, group in groupby([cell >> STYLE_SHIFT & STYLE_MASK for cell in cells]):
            end = x + sum(1 for _ in group)
            if bits not in seen:
                seen[bits] = self._style_of(bits, x)
            runs.append((text[x:end], seen[bits]))
            x = end
        return runs

    def _mixed_runs(self, cells: list[int]) -> list[Run]:
        runs: list[Run] = []
        seen: dict[int, CellStyle] = {}
        x = 0
        for bits, group in groupby(cells, key=_style_bits):
            end = x + sum(1 for _ in group)
            if bits not in seen:
                seen[bits] = self._style_of(bits, x)
            runs.append((self._text(cells[x:end], x), seen[bits]))
            x = end
        return runs

    def _text(self, run: list[int], x: int) -> str:
        text = []
        for offset, cell in enumerate(run):
            if cell >> WIDTH_SHIFT & 3 == WIDTH_TAIL:
                continue
            if cell & KIND_MASK == KIND_GRAPHEME:
                text.append(self._grapheme(x + offset))
            elif cell & KIND_COLOR_BIT:
                text.append(" ")
            else:
                text.append(chr(cell >> 2 & CODEPOINT_MASK or 0x20))
        return "".join(text)

    def _select(self, x: int) -> None:
        if not self._have_cells:
            lib.ghostty_render_state_row_get(
                self._rows[0], lib.GHOSTTY_RENDER_STATE_ROW_DATA_CELLS, self._cells
            )
            self._have_cells = True
        lib.ghostty_render_state_row_cells_select(self._cells[0], x)

    def _get(self, what: int, into: Any) -> None:
        lib.ghostty_render_state_row_cells_get(self._cells[0], what, into)

    def _grapheme(self, x: int) -> str:
        self._select(x)
        self._get(lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_GRAPHEMES_LEN, self._number)
        count = self._number[0]
        if not 0 < count <= MAX_GRAPHEME:
            return "\N{REPLACEMENT CHARACTER}"
        self._get(lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_GRAPHEMES_BUF, self._codepoints)
        return "".join(map(chr, self._codepoints[0:count]))

    def _style_of(self, bits: int, x: int) -> CellStyle:
        if bits == 0:
            return PLAIN
        if bits < 0:
            return _background(-1 - bits)
        self._select(x)
        self._get(lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_STYLE, self._style)
        key = self._style_bytes[:]
        style = self._styles.get(key)
        if style is None:
            if len(self._styles) >= MAX_STYLES:
                self._styles.clear()
            style = self._styles[key] = self._read_style()
        return style

    def _read_style(self) -> CellStyle:
        style = self._style
        return CellStyle(
            fg=_color(style.fg_color),
            bg=_color(style.bg_color),
            bold=bool(style.bold),
            italic=bool(style.italic),
            underline=bool(style.underline),
            reverse=bool(style.inverse),
            dim=bool(style.faint),
            strike=bool(style.strikethrough),
            conceal=bool(style.invisible),
            blink=bool(style.blink),
        )


def _style_bits(cell: int) -> int:
    """Return a number that is equal for cells of equal look; negative for bare colours."""
    if cell & KIND_COLOR_BIT:
        return -1 - (cell & 0x3FFFFFF)
    return cell >> STYLE_SHIFT & STYLE_MASK


def _background(cell: int) -> CellStyle:
    value = cell >> 2
    if cell & KIND_MASK == KIND_COLOR_BIT:
        return CellStyle(bg=value & 0xFF)
    return CellStyle(bg=(value & 0xFF, value >> 8 & 0xFF, value >> 16 & 0xFF))


def _color(color: Any) -> Color:
    if color.tag == lib.GHOSTTY_STYLE_COLOR_PALETTE:
        return int(color.value.palette)
    if color.tag == lib.GHOSTTY_STYLE_COLOR_RGB:
        return color.value.rgb.r, color.value.rgb.g, color.value.rgb.b
    return None
