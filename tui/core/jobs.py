"""Jobs: whatever takes longer than a blink, with progress, pause, cancel and a final sentence.

A job's body is a coroutine that gets its `Job`; it may hand `Progress` to threads. A 10 Hz ticker
publishes snapshots while anything runs, so a thousand updates paint once.

A pausable body ends at a pause, and is run again to go on: its ledger says where. So a paused job
holds neither threads nor connections.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from datetime import datetime

from tui.core.errors import JobCancelled, JobPaused, UserError
from tui.core.job import CANCEL, DROP, LOGIN, PAUSE, Job, JobBody, JobSnapshot, JobState
from tui.core.job_disk import JobDisk
from tui.core.journal import Journal
from tui.core.progress import Progress

__all__ = ["Job", "JobBody", "JobManager", "JobSnapshot", "JobState", "Progress"]

TICK_SECONDS = 0.1
LEAVE_SECONDS = 1.5
CLEAN_SECONDS = 8.0  # for what would cost money if it stayed: an unfinished upload's parts
LET_GO_SECONDS = 0.5


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
        self._disk = JobDisk(journal)
        self._keep = keep
        self._explain_fault = explain_fault or _by_type
        self._closing = False
        self._ticker: asyncio.Task[None] | None = None
        self.listeners: list[Callable[[tuple[JobSnapshot, ...]], None]] = []

    # -- what the user does ----------------------------------------------------------------

    def start(
        self,
        verb: str,
        subject: str,
        body: JobBody,
        *,
        unit: str = "bytes",
        pausable: bool = False,
        reads: bool = False,
        group: str = "",
        clean: JobBody | None = None,
    ) -> Job:
        """Start `body` as a job on the running loop. The body's return value is its last note.

        `pausable`, `reads`, `group` and `clean` are as in `Job`.
        """
        made = next(self._ids)
        job = Job(made, verb, subject, unit, body, clean, pausable=pausable, group=group)
        job.reads = reads
        self._go(job, job.progress, anew=True)
        return job

    def adopt(  # noqa: PLR0917 - what is known of it
        self,
        verb: str,
        subject: str,
        body: JobBody | None,
        clean: JobBody | None,
        progress: Progress,
        note: str,
        *,
        group: str = "",
        started_at: datetime | None = None,
    ) -> Job:
        """Take in a job that another run of the app has left, as one that is paused.

        `body` goes on with it and `clean` clears it away; without them it is only shown.
        """
        job = Job(next(self._ids), verb, subject, "bytes", body, clean, pausable=True, group=group)
        job.progress = job.counted = progress
        job.adopted = True
        job.started_at = started_at or job.started_at
        job.state, job.result, job.waits_for = JobState.PAUSED, note, "user"
        self._jobs[job.id] = job
        self.publish()
        return job

    def drop(self, job_id: int) -> None:
        """Show an adopted job no more; what it has left stays."""
        job = self._jobs.get(job_id)
        if job is not None and job.state is JobState.PAUSED:
            del self._jobs[job_id]
            job.over.set()
            self.publish()

    def get(self, job_id: int) -> Job | None:
        """One job."""
        return self._jobs.get(job_id)

    def cancel(self, job_id: int) -> None:
        """Ask a job to stop: threads see it at their next step, the task is cancelled.

        A paused one has its leavings cleaned away.
        """
        job = self._jobs.get(job_id)
        if job is None or job.state.ended:
            return
        if job.state is JobState.RUNNING:
            self._stop(job, CANCEL)
        elif job.clean is not None or job.task is not None:  # else it is another account's
            self._clean(job)

    def pause(self, job_id: int, waits_for: str = "user") -> bool:
        """Have a running job rest; False where it can't."""
        job = self._jobs.get(job_id)
        if job is None or job.state is not JobState.RUNNING or not job.pausable or job.asked:
            return False
        job.waits_for = waits_for
        self._stop(job, PAUSE)
        self.publish()
        return True

    def resume(self, job_id: int) -> bool:
        """Have a paused job go on; False where it can't."""
        job = self._jobs.get(job_id)
        if job is None or job.state is not JobState.PAUSED or job.body is None or self._closing:
            return False
        self._go(job, job.progress.successor())
        return True

    def retry(self, job_id: int) -> Job | None:
        """Start an ended job that did not succeed once more; one that failed keeps its ledger."""
        job = self._jobs.get(job_id)
        if job is None or not job.again:
            return None
        del self._jobs[job_id]
        self._go(job, job.progress.successor(), anew=True)
        return job

    def pause_group(self, group: str) -> None:
        """Have all of a group wait for a login."""
        for job in list(self._jobs.values()):
            if job.group == group:
                self.pause(job.id, LOGIN)

    def waits_for_login(self, group: str) -> bool:
        """Whether one of a group is paused until there is a login."""
        return any(
            job.group == group and job.state is JobState.PAUSED and job.waits_for == LOGIN
            for job in self._jobs.values()
        )

    def resume_waiting(self, group: str) -> int:
        """Have those of a group that wait for a login go on; returns how many.

        One that was cancelled goes on with being cleaned up.
        """
        waiting = [
            job
            for job in self._jobs.values()
            if (job.group, job.waits_for, job.state) == (group, LOGIN, JobState.PAUSED)
        ]
        cancelled = [job for job in waiting if job.cleaning]
        for job in cancelled:
            self._clean(job)
        return len(cancelled) + sum(self.resume(job.id) for job in waiting if not job.cleaning)

    # -- how things stand ------------------------------------------------------------------

    def snapshots(self) -> tuple[JobSnapshot, ...]:
        """All known jobs, newest first."""
        return tuple(job.snapshot() for job in reversed(self._jobs.values()))

    @property
    def running(self) -> tuple[JobSnapshot, ...]:
        """The jobs that work, newest first."""
        return tuple(s for s in self.snapshots() if s.state is JobState.RUNNING)

    @property
    def paused(self) -> tuple[JobSnapshot, ...]:
        """The jobs that can go on, newest first."""
        return tuple(s for s in self.snapshots() if s.state is JobState.PAUSED and s.resumable)

    def publish(self) -> None:
        """Tell every listener how things stand."""
        snapshots = self.snapshots()
        for listener in self.listeners:
            listener(snapshots)

    async def settled(self) -> None:
        """Wait until the jobs that are under way now, or paused on the way, have ended."""
        for job in list(self._jobs.values()):
            if job.task is not None:  # one that was adopted needs nothing until it goes on
                await job.over.wait()

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [job.task for job in self._jobs.values() if job.task and not job.task.done()]

    # -- the end ---------------------------------------------------------------------------

    async def close(self) -> None:
        """Have everything stop and wait for it, but not long: the user wants to leave.

        What the disk knows of keeps what it has begun, for the next start; all else is cancelled,
        or cleaned away. Who has something to clean up gets longer. Jobs that end later still have
        their last word in the journal.
        """
        self._closing = True
        for job in list(self._jobs.values()):
            how, runs = PAUSE if job.kept else CANCEL, job.state is JobState.RUNNING
            if job.state is JobState.PAUSED and not job.kept:
                self._clean(job)
            elif runs and job.asked != how and (job.kept or not job.cleaning):
                self._stop(job, how)
        await self._left()
        for task in self._tasks():
            task.cancel()  # once more: whoever waits for a thread lets it go
        if tasks := self._tasks():
            await asyncio.wait(tasks, timeout=LET_GO_SECONDS)
        if self._ticker is not None:
            self._ticker.cancel()
        for job in self._jobs.values():
            self._disk.let_go(job)
            if job.state is not JobState.RUNNING:
                job.over.set()
        self._disk.close()

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

    # -- runs ------------------------------------------------------------------------------

    def _go(self, job: Job, progress: Progress, *, anew: bool = False) -> None:
        assert job.body is not None
        job.begin(progress, anew=anew)
        self._jobs[job.id] = job
        self._disk.record(job)
        self._take(job, job.body)

    def _clean(self, job: Job) -> None:
        """Have a paused job's leavings cleaned away; then it is cancelled."""
        if job.clean is None or (self._closing and job.kept):
            job.rest(JobState.CANCELLED, "cancelled")
            self._ended(job)
            return
        job.begin(job.progress.successor(), cleaning=True)
        self._take(job, job.clean)

    def _take(self, job: Job, body: JobBody) -> None:
        loop = asyncio.get_running_loop()
        task = job.task = loop.create_task(self._run(job, body), name=f"job-{job.id}")
        task.add_done_callback(lambda _: self._never_ran(job, task))
        if self._ticker is None or self._ticker.done():
            self._ticker = loop.create_task(self._tick(), name="job-ticker")
        self.publish()

    def _stop(self, job: Job, how: str) -> None:
        """Have a running body end; a cancel is stronger than a pause."""
        if how == CANCEL and job.asked == PAUSE:
            how = DROP  # what was begun is being kept already: it is cleaned away afterwards
        job.asked = how
        job.progress.cancel(suspend=how != CANCEL or job.cleaning)
        if job.task is not None:
            job.task.cancel()

    async def _run(self, job: Job, body: JobBody) -> None:
        try:
            note = await body(job)
            if job.cleaning:
                job.rest(JobState.CANCELLED, note or "cancelled, and all of it cleaned up")
            else:
                job.rest(JobState.DONE, note or "")
        except (asyncio.CancelledError, JobCancelled) as stop:
            self._stopped(job, str(stop))
        except JobPaused as stop:
            self._paused(job, stop)
        except UserError as error:
            self._failed(job, error)
        except Exception as error:  # a job never ends the app
            told = self._explain_fault(f"{job.verb} failed".capitalize(), error)
            self._failed(job, told)
        finally:
            self._ended(job)

    def _stopped(self, job: Job, told: str) -> None:
        """A body has ended before its end, as it was told."""
        outage = job.progress.outage
        if job.asked == DROP:
            self._drop_when_paused(job)
        elif outage is not None and job.asked != PAUSE:
            self._paused(job, outage)
        elif job.cleaning:
            job.rest(JobState.PAUSED, "not all is cleaned up")
        elif job.asked == PAUSE:
            waits = "waits for a login" if job.waits_for == LOGIN else "paused by you"
            job.rest(JobState.PAUSED, "kept for the next start" if self._closing else waits)
        else:
            job.rest(JobState.CANCELLED, told or "cancelled")

    def _drop_when_paused(self, job: Job) -> None:
        job.rest(JobState.PAUSED, "cancelled")
        asyncio.get_running_loop().call_soon(self.cancel, job.id)

    def _paused(self, job: Job, stop: JobPaused) -> None:
        """A body can't go on for now."""
        if not job.pausable:
            job.rest(JobState.FAILED, str(stop.reason), stop.reason)
        elif job.asked in (CANCEL, DROP) and not job.cleaning:
            self._drop_when_paused(job)
        else:
            job.rest(JobState.PAUSED, str(stop.reason), stop.reason)
            job.waits_for = stop.waits_for
            if stop.waits_for == LOGIN:
                self.pause_group(job.group)

    @staticmethod
    def _failed(job: Job, error: UserError) -> None:
        """What can't be cleaned up stays, to be tried again."""
        job.rest(JobState.PAUSED if job.cleaning else JobState.FAILED, str(error), error)

    def _never_ran(self, job: Job, task: asyncio.Task[None]) -> None:
        """End a job whose task was cancelled before its first step."""
        if job.state is JobState.RUNNING and job.task is task:
            self._stopped(job, "")
            self._ended(job)

    def _ended(self, job: Job) -> None:
        if job.state in (JobState.DONE, JobState.CANCELLED):
            self._disk.let_go(job)
        self._disk.record(job)
        self._forget()
        self.publish()

    async def _tick(self) -> None:
        while any(job.state is JobState.RUNNING for job in self._jobs.values()):
            for job in self._jobs.values():
                if job.state is JobState.RUNNING:
                    job.mark()
            self.publish()
            await asyncio.sleep(TICK_SECONDS)

    def _forget(self) -> None:
        ended = [job for job in self._jobs.values() if job.state.ended]
        for job in ended[: max(0, len(ended) - self._keep)]:
            self._disk.let_go(job)
            del self._jobs[job.id]


def _by_type(title: str, error: BaseException) -> UserError:
    return UserError(title, type(error).__name__)
