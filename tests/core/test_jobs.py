"""Jobs: progress from threads, cancel, failure, retry, the journal."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from tui.core import jobs as jobs_module
from tui.core.errors import JobCancelled, UserError
from tui.core.jobs import Job, JobManager, JobSnapshot, JobState, Progress
from tui.core.journal import Journal


async def test_a_job_ends_with_its_sentence_and_full_progress() -> None:
    async def body(job: Job) -> str:
        job.progress.expect(total=10, items=2)
        await asyncio.to_thread(job.progress.advance, 10, 2)
        return "sent 2 files"

    jobs = JobManager()
    done = await jobs.start("upload", "raw/", body).wait()
    assert (done.state, done.note, done.done, done.items_done) == (
        JobState.DONE,
        "sent 2 files",
        10,
        2,
    )
    assert done.fraction == 1.0
    await jobs.close()


async def test_cancel_reaches_a_thread_at_its_next_step() -> None:
    stopped_at: list[int] = []

    def work(progress: Progress) -> None:
        for _ in range(10_000):
            try:
                progress.advance(1)
            except BaseException:
                stopped_at.append(progress.done)
                raise

            time.sleep(0.001)

    async def body(job: Job) -> str:
        await asyncio.to_thread(work, job.progress)
        return "never"

    jobs = JobManager()
    job = jobs.start("upload", "x", body)
    await asyncio.sleep(0.05)
    jobs.cancel(job.id)
    ended = await job.wait()
    assert ended.state is JobState.CANCELLED
    await asyncio.sleep(0.05)
    assert stopped_at
    assert stopped_at[0] < 10_000


async def test_a_failure_is_a_sentence_and_can_be_retried() -> None:
    tries: list[int] = []

    async def body(job: Job) -> str:
        tries.append(1)
        if len(tries) == 1:
            raise UserError("Can't send x", "the disk is full", "Free some space.")
        return "sent"

    jobs = JobManager()
    first = jobs.start("upload", "x", body)
    failed = await first.wait()
    assert failed.state is JobState.FAILED
    assert failed.note == "Can't send x: the disk is full. Free some space."
    again = jobs.retry(first.id)
    assert again is not None
    assert (await again.wait()).state is JobState.DONE
    assert jobs.retry(again.id) is None


async def test_an_unforeseen_error_shows_no_traceback_and_no_secret() -> None:
    async def body(job: Job) -> str:
        raise KeyError("AKIA-secret")

    jobs = JobManager()
    failed = await jobs.start("upload", "x", body).wait()
    assert failed.state is JobState.FAILED
    assert "secret" not in failed.note


async def test_snapshots_are_published_at_most_about_ten_times_a_second() -> None:
    seen: list[tuple[JobSnapshot, ...]] = []

    async def body(job: Job) -> str:
        for _ in range(2_000):
            job.progress.advance(1)
        await asyncio.sleep(0.35)
        return ""

    jobs = JobManager()
    jobs.listeners.append(seen.append)
    await jobs.start("count", "x", body).wait()
    assert 3 <= len(seen) <= 10


async def test_a_rewind_lowers_the_count_but_never_below_nothing() -> None:
    progress = Progress()
    progress.advance(5)
    progress.advance(-8)
    assert progress.done == 0


async def test_only_so_many_ended_jobs_are_kept() -> None:
    async def body(job: Job) -> str:
        return ""

    jobs = JobManager(keep=3)
    for _ in range(6):
        await jobs.start("x", "y", body).wait()
    assert len(jobs.snapshots()) == 3


async def test_the_journal_has_the_start_and_the_end(tmp_path: Path) -> None:
    async def body(job: Job) -> str:
        return ""

    journal = Journal(tmp_path / "state" / "jobs.jsonl")
    jobs = JobManager(journal)
    await jobs.start("upload", "raw/x", body).wait()
    await jobs.close()
    states = [record["state"] for record in journal.records()]
    assert states == ["running", "done"]


def test_a_torn_last_line_of_the_journal_is_left_out(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "jobs.jsonl")
    journal.append({"job": 1})
    with journal.path.open("a") as file:
        file.write('{"job": 2')
    assert list(journal.records()) == [{"job": 1}]


def test_a_record_after_a_torn_line_is_not_lost(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "jobs.jsonl")
    journal.append({"job": 1})
    with journal.path.open("a") as file:
        file.write('{"job": 2')
    journal.append({"job": 3})
    journal.append({"job": 4})
    assert list(journal.records()) == [{"job": 1}, {"job": 3}, {"job": 4}]


def test_a_disk_that_takes_a_few_bytes_at_a_time_gets_the_whole_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda target, data: real(target, bytes(data[:5])))
    journal = Journal(tmp_path / "jobs.jsonl")
    journal.append({"job": 1, "subject": "raw/trips"})
    monkeypatch.undo()
    assert list(journal.records()) == [{"job": 1, "subject": "raw/trips"}]


def test_a_name_that_is_not_utf_8_can_be_written_down(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "jobs.jsonl")
    journal.append({"subject": "caf\udce9 é"})
    assert list(journal.records()) == [{"subject": "caf\udce9 é"}]


async def test_a_job_cancelled_before_its_first_step_ends(tmp_path: Path) -> None:
    async def body(job: Job) -> str:
        raise AssertionError("it was cancelled before")

    journal = Journal(tmp_path / "jobs.jsonl")
    jobs = JobManager(journal)
    job = jobs.start("upload", "x", body)
    jobs.cancel(job.id)
    ended = await asyncio.wait_for(job.wait(), 5)
    assert (ended.state, ended.note) == (JobState.CANCELLED, "cancelled")
    assert jobs.running == ()
    await jobs.close()
    assert [record["state"] for record in journal.records()] == ["running", "cancelled"]


async def test_a_job_that_ends_after_the_app_has_its_last_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "LEAVE_SECONDS", 0.05)
    monkeypatch.setattr(jobs_module, "LET_GO_SECONDS", 0.05, raising=False)
    going_on = asyncio.Event()

    async def body(job: Job) -> str:
        while not going_on.is_set():
            try:
                await going_on.wait()
            except asyncio.CancelledError:
                continue  # it won't be told
        return "sent"

    journal = Journal(tmp_path / "jobs.jsonl")
    jobs = JobManager(journal)
    job = jobs.start("upload", "x", body)
    await asyncio.sleep(0)
    await jobs.close()
    going_on.set()
    assert job.task is not None
    await asyncio.wait_for(job.task, 5)
    assert [record["state"] for record in journal.records()] == ["running", "done"]


@pytest.mark.parametrize("owing", [True, False])
async def test_who_has_to_clean_up_gets_longer_to_leave(
    owing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "LEAVE_SECONDS", 0.1)
    monkeypatch.setattr(jobs_module, "CLEAN_SECONDS", 60)
    cleaned: list[bool] = []

    async def body(job: Job) -> str:
        try:
            await asyncio.sleep(60)
        finally:
            if owing:
                with job.progress.owing():
                    await asyncio.sleep(0.6)
            else:
                await asyncio.sleep(0.6)
            cleaned.append(True)
        return ""

    jobs = JobManager()
    jobs.start("upload", "x", body)
    await asyncio.sleep(0)
    await asyncio.wait_for(jobs.close(), 20)  # and not for all of the time that it might take
    assert cleaned == ([True] if owing else [])


async def test_a_cancelled_job_says_how_far_it_came() -> None:
    async def body(job: Job) -> str:
        raise JobCancelled("cancelled, 3 of 9 deleted")

    ended = await JobManager().start("delete", "x", body).wait()
    assert (ended.state, ended.note) == (JobState.CANCELLED, "cancelled, 3 of 9 deleted")


def test_a_cancel_wakes_who_waits_and_nobody_else() -> None:
    progress, woken = Progress(), []
    with progress.waking(lambda: woken.append("before")):
        pass
    with progress.waking(lambda: woken.append("now")):
        progress.cancel()
        with pytest.raises(JobCancelled), progress.waking(lambda: woken.append("late")):
            raise AssertionError("cancelled already")
    assert woken == ["now"]


def test_errors_read_as_sentences() -> None:
    error = UserError("Can't list logs-prod", "access denied for role Dev", "Press P to switch.")
    assert str(error) == "Can't list logs-prod: access denied for role Dev. Press P to switch."
    assert str(UserError("Stopped")) == "Stopped."


@pytest.mark.parametrize("total", [None, 0])
async def test_an_unknown_total_has_no_fraction(total: int | None) -> None:
    started = asyncio.Event()

    async def body(job: Job) -> str:
        job.progress.expect(total=total)
        started.set()
        await asyncio.sleep(1)
        return ""

    jobs = JobManager()
    job = jobs.start("x", "y", body)
    await started.wait()
    assert job.snapshot().fraction is None
    assert job.snapshot().eta_seconds is None
    await jobs.close()
