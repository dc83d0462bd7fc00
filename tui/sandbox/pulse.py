"""Tells the app that long work goes on, so that it waits as long as something moves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

BEAT_SECONDS = 1.0
BUSY_SECONDS = 0.05
"""Of processor time in a beat: more than the idle threads use while the app waits."""


@contextmanager
def pulse(
    say: Callable[[dict[str, Any]], None], work: str, written: Callable[[], int]
) -> Iterator[None]:
    """Say `{"busy": work}` every second in which bytes were written or the processor was used.

    A daemon that hangs is silent, and the app ends it by force.
    """
    done = threading.Event()

    def beat() -> None:
        before, used = written(), time.process_time()
        while not done.wait(BEAT_SECONDS):
            now, using = written(), time.process_time()
            if now != before or using - used > BUSY_SECONDS:
                say({"busy": work})
            before, used = now, using

    thread = threading.Thread(target=beat, name="pulse", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
