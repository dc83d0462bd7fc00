"""The road of output into the terminal: a bounded queue, short slices, few frames."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

SLICE_SECONDS = 0.008
"""Parse so long, then let the app breathe."""
PIECE_BYTES = 16 * 1024
"""Parse so much between two looks at the clock."""
FRAME_SECONDS = 1 / 60
HIGH_WATER_BYTES = 1024 * 1024
LOW_WATER_BYTES = 256 * 1024
HOLD_SECONDS = 0.15
"""A program that began a frame (mode 2026) and does not end it waits no longer than this."""


class Feed:
    """Parses queued output in slices and has the widget painted at most once a frame.

    `parse(piece)` takes output; `held()` tells whether a program is inside a frame of its own;
    `paint()` shows the state; `on_flow(False)` asks the source to stop, `on_flow(True)` to go on.
    """

    def __init__(
        self,
        parse: Callable[[bytes], None],
        held: Callable[[], bool],
        paint: Callable[[], None],
    ) -> None:
        self._parse, self._held, self._paint = parse, held, paint
        self.on_flow: Callable[[bool], None] | None = None
        self.ready = False
        """False until there is a terminal to parse into; output waits until then."""
        self.pending_bytes = 0
        self._queue: deque[bytes] = deque()
        self._handle: asyncio.TimerHandle | None = None
        self._stopped = self._changed = False
        self._painted_at = float("-inf")

    def put(self, data: bytes) -> None:
        """Queue output."""
        if not data:
            return
        self._queue.append(data)
        self.pending_bytes += len(data)
        if self.pending_bytes > HIGH_WATER_BYTES and not self._stopped:
            self._stopped = True
            if self.on_flow is not None:
                self.on_flow(False)
        self._wake(0)

    def changed(self) -> None:
        """Have the widget painted in the next frame."""
        self._changed = True
        self._wake(0)

    def close(self) -> None:
        """Forget what waits and stop."""
        self.ready = False
        self._queue.clear()
        self.pending_bytes = 0
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _wake(self, delay: float) -> None:
        if self._handle is None and self.ready:
            self._handle = asyncio.get_running_loop().call_later(delay, self._pump)

    def _pump(self) -> None:
        self._handle = None
        stop = time.perf_counter() + SLICE_SECONDS
        while self._queue and time.perf_counter() < stop:
            data = self._queue.popleft()
            if len(data) > PIECE_BYTES:
                self._queue.appendleft(data[PIECE_BYTES:])
                data = data[:PIECE_BYTES]
            self.pending_bytes -= len(data)
            self._parse(data)
            self._changed = True
        if self._stopped and self.pending_bytes < LOW_WATER_BYTES:
            self._stopped = False
            if self.on_flow is not None:
                self.on_flow(True)
        self._show()

    def _show(self) -> None:
        now = time.perf_counter()
        wait = FRAME_SECONDS
        if self._changed and self._held():
            wait = HOLD_SECONDS
        due = self._painted_at + wait - now
        if self._changed and due <= 0:
            self._painted_at, self._changed = now, False
            self._paint()
        if self._queue:
            self._wake(0)
        elif self._changed:
            self._wake(due)
