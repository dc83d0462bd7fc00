"""Tells the app that long work goes on, so that it waits as long as something moves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

BEAT_SECONDS = 1.0


@contextmanager
def pulse(
    say: Callable[[dict[str, Any]], None], work: str, written: Callable[[], int]
) -> Iterator[None]:
    """Say `{"busy": work}` every second in which bytes were written or the processor was used.

    A daemon that hangs is silent, and the app ends it by force.
    """
    done = threading.Event()

    def beat() -> None:
        before = (written(), 0)
        while not done.wait(BEAT_SECONDS):
            # A tenth of a second is more than the idle threads use while the app waits.
            now = (written(), int(time.process_time() * 10))
            if now != before:
                say({"busy": work})
            before = now

    thread = threading.Thread(target=beat, name="pulse", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
