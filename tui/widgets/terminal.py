"""A live terminal: paints `tui.ssh.vt.Terminal`, sends keys, mouse and pastes to the remote.

While it has the focus, every key is the remote's but `ctrl+]`, which leaves (pressed twice quickly
it is sent). For that the app must derive from `KeysToTerminal` (`tui.widgets.terminal_focus`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.core.errors import SshError
from tui.core.safe_text import visible
from tui.ssh.threads import in_thread
from tui.ssh.vt import CursorView, Modes, Run, Terminal, load_core
from tui.widgets.terminal_colors import Colors, default_rgb
from tui.widgets.terminal_feed import Feed
from tui.widgets.terminal_keys import LEAVE_BYTE, LEAVE_KEY, key_bytes, paste_bytes
from tui.widgets.terminal_mouse import Button, mouse_bytes
from tui.widgets.terminal_rows import row_strip, with_cursor

if TYPE_CHECKING:
    from textual.timer import Timer

LEAVE_SECONDS = 0.25
"""A second ctrl+] within this time sends one instead of leaving."""
BELL_SECONDS = 0.5
WHEEL_ROWS = 3
DEFAULT_SIZE = (80, 24)

# What a program that died may have left on: screen, keyboard and mouse modes, colours, cursor.
RESET = (
    b"\x1b[?1049l\x1b[!p\x1b[?1;9;1000;1002;1003;1004;1006;2004;2026l"
    b"\x1b[?25h\x1b[<9u\x1b[0 q\x1b[m"
)


class TerminalView(Widget, can_focus=True):
    """The terminal of one console. `attach` it to a session, `feed` it the session's output."""

    ALLOW_SELECT = False
    ALLOW_MAXIMIZE = False

    takes_all_keys = True
    """Asked by `KeysToTerminal`."""

    @dataclass
    class Left(Message):
        """The user pressed the leave key; the focus is gone from the terminal."""

        view: TerminalView

    @dataclass
    class Resized(Message):
        """The terminal has another size, in cells."""

        view: TerminalView
        columns: int
        rows: int

    @dataclass
    class TitleChanged(Message):
        """The program set a title; the text is made visible already."""

        view: TerminalView
        title: str

    @dataclass
    class Failed(Message):
        """There can be no terminal on this system."""

        view: TerminalView
        error: SshError

    def __init__(
        self,
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.terminal: Terminal | None = None
        self.failure: SshError | None = None
        """Why there can be no terminal on this system."""
        self._write: Callable[[bytes], object] | None = None
        self._on_resize: Callable[[int, int], object] | None = None
        self._feed = Feed(self._parse, self._frame_open, self._paint)
        self._strips: list[Strip] = []
        self._cursor: CursorView | None = None
        self._colors: Colors | None = None
        self._leaving: Timer | None = None
        self._loading = False
        self._title = ""
        self._bells, self._belled_at = 0, 0.0

    # --- the session's side

    def attach(
        self,
        write: Callable[[bytes], object],
        on_resize: Callable[[int, int], object] | None = None,
        on_flow: Callable[[bool], object] | None = None,
    ) -> None:
        """Send keys to `write` and new sizes to `on_resize(columns, rows)` from now on.

        `on_flow(False)` is called when over 1 MiB waits to be parsed, `on_flow(True)` when there
        is room again. Modes that an earlier program left on are reset; what is on the screen stays.
        """
        if self._strips and self._write is None:
            self._feed.put(RESET)
        self._write, self._on_resize = write, on_resize
        self._feed.on_flow = None if on_flow is None else lambda go_on: void(on_flow(go_on))
        self._feed.changed()

    def detach(self) -> None:
        """Send nothing any more; the screen stays. What was typed meanwhile is dropped."""
        self._write = self._on_resize = None
        self._feed.on_flow = None
        self._feed.changed()

    def feed(self, data: bytes) -> None:
        """Take output of the remote. Call it on the loop."""
        self._feed.put(data)

    @property
    def columns(self) -> int:
        """Width in cells; 80 before the first layout."""
        return self.terminal.columns if self.terminal else (self.size.width or DEFAULT_SIZE[0])

    @property
    def rows(self) -> int:
        """Height in cells; 24 before the first layout."""
        return self.terminal.rows if self.terminal else (self.size.height or DEFAULT_SIZE[1])

    @property
    def modes(self) -> Modes:
        """What the program asked of keyboard and mouse."""
        return self.terminal.modes if self.terminal else Modes()

    def _send(self, data: bytes) -> None:
        if self._write is not None and data:
            self._write(data)

    # --- life

    async def on_resize(self) -> None:
        columns, rows = self.size
        if not columns or not rows:
            return  # hidden: the program keeps its size
        if self.terminal is None:
            await self._make_terminal()
        elif (columns, rows) != (self.terminal.columns, self.terminal.rows):
            self.terminal.resize(columns, rows)
            self._announce_size()
        self._feed.changed()

    async def _make_terminal(self) -> None:
        if self._loading:
            return
        self._loading = True
        try:
            # Loading the library takes long enough to be felt.
            await in_thread(_warm_up)
            columns, rows = self.size.width or 80, self.size.height or 24
            fg, bg = default_rgb(self.app.theme_variables)
            self.terminal = Terminal(columns, rows, foreground=fg, background=bg)
        except Exception as error:  # a library of another build may raise anything
            self.failure = error if isinstance(error, SshError) else _unfit(error)
            self.post_message(self.Failed(self, self.failure))
            return
        self._feed.ready = True
        self._announce_size()

    def _announce_size(self) -> None:
        columns, rows = self.columns, self.rows
        if self._on_resize is not None:
            self._on_resize(columns, rows)
        self.post_message(self.Resized(self, columns, rows))

    def on_unmount(self) -> None:
        self._feed.close()
        if self.terminal is not None:
            self.terminal.close()
            self.terminal = None

    def notify_style_update(self) -> None:
        """The theme or a class changed: make every row anew."""
        super().notify_style_update()
        self._colors = None
        if self.terminal is not None:
            self._feed.changed()

    # --- output

    def _parse(self, data: bytes) -> None:
        if self.terminal is not None:
            self._send(self.terminal.feed(data))

    def _frame_open(self) -> bool:
        return self.terminal is not None and self.terminal.modes.synchronized

    def _paint(self) -> None:
        terminal = self.terminal
        if terminal is None or not self.is_mounted:
            return
        fresh = self._colors is None or len(self._strips) != terminal.rows
        if self._colors is None:
            self._colors = Colors(self.app.theme_variables, self.rich_style)
        if fresh:
            self._strips = [self._strip(row) for row in terminal.rows_styled()]
            changed = set(range(len(self._strips)))
        else:
            dirty = terminal.dirty()
            for y, runs in dirty.items():
                if y < len(self._strips):
                    self._strips[y] = self._strip(runs)
            changed = set(dirty)
        cursor = terminal.cursor_view
        if cursor != self._cursor:
            changed |= {view.row for view in (cursor, self._cursor) if view}
            self._cursor = cursor
        if fresh or len(changed) > self.size.height // 2:
            self.refresh()
        elif changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))
        self._tell()

    def _tell(self) -> None:
        """Pass on a new title and the bell, which a flood may ring without end."""
        terminal = self.terminal
        if terminal is None:
            return
        if terminal.bells != self._bells:
            self._bells = terminal.bells
            if time.monotonic() - self._belled_at > BELL_SECONDS:
                self._belled_at = time.monotonic()
                self.app.bell()
        if terminal.title != self._title:
            self._title = terminal.title
            self.post_message(self.TitleChanged(self, visible(self._title)))

    def _strip(self, runs: list[Run]) -> Strip:
        assert self._colors is not None
        return row_strip(runs, self._colors, self.columns)

    def render_line(self, y: int) -> Strip:
        """Return one row of the view, with the cursor where it is."""
        if y >= len(self._strips):
            return Strip.blank(self.size.width, self.rich_style)
        strip, cursor = self._strips[y], self._cursor
        if cursor is not None and cursor.row == y and self._write is not None:
            strip = with_cursor(strip, cursor, focused=self.has_focus)
        width = self.size.width
        return strip if strip.cell_length == width else strip.adjust_cell_length(width)

    # --- keys

    def on_key(self, event: events.Key) -> None:
        """Send the key; nothing of it reaches the screen's or the app's bindings."""
        event.stop()
        event.prevent_default()
        if event.key == LEAVE_KEY:
            self._leave_key()
        elif self._leaving is not None:
            self._leave()
        elif not self._scroll_key(event.key):
            application = self.modes.application_cursor
            self._type(key_bytes(event.key, event.character, application_cursor=application))

    def _type(self, data: bytes) -> None:
        if data and self.terminal is not None:
            if self.terminal.scroll_offset:
                self.terminal.scroll_to_live()
                self._feed.changed()
            self._send(data)

    def _scroll_key(self, key: str) -> bool:
        if key not in ("shift+pageup", "shift+pagedown") or self.modes.alternate_screen:
            return False
        page = max(1, self.rows - 1)
        self.scroll_history(-page if key == "shift+pageup" else page)
        return True

    def scroll_history(self, rows: int) -> None:
        """Move the view by rows into the history (negative) or back."""
        if self.terminal is not None:
            self.terminal.scroll(rows)
            self._feed.changed()

    def _leave_key(self) -> None:
        if self._leaving is None:
            self._leaving = self.set_timer(LEAVE_SECONDS, self._leave)
        else:
            self._leaving.stop()
            self._leaving = None
            self._type(LEAVE_BYTE)

    def _leave(self) -> None:
        if self._leaving is not None:
            self._leaving.stop()
            self._leaving = None
        if self.has_focus:
            self.screen.set_focus(None)
        self.post_message(self.Left(self))

    def on_focus(self) -> None:
        if self.modes.focus_reports:
            self._send(b"\x1b[I")
        self._feed.changed()
        self.refresh()

    def on_blur(self) -> None:
        if self.modes.focus_reports:
            self._send(b"\x1b[O")
        self.refresh()

    def on_paste(self, event: events.Paste) -> None:
        """Send a paste whole."""
        event.stop()
        self._type(paste_bytes(event.text, bracketed=self.modes.bracketed_paste))

    # --- mouse

    def _mouse(
        self, event: events.MouseEvent, button: int, *, up: bool = False, moving: bool = False
    ) -> bool:
        offset = event.get_content_offset(self)
        if offset is None or self.terminal is None:
            return False
        place = (offset.x, offset.y)
        keys = (event.shift, event.meta, event.ctrl)
        report = mouse_bytes(self.modes, button, place, up=up, moving=moving, keys=keys)
        self._send(report)
        return bool(report)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._mouse(event, _button(event))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        self._mouse(event, _button(event), up=True)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self.modes.mouse_drags:
            self._mouse(event, _button(event), moving=True)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._wheel(event, Button.WHEEL_UP, -WHEEL_ROWS)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._wheel(event, Button.WHEEL_DOWN, WHEEL_ROWS)

    def _wheel(self, event: events.MouseEvent, button: Button, rows: int) -> None:
        if self._mouse(event, button):
            return
        modes = self.modes
        if modes.alternate_screen and modes.alternate_scroll:
            key = "up" if rows < 0 else "down"
            arrow = key_bytes(key, None, application_cursor=modes.application_cursor)
            self._send(arrow * abs(rows))
        else:
            self.scroll_history(rows)


def _warm_up() -> None:
    """Load the library and use it once: its declarations are read at their first use."""
    load_core()
    first = Terminal(2, 2)
    first.feed(b"-")
    first.rows_styled()
    first.close()


def _unfit(error: Exception) -> SshError:
    return SshError(
        "Can't open a terminal",
        f"the terminal library (pyghostty) does not work here ({type(error).__name__})",
        "Try pip install --force-reinstall pyghostty.",
    )


def _button(event: events.MouseEvent) -> int:
    return event.button - 1 if 1 <= event.button <= 3 else Button.NONE


def void(_value: object) -> None:
    """Drop a call-back's result."""
