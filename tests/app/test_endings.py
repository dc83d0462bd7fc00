"""However the app ends, the terminal is given back; a fault is one sentence and status 1."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ALTERNATE, NORMAL = b"\x1b[?1049h", b"\x1b[?1049l"
EXIT_SECONDS = 20.0  # a bound for a busy machine, not a figure
FAULTY = (
    "import sys\n"
    "from tui.app import SkydeckApp\n"
    "from tui.__main__ import main\n"
    "def broken(self):\n"
    "    secret = 'local-secret-4711'\n"
    "    raise KeyError(len(secret))\n"
    "SkydeckApp.action_help = broken\n"
    "SkydeckApp.action_theme = lambda self: self.call_next(broken, self)\n"
    "sys.exit(main([]))\n"
)
PAINTING = (
    "import sys\n"
    "from tui.app import SkydeckApp\n"
    "from tui.__main__ import main\n"
    "def paint(self):\n"
    "    self.set_interval(0.02, lambda: self.screen.refresh(layout=True))\n"
    "SkydeckApp.action_help = paint\n"
    "sys.exit(main([]))\n"
)


class Program:
    """The app in a pseudo-terminal of its own."""

    def __init__(self, home: Path, code: str) -> None:
        self.seen = b""
        self.terminal, inside = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            cwd=home,
            start_new_session=True,
            env={
                "HOME": str(home),
                "PATH": os.environ["PATH"],
                "TERM": "xterm-256color",
                "LANG": "C.UTF-8",
                "AWS_EC2_METADATA_DISABLED": "true",
                "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            },
        )
        os.close(inside)

    def read(self, seconds: float = 0.1) -> None:
        """Take what was written."""
        while select.select([self.terminal], [], [], seconds)[0]:
            try:
                data = os.read(self.terminal, 65536)
            except OSError:  # the other side is closed
                return
            if not data:
                return
            self.seen += data

    def wait_for(self, what: bytes, seconds: float = 20.0) -> None:
        """Wait until it was written."""
        end = time.monotonic() + seconds
        while what not in self.seen:
            assert time.monotonic() < end, f"{what!r} did not come: {self.seen[-500:]!r}"
            self.read()

    def ended(self) -> int:
        """Wait for the end, reading on; the exit status."""
        end = time.monotonic() + EXIT_SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < end, "it still runs"
            self.read()
        self.read()
        return self.process.returncode


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder."""
    return tmp_path


def started(home: Path, code: str) -> Iterator[Program]:
    """The program, on its first screen; it ends with the test."""
    program = Program(home, code)
    try:
        program.wait_for(ALTERNATE)
        program.wait_for(b"start?")
        yield program
    finally:
        if program.process.poll() is None:
            program.process.kill()
        program.process.wait()
        os.close(program.terminal)


@pytest.fixture
def app(home: Path) -> Iterator[Program]:
    """The app as it is."""
    yield from started(home, "import sys\nfrom tui.__main__ import main\nsys.exit(main([]))")


@pytest.fixture
def faulty(home: Path) -> Iterator[Program]:
    """The app with a handler that fails."""
    yield from started(home, FAULTY)


@pytest.fixture
def painting(home: Path) -> Iterator[Program]:
    """The app, which after `?` has always something to paint."""
    yield from started(home, PAINTING)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_gives_the_terminal_back(app: Program, number: int) -> None:
    app.process.send_signal(number)
    assert app.ended() == 0
    assert NORMAL in app.seen[app.seen.rindex(ALTERNATE) :]
    assert b"Traceback" not in app.seen


def test_q_gives_the_terminal_back(app: Program) -> None:
    os.write(app.terminal, b"q")
    assert app.ended() == 0
    assert NORMAL in app.seen


def test_a_terminal_that_is_gone_ends_it(app: Program) -> None:
    terminal, app.terminal = app.terminal, os.open(os.devnull, os.O_RDONLY)
    os.close(terminal)
    app.process.send_signal(signal.SIGHUP)
    app.process.wait(EXIT_SECONDS)


@pytest.mark.parametrize("keys", [b"", b"q"])
def test_a_terminal_that_is_gone_while_it_paints_ends_it_unasked(
    painting: Program, keys: bytes
) -> None:
    os.write(painting.terminal, b"?")
    time.sleep(0.5)  # it has begun
    terminal, painting.terminal = painting.terminal, os.open(os.devnull, os.O_RDONLY)
    os.write(terminal, keys)
    os.close(terminal)
    painting.process.wait(EXIT_SECONDS)


def test_a_handlers_fault_is_told_and_the_app_goes_on(faulty: Program) -> None:
    os.write(faulty.terminal, b"?")
    faulty.wait_for(b"fault of Skydeck's own")
    os.write(faulty.terminal, b"q")
    assert faulty.ended() == 0
    assert b"Traceback" not in faulty.seen


def test_a_fault_that_cannot_be_caught_is_one_sentence_and_status_1(
    faulty: Program, home: Path
) -> None:
    os.write(faulty.terminal, b"t")
    assert faulty.ended() == 1
    after = faulty.seen[faulty.seen.rindex(NORMAL) :]
    assert b"a fault of its own" in after
    assert b"crash.txt" in after.replace(b"\r\n", b"")
    assert b"Traceback" not in faulty.seen
    assert b"secret" not in faulty.seen
    note = home / ".local/state/skydeck/crash.txt"
    if sys.platform == "linux":
        assert "in broken" in note.read_text()
        assert "local-secret-4711" not in note.read_text()
