"""One host's orders, done one after the other in the order that they came."""

from __future__ import annotations

import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable

Work = Callable[[], None]


class Turns:
    """A queue of work that has a thread while there is some; many queues run side by side.

    An order that is half done when the next one comes is finished first: a stop never meets a
    half-started host, and a start never a half-ended one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Work, threading.Event]] = deque()
        self._busy = False

    def add(self, work: Work) -> threading.Event:
        """Have it done in its turn; the event is set when it is."""
        done = threading.Event()
        with self._lock:
            self._waiting.append((work, done))
            idle, self._busy = not self._busy, True
        if idle:
            threading.Thread(target=self._work, name="orders", daemon=True).start()
        return done

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._busy = False
                    return
                work, done = self._waiting.popleft()
            try:
                work()
            except Exception:
                traceback.print_exc(file=sys.stderr)
            finally:
                done.set()
