"""Clear away what a job has begun: unfinished uploads at S3, temporary files here. Blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from tui.aws.transfers.engine import Engine
from tui.aws.transfers.multipart import abandon
from tui.aws.transfers.plan_rows import targets_of
from tui.core.ledger import Ledger, temporary_name


def tidy(engine: Engine, ledger: Ledger, check: Callable[[], None] = lambda: None) -> None:
    """Clear away what a job has begun and not done; its ledger has its plan.

    Raises:
        Exception: botocore's own: an upload could not be aborted; the others are.
    """
    if ledger.reopened or ledger.state.downloads:
        remove_temporaries(ledger, targets_of(ledger.plan))
    abandon_all(engine, ledger, check)


def abandon_all(engine: Engine, ledger: Ledger, check: Callable[[], None]) -> None:
    """Abort the unfinished uploads; raises the first failure at the end."""
    failure: Exception | None = None
    for number in list(ledger.state.uploads):
        check()
        try:
            abandon(engine, ledger.at(number))
        except Exception as error:
            failure = failure or error
    if failure is not None:
        raise failure


def remove_temporaries(ledger: Ledger, targets: Iterable[Path | None]) -> None:
    """Remove the temporary files of what is not done; `targets` are in the order of the items.

    In the process that has begun a job, only the downloads in parts can have left one.
    """
    begun = ledger.state.downloads
    for number, target in enumerate(targets):
        if target is None or ledger.is_done(number):
            continue
        if ledger.reopened or number in begun:
            with suppress(OSError):
                (target.parent / temporary_name(ledger.id, number)).unlink()
            ledger.at(number).over()
