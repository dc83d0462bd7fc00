"""One job, and what it looks like at one moment."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

from tui.core.errors import UserError
from tui.core.job_items import ItemState
from tui.core.progress import Progress

RATE_WINDOW_SECONDS = 3.0
PAUSE, CANCEL, DROP = "pause", "cancel", "drop"  # the last: cancelled while it was being paused
LOGIN = "login"


class JobState(Enum):
    """Where a job is in its life."""

    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """True once nothing more will happen."""
        return self not in (JobState.RUNNING, JobState.PAUSED)


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """What a job looked like at one moment; what widgets paint.

    Attributes:
        verb, subject: "upload", "raw/trips/2026/".
        unit: "bytes" or "steps".
        failed: how many of its items failed so far.
        items_known: how many items one can look at.
        kept: whether the next start can go on with it.
        pausable: whether it may be paused; `resumable`: whether this app may go on with it.
        again: whether it has ended, in vain, and can be started once more.
        reads: whether it only reads, so that nothing is lost where it is stopped.
        ending: what it does about a pause or a cancel: "pausing", "cancelling", "cleaning up".
        bytes_per_second, at_once: as in `Limits`; `busy` is its note.
    """

    id: int
    verb: str
    subject: str
    state: JobState
    done: int
    total: int | None
    items_done: int
    items_total: int | None
    rate_per_second: float
    note: str
    unit: str
    started_at: datetime
    seconds: float
    error: UserError | None = None
    failed: int = 0
    items_known: int = 0
    kept: bool = False
    pausable: bool = False
    resumable: bool = False
    again: bool = False
    reads: bool = False
    ending: str = ""
    bytes_per_second: int | None = None
    at_once: int | None = None
    busy: str = ""

    @property
    def running(self) -> bool:
        """True while it works."""
        return self.state is JobState.RUNNING

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
        if not self.running or not self.total or self.rate_per_second <= 0:
            return None
        return max(0.0, (self.total - self.done) / self.rate_per_second)


JobBody = Callable[["Job"], Awaitable[str]]


@dataclass(eq=False)
class Job:
    """One job: it runs, or is paused, or has ended.

    Attributes:
        body: does the work; None where this app can't go on with it.
        clean: undoes what a paused run has left; None where that is nothing.
        pausable: whether `body`, run again with its ledger, goes on where it was paused.
        reads: as in `JobSnapshot`.
        group: whose credentials it works with.
        adopted: another run of the app has begun it, and its ledger is all that is known of it.
        progress: the present or last run's.
        asked: `PAUSE`, `CANCEL` or `DROP` until the body has ended.
        cleaning: it is `clean` that runs; `counted` is the progress that is shown.
        waits_for: "login" where it is paused until then, "user" where somebody has to say so.
    """

    id: int
    verb: str
    subject: str
    unit: str
    body: JobBody | None = field(repr=False)
    clean: JobBody | None = field(default=None, repr=False)
    pausable: bool = False
    reads: bool = False
    group: str = ""
    adopted: bool = False
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    progress: Progress = field(default_factory=Progress, repr=False)
    state: JobState = JobState.RUNNING
    error: UserError | None = None
    result: str = ""
    asked: str = ""
    cleaning: bool = False
    counted: Progress = field(init=False, repr=False)
    waits_for: str = ""
    task: asyncio.Task[None] | None = field(default=None, repr=False)
    over: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    _spent: float = 0.0  # seconds of earlier runs
    _moved: int = 0  # and what they did
    _began: float | None = field(default=None, repr=False)
    _marks: deque[tuple[float, int]] = field(default_factory=deque, repr=False)

    def __post_init__(self) -> None:
        self.counted = self.progress
        self.progress.keeps = self.pausable

    @property
    def seconds(self) -> float:
        """How long it ran, or has been running; neither pauses nor cleaning up count."""
        if self._began is None or self.cleaning:
            return self._spent
        return self._spent + time.monotonic() - self._began

    @property
    def kept(self) -> bool:
        """Whether the next start can go on with it: nothing is begun, or the disk knows of it."""
        ledger = self.progress.ledger
        return self.pausable and (ledger is None or bool(ledger.kept))

    @property
    def again(self) -> bool:
        """Whether it has ended, in vain, and can be started once more."""
        if self.adopted and self.state is JobState.CANCELLED:
            return False  # its ledger is gone, and with it what was to be done
        return self.state in (JobState.FAILED, JobState.CANCELLED) and self.body is not None

    def begin(self, progress: Progress, *, anew: bool = False, cleaning: bool = False) -> None:
        """A run begins; `anew` forgets how long the earlier ones took."""
        # A clean-up has steps of its own; what is shown is what there was.
        self.counted = self.progress if cleaning else progress
        self.progress, self.state, self.cleaning = progress, JobState.RUNNING, cleaning
        self.error, self.result, self.asked, self.waits_for = None, "", "", ""
        if anew:
            self._spent, self._moved, self.started_at = 0.0, 0, datetime.now(UTC)
        self._marks.clear()
        self._began = time.monotonic()
        self.over.clear()

    def rest(self, state: JobState, result: str, error: UserError | None = None) -> None:
        """A run has ended: for now (paused) or for good."""
        self._spent, self._began = self.seconds, None
        if not self.cleaning:
            progress = self.progress
            progress.items.stopped(error if state is JobState.FAILED else None)
            if state is JobState.PAUSED and progress.ledger is not None:
                progress.done = progress.ledger.kept_bytes  # what is half sent is lost
            self._moved += max(0, progress.done - progress.before)
        self.state, self.result, self.error, self.asked = state, result, error, ""
        if state.ended:
            self.over.set()

    @property
    def ending(self) -> str:
        """What a running job does about a pause or a cancel."""
        if self.state is not JobState.RUNNING:
            return ""
        if self.cleaning:
            return "cleaning up"
        return {PAUSE: "pausing", "": ""}.get(self.asked, "cancelling")

    def mark(self) -> None:
        """Note the present count, for the rate over the last seconds."""
        now = time.monotonic()
        self._marks.append((now, self.counted.done - self.counted.before))
        while self._marks and now - self._marks[0][0] > RATE_WINDOW_SECONDS:
            self._marks.popleft()

    def rate(self) -> float:
        """Units a second: over the last seconds while it runs, over all its runs after."""
        if self.state.ended:
            return self._moved / self.seconds if self.seconds > 0 else 0.0
        if self.state is JobState.PAUSED or len(self._marks) < 2:
            return 0.0
        (then, before), (now, after) = self._marks[0], self._marks[-1]
        return max(0.0, (after - before) / (now - then)) if now > then else 0.0

    def snapshot(self) -> JobSnapshot:
        """Return a frozen copy."""
        progress, limits = self.counted, self.progress.limits
        return JobSnapshot(
            id=self.id,
            verb=self.verb,
            subject=self.subject,
            state=self.state,
            done=progress.done,
            total=progress.total,
            items_done=progress.items_done,
            items_total=progress.items_total,
            rate_per_second=self.rate(),
            note=self.result or self.progress.note,
            unit=self.unit,
            started_at=self.started_at,
            seconds=self.seconds,
            error=self.error,
            failed=progress.items.count(ItemState.FAILED),
            items_known=len(progress.items),
            kept=self.kept,
            pausable=self.pausable,
            reads=self.reads,
            resumable=self.body is not None,
            again=self.again,
            ending=self.ending,
            bytes_per_second=limits.bytes_per_second,
            at_once=limits.at_once,
            busy=limits.note if self.state is JobState.RUNNING else "",
        )

    async def wait(self) -> JobSnapshot:
        """Wait until the job ended, over all pauses; never raises the job's own error."""
        await self.over.wait()
        return self.snapshot()
