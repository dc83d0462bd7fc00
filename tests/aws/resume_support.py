"""What the tests of interrupted transfers share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tui.aws.transfers.service import Transfers
from tui.core.errors import JobCancelled
from tui.core.ledger import Owner
from tui.core.ledger_folder import LedgerFolder
from tui.core.progress import Progress

ME = Owner("000000000000", "sandbox:/kept")


class Asked:
    """Which requests a client sends."""

    def __init__(self, client: Any) -> None:
        self.all: list[str] = []
        client.meta.events.register("before-call.s3", self._note)

    def _note(self, model: Any, **_: Any) -> None:
        self.all.append(model.name)

    def count(self, operation: str) -> int:
        return self.all.count(operation)


def files_of(ledgers: LedgerFolder) -> list[str]:
    return sorted(path.name for path in ledgers._folder.glob("*"))


def pausing(progress: Progress, at: int = 2, suspend: bool = True) -> Callable[[int], None]:
    """Pause a job (or cancel it) at a request of a number."""

    def act(number: int) -> None:
        if number == at:
            progress.cancel(suspend=suspend)

    return act


async def paused(act: Any, progress: Progress) -> Progress:
    """Wait until it is paused; return the next run's progress."""
    with pytest.raises(JobCancelled):
        await act
    return progress.successor()


async def released(transfers: Transfers, work: Any, progress: Progress) -> str:
    """Let a job pause, and the app end; return the ledger's name."""
    again = await paused(work, progress)
    again.ledger.release()
    (one,) = await transfers.interrupted()
    return one.id
