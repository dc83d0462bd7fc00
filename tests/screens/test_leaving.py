"""What quitting asks about."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from tui.core.jobs import Job, JobManager
from tui.screens.leaving import leaving_plan


@pytest.mark.parametrize("reads", [True, False])
async def test_a_job_that_only_reads_holds_nobody_up(reads: bool) -> None:
    async def body(_: Job) -> str:
        await asyncio.sleep(60)
        return ""

    jobs = JobManager()
    jobs.start("add up", "what the buckets hold", body, reads=reads)
    app: Any = SimpleNamespace(services=None, jobs=jobs)
    assert (leaving_plan(app) is None) == reads
    await jobs.close()
