"""One transfer's count of bytes, and how a cancel reaches it, wherever it waits."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from tui.core.errors import JobCancelled
from tui.core.jobs import Progress


@dataclass(eq=False)
class Meter:
    """Counts one transfer's bytes into its job, so that they can be taken back.

    `stopped` ends this transfer's other parts once one has failed. Whoever reads an answer's body
    does it inside `reading`, so that a cancel reaches a reader whose server has fallen silent.
    """

    progress: Progress
    counted: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _bodies: list[Any] = field(default_factory=list)

    def advance(self, amount: int) -> None:
        """Count bytes. Raises `JobCancelled` when the job, or this transfer, is to end."""
        self.check()
        with self._lock:
            self.counted += amount
        self.progress.advance(amount)

    def check(self) -> None:
        """Raise `JobCancelled` when the job, or this transfer, is to end."""
        if self.stopped.is_set():
            raise JobCancelled
        self.progress.check()

    def take_back(self, amount: int | None = None) -> None:
        """Uncount bytes that have to be sent again, or all of them; never raises."""
        with self._lock:
            amount = self.counted if amount is None else amount
            self.counted -= amount
        with suppress(JobCancelled):
            self.progress.advance(-amount)

    def stop(self) -> None:
        """End this transfer: its parts see it at their next step, its readers wake up."""
        self.stopped.set()
        self._hang_up()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Requests sent inside are not sent again once the job was cancelled."""
        token = ASKING.set(self)
        try:
            yield
        finally:
            ASKING.reset(token)

    @contextmanager
    def reading(self, body: Any) -> Iterator[Any]:
        """Read an answer's body inside; a cancel ends its connection, leaving closes it."""
        with self._lock:
            self._bodies.append(body)
        try:
            with body, self.progress.waking(self._hang_up):
                self.check()
                yield body
        finally:
            with self._lock:
                self._bodies.remove(body)

    def pause(self, seconds: float) -> None:
        """Wait before another try; raises `JobCancelled` as soon as the job is to end."""
        self.check()
        self.progress.cancelled.wait(seconds)
        self.check()

    def _hang_up(self) -> None:
        with self._lock:
            bodies = tuple(self._bodies)
        for body in bodies:
            hang_up(body)


ASKING: ContextVar[Meter | None] = ContextVar("asking", default=None)


def hang_up(body: Any) -> None:
    """End the connection under a body that another thread reads.

    Closing the body would wait for that very reader; only a shutdown of the socket wakes it.
    """
    raw: Any = getattr(body, "_raw_stream", None)
    with suppress(OSError, ValueError, RuntimeError, AttributeError):
        if hasattr(raw, "shutdown"):  # urllib3 2.3 and later
            raw.shutdown()
        else:
            socket.socket.shutdown(raw.connection.sock, socket.SHUT_RD)
