"""Jobs that rest: pause, resume, outages, what earlier runs left, and the app's end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tui.core.errors import JobCancelled, JobPaused, UserError
from tui.core.jobs import Job, JobManager, JobState, Progress
from tui.core.journal import Journal

EXPIRED = UserError("The session of profile dev has expired", "", "Log in again.")


@dataclass
class Ledger:
    """What a transfer keeps on disk, as far as the jobs know it."""

    told: list[str] = field(default_factory=list)
    kept_bytes: int = 5
    kept: bool = True

    def release(self) -> None:
        self.told.append("released")

    def drop_if_clean(self) -> bool:
        self.told.append("dropped if clean")
        return True


@dataclass
class Transfer:
    """A body of ten steps that goes on where its ledger says."""

    ledger: Ledger = field(default_factory=Ledger)
    kept: int = 0
    runs: list[Progress] = field(default_factory=list)
    found_ledgers: list[Ledger | None] = field(default_factory=list)
    suspended: list[bool] = field(default_factory=list)
    cleaned: int = 0
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def body(self, job: Job) -> str:
        progress = job.progress
        self.runs.append(progress)
        self.found_ledgers.append(progress.ledger)
        progress.ledger = progress.ledger or self.ledger
        progress.expect(10, 10)
        progress.found(self.kept, self.kept)
        try:
            while self.kept < 10:
                if self.kept == 5:
                    await self.go.wait()
                progress.advance(1, 1)
                self.kept += 1
        except (asyncio.CancelledError, JobCancelled):
            self.suspended.append(progress.suspended)
            raise
        return "sent"

    async def clean(self, job: Job) -> str:
        self.cleaned += 1
        self.kept = 0
        return ""


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def started(jobs: JobManager, transfer: Transfer, group: str = "dev") -> Job:
    return jobs.start(
        "upload", "raw/", transfer.body, pausable=True, group=group, clean=transfer.clean
    )


async def paused(jobs: JobManager, transfer: Transfer, group: str = "dev") -> Job:
    job = started(jobs, transfer, group)
    await until(lambda: transfer.kept == 5)
    assert jobs.pause(job.id)
    await until(lambda: job.state is JobState.PAUSED)
    return job


async def test_a_paused_job_goes_on_where_its_ledger_says() -> None:
    jobs, transfer = JobManager(), Transfer()
    job = await paused(jobs, transfer)
    shown = job.snapshot()
    assert (shown.done, shown.total, shown.note, shown.state.ended) == (
        5,
        10,
        "paused by you",
        False,
    )
    assert transfer.suspended == [True]
    transfer.go.set()
    assert jobs.resume(job.id)
    ended = await asyncio.wait_for(job.wait(), 10)
    assert (ended.state, ended.done, ended.items_done, ended.note) == (
        JobState.DONE,
        10,
        10,
        "sent",
    )
    first, second = transfer.runs
    assert first is not second  # a thread of the first run stays told to end
    assert first.cancelled.is_set()
    assert transfer.found_ledgers == [None, transfer.ledger]
    assert second.limits is first.limits
    await jobs.close()


async def test_what_cannot_be_paused_is_not() -> None:
    jobs = JobManager()
    job = jobs.start("launch", "x", lambda _: asyncio.sleep(60, ""))
    assert not jobs.pause(job.id)
    assert not jobs.resume(job.id)
    assert not jobs.pause(99)
    await jobs.close()
    assert job.state is JobState.CANCELLED


async def test_a_pause_does_not_count_as_time_and_earlier_bytes_not_as_speed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr("tui.core.job.time.monotonic", lambda: now[0])
    job = Job(1, "upload", "x", "bytes", None)
    job.begin(Progress())
    job.progress.advance(75)
    now[0] += 6
    job.progress.advance(-75)  # threads take back what they leave half sent
    job.progress.ledger = Ledger(kept_bytes=60)
    job.rest(JobState.PAUSED, "paused by you")
    now[0] += 3600
    assert job.snapshot().seconds == 6
    assert (job.snapshot().rate_per_second, job.snapshot().eta_seconds) == (0, None)
    job.begin(job.progress.successor())
    job.progress.expect(100)
    job.progress.found(60)
    job.mark()
    now[0] += 2
    job.progress.advance(20)
    job.mark()
    assert (job.snapshot().rate_per_second, job.snapshot().eta_seconds) == (10, 2)
    now[0] += 2
    job.progress.advance(20)
    job.rest(JobState.DONE, "")
    assert (job.snapshot().seconds, job.snapshot().rate_per_second) == (10, 10)


async def test_cancelling_a_paused_job_cleans_up_what_it_left() -> None:
    jobs, transfer = JobManager(), Transfer()
    job = await paused(jobs, transfer)
    jobs.cancel(job.id)
    ended = await asyncio.wait_for(job.wait(), 10)
    assert (ended.state, transfer.cleaned) == (JobState.CANCELLED, 1)
    await jobs.close()


async def test_what_cannot_be_cleaned_up_stays_to_be_tried_again() -> None:
    jobs, transfer = JobManager(), Transfer()
    job = await paused(jobs, transfer)

    async def fails(job: Job) -> str:
        raise UserError("Can't abort the upload", "no network")

    job.clean = fails
    jobs.cancel(job.id)
    await until(lambda: job.state is JobState.PAUSED)
    assert job.snapshot().note == "Can't abort the upload: no network."
    job.clean = transfer.clean
    jobs.cancel(job.id)
    assert (await asyncio.wait_for(job.wait(), 10)).state is JobState.CANCELLED
    await jobs.close()


async def test_a_clean_up_that_waited_for_a_login_goes_on_and_not_the_job() -> None:
    jobs, transfer, expired = JobManager(), Transfer(), [True]
    job = await paused(jobs, transfer)

    async def clean(job: Job) -> str:
        if expired:
            raise JobPaused(EXPIRED, "login")
        return await transfer.clean(job)

    job.clean = clean
    jobs.cancel(job.id)
    await until(lambda: job.state is JobState.PAUSED)
    assert jobs.waits_for_login("dev")
    expired.clear()
    assert jobs.resume_waiting("dev") == 1
    assert (await asyncio.wait_for(job.wait(), 10)).state is JobState.CANCELLED
    assert (transfer.cleaned, len(transfer.runs)) == (1, 1)
    await jobs.close()


async def test_a_cancel_while_it_is_being_paused_cleans_up_too() -> None:
    jobs, transfer = JobManager(), Transfer()
    job = started(jobs, transfer)
    await until(lambda: transfer.kept == 5)
    jobs.pause(job.id)
    jobs.cancel(job.id)
    ended = await asyncio.wait_for(job.wait(), 10)
    assert (ended.state, transfer.cleaned, transfer.suspended) == (JobState.CANCELLED, 1, [True])
    await jobs.close()


async def test_a_plain_cancel_is_cleaned_up_by_the_body_itself() -> None:
    jobs, transfer = JobManager(), Transfer()
    job = started(jobs, transfer)
    await until(lambda: transfer.kept == 5)
    jobs.cancel(job.id)
    assert (await asyncio.wait_for(job.wait(), 10)).state is JobState.CANCELLED
    assert (transfer.cleaned, transfer.suspended) == (0, [False])
    await jobs.close()


async def test_an_expired_login_pauses_all_of_its_profile_and_no_other() -> None:
    jobs, mine, other = JobManager(), Transfer(), Transfer()
    one, foreign = started(jobs, mine), started(jobs, other, "prod")
    await until(lambda: mine.kept == other.kept == 5)
    expired = [True]

    async def asks(job: Job) -> str:
        if expired:
            raise JobPaused(EXPIRED, "login")
        return "asked"

    asking = jobs.start("download", "y", asks, pausable=True, group="dev")
    await until(lambda: one.state is asking.state is JobState.PAUSED)
    assert foreign.state is JobState.RUNNING
    assert asking.snapshot().note == str(EXPIRED)
    assert one.snapshot().note == "waits for a login"
    by_hand = await paused(jobs, Transfer())
    expired.clear()
    mine.go.set()
    assert jobs.resume_waiting("dev") == 2
    for job in (one, asking):
        assert (await asyncio.wait_for(job.wait(), 10)).state is JobState.DONE
    assert by_hand.state is JobState.PAUSED  # the user said so, not the login
    await jobs.close()


async def test_an_outage_that_a_thread_met_pauses_though_the_others_say_cancelled() -> None:
    jobs = JobManager()
    full = UserError("The disk of /data is full", "", "Free some space, then resume.")

    async def body(job: Job) -> str:
        job.progress.hold(JobPaused(full))
        raise JobCancelled

    job = jobs.start("download", "y", body, pausable=True)
    await until(lambda: job.state is JobState.PAUSED)
    assert job.snapshot().error is full
    assert job.waits_for == "user"
    await jobs.close()


async def test_an_outage_fails_what_cannot_go_on_later() -> None:
    async def body(job: Job) -> str:
        raise JobPaused(EXPIRED, "login")

    ended = await JobManager().start("run", "step 1", body).wait()
    assert (ended.state, ended.error) == (JobState.FAILED, EXPIRED)


async def test_the_end_of_the_app_keeps_transfers_and_cancels_the_rest(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "jobs.jsonl")
    jobs, transfer, resting = JobManager(journal), Transfer(), Transfer()
    job, other = started(jobs, transfer), jobs.start("x", "y", lambda _: asyncio.sleep(60, ""))
    at_rest = await paused(jobs, resting)
    await until(lambda: transfer.kept == 5)
    await asyncio.wait_for(jobs.close(), 20)
    assert transfer.suspended == [True]
    assert transfer.ledger.told == resting.ledger.told == ["released"]
    assert (job.state, at_rest.state, other.state) == (
        JobState.PAUSED,
        JobState.PAUSED,
        JobState.CANCELLED,
    )
    assert [one["state"] for one in journal.records() if one["job"] == job.id] == [
        "running",
        "paused",
    ]
    assert not jobs.resume(at_rest.id)
    await asyncio.wait_for(jobs.settled(), 5)


async def test_a_retry_keeps_the_ledger_of_what_failed_and_not_of_what_was_cancelled() -> None:
    ledgers: list[object] = []
    ends: list[BaseException] = [UserError("3 of 9 failed"), JobCancelled()]

    async def body(job: Job) -> str:
        ledgers.append(job.progress.ledger)
        job.progress.ledger = job.progress.ledger or Ledger()
        if ends:
            raise ends.pop(0)
        return "sent"

    jobs = JobManager()
    job = jobs.start("upload", "x", body, pausable=True)
    assert (await job.wait()).state is JobState.FAILED
    kept = job.progress.ledger
    again = jobs.retry(job.id)
    assert again is not None
    assert (await again.wait()).state is JobState.CANCELLED
    assert jobs.retry(job.id) is not None
    assert (await job.wait()).state is JobState.DONE
    assert ledgers == [None, kept, None]
    await jobs.close()
    assert isinstance(kept, Ledger)
    assert kept.told == ["released"]


async def test_a_forgotten_failure_lets_go_of_its_ledger() -> None:
    made: list[Ledger] = []

    async def body(job: Job) -> str:
        made.append(Ledger())
        job.progress.ledger = made[-1]
        raise UserError("1 of 2 failed")

    jobs = JobManager(keep=1)
    for _ in range(3):
        await jobs.start("upload", "x", body, pausable=True).wait()
    await jobs.close()
    assert [ledger.told for ledger in made] == [["dropped if clean"]] * 3


async def test_an_interrupted_job_is_adopted_as_paused_and_can_go_on_or_be_cleaned_up() -> None:
    jobs, transfer = JobManager(), Transfer(kept=4)
    transfer.go.set()
    progress = Progress()
    progress.expect(10, 10)
    progress.found(4, 4)
    job = jobs.adopt("upload", "raw/", transfer.body, transfer.clean, progress, "not ended")
    shown = jobs.paused[0]
    assert (shown.id, shown.fraction, shown.note) == (job.id, 0.4, "not ended")
    await asyncio.wait_for(jobs.settled(), 5)  # it holds no connection open
    assert jobs.resume(job.id)
    assert (await asyncio.wait_for(job.wait(), 10)).done == 10
    other = jobs.adopt("upload", "raw/", transfer.body, transfer.clean, Progress(), "not ended")
    jobs.cancel(other.id)
    gone = await asyncio.wait_for(other.wait(), 10)
    assert (gone.state, gone.seconds) == (JobState.CANCELLED, 0.0)
    assert transfer.cleaned == 1
    assert not gone.again, "its plan is gone with its ledger"
    assert jobs.retry(other.id) is None
    await jobs.close()


async def test_another_accounts_interrupted_job_is_only_shown() -> None:
    jobs = JobManager()
    job = jobs.adopt("upload", "raw/", None, None, Progress(), "connect as prod to go on")
    assert not jobs.resume(job.id)
    jobs.cancel(job.id)
    assert job.state is JobState.PAUSED
    assert jobs.paused == ()
    jobs.drop(job.id)
    assert jobs.snapshots() == ()
    await jobs.close()


async def test_waiting_for_a_job_lasts_over_its_pauses() -> None:
    jobs, transfer = JobManager(), Transfer()
    job = await paused(jobs, transfer)
    waiting = asyncio.create_task(job.wait())
    settled = asyncio.create_task(jobs.settled())
    await asyncio.sleep(0.02)
    assert not waiting.done()
    assert not settled.done()  # its connection is needed still
    transfer.go.set()
    jobs.resume(job.id)
    assert (await asyncio.wait_for(waiting, 10)).state is JobState.DONE
    await asyncio.wait_for(settled, 10)
    await jobs.close()


async def test_a_job_paused_before_its_first_step_can_go_on() -> None:
    jobs, transfer = JobManager(), Transfer()
    transfer.go.set()
    job = started(jobs, transfer)
    jobs.pause(job.id)
    await until(lambda: job.state is JobState.PAUSED)
    assert transfer.runs == []
    jobs.resume(job.id)
    assert (await asyncio.wait_for(job.wait(), 10)).state is JobState.DONE
    await jobs.close()
