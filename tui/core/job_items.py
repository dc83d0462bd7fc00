"""What a job's items are up to: which wait, run, are done or failed, and why."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from tui.core.errors import UserError


class ItemState(IntEnum):
    """Where an item is."""

    WAITING = 0
    RUNNING = 1
    DONE = 2
    FAILED = 3


_RUNS, _WAITS = bytes([ItemState.RUNNING]), bytes([ItemState.WAITING])


@dataclass(frozen=True, slots=True)
class JobItem:
    """One item, as a row. `reason` says why it failed."""

    number: int
    name: str
    size_bytes: int
    state: ItemState
    reason: str = ""


class JobItems:
    """The items of one job. A million of them cost a byte each beside the plan's own record.

    Every method may be called from any thread.

    Attributes:
        changes: grows whenever one of them changes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._plan: Sequence[Any] = ()
        self._tell: Callable[[Any], tuple[str, int]] = lambda item: (str(item), 0)
        self._states = bytearray()
        self._counts = [0, 0, 0, 0]
        self._reasons: dict[int, UserError] = {}
        self.changes = 0

    def plan(self, items: Sequence[Any], tell: Callable[[Any], tuple[str, int]]) -> None:
        """Say what there is to do; `tell(item)` is its name and size in bytes."""
        with self._lock:
            self._plan, self._tell = items, tell
            self._states = bytearray(len(items))
            self._counts = [len(items), 0, 0, 0]
            self._reasons = {}
            self.changes += 1

    def set(self, number: int, state: ItemState, error: UserError | None = None) -> None:
        """Say how an item stands; numbers are those of the planned sequence."""
        with self._lock:
            if number >= len(self._states):
                return
            self._counts[self._states[number]] -= 1
            self._states[number] = state
            self._counts[state] += 1
            self.changes += 1
            if error is not None:
                self._reasons[number] = error

    def stopped(self, error: UserError | None = None) -> None:
        """The run has ended: what it was at waits again; a job's only item fails with its job."""
        if error is not None and len(self._states) == 1 and self._states[0] != ItemState.DONE:
            self.set(0, ItemState.FAILED, error)
        with self._lock:
            if running := self._counts[ItemState.RUNNING]:
                self._states = self._states.replace(_RUNS, _WAITS)
                self._counts[ItemState.WAITING] += running
                self._counts[ItemState.RUNNING] = 0
                self.changes += 1

    def count(self, state: ItemState) -> int:
        """How many are in a state."""
        return self._counts[state]

    def __len__(self) -> int:
        return len(self._states)

    def rows(self, state: ItemState | None = None, start: int = 0) -> Iterator[JobItem]:
        """Yield the items, or those in one state, from a number on."""
        for number in range(start, len(self._states)):
            held = ItemState(self._states[number])
            if state is None or held is state:
                yield self.row(number)

    def numbers(self, state: ItemState) -> array[int]:
        """The numbers of those in a state, in order. A tenth of a second for a million."""
        with self._lock:
            states = bytes(self._states)
        return array("I", (number for number, held in enumerate(states) if held == state))

    def row(self, number: int) -> JobItem:
        """One item."""
        name, size = self._tell(self._plan[number])
        error = self._reasons.get(number)
        reason = (error.message or error.title) if error is not None else ""
        return JobItem(number, name, size, ItemState(self._states[number]), reason)
