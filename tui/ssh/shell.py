"""The interactive channel: two threads between paramiko and the event loop, both bounded."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any

READ_BYTES = 64 * 1024
MAX_UNREAD_BYTES = 1024 * 1024
"""When so much waits for the loop, reading stops and the SSH window pushes back."""
MAX_UNSENT_BYTES = 8 * 1024 * 1024
WINDOW_BYTES = 512 * 1024
"""Small, so that little is under way when the user presses ctrl+c under a flood."""

_Resize = tuple[int, int]


class ShellChannel:
    """Moves bytes of one open channel. Made and used on the loop's thread.

    `on_data(data)` and `on_closed(exit status or None)` are called on the loop.
    """

    def __init__(
        self,
        channel: Any,
        on_data: Callable[[bytes], None],
        on_closed: Callable[[int | None], None],
    ) -> None:
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._on_data, self._on_closed = on_data, on_closed
        self._unread = bytearray()
        self._room = threading.Condition()
        self._paused = self._scheduled = self._ended = False
        self._deaf = False  # the remote takes no more input; output may still come
        self._unsent: queue.SimpleQueue[bytes | _Resize | None] = queue.SimpleQueue()
        self._unsent_bytes = 0
        self._unsent_lock = threading.Lock()
        for work in (self._read, self._send):
            threading.Thread(target=work, name=f"ssh{work.__name__}", daemon=True).start()

    def write(self, data: bytes) -> bool:
        """Queue input for the remote; False when it stopped taking any and the queue is full."""
        with self._unsent_lock:
            if self._deaf or self._unsent_bytes + len(data) > MAX_UNSENT_BYTES:
                return False
            self._unsent_bytes += len(data)
        self._unsent.put(data)
        return True

    def resize(self, columns: int, rows: int) -> None:
        """Tell the remote the terminal's new size."""
        self._unsent.put((columns, rows))

    def pause(self) -> None:
        """Deliver nothing until `resume`."""
        with self._room:
            self._paused = True

    def resume(self) -> None:
        """Deliver again."""
        with self._room:
            self._paused = False
            self._schedule()

    def close(self) -> None:
        """End both threads; the channel is closed by the sending one."""
        with self._room:
            self._ended = True
            self._unread.clear()
            self._room.notify_all()
        self._unsent.put(None)

    # --- the reading thread

    def _read(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            while data := self._channel.recv(READ_BYTES):
                with self._room:
                    self._unread += data
                    self._schedule()
                    self._room.wait_for(self._has_room)
                    if self._ended:
                        return
        status = None
        # All output is here, so the status follows at once or never: asking earlier can hang.
        if self._channel.status_event.wait(2) and self._channel.exit_status >= 0:
            status = self._channel.exit_status
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._finish, status)

    def _has_room(self) -> bool:
        return self._ended or len(self._unread) < MAX_UNREAD_BYTES

    def _schedule(self) -> None:
        """(The lock is held.) Have `_deliver` called once, however much arrives until then."""
        if self._unread and not self._scheduled and not self._paused:
            self._scheduled = True
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._deliver)

    # --- the loop

    def _deliver(self) -> None:
        with self._room:
            self._scheduled = False
            if self._paused or self._ended or not self._unread:
                return
            data = bytes(self._unread)
            self._unread.clear()
            self._room.notify_all()
        self._on_data(data)

    def _finish(self, status: int | None) -> None:
        with self._room:
            rest, ended = bytes(self._unread), self._ended
            self._unread.clear()
        if ended:
            return
        if rest:
            self._on_data(rest)
        self._on_closed(status)

    # --- the sending thread

    def _send(self) -> None:
        with contextlib.suppress(OSError, EOFError, _ssh_exception()):
            while (item := self._unsent.get()) is not None:
                if isinstance(item, tuple):
                    self._channel.resize_pty(*item)
                    continue
                self._channel.sendall(item)
                with self._unsent_lock:
                    self._unsent_bytes -= len(item)
        with self._unsent_lock:
            self._deaf = True
        with self._room:
            ended = self._ended
        if ended:
            with contextlib.suppress(OSError, EOFError, _ssh_exception()):
                self._channel.close()


def _ssh_exception() -> Any:
    from tui.ssh.threads import paramiko_module

    return paramiko_module().SSHException
