"""What one job may use: bytes a second, and how much side by side. Settable while it runs."""

from __future__ import annotations

import threading
import time

BURST_SECONDS = 0.25  # what may be saved up while nothing is sent


class Limits:
    """The limits of one job. Every method may be called from any thread; None is no limit.

    Attributes:
        bytes_per_second: the bandwidth, both ways.
        at_once: parts or files side by side, as the user set it.
        lowered_to: what a busy server has brought it down to for now.
    """

    def __init__(self, bytes_per_second: int | None = None, at_once: int | None = None) -> None:
        self.bytes_per_second = bytes_per_second
        self.at_once = at_once
        self.lowered_to: int | None = None
        self._lock = threading.Lock()
        self._free_at = 0.0  # when what was taken so far is paid for

    def take(self, amount: int, cancelled: threading.Event) -> None:
        """Wait until `amount` bytes more may pass, or the job is to end. Blocks, in a thread."""
        while (rate := self.bytes_per_second) is not None and amount > 0:
            with self._lock:
                now = time.monotonic()
                if self._free_at <= now + BURST_SECONDS:
                    self._free_at = max(self._free_at, now - BURST_SECONDS) + amount / rate
                    return
                rest = self._free_at - now - BURST_SECONDS
            if cancelled.wait(min(rest, 0.5)):  # the limit may be lifted meanwhile
                return
