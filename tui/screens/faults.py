"""Faults of our own: written down in a file, told in a sentence, never the end of the app."""

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from textual.worker import Worker, WorkerState
from textual.worker_manager import WorkerManager

from tui import settings
from tui.core.errors import NotConnected, UserError

if TYPE_CHECKING:
    from tui.screens.deck import Deck


def note_fault(error: BaseException | None = None) -> str:
    """Write an error (or the one being handled), without locals and secrets, to a file.

    Returns:
        The file's path, or "" where it can't be written.
    """
    path = settings.state_folder() / "crash.txt"
    from tui.aws.redaction import redact

    told = "".join(traceback.format_exception(error)) if error else traceback.format_exc()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(target, "w", encoding="utf-8", errors="replace") as file:
            file.write(f"{datetime.now(UTC).isoformat()}\n{redact(told)}")
    except OSError:
        return ""
    return str(path)


def place_of(error: BaseException) -> str:
    """The kind of an error and the line that raised it: tells one fault from another."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    return f"{type(error).__name__} {last[0].filename}:{last[0].lineno}" if last else repr(error)


def told_fault(title: str, error: BaseException) -> UserError:
    """Write an error down; returns the sentence that says so.

    A `UserError` has its own sentence already and is returned as it is.
    """
    if isinstance(error, UserError):
        return error
    path = note_fault(error)
    where = f"; what happened is in {path}" if path else ""
    return UserError(title, f"a fault of Skydeck's own ({type(error).__name__}){where}")


class Workers(WorkerManager):
    """No worker's fault ends the app, and none passes without a word.

    What a worker did not catch itself is shown as a toast, whatever its `exit_on_error` says.
    """

    def __init__(self, app: Deck) -> None:
        super().__init__(app)
        self._deck = app

    def add_worker(self, worker: Worker[Any], start: bool = True, exclusive: bool = True) -> None:
        """Take a worker, start it; its fault is ours to tell."""
        worker.exit_on_error = False
        super().add_worker(worker, start, exclusive)

    def _remove_worker(self, worker: Worker[Any]) -> None:
        # A private name of Textual 8.2; tests/app/test_faults.py pins what it does.
        super()._remove_worker(worker)
        error = worker.error
        if worker.state is WorkerState.ERROR and error and not isinstance(error, NotConnected):
            self._deck.tell_fault(error)
