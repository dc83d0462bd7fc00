"""One channel of an SSH connection: a shell, a command, SFTP, or scp.

Shells and commands pass raw bytes both ways with flow control; SFTP and scp go to asyncssh.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, Any

import asyncssh
from asyncssh.stream import SSHServerStreamSession

from tui.sandbox.guest.process import INPUT_MOST, PipeProcess, PtyProcess, RemoteProcess
from tui.sandbox.guest.sftp import SftpServer

if TYPE_CHECKING:
    from tui.sandbox.guest.server import SshHost

SFTP_VERSION = 3  # what OpenSSH and paramiko speak
HANGUP_GRACE_SECONDS = 2.0


class ShellSession(SSHServerStreamSession[bytes]):
    """A session that runs the shell itself, so that a PTY is a real PTY."""

    def __init__(self, host: SshHost) -> None:
        super().__init__(None, lambda channel: SftpServer(channel, host), SFTP_VERSION, True)
        self._host = host
        self._raw = False
        self._command: str | None = None
        self._term: str | None = None
        self._size = (80, 24)
        self._process: RemoteProcess | None = None
        self._early = bytearray()
        self._ended = False
        self._lost = False
        self._task: asyncio.Task[None] | None = None

    def pty_requested(self, term: str, size: tuple[int, int, int, int], modes: Any) -> bool:
        self._term = term or "xterm"
        self._size = (size[0], size[1])
        return True

    def shell_requested(self) -> bool:
        self._raw = True
        return True

    def exec_requested(self, command: str) -> bool:
        if not command.startswith("scp "):
            self._raw = True
            self._command = command
        return True

    def session_started(self) -> None:
        if self._raw:
            self._task = asyncio.ensure_future(self._run())
        else:
            super().session_started()

    async def _run(self) -> None:
        channel: Any = self._chan
        try:
            process = await self._start(channel)
            _report_end(channel, await process.finish())
        except (OSError, asyncssh.Error) as error:
            with contextlib.suppress(OSError, asyncssh.Error):
                channel.write(f"sandbox: {error}\r\n".encode(), asyncssh.EXTENDED_DATA_STDERR)
                channel.exit(255)
        finally:
            if self._process is not None:
                self._process.close()
                self._host.processes.discard(self._process.process)
            channel.close()  # whatever happened: a client must not wait for ever

    async def _start(self, channel: Any) -> RemoteProcess:
        process = self._make_process(channel)
        await process.start(self._arguments(), self._host.home_folder, self._environment())
        self._process = process
        self._host.processes.add(process.process)
        if self._lost:  # the client left while the process started
            self._hang_up()
        process.resize(*self._size)  # it may have changed, too
        process.feed(bytes(self._early))
        self._early.clear()
        if not process.holds_input:
            channel.resume_reading()
        if self._ended:
            process.end_input()
        return process

    def _make_process(self, channel: Any) -> RemoteProcess:
        def send(data: bytes, stderr: bool) -> None:
            with contextlib.suppress(OSError, asyncssh.Error):
                channel.write(data, asyncssh.EXTENDED_DATA_STDERR if stderr else None)

        def flow(may_come: bool) -> None:
            if may_come:
                channel.resume_reading()
            else:
                channel.pause_reading()

        return PtyProcess(send, flow, self._size) if self._term else PipeProcess(send, flow)

    def _arguments(self) -> list[str]:
        if self._command is None:
            return ["/bin/bash", "-l"]
        return ["/bin/bash", "-c", self._command]

    def _environment(self) -> dict[str, str]:
        """The host's environment and the few variables that sshd accepts from a client."""
        values = self._host.shell_environment(self._term)
        channel: Any = self._chan
        for name, value in dict(channel.get_environment()).items():
            if name.startswith("LC_") or name in ("LANG", "COLORTERM"):
                values[name] = value
        return values

    def data_received(self, data: bytes, datatype: Any) -> None:
        if not self._raw:
            super().data_received(data, datatype)
        elif self._process is None:
            self._early += data
            if len(self._early) > INPUT_MOST:
                channel: Any = self._chan
                channel.pause_reading()
        else:
            self._process.feed(data)

    def eof_received(self) -> bool:
        if not self._raw:
            return bool(super().eof_received())
        self._ended = True
        if self._process is not None:
            self._process.end_input()
        return True

    def pause_writing(self) -> None:
        if not self._raw:
            super().pause_writing()
        elif self._process is not None:
            self._process.pause()

    def resume_writing(self) -> None:
        if not self._raw:
            super().resume_writing()
        elif self._process is not None:
            self._process.resume()

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        self._size = (width, height)
        if self._process is not None:
            self._process.resize(width, height)

    def signal_received(self, signal_name: str) -> None:
        if not self._raw:
            super().signal_received(signal_name)
        elif self._process is not None:
            self._process.kill(getattr(signal, f"SIG{signal_name}", signal.SIGTERM))

    def break_received(self, msec: int) -> bool:
        if not self._raw:
            return bool(super().break_received(msec))
        if self._process is not None:
            self._process.kill(signal.SIGINT)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._lost = True
        if self._raw and self._process is not None:
            self._hang_up()

    def _hang_up(self) -> None:
        assert self._process is not None
        self._process.resume()  # output that waits for a client who is gone would wait for ever
        self._process.kill(signal.SIGHUP)
        loop = asyncio.get_running_loop()
        # A shell that ignores the hang-up would hold its PTY for ever.
        loop.call_later(HANGUP_GRACE_SECONDS, self._process.kill, signal.SIGKILL)


def _report_end(channel: Any, status: int) -> None:
    """Send the exit status, or the signal that ended the process, as sshd does."""
    if status >= 0:
        channel.exit(status)
        return
    try:
        name = signal.Signals(-status).name
    except ValueError:  # a real-time signal has a number only
        channel.exit(128 - status)
    else:
        channel.exit_with_signal(name.removeprefix("SIG"))
