"""What one job may use: bytes a second, and how much side by side. Settable while it runs.

Bandwidth is a queue: whoever wants to pass takes its place in it, and waits until the bytes before
it and its own are paid for. So a hundred connections share a limit in turns, and none starves.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

BURST_SECONDS: Final = 0.25  # what may be saved up while nothing is sent
LOOK_SECONDS: Final = 0.2  # between two looks whether the job is to end
LEAST_AT_ONCE: Final = 2  # a busy server brings it down to that, and no further
CALM_SECONDS: Final = 1.0  # between two steps down
RECOVERY_SECONDS: Final = 5.0  # without a refusal, after which a step is taken back
PIECE_BYTES: Final = 256 * 1024
LEAST_PIECE: Final = 4 * 1024
UNLIMITED: Final = 1 << 40
# S3 hangs up on a connection that moves nothing for 20 s: its turn must come sooner.
TURN_SECONDS: Final = 4.0
STREAM_BYTES: Final = 4 * 1024 * 1024  # a second: what one connection may be trusted to carry


class Limits:
    """The limits of one job. Every method may be called from any thread; None is no limit.

    Attributes:
        at_once: parts, files or copies side by side, as the user set it.
        at_work: how many there are now; whoever runs them says so.
    """

    def __init__(self, bytes_per_second: int | None = None, at_once: int | None = None) -> None:
        self.at_once = at_once
        self.at_work = 0
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._rate = bytes_per_second or None
        self._asked = 0.0  # bytes that ever wanted to pass
        self._paid = 0.0  # bytes that the rate has allowed
        self._paid_at = time.monotonic()
        self._lowered: int | None = None
        self._usual = 0  # what was at work before the server was busy
        self._lowered_at = self._refused_at = self._served_at = 0.0

    # -- bandwidth -------------------------------------------------------------------------

    @property
    def bytes_per_second(self) -> int | None:
        """The bandwidth, both ways. Who waits learns of a change at once."""
        return self._rate

    @bytes_per_second.setter
    def bytes_per_second(self, rate: int | None) -> None:
        with self._changed:
            self._pay()
            if self._rate is None:
                self._paid = self._asked  # what passed without a limit is no debt
            self._rate = rate or None
            self._changed.notify_all()

    def free(self, amount: int) -> bool:
        """Pass without waiting; False, with nothing taken, where one has to `take`."""
        if self._rate is None or amount <= 0:
            return True
        with self._lock:
            self._pay()
            if self._rate is not None and self._asked + amount > self._paid:
                return False
            self._asked += amount
            return True

    def take(self, amount: int, ended: Callable[[], bool]) -> None:
        """Wait until `amount` bytes more may pass, or `ended` says true. Blocks, in a thread."""
        if self.free(amount):
            return
        with self._changed:
            self._pay()
            self._asked += amount
            mine = self._asked
            while (rate := self._rate) is not None and not ended():
                self._pay()
                rest = mine - self._paid
                if rest <= 0:
                    return
                self._changed.wait(min(rest / rate, LOOK_SECONDS))

    @property
    def piece_bytes(self) -> int:
        """How many bytes to move at a time, at most: few enough for a turn to come often."""
        if (rate := self._rate) is None:
            return UNLIMITED
        return min(PIECE_BYTES, max(LEAST_PIECE, int(rate * BURST_SECONDS)))

    def _pay(self) -> None:
        """Add what the rate has allowed since; no more is saved up than a short burst's."""
        now = time.monotonic()
        if self._rate is not None:
            paid = self._paid + (now - self._paid_at) * self._rate
            self._paid = min(paid, self._asked + self._rate * BURST_SECONDS)
        self._paid_at = now

    # -- side by side ----------------------------------------------------------------------

    @property
    def lowered_to(self) -> int | None:
        """What a busy server has brought it down to for now; it doubles while the server copes."""
        if self._lowered is None:
            return None
        with self._lock:
            now = time.monotonic()
            while self._lowered is not None and self._calm_since() + RECOVERY_SECONDS <= now:
                self._lowered_at = self._calm_since() + RECOVERY_SECONDS
                self._lowered *= 2
                if self._lowered >= self._usual:
                    self._lowered = None
            return self._lowered

    @lowered_to.setter
    def lowered_to(self, number: int | None) -> None:
        with self._lock:
            self._lowered, self._lowered_at = number, time.monotonic()
            self._refused_at = 0.0 if number is None else self._refused_at
            self._usual = max(self._usual, number or 0)

    @property
    def note(self) -> str:
        """One line on what the server has brought the job to, or ""."""
        lowered = self.lowered_to
        if lowered is not None:
            return f"the server is busy: {lowered} at a time"
        busy = self._refused_at and time.monotonic() - self._refused_at < RECOVERY_SECONDS
        return "the server is busy" if busy else ""

    def allowed(self, most: int) -> int:
        """How many may be at work, of `most` that could; at least one."""
        allowed = most if self.at_once is None else min(most, self.at_once)
        if (lowered := self.lowered_to) is not None:
            allowed = min(allowed, lowered)
        if (rate := self._rate) is not None:
            allowed = min(allowed, int(rate * TURN_SECONDS) // self.piece_bytes)
        return max(1, allowed)

    def parts(self, most: int) -> int:
        """How many big pieces may be on their way, of `most` that could; at least one.

        Under a limit of bandwidth a few fill it; with more, each takes long, and a pause loses all.
        """
        allowed, rate = self.allowed(most), self._rate
        return allowed if rate is None else min(allowed, 1 + int(rate) // STREAM_BYTES)

    def slow_down(self, at_work: int | None = None) -> bool:
        """The server is too busy: halve what is at work, at most once a second.

        Returns False where it stays as it is.
        """
        at_work = self.at_work if at_work is None else at_work
        with self._lock:
            now = self._refused_at = time.monotonic()
            working = at_work if self._lowered is None else min(self._lowered, at_work)
            hasty = self._lowered is not None and now - self._lowered_at < CALM_SECONDS
            if hasty or working <= LEAST_AT_ONCE:
                return False
            if self._lowered is None:
                self._usual = working
            self._lowered, self._lowered_at = max(LEAST_AT_ONCE, working // 2), now
            return True

    def served(self) -> None:
        """A part or an item is through."""
        self._served_at = time.monotonic()

    def served_since(self, seconds: float) -> bool:
        """Whether one was within the last seconds."""
        return bool(self._served_at) and time.monotonic() - self._served_at < seconds

    def _calm_since(self) -> float:
        return max(self._lowered_at, self._refused_at)
