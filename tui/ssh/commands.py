"""Commands without a terminal: run one to its end, or follow its lines. Blocking; for threads.

Two traps are avoided here: asking for the exit status before the output is drained hangs, and
reading stdout to its end before stderr deadlocks as soon as stderr fills the window.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from tui.core.errors import JobCancelled
from tui.core.lines import LineSplitter
from tui.ssh.target import ExecResult

READ_BYTES = 64 * 1024
MAX_LINE_CHARACTERS = 64 * 1024


def run_command(
    channel: Any, command: str, stdin: bytes, limit_bytes: int, stop: threading.Event
) -> ExecResult:
    """Run on a fresh session channel; keep at most `limit_bytes` of each stream."""
    channel.exec_command(command)
    out, err = _Kept(limit_bytes), _Kept(limit_bytes)
    helpers = [
        threading.Thread(target=_drain, args=(channel.recv_stderr, err), daemon=True),
        threading.Thread(target=_give, args=(channel, stdin), daemon=True),
    ]
    for helper in helpers:
        helper.start()
    _drain(channel.recv, out)
    for helper in helpers:
        helper.join()
    if stop.is_set():
        raise JobCancelled
    status = channel.recv_exit_status()
    return ExecResult(status, bytes(out.data), bytes(err.data), cut=out.cut or err.cut)


def stream_command(channel: Any, command: str, on_lines: Callable[[list[str]], None]) -> int:
    """Run, hand on stdout and stderr as lines in their order, and return the exit status.

    `on_lines` may block: the remote then waits too.
    """
    channel.set_combine_stderr(True)
    channel.exec_command(command)
    channel.shutdown_write()
    splitter = LineSplitter(MAX_LINE_CHARACTERS)
    with contextlib.suppress(OSError):
        while data := channel.recv(READ_BYTES):
            if lines := splitter.feed(data):
                on_lines(lines)
    if rest := splitter.end():
        on_lines(rest)
    return int(channel.recv_exit_status())


class _Kept:
    """The first bytes of a stream."""

    def __init__(self, limit: int) -> None:
        self.data = bytearray()
        self.cut = False
        self._limit = limit

    def add(self, data: bytes) -> None:
        room = self._limit - len(self.data)
        self.data += data[:room]
        self.cut = self.cut or len(data) > room


def _drain(receive: Callable[[int], bytes], into: _Kept) -> None:
    with contextlib.suppress(OSError):
        while data := receive(READ_BYTES):
            into.add(data)


def _give(channel: Any, stdin: bytes) -> None:
    with contextlib.suppress(OSError):  # the command may end before it read everything
        if stdin:
            channel.sendall(stdin)
        channel.shutdown_write()


def send_signal(channel: Any, name: str) -> None:
    """Ask the server to signal the command (RFC 4254, 6.9); older servers ignore it."""
    import paramiko
    from paramiko.common import cMSG_CHANNEL_REQUEST

    message = paramiko.Message()
    message.add_byte(cMSG_CHANNEL_REQUEST)
    message.add_int(channel.remote_chanid)
    message.add_string("signal")
    message.add_boolean(False)
    message.add_string(name)
    with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
        channel.transport._send_user_message(message)
