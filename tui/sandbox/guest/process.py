"""A shell or command of a session, on a PTY or on pipes."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import struct
import termios
from abc import ABC, abstractmethod
from collections.abc import Callable

CHUNK = 65536
INPUT_MOST = 1 << 20
INPUT_FEW = 1 << 18
"""Bytes of input that wait for the process: above the first none is taken, until the second."""
LAST_READS = 64
Send = Callable[[bytes, bool], None]
"""Takes output and whether it is standard error."""
Flow = Callable[[bool], None]
"""Takes whether input may come."""

# asyncio's child inherits ignored signals; with SIGINT ignored, Ctrl-C would be dead.
_RESET = (
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGPIPE,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
)


def _reset_signals() -> None:
    for number in _RESET:
        signal.signal(number, signal.SIG_DFL)


def _take_terminal() -> None:
    """In the child: a session of its own, with the PTY as its controlling terminal."""
    _reset_signals()
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class RemoteProcess(ABC):
    """What a session needs of its process."""

    def __init__(self, send: Send, flow: Flow) -> None:
        self._send = send
        self._flow = flow
        self._started: asyncio.subprocess.Process | None = None
        self.holds_input = False

    def _waiting(self, size: int) -> None:
        """Ask for a pause, or for more, by how much input waits."""
        if size > INPUT_MOST and not self.holds_input:
            self.holds_input = True
            self._flow(False)
        elif size <= INPUT_FEW and self.holds_input:
            self.holds_input = False
            self._flow(True)

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The started process."""
        assert self._started is not None
        return self._started

    @abstractmethod
    async def start(self, arguments: list[str], cwd: str, env: dict[str, str]) -> None:
        """Start it; raises OSError when it cannot."""

    @abstractmethod
    async def finish(self) -> int:
        """Wait for its end and its last output; a signal is a negative status."""

    @abstractmethod
    def feed(self, data: bytes) -> None:
        """Give it input."""

    @abstractmethod
    def end_input(self) -> None:
        """Tell it that no input follows."""

    @abstractmethod
    def pause(self) -> None:
        """Stop reading its output: the client is slow."""

    @abstractmethod
    def resume(self) -> None:
        """Read its output again."""

    @abstractmethod
    def resize(self, columns: int, rows: int) -> None:
        """Follow the client's window."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what it holds."""

    def kill(self, number: int) -> None:
        """Signal the whole process group, if it still runs."""
        if self._started is not None and self._started.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._started.pid, number)


class PtyProcess(RemoteProcess):
    """A process on a PTY of its own."""

    def __init__(self, send: Send, flow: Flow, size: tuple[int, int]) -> None:
        super().__init__(send, flow)
        self._size = size
        self._master = -1
        self._unwritten = bytearray()

    async def start(self, arguments: list[str], cwd: str, env: dict[str, str]) -> None:
        self._master, slave = pty.openpty()
        self.resize(*self._size)
        try:
            self._started = await asyncio.create_subprocess_exec(
                *arguments,
                stdin=slave,
                stdout=slave,
                stderr=slave,
                cwd=cwd,
                env=env,
                preexec_fn=_take_terminal,
            )
        except OSError:
            self.close()
            raise
        finally:
            os.close(slave)
        os.set_blocking(self._master, False)
        asyncio.get_running_loop().add_reader(self._master, self._readable)

    async def finish(self) -> int:
        status = await self.process.wait()
        for _ in range(LAST_READS):  # what runs on in the background may write for ever
            if not self._read_once():
                break
        return status

    def _readable(self) -> None:
        if not self._read_once():
            self.pause()

    def _read_once(self) -> bool:
        """Pass on what is there; False at the end (Linux says EIO when the last slave closes)."""
        if self._master < 0:
            return False
        try:
            data = os.read(self._master, CHUNK)
        except BlockingIOError:
            # Something in the background still holds the terminal: that is no end, but at exit
            # there is nothing more to wait for.
            return self.process.returncode is None
        except OSError:
            return False
        if data:
            self._send(data, False)
        return bool(data)

    def feed(self, data: bytes) -> None:
        self._unwritten += data
        self._write()

    def _write(self) -> None:
        if self._master < 0:
            self._unwritten.clear()
            return
        loop = asyncio.get_running_loop()
        try:
            if self._unwritten:
                del self._unwritten[: os.write(self._master, self._unwritten)]
        except BlockingIOError:
            pass
        except OSError:
            self._unwritten.clear()
        if self._unwritten:
            loop.add_writer(self._master, self._write)
        else:
            loop.remove_writer(self._master)
        self._waiting(len(self._unwritten))

    def end_input(self) -> None:
        """A terminal's end of input is a key (Ctrl-D), not a closed pipe."""

    def pause(self) -> None:
        if self._master >= 0:
            asyncio.get_running_loop().remove_reader(self._master)

    def resume(self) -> None:
        if self._master >= 0 and self.process.returncode is None:
            asyncio.get_running_loop().add_reader(self._master, self._readable)

    def resize(self, columns: int, rows: int) -> None:
        self._size = (columns, rows)
        if self._master >= 0:
            size = struct.pack("HHHH", rows or 24, columns or 80, 0, 0)
            with contextlib.suppress(OSError):
                fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)

    def close(self) -> None:
        if self._master >= 0:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._master)
            loop.remove_writer(self._master)
            os.close(self._master)
            self._master = -1


class PipeProcess(RemoteProcess):
    """A process on three pipes."""

    def __init__(self, send: Send, flow: Flow) -> None:
        super().__init__(send, flow)
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._drain: asyncio.Task[None] | None = None

    async def start(self, arguments: list[str], cwd: str, env: dict[str, str]) -> None:
        self._started = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=cwd,
            env=env,
            start_new_session=True,
            preexec_fn=_reset_signals,
        )

    async def finish(self) -> int:
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        pumps = asyncio.gather(
            self._pump(self.process.stdout, False), self._pump(self.process.stderr, True)
        )
        await pumps
        return await self.process.wait()

    async def _pump(self, stream: asyncio.StreamReader, stderr: bool) -> None:
        while data := await stream.read(CHUNK):
            await self._flowing.wait()
            self._send(data, stderr)

    def feed(self, data: bytes) -> None:
        stdin = self.process.stdin
        if not data or stdin is None or stdin.is_closing():
            return
        stdin.write(data)
        self._waiting(stdin.transport.get_write_buffer_size())
        if self.holds_input and self._drain is None:
            self._drain = asyncio.ensure_future(self._drained(stdin))

    async def _drained(self, stdin: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await stdin.drain()
        self._drain = None
        self._waiting(0)

    def end_input(self) -> None:
        if self.process.stdin is not None:
            self.process.stdin.close()

    def pause(self) -> None:
        self._flowing.clear()

    def resume(self) -> None:
        self._flowing.set()

    def resize(self, columns: int, rows: int) -> None:
        """Pipes have no size."""

    def close(self) -> None:
        """asyncio closes the pipes."""
