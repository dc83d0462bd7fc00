"""One SSH connection: a shell, commands and files over it, and word of when it ends.

paramiko blocks, so all of it happens on daemon threads; this class and its call-backs live on the
event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import locale
import os
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from tui.core.errors import JobCancelled
from tui.ssh import commands
from tui.ssh.connecting import ConfirmHostKey, OnStep, Ways, connect
from tui.ssh.shell import WINDOW_BYTES, ShellChannel
from tui.ssh.target import ConnectionLost, ExecResult, Target
from tui.ssh.threads import in_thread, paramiko_module

T = TypeVar("T")

CHANNEL_SECONDS = 30.0
KEEPALIVE_SECONDS = 10.0
ANSWER_SECONDS = 15.0
"""A dead network is noticed after at most the sum of both."""
OUTPUT_LIMIT_BYTES = 16 * 1024 * 1024
TERM = "xterm-256color"


class SshSession:
    """A logged-in connection with, if asked for, one interactive shell.

    `on_data` and `on_closed` are plain attributes to set; they are called on the loop. Output
    that comes before `on_data` is set waits.
    """

    def __init__(self, target: Target, transport: Any) -> None:
        self.target = target
        self.closed = asyncio.Event()
        self.reason = ""
        """Why it ended, a sentence; "" while it lives."""
        self.exit_status: int | None = None
        self.on_closed: Callable[[str], None] | None = None
        self._transport = transport
        self._shell: ShellChannel | None = None
        self._on_data: Callable[[bytes], None] | None = None
        self._watch: asyncio.Task[None] | None = None

    @classmethod
    async def connect(
        cls,
        target: Target,
        *,
        columns: int,
        rows: int,
        confirm_host_key: ConfirmHostKey,
        on_step: OnStep,
        known_hosts: Path,
        deadline_seconds: float = 90.0,
        console_output: Callable[[], Awaitable[str]] | None = None,
        passphrase: str | None = None,
        booting: bool = False,
        shell: bool = True,
    ) -> SshSession:
        """Connect, log in and open a shell of `columns` x `rows`.

        Refused connections are retried until the deadline, for a machine that boots; with
        `booting`, refused logins too. `console_output` is asked for an unknown host key's
        fingerprints. `confirm_host_key` decides on an unknown key (with `matches` True it may
        decide without the user). `on_step` gets what happens now, for a line on the screen.

        Raises:
            PassphraseNeeded: ask, then call again with `passphrase`.
            SshError: what failed, why, what next; nothing stays open.
        """
        ways = Ways(
            known_hosts,
            confirm_host_key,
            on_step,
            deadline_seconds,
            console_output,
            passphrase,
            booting,
        )
        session = cls(target, await connect(target, ways))
        try:
            if shell:
                on_step("opening a shell")
                await session._open_shell(columns, rows)
        except BaseException:
            session._abandon()
            raise
        session._watch = asyncio.get_running_loop().create_task(session._keep_watch())
        return session

    # --- the shell

    @property
    def on_data(self) -> Callable[[bytes], None] | None:
        """Called on the loop with output of the shell."""
        return self._on_data

    @on_data.setter
    def on_data(self, call: Callable[[bytes], None] | None) -> None:
        self._on_data = call
        if self._shell is not None:
            self.pause() if call is None else self.resume()

    def write(self, data: bytes) -> bool:
        """Send input to the shell. False: it is closed, or 8 MiB wait already; nothing is kept."""
        if self.closed.is_set() or self._shell is None:
            return False
        return self._shell.write(data)

    def resize(self, columns: int, rows: int) -> None:
        """Tell the shell its new size in cells."""
        if not self.closed.is_set() and self._shell is not None:
            self._shell.resize(columns, rows)

    def pause(self) -> None:
        """Stop calling `on_data`; after 1 MiB more the remote has to wait."""
        if self._shell is not None:
            self._shell.pause()

    def resume(self) -> None:
        """Call `on_data` again."""
        if self._shell is not None and self._on_data is not None:
            self._shell.resume()

    def flow(self, go_on: bool) -> None:
        """`resume` or `pause`, as `TerminalView.attach` wants it."""
        self.resume() if go_on else self.pause()

    async def _open_shell(self, columns: int, rows: int) -> None:
        channel = await self._blocking(self._shell_channel, columns, rows)
        self._shell = ShellChannel(channel, self._data, self._shell_closed)
        self._shell.pause()

    def _shell_channel(self, columns: int, rows: int) -> Any:
        channel = self._transport.open_session(WINDOW_BYTES, timeout=CHANNEL_SECONDS)
        # A server takes or leaves these; it never refuses the session for them.
        for name, value in (("LANG", _language()), ("COLORTERM", "truecolor")):
            channel.set_environment_variable(name, value)
        channel.get_pty(TERM, max(1, columns), max(1, rows))
        channel.invoke_shell()
        return channel

    def _data(self, data: bytes) -> None:
        if self._on_data is not None:
            self._on_data(data)

    def _shell_closed(self, status: int | None) -> None:
        self.exit_status = status
        if status is None and not self._transport.is_active():
            self._end("the connection was lost")
        elif status:
            self._end(f"the shell ended with status {status}")
        else:
            self._end("the shell ended")

    # --- commands

    async def run(
        self, command: str, *, stdin: bytes = b"", limit_bytes: int = OUTPUT_LIMIT_BYTES
    ) -> ExecResult:
        """Run a command to its end on a channel of its own, without a terminal.

        Raises:
            ConnectionLost: the connection ended first.
        """
        stop = threading.Event()

        def work(channel: Any) -> ExecResult:
            return commands.run_command(channel, command, stdin, limit_bytes, stop)

        return await self._on_channel(work, stop)

    async def stream(
        self,
        command: str,
        on_line: Callable[[str], None],
        *,
        cancelled: threading.Event | None = None,
    ) -> int:
        """Run a command, call `on_line` on the loop with each line; return its exit status.

        Lines come without their ends, of stdout and stderr as the server sends them (for their true
        order, put `2>&1` into the command). Cancelling the task or setting `cancelled` sends the
        command SIGTERM, closes its channel and raises.

        Raises:
            ConnectionLost: the connection ended first.
            JobCancelled: `cancelled` was set.
        """
        loop = asyncio.get_running_loop()
        stop = cancelled or threading.Event()

        def hand_on(lines: list[str]) -> None:
            taken = threading.Event()

            def take() -> None:
                for line in lines:
                    on_line(line)
                taken.set()

            loop.call_soon_threadsafe(take)
            # Wait, so that a flood of lines fills the remote's pipe and not our memory.
            while not taken.wait(0.2):
                if stop.is_set():
                    return

        def work(channel: Any) -> int:
            return commands.stream_command(channel, command, hand_on)

        return await self._on_channel(work, stop)

    async def _on_channel(self, work: Callable[[Any], T], stop: threading.Event) -> T:
        channel = await self._blocking(self.open_channel)
        watcher = asyncio.get_running_loop().create_task(self._stop_on(channel, stop))
        try:
            result = await self._blocking(work, channel)
        except asyncio.CancelledError:
            stop.set()
            raise
        finally:
            watcher.cancel()
            threading.Thread(
                target=_close_channel, args=(channel, stop.is_set()), daemon=True
            ).start()
        if stop.is_set():
            raise JobCancelled
        return result

    async def _stop_on(self, channel: Any, stop: threading.Event) -> None:
        # `stop` is set from any thread, so it can't be an event of the loop.
        while not stop.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        await in_thread(_close_channel, channel, True)

    # --- for the other modules of tui.ssh (they run on threads)

    def open_channel(self, window_bytes: int = 2 << 20) -> Any:
        """Open a session channel. Blocks."""
        return self._transport.open_session(window_bytes, timeout=CHANNEL_SECONDS)

    @property
    def transport(self) -> Any:
        """paramiko's transport, for forwards and files; of no concern above `tui.ssh`."""
        return self._transport

    async def _blocking(self, function: Callable[..., T], *args: Any) -> T:
        """Run on a thread; a lost connection becomes a `ConnectionLost`."""
        if self.closed.is_set():
            raise self.lost()
        paramiko = await in_thread(paramiko_module)
        try:
            result = await in_thread(function, *args)
        except paramiko.ChannelException as error:
            raise ConnectionLost(
                f"Can't open another channel to {self.target.label}",
                (error.text or "the server refused").lower(),
                "Servers allow about ten at once: end something first.",
            ) from None
        except (paramiko.SSHException, EOFError, ConnectionError):
            raise self.lost() from None
        if not self._transport.is_active():
            raise self.lost()
        return result

    def lost(self) -> ConnectionLost:
        """Return the error that says that the connection is gone."""
        return ConnectionLost(
            f"Lost {self.target.label}",
            self.reason or "the connection ended",
            "Connect again.",
            retryable=True,
        )

    # --- the end

    async def close(self) -> None:
        """Hang up. The shell's programs get SIGHUP, as when a terminal is closed."""
        self._end("closed")
        await in_thread(self._transport.close)

    def _end(self, reason: str) -> None:
        if self.closed.is_set():
            return
        self.reason = reason
        self.closed.set()
        self._abandon()
        if self.on_closed is not None:
            self.on_closed(reason)

    def _abandon(self) -> None:
        if self._watch is not None and self._watch is not asyncio.current_task():
            self._watch.cancel()
        if self._shell is not None:
            self._shell.close()
        # Closing joins the transport's thread, so not here on the loop.
        threading.Thread(target=self._transport.close, daemon=True).start()

    async def _keep_watch(self) -> None:
        """Ask for an answer now and then: paramiko's own keep-alive never looks for one."""
        while True:
            await asyncio.sleep(KEEPALIVE_SECONDS)
            asked_at = time.monotonic()
            question = asyncio.ensure_future(
                in_thread(self._transport.global_request, "keepalive@openssh.com")
            )
            # A refusal is an answer too.
            with contextlib.suppress(Exception):
                await asyncio.wait_for(asyncio.shield(question), ANSWER_SECONDS)
            question.cancel()
            if not self._transport.is_active():
                self._end("the connection was lost")
                return
            if time.monotonic() - asked_at >= ANSWER_SECONDS:
                self._end(f"no answer for {ANSWER_SECONDS:.0f} s: the network or it is gone")
                return


def _language() -> str:
    language = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    utf8 = locale.getpreferredencoding(False).lower().replace("-", "") == "utf8"
    return language if utf8 and "utf" in language.lower() else "C.UTF-8"


def _close_channel(channel: Any, stopped: bool) -> None:
    if stopped and not channel.closed:
        commands.send_signal(channel, "TERM")
    with contextlib.suppress(OSError, EOFError):
        channel.close()
