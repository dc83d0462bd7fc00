"""The app's end where the disk has no ledger of a transfer: nobody could clean it up later."""

from __future__ import annotations

import asyncio

import pytest

from tests.core.test_jobs_pausing import Transfer, paused, started, until
from tui.core.jobs import Job, JobManager, JobState


async def test_a_transfer_that_the_disk_does_not_know_is_cancelled_and_not_kept() -> None:
    jobs, transfer = JobManager(), Transfer()
    transfer.ledger.kept = False
    job = started(jobs, transfer)
    await until(lambda: transfer.kept == 5)
    assert not job.snapshot().kept
    await jobs.close()
    assert job.state is JobState.CANCELLED
    assert transfer.suspended == [False]  # so its body has cleaned up


async def test_a_paused_one_is_cleaned_up() -> None:
    jobs, transfer, known = JobManager(), Transfer(), Transfer()
    transfer.ledger.kept = False
    job, other = await paused(jobs, transfer), await paused(jobs, known)
    await jobs.close()
    assert (job.state, transfer.cleaned) == (JobState.CANCELLED, 1)
    assert (other.state, known.cleaned) == (JobState.PAUSED, 0)


@pytest.mark.parametrize("cleans", [True, False])
async def test_one_that_is_just_being_paused_or_cleaned_up_is_cleaned_up(cleans: bool) -> None:
    jobs, transfer = JobManager(), Transfer()
    transfer.ledger.kept = False
    job = await paused(jobs, transfer) if cleans else started(jobs, transfer)
    await until(lambda: transfer.kept == 5)

    async def clean(job: Job) -> str:
        await asyncio.sleep(0.05)
        return await transfer.clean(job)

    job.clean = clean
    (jobs.cancel if cleans else jobs.pause)(job.id)
    assert job.state is JobState.RUNNING
    await jobs.close()
    assert (job.state, transfer.cleaned) == (JobState.CANCELLED, 1)
