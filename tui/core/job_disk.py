"""What the disk has of the jobs: a journal of their states, and the ledgers that transfers keep."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from tui.core.job import Job, JobState
from tui.core.journal import Journal


class JobDisk:
    """Writes down what becomes of jobs, in order, in a thread: the disk is waited for off the loop.

    After `close`, the last word of a job that outlived the app's patience is written at once.
    """

    def __init__(self, journal: Journal | None) -> None:
        self._journal = journal
        self._writer: ThreadPoolExecutor | None = None
        self._closed = False

    def record(self, job: Job) -> None:
        """Note a job's state in the journal."""
        if self._journal is None:
            return
        record = {
            "job": job.id,
            "verb": job.verb,
            "subject": job.subject,
            "state": job.state.value,
            "at": datetime.now(UTC).isoformat(),
        }
        self._off_loop(self._write, record)

    def let_go(self, job: Job) -> None:
        """Leave a job's ledger to whoever wants it, the next start perhaps.

        One that failed has said so: it is forgotten where it has left nothing half-done.
        """
        ledger = job.progress.ledger
        if job.state is not JobState.RUNNING:  # a thread of one that won't end may ask for it
            job.progress.ledger = None
        if ledger is not None:
            failed = job.state is JobState.FAILED
            self._off_loop(ledger.drop_if_clean if failed else ledger.release)

    def close(self) -> None:
        """Wait until all is written."""
        self._closed = True
        if self._writer is not None:
            self._writer.shutdown(wait=True)

    def _off_loop(self, act: Callable[..., Any], *args: Any) -> None:
        if self._closed:
            act(*args)
            return
        if self._writer is None:
            self._writer = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._writer.submit(act, *args)

    def _write(self, record: Mapping[str, Any]) -> None:
        if self._journal is not None:
            with contextlib.suppress(OSError):  # a full disk must not stop the job itself
                self._journal.append(record)
