"""How long until the first screen: Skydeck against a Textual app of one widget.

Both are started the same way in a pseudo-terminal; the clock stops when the words of the first
screen arrive there. Run: python tests/bench/first_paint.py [--quick]
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.report import Goal, finish, interleaved, median

ONE_WIDGET = """
from textual.app import App
from textual.widgets import Static
class One(App):
    def compose(self):
        yield Static("one widget is here")
One().run()
"""
DEADLINE_SECONDS = 20.0
SETTLE_SECONDS = 1.2  # a sandbox that was just starting takes a moment to end; all get the same


def seconds_until(arguments: list[str], words: bytes, environment: dict[str, str]) -> float:
    """Start a program in a 120x40 terminal; seconds until `words` are written to it."""
    began = time.perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, *arguments], environment)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    try:
        seen = b""
        while words not in seen:
            ready, _, _ = select.select([terminal], [], [], DEADLINE_SECONDS)
            if not ready:
                raise TimeoutError(f"{arguments} showed nothing")
            seen += os.read(terminal, 65536)
        return time.perf_counter() - began
    finally:
        os.kill(child, signal.SIGTERM)
        _drain(terminal)
        os.waitpid(child, 0)
        os.close(terminal)
        time.sleep(SETTLE_SECONDS)


def _drain(terminal: int) -> None:
    """Read what the program still says while it ends, so that it can."""
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:
        return


def main() -> int:
    """Measure and report."""
    runs = 5 if "--quick" in sys.argv else 15
    with tempfile.TemporaryDirectory() as home:
        environment = {
            "HOME": home,
            "PATH": os.environ["PATH"],
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        }
        figures = interleaved(
            {
                "one": lambda: seconds_until(["-c", ONE_WIDGET], b"one widget", environment),
                "sandbox": lambda: seconds_until(
                    ["-m", "tui", "--sandbox"], b"Workflow", environment
                ),
                "first": lambda: seconds_until(["-m", "tui"], b"Where do you", environment),
            },
            runs,
        )
    one = median(figures["one"])
    return finish(
        "First paint, seconds from start (median)",
        {
            "one widget, s": one,
            "skydeck --sandbox, s": median(figures["sandbox"]),
            "skydeck first run, s": median(figures["first"]),
            "skydeck --sandbox, ratio": median(figures["sandbox"]) / one,
            "skydeck first run, ratio": median(figures["first"]) / one,
        },
        {"skydeck --sandbox, ratio": Goal(1.5), "skydeck first run, ratio": Goal(1.5)},
    )


if __name__ == "__main__":
    sys.exit(main())
