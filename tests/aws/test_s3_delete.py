"""A cancelled delete tells what is gone; what failed is told by what was asked for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tui.aws.gateway import Gateway
from tui.aws.s3.delete import delete_many
from tui.aws.s3.service import S3
from tui.core.errors import JobCancelled
from tui.core.frozen import Target
from tui.core.jobs import Job, JobManager, JobState, Progress

KEYS = [f"{number:05}" for number in range(9_500)]


class SlowCalls:
    """Stands for the gateway's calls: each batch is deleted some time after it was asked for."""

    def __init__(self) -> None:
        self.deleted: list[str] = []
        self.asked = 0
        self.later = asyncio.Event()
        self.go_on = asyncio.Event()

    async def call(self, _: str, operation: str, **params: Any) -> dict[str, Any]:
        self.asked += 1
        if self.asked > 1:
            self.later.set()
            # As in a thread: a cancel doesn't reach it.
            thread = asyncio.ensure_future(self.finish(params["Delete"]["Objects"]))
            await asyncio.shield(thread)
        else:
            await self.finish(params["Delete"]["Objects"], wait=False)
        stays = params["Delete"]["Objects"][0]["Key"]
        return {"Errors": [{"Key": stays, "Code": "AccessDenied", "Message": "No."}]}

    async def finish(self, objects: list[dict[str, str]], wait: bool = True) -> None:
        if wait:
            await self.go_on.wait()
        self.deleted += [one["Key"] for one in objects]


async def test_a_cancelled_delete_counts_the_batches_under_way_and_begins_no_other(
    s3: S3, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = SlowCalls()
    monkeypatch.setattr(gateway, "call", calls.call)
    jobs = JobManager()

    async def body(job: Job) -> str:
        await s3.delete_many("b", KEYS, job.progress)
        return "all"

    job = jobs.start("delete", "b", body)
    await calls.later.wait()
    jobs.cancel(job.id)
    await asyncio.sleep(0.1)
    assert not job.state.ended  # S3 still deletes
    calls.go_on.set()
    ended = await job.wait()
    assert ended.state is JobState.CANCELLED
    assert len(calls.deleted) == 5_000
    # Each of the five batches had one key that S3 refused.
    assert (ended.items_done, ended.note) == (4_995, "cancelled, 4,995 of 9,500 deleted")
    await asyncio.sleep(0.1)
    assert len(calls.deleted) == 5_000


async def test_a_cancel_before_the_first_batch_deletes_nothing(
    s3: S3, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = SlowCalls()
    monkeypatch.setattr(gateway, "call", calls.call)
    progress = Progress()
    progress.cancel()
    with pytest.raises(JobCancelled, match="0 of 9,500 deleted"):
        await s3.delete_many("b", KEYS, progress)
    assert calls.asked == 0


async def test_who_quits_waits_for_the_batches_under_way(
    s3: S3, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.core import jobs as jobs_module

    monkeypatch.setattr(jobs_module, "LEAVE_SECONDS", 0.1)
    calls = SlowCalls()
    monkeypatch.setattr(gateway, "call", calls.call)
    jobs = JobManager()

    async def body(job: Job) -> str:
        await s3.delete_many("b", KEYS, job.progress)
        return "all"

    job = jobs.start("delete", "b", body)
    await calls.later.wait()
    asyncio.get_running_loop().call_later(0.6, calls.go_on.set)
    await jobs.close()
    assert job.result == "cancelled, 4,995 of 9,500 deleted"


class Answering:
    """A gateway whose server answers every batch with these errors."""

    def __init__(self, *errors: dict[str, str]) -> None:
        self.errors = errors

    async def call(self, *_: str, **__: Any) -> dict[str, Any]:
        return {"Errors": self.errors}


@pytest.mark.parametrize(
    ("error", "stayed"),
    [
        ({"Key": "k", "VersionId": "2"}, {("k", "2")}),
        ({"Key": "k"}, {("k", "1"), ("k", "2")}),
        ({"Key": "K%20spelt otherwise"}, {("k", "1"), ("k", "2"), ("l", "1")}),
    ],
)
async def test_what_failed_is_always_something_that_was_asked_for(
    error: dict[str, str], stayed: set[tuple[str, str]]
) -> None:
    # It is tried again by this name: without a version id, the current object would go.
    targets = [Target("k", "1"), Target("k", "2"), Target("l", "1")]
    gateway: Any = Answering(error, error)
    progress = Progress()
    failures = await delete_many(gateway, "acme", targets, progress, None)
    assert {(one.key, one.version_id) for one in failures} == stayed
    assert progress.items_done == len(targets) - len(stayed)
