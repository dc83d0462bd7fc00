"""A real terminal for tests: tmux runs the program, keys go in, the screen is read back."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

AVAILABLE = shutil.which("tmux") is not None


class Terminal:
    """One program in its own tmux server; the server ends with the block."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: dict[str, str],
        folder: Path,
        columns: int = 120,
        rows: int = 40,
    ) -> None:
        self._command, self._environment, self._folder = command, environment, folder
        self._columns, self._rows = columns, rows
        self._place = tempfile.mkdtemp(prefix="skydeck-tmux-")
        self._status = Path(self._place) / "status"

    def __enter__(self) -> Terminal:
        line = f"{shlex.join(self._command)}; echo $? > {shlex.quote(str(self._status))}"
        self._tmux(
            "-f", "/dev/null", "new-session", "-d", "-s", "skydeck",
            "-x", str(self._columns), "-y", str(self._rows), "-c", str(self._folder), line,
            environment=self._environment,
        )  # fmt: skip
        self._tmux("set-option", "-g", "escape-time", "10")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._tmux("kill-server", check=False)
        shutil.rmtree(self._place, ignore_errors=True)

    def _tmux(
        self, *arguments: str, environment: dict[str, str] | None = None, check: bool = True
    ) -> str:
        run = subprocess.run(
            ["tmux", "-S", f"{self._place}/socket", *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={**(environment or os.environ), "TERM": "xterm-256color"},
        )
        if check and run.returncode != 0:
            raise RuntimeError(f"tmux {arguments[0]}: {run.stderr.strip()}")
        return run.stdout

    def keys(self, *keys: str) -> None:
        """Press keys, by tmux's names (`Enter`, `Escape`, `C-p`, `F2`), one after the other."""
        for key in keys:
            self._tmux("send-keys", "-t", "skydeck", key)
            time.sleep(0.05)

    def type(self, text: str) -> None:
        """Type a text as it is."""
        self._tmux("send-keys", "-t", "skydeck", "-l", text)
        time.sleep(0.05)

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size."""
        self._tmux("resize-window", "-t", "skydeck", "-x", str(columns), "-y", str(rows))

    def screen(self) -> str:
        """What is on the screen, as text."""
        return self._tmux("capture-pane", "-p", "-t", "skydeck", check=False)

    def wait_for(self, pattern: str, seconds: float = 30.0, *, gone: bool = False) -> str:
        """Wait until a regular expression is (or is not) on the screen; returns the screen."""
        end = time.monotonic() + seconds
        while True:
            screen = self.screen()
            if bool(re.search(pattern, screen)) is not gone:
                return screen
            if time.monotonic() > end:
                verb = "did not go" if gone else "did not come"
                raise AssertionError(f"{pattern!r} {verb} in {seconds:.0f} s:\n{screen}")
            time.sleep(0.1)

    def ended(self, seconds: float = 20.0) -> int:
        """Wait for the program's end; its exit status."""
        end = time.monotonic() + seconds
        while not (self._status.exists() and self._status.read_text().strip()):
            if time.monotonic() > end:
                raise AssertionError(f"the program still runs:\n{self.screen()}")
            time.sleep(0.1)
        return int(self._status.read_text())
