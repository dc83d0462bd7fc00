"""What a job's threads talk to: counts, a cancel or a pause that reaches them, limits, items."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from tui.core.errors import JobCancelled, JobPaused
from tui.core.job_items import JobItems
from tui.core.limits import Limits


class Progress:
    """Counts what is done in one run of a job; every method may be called from any thread.

    Each run has its own, so that a thread that outlives a paused run stays told to end.

    Attributes:
        suspended: true where `cancelled` means a pause, or the app's end: what is begun (a part of
            a file, an unfinished upload) stays, to be gone on with.
        keeps: whether somebody can go on with what an outage leaves; else it is cleaned up.
        limits: what the job may use.
        items: what its items are up to.
        ledger: the journal of what was begun, of whoever keeps one; the next run takes it over.
        before: how much of `done` an earlier run has done.
        outage: what has paused this run by itself, or None; see `hold`.
    """

    def __init__(self, limits: Limits | None = None, ledger: Any = None) -> None:
        self._lock = threading.Lock()
        self.done = 0
        self.total: int | None = None
        self.before = 0
        self.items_done = 0
        self.items_total: int | None = None
        self.note = ""
        self.cancelled = threading.Event()
        self.suspended = False
        self.keeps = True
        self.limits = limits or Limits()
        self.items = JobItems()
        self.ledger: Any = ledger
        self.outage: JobPaused | None = None
        self._wakes: list[Callable[[], None]] = []
        self._owed = 0

    def successor(self) -> Progress:
        """The next run's: its limits and ledger are these; it counts from nothing (see `found`)."""
        made = Progress(self.limits, self.ledger)
        made.keeps = self.keeps
        return made

    def advance(self, amount: int = 0, items: int = 0) -> None:
        """Add bytes (or steps) and items. A negative amount is a rewind after a retry.

        Raises:
            JobCancelled: the user cancelled the job meanwhile.
        """
        with self._lock:
            self.done = max(0, self.done + amount)
            self.items_done += items
        self.check()

    def found(self, amount: int = 0, items: int = 0) -> None:
        """Add what an earlier run has done: it counts, but says nothing of how fast this one is."""
        with self._lock:
            self.done += amount
            self.before += amount
            self.items_done += items

    def expect(self, total: int | None = None, items: int | None = None) -> None:
        """Say how much there is to do, once it is known."""
        with self._lock:
            self.total = total if total is not None else self.total
            self.items_total = items if items is not None else self.items_total

    def say(self, note: str) -> None:
        """Replace the line that tells what happens now."""
        self.note = note

    def check(self) -> None:
        """Raise `JobCancelled` if the user cancelled."""
        if self.cancelled.is_set():
            raise JobCancelled

    def cancel(self, *, suspend: bool = False) -> None:
        """Have the work end at its next step, and wake what waits (see `waking`).

        `suspend` keeps what is begun; a cancel that follows it does not.
        """
        self.suspended = suspend and (self.suspended or not self.cancelled.is_set())
        self.cancelled.set()
        with self._lock:
            wakes = tuple(self._wakes)
        for wake in wakes:
            wake()

    def hold(self, outage: JobPaused) -> JobPaused:
        """Suspend the whole job over an outage that one of its threads met; return the first one.

        The others may end before that thread, and with `JobCancelled`: `outage` says why.
        """
        with self._lock:
            outage = self.outage = self.outage or outage
        if not self.cancelled.is_set():
            self.cancel(suspend=self.keeps)
        return outage

    @contextlib.contextmanager
    def waking(self, wake: Callable[[], None]) -> Iterator[None]:
        """Have a cancel call `wake` while inside, in the cancelling thread; it must not block.

        Raises:
            JobCancelled: the user cancelled before.
        """
        with self._lock:
            self._wakes.append(wake)
        try:
            self.check()
            yield
        finally:
            with self._lock:
                self._wakes.remove(wake)

    @contextlib.contextmanager
    def owing(self) -> Iterator[None]:
        """What begins inside has to be cleaned up: who quits waits longer for it."""
        with self._lock:
            self._owed += 1
        try:
            yield
        finally:
            with self._lock:
                self._owed -= 1

    @property
    def owes(self) -> bool:
        """True while something is begun that has to be cleaned up."""
        return self._owed > 0
