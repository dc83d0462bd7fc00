"""Jobs: whatever takes longer than a blink, with progress, cancel and a final sentence.

A job's body is a coroutine that gets its `Job`; it may hand `Progress` to threads. A 10 Hz ticker
publishes snapshots while anything runs, so a thousand updates paint once.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from tui.core.errors import JobCancelled, UserError
from tui.core.job_items import JobItems
from tui.core.journal import Journal
from tui.core.limits import Limits

TICK_SECONDS = 0.1
RATE_WINDOW_SECONDS = 3.0
LEAVE_SECONDS = 1.5
CLEAN_SECONDS = 8.0  # for what would cost money if it stayed: an unfinished upload's parts
LET_GO_SECONDS = 0.5


class JobState(Enum):
    """Where a job is in its life."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """True once nothing more will happen."""
        return self is not JobState.RUNNING


class Progress:
    """Counts what is done; every method may be called from any thread.

    Attributes:
        suspended: true where `cancelled` means a pause, or the app's end: what is begun (a part of
            a file, an unfinished upload) stays, to be gone on with.
        limits: what the job may use.
        items: what its items are up to.
        ledger: the journal of what was begun, of whoever keeps one; a retry takes it over.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.done = 0
        self.total: int | None = None
        self.items_done = 0
        self.items_total: int | None = None
        self.note = ""
        self.cancelled = threading.Event()
        self.suspended = False
        self.limits = Limits()
        self.items = JobItems()
        self.ledger: Any = None
        self._wakes: list[Callable[[], None]] = []
        self._owed = 0

    def advance(self, amount: int = 0, items: int = 0) -> None:
        """Add bytes (or steps) and items. A negative amount is a rewind after a retry.

        Raises:
            JobCancelled: the user cancelled the job meanwhile.
        """
        with self._lock:
            self.done = max(0, self.done + amount)
            self.items_done += items
        self.check()

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


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """What a job looked like at one moment; what widgets paint."""

    id: int
    verb: str  # "upload"
    subject: str  # "raw/trips/2026/"
    state: JobState
    done: int
    total: int | None
    items_done: int
    items_total: int | None
    rate_per_second: float
    note: str
    unit: str  # "bytes" or "steps"
    started_at: datetime
    seconds: float
    error: UserError | None = None

    @property
    def fraction(self) -> float | None:
        """Done over total, 0 to 1, or None while the total is unknown."""
        if self.state is JobState.DONE:
            return 1.0
        if not self.total:
            return None
        return min(1.0, self.done / self.total)

    @property
    def eta_seconds(self) -> float | None:
        """Seconds left at the present rate, or None."""
        if self.state.ended or not self.total or self.rate_per_second <= 0:
            return None
        return max(0.0, (self.total - self.done) / self.rate_per_second)


JobBody = Callable[["Job"], Awaitable[str]]


@dataclass(eq=False)
class Job:
    """One running or ended job."""

    id: int
    verb: str
    subject: str
    unit: str
    body: JobBody = field(repr=False)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    progress: Progress = field(default_factory=Progress, repr=False)
    state: JobState = JobState.RUNNING
    error: UserError | None = None
    result: str = ""
    task: asyncio.Task[None] | None = field(default=None, repr=False)
    _began: float = field(default_factory=time.monotonic, repr=False)
    _ended: float | None = field(default=None, repr=False)
    _marks: deque[tuple[float, int]] = field(default_factory=deque, repr=False)

    @property
    def seconds(self) -> float:
        """How long it ran, or has been running."""
        return (self._ended or time.monotonic()) - self._began

    def mark(self) -> None:
        """Note the present count, for the rate over the last seconds."""
        now = time.monotonic()
        self._marks.append((now, self.progress.done))
        while self._marks and now - self._marks[0][0] > RATE_WINDOW_SECONDS:
            self._marks.popleft()

    def rate(self) -> float:
        """Units a second: over the last seconds while it runs, over the whole job after."""
        if self.state.ended:
            return self.progress.done / self.seconds if self.seconds > 0 else 0.0
        if len(self._marks) < 2:
            return 0.0
        (then, before), (now, after) = self._marks[0], self._marks[-1]
        return max(0.0, (after - before) / (now - then)) if now > then else 0.0

    def snapshot(self) -> JobSnapshot:
        """Return a frozen copy."""
        return JobSnapshot(
            id=self.id,
            verb=self.verb,
            subject=self.subject,
            state=self.state,
            done=self.progress.done,
            total=self.progress.total,
            items_done=self.progress.items_done,
            items_total=self.progress.items_total,
            rate_per_second=self.rate(),
            note=self.result or self.progress.note,
            unit=self.unit,
            started_at=self.started_at,
            seconds=self.seconds,
            error=self.error,
        )

    async def wait(self) -> JobSnapshot:
        """Wait until the job ended; never raises the job's own error."""
        if self.task is not None:
            await asyncio.wait([self.task])
        return self.snapshot()


class JobManager:
    """Starts jobs, keeps the ended ones, publishes snapshots at 10 Hz while anything runs."""

    def __init__(
        self,
        journal: Journal | None = None,
        keep: int = 100,
        explain_fault: Callable[[str, BaseException], UserError] | None = None,
    ) -> None:
        """`explain_fault(title, error)` makes the sentence for what no job's body foresaw."""
        self._jobs: dict[int, Job] = {}
        self._ids = itertools.count(1)
        self._journal = journal
        self._keep = keep
        self._explain_fault = explain_fault or _by_type
        self._writer: ThreadPoolExecutor | None = None  # fsync waits for the disk: off the loop
        self._closed = False
        self._ticker: asyncio.Task[None] | None = None
        self.listeners: list[Callable[[tuple[JobSnapshot, ...]], None]] = []

    def start(self, verb: str, subject: str, body: JobBody, *, unit: str = "bytes") -> Job:
        """Start `body` as a job on the running loop. The body's return value is its last note."""
        job = Job(next(self._ids), verb, subject, unit, body)
        self._jobs[job.id] = job
        self._record(job)
        job.task = asyncio.get_running_loop().create_task(self._run(job), name=f"job-{job.id}")
        job.task.add_done_callback(lambda _: self._never_ran(job))
        if self._ticker is None or self._ticker.done():
            self._ticker = asyncio.get_running_loop().create_task(self._tick(), name="job-ticker")
        self.publish()
        return job

    def cancel(self, job_id: int) -> None:
        """Ask a job to stop: threads see it at their next step, the task is cancelled."""
        job = self._jobs.get(job_id)
        if job is None or job.state.ended:
            return
        job.progress.cancel()
        if job.task is not None:
            job.task.cancel()

    def retry(self, job_id: int) -> Job | None:
        """Start an ended job that did not succeed once more."""
        job = self._jobs.get(job_id)
        if job is None or job.state not in (JobState.FAILED, JobState.CANCELLED):
            return None
        del self._jobs[job_id]
        return self.start(job.verb, job.subject, job.body, unit=job.unit)

    def snapshots(self) -> tuple[JobSnapshot, ...]:
        """All known jobs, newest first."""
        return tuple(job.snapshot() for job in reversed(self._jobs.values()))

    @property
    def running(self) -> tuple[JobSnapshot, ...]:
        """The jobs that have not ended, newest first."""
        return tuple(s for s in self.snapshots() if not s.state.ended)

    def publish(self) -> None:
        """Tell every listener how things stand."""
        snapshots = self.snapshots()
        for listener in self.listeners:
            listener(snapshots)

    async def settled(self) -> None:
        """Wait until the jobs that run now have ended."""
        if tasks := self._tasks():
            await asyncio.wait(tasks)

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [job.task for job in self._jobs.values() if job.task and not job.task.done()]

    async def close(self) -> None:
        """Cancel everything and wait for it, but not long: the user wants to leave.

        Who has something to clean up gets longer. Jobs that end later still have their last word
        in the journal.
        """
        for job in list(self._jobs.values()):
            self.cancel(job.id)
        await self._left()
        for task in self._tasks():
            task.cancel()  # once more: whoever waits for a thread lets it go
        if tasks := self._tasks():
            await asyncio.wait(tasks, timeout=LET_GO_SECONDS)
        if self._ticker is not None:
            self._ticker.cancel()
        self._closed = True
        if self._writer is not None:
            self._writer.shutdown(wait=True)

    async def _left(self) -> None:
        """Wait for the cancelled jobs as long as they may take."""
        began = time.monotonic()
        while tasks := self._tasks():
            owing = any(job.progress.owes for job in self._jobs.values() if not job.state.ended)
            limit = CLEAN_SECONDS if owing else LEAVE_SECONDS
            rest = limit - (time.monotonic() - began)
            if rest <= 0:
                return
            await asyncio.wait(tasks, timeout=min(rest, TICK_SECONDS))

    async def _run(self, job: Job) -> None:
        try:
            job.result = await job.body(job) or ""
            job.state = JobState.DONE
        except (asyncio.CancelledError, JobCancelled) as stop:
            job.state, job.result = JobState.CANCELLED, str(stop) or "cancelled"
        except UserError as error:
            job.state, job.error, job.result = JobState.FAILED, error, str(error)
        except Exception as error:  # a job never ends the app
            failure = self._explain_fault(f"{job.verb} failed".capitalize(), error)
            job.state, job.error, job.result = JobState.FAILED, failure, str(failure)
        finally:
            self._ended(job)

    def _never_ran(self, job: Job) -> None:
        """End a job whose task was cancelled before its first step."""
        if not job.state.ended:
            job.state, job.result = JobState.CANCELLED, "cancelled"
            self._ended(job)

    def _ended(self, job: Job) -> None:
        job._ended = time.monotonic()
        self._record(job)
        self._forget()
        self.publish()

    async def _tick(self) -> None:
        while any(not job.state.ended for job in self._jobs.values()):
            for job in self._jobs.values():
                if not job.state.ended:
                    job.mark()
            self.publish()
            await asyncio.sleep(TICK_SECONDS)

    def _forget(self) -> None:
        ended = [job.id for job in self._jobs.values() if job.state.ended]
        for job_id in ended[: max(0, len(ended) - self._keep)]:
            del self._jobs[job_id]

    def _record(self, job: Job) -> None:
        if self._journal is None:
            return
        record = {
            "job": job.id,
            "verb": job.verb,
            "subject": job.subject,
            "state": job.state.value,
            "at": datetime.now(UTC).isoformat(),
        }
        if self._closed:  # the last word of a job that outlived the app's patience
            self._write(record)
            return
        if self._writer is None:
            self._writer = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._writer.submit(self._write, record)

    def _write(self, record: Mapping[str, Any]) -> None:
        if self._journal is not None:
            with contextlib.suppress(OSError):  # a full disk must not stop the job itself
                self._journal.append(record)


def _by_type(title: str, error: BaseException) -> UserError:
    return UserError(title, type(error).__name__)
