"""One transfer's count of bytes, within its job's limits, and how a cancel reaches its waits."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from tui.aws.transfers.lanes import hands_off
from tui.core.errors import JobCancelled
from tui.core.progress import Progress

_LOOK_SECONDS = 0.2  # a failure of another part is seen after it; a cancel at once


@dataclass(eq=False)
class Meter:
    """Counts one transfer's bytes into its job, so that they can be taken back.

    `stopped` ends this transfer's other parts once one has failed. Whoever reads an answer's body
    does it inside `reading`, so that a cancel reaches a reader whose server has fallen silent.
    """

    progress: Progress
    counted: int = 0
    unchecked: bool = False  # nothing could tell whether the bytes are right
    stopped: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _bodies: list[Any] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """Whether the job, or this transfer, is to end."""
        return self.stopped.is_set() or self.progress.cancelled.is_set()

    @property
    def piece_bytes(self) -> int:
        """How many bytes to move before they are counted, at most; few on a limited bandwidth."""
        return self.progress.limits.piece_bytes

    def advance(self, amount: int) -> None:
        """Count bytes, once the job's bandwidth has room for them; blocks until then.

        Raises:
            JobCancelled: the job, or this transfer, is to end.
        """
        self.check()
        if not self.progress.limits.free(amount):
            with hands_off():
                self.progress.limits.take(amount, lambda: self.ended)
            self.check()
        with self._lock:
            self.counted += amount
        self.progress.advance(amount)

    def found(self, amount: int) -> None:
        """Count bytes that an earlier run has moved: no bandwidth goes to them."""
        self.check()
        with self._lock:
            self.counted += amount
        self.progress.found(amount)

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
        until = time.monotonic() + seconds
        self.check()
        while (rest := until - time.monotonic()) > 0:
            self.progress.cancelled.wait(min(rest, _LOOK_SECONDS))
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
