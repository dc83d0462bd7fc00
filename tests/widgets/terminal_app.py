"""A program on a local pty in a `TerminalView`: for tests, and by hand:

python -m tests.widgets.terminal_app [command ...]
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import struct
import sys
import termios

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widgets import Input

from tui.themes import SLATE, variables
from tui.widgets.styles import style_path
from tui.widgets.terminal import TerminalView
from tui.widgets.terminal_focus import KeysToTerminal


class LocalPty:
    """A program on a pty of its own, with the methods of a session."""

    def __init__(self, command: list[str], view: TerminalView) -> None:
        self.view = view
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm-256color"
            # A test run in the background ignores interrupts, and its children would too.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execvp(command[0], command)
        os.set_blocking(self.fd, False)
        self.loop = asyncio.get_running_loop()
        self.open = True
        self.resize(view.columns, view.rows)
        self.flow(True)
        view.attach(self.write, self.resize, self.flow)

    def flow(self, go_on: bool) -> None:
        if self.open and go_on:
            self.loop.add_reader(self.fd, self._read)
        elif self.open:
            self.loop.remove_reader(self.fd)

    def _read(self) -> None:
        try:
            self.view.feed(os.read(self.fd, 65536))
        except OSError:
            self.flow(False)

    def write(self, data: bytes) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            os.write(self.fd, data)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def close(self) -> None:
        self.flow(False)
        self.open = False
        self.view.detach()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


class TerminalApp(KeysToTerminal, App[None]):
    """One terminal, one input, and bindings that would like to have its keys."""

    CSS_PATH = style_path("widgets/terminal.tcss")
    BINDINGS = [  # noqa: RUF012 - as Textual declares it
        Binding("1", "note('1')", "One"),
        Binding("f1", "note('f1')", "Help", priority=True),
        Binding("ctrl+q", "note('ctrl+q')", "Quit", priority=True),
        Binding("ctrl+p", "note('ctrl+p')", "Palette", priority=True),
        Binding("q", "note('q')", "Quit"),
    ]

    def __init__(self, command: list[str] | None = None) -> None:
        super().__init__()
        self.command = command
        self.program: LocalPty | None = None
        self.notes: list[str] = []
        self.messages: list[object] = []

    def get_css_variables(self) -> dict[str, str]:
        return super().get_css_variables() | variables(SLATE)

    def compose(self) -> ComposeResult:
        yield TerminalView(id="term")
        yield Input(id="outside")

    @property
    def view(self) -> TerminalView:
        return self.query_one("#term", TerminalView)

    def on_mount(self) -> None:
        self.view.focus()

    def on_terminal_view_resized(self, message: TerminalView.Resized) -> None:
        self.messages.append(message)
        if self.command and self.program is None:
            self.program = LocalPty(self.command, self.view)

    def on_terminal_view_left(self, message: TerminalView.Left) -> None:
        self.messages.append(message)

    def on_terminal_view_title_changed(self, message: TerminalView.TitleChanged) -> None:
        self.messages.append(message)

    def action_note(self, key: str) -> None:
        self.notes.append(key)
        if key == "ctrl+q":
            self.exit()

    def on_unmount(self) -> None:
        if self.program is not None:
            self.program.close()


if __name__ == "__main__":
    TerminalApp(sys.argv[1:] or ["bash"]).run()
