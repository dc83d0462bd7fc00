"""The garbage collector's full passes, kept out of the event loop's way.

A full pass walks all that is alive. With boto3's service models and pandas loaded that took 200 to
700 ms here, at any moment, and the screen stood still. So the interpreter makes none by itself: a
timer makes short ones, over what came since the last look. What is more than a short pass could
walk (an import, a long listing) is frozen instead: it is freed as ever when nothing refers to it;
only cycles among it are not found again.
"""

from __future__ import annotations

import gc
import time

YOUNG = 2_000  # net new objects before a pass over the young ones (1 ms)
MIDDLE = 10  # such passes before one over the middle-aged
NEVER = 1_000_000_000
EVERY_SECONDS = 1.0
FEW, MANY = 2, 8  # passes over the middle-aged since the last look; each adds up to 20,000 objects
LONG_SECONDS = 0.03
_USUAL = gc.get_threshold()


def calm_the_collector() -> None:
    """Let the interpreter make no full pass by itself. `look_after` must be called now and then."""
    gc.set_threshold(YOUNG, MIDDLE, NEVER)
    gc.freeze()  # what was imported so far stays


def restore_the_collector() -> None:
    """Let the interpreter do as it does without us: the app has ended, its process may go on."""
    gc.set_threshold(*_USUAL)
    gc.unfreeze()  # tests run many apps in one process


def look_after() -> None:
    """Make a short full pass if a few objects came, freeze them if they are many."""
    grown = gc.get_count()[2]
    if grown >= MANY:
        gc.freeze()
    elif grown >= FEW:
        began = time.perf_counter()
        gc.collect()
        if time.perf_counter() - began > LONG_SECONDS:
            gc.freeze()


def spare_the_collector() -> None:
    """Freeze now: much was just loaded that stays (boto3, pandas, a page of rows).

    The youngest are looked through first, so that no waste of the loading is kept.
    """
    gc.collect(1)
    gc.freeze()
