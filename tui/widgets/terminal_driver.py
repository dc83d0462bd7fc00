"""Textual's driver, for a terminal that may be gone from one moment to the next.

Where its window is closed, Textual's input thread reads nothing, again and again, as fast as it
can; its output thread dies of the first write, and the app then waits for it for ever, on the
event loop.
"""

from __future__ import annotations

import contextlib
import termios
import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

from textual.drivers.linux_driver import LinuxDriver


class TerminalDriver(LinuxDriver):
    """Ends the app when the terminal is gone, and never waits for it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._gone = False
        self._file = cast("Any", _Output(self._file, self._lost))
        self.exit_event = _Ending(self.fileno, self._lost)

    def _lost(self) -> None:
        """The terminal is gone. Called from any thread."""
        if not self._gone:
            self._gone = True
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._app.exit)


class _Output:
    """The terminal's output; what can't be written is let go."""

    def __init__(self, file: Any, lost: Callable[[], None]) -> None:
        self._file, self._lost = file, lost

    def write(self, text: str) -> None:
        """Write, if somebody is there."""
        with self._letting_go():
            self._file.write(text)

    def flush(self) -> None:
        """Flush, if somebody is there."""
        with self._letting_go():
            self._file.flush()

    def fileno(self) -> int:
        """The terminal's number."""
        number: int = self._file.fileno()
        return number

    @contextlib.contextmanager
    def _letting_go(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self._lost()


class _Ending(threading.Event):
    """Tells the input thread to end, which asks before each read; also when there is no input."""

    def __init__(self, terminal: int, lost: Callable[[], None]) -> None:
        super().__init__()
        self._terminal, self._lost = terminal, lost

    def is_set(self) -> bool:
        """Whether there is nothing more to read."""
        if super().is_set():
            return True
        try:
            termios.tcgetattr(self._terminal)
        except termios.error:
            self._lost()
            return True
        return False
