"""The jobs drawer and its dialogs: pause, limits, a look into the items."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.app.hostile import names
from tests.support import running, said, screen_text, until
from tui.app import SkydeckApp
from tui.core.errors import UserError
from tui.core.job_items import ItemState
from tui.core.jobs import Job, JobSnapshot, JobState, Progress
from tui.core.safe_text import visible
from tui.screens.jobs.items import ItemsDialog, ItemsTable
from tui.screens.jobs.limits import LimitsDialog
from tui.widgets.dialog import Confirm
from tui.widgets.job_text import job_cells, job_facts
from tui.widgets.jobs_drawer import JobsDrawer

NO_WAY = UserError("Can't send it", "access denied")


async def endless(job: Job) -> str:
    """A transfer of three files that has failed with one and is at another."""
    progress = job.progress
    progress.expect(300_000_000, 3)
    progress.advance(100_000_000, 1)
    progress.items.plan(("a[bold]b.csv", "x[/y]", "late.csv"), lambda name: (name, 100_000_000))
    progress.items.set(0, ItemState.DONE)
    progress.items.set(1, ItemState.FAILED, NO_WAY)
    progress.items.set(2, ItemState.RUNNING)
    await asyncio.sleep(3600)
    return ""


async def nothing(_: Job) -> str:
    return ""


def start(app: SkydeckApp, subject: str = "raw/") -> Job:
    return app.jobs.start("upload", subject, endless, pausable=True, clean=nothing)


async def opened(pilot: Pilot[None], app: SkydeckApp, subject: str = "raw/") -> Job:
    """A job that runs, the drawer open over it."""
    job = start(app, subject)
    await pilot.press("J")
    await until(pilot, lambda: app.screen.query(JobsDrawer) and "upload" in screen_text(app))
    await until(pilot, lambda: len(job.progress.items) == 3)
    return job


async def test_a_job_is_paused_and_goes_on_by_the_same_key(sandbox: Any) -> None:
    async with running(sandbox) as (app, pilot):
        job = await opened(pilot, app)
        await pilot.press("p")
        await until(pilot, lambda: job.state is JobState.PAUSED)
        await until(pilot, lambda: "paused by you" in screen_text(app))
        assert "‖ 1" in screen_text(app)
        assert "p go on" in screen_text(app)
        await pilot.press("space")
        await until(pilot, lambda: job.state is JobState.RUNNING)
        await until(pilot, lambda: "▸ 1" in screen_text(app))


async def test_a_paused_job_is_cancelled_after_a_question(sandbox: Any) -> None:
    async with running(sandbox) as (app, pilot):
        job = await opened(pilot, app)
        await pilot.press("p")
        await until(pilot, lambda: job.state is JobState.PAUSED)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("escape")
        await pilot.pause()
        assert job.state is JobState.PAUSED
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("enter")
        await until(pilot, lambda: job.state is JobState.CANCELLED)
        assert job.snapshot().done == 100_000_000  # what was done is still told


async def test_limits_are_judged_as_typed_and_hold_at_once(sandbox: Any) -> None:
    async with running(sandbox, size=(80, 24)) as (app, pilot):
        job = await opened(pilot, app)
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, LimitsDialog))
        await pilot.press(*"fast", "enter")
        await until(pilot, lambda: "like 10 MB/s or 500 KB/s, or off" in screen_text(app))
        assert isinstance(app.screen, LimitsDialog)
        app.screen.query(Input).first(Input).value = "10 MB/s"
        await pilot.press("tab", "4")
        await until(pilot, lambda: "4 files or parts side by side" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: job.progress.limits.bytes_per_second == 10_000_000)
        assert job.progress.limits.at_once == 4
        await until(pilot, lambda: "at most 10.0 MB/s, 4 at once" in screen_text(app))
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, LimitsDialog))
        assert "10.0 MB/s" in screen_text(app)
        for field in app.screen.query(Input):
            field.value = "off"
        await pilot.press("enter")
        await until(pilot, lambda: job.progress.limits.bytes_per_second is None)
        assert job.progress.limits.at_once is None


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_job_shows_its_items_live_by_state_and_with_reasons(
    sandbox: Any, size: tuple[int, int]
) -> None:
    async with running(sandbox, size=size) as (app, pilot):
        job = await opened(pilot, app)
        await pilot.press("enter")
        await until(pilot, lambda: "a[bold]b.csv" in screen_text(app))
        for text in ("all 3", "failed 1", "running 1", "waiting 0", "done 1", "x[/y]", "late.csv"):
            assert text in screen_text(app)
        await pilot.press("f")
        await until(pilot, lambda: "a[bold]b.csv" not in screen_text(app))
        assert "x[/y]: access denied" in said(app)
        job.progress.items.set(2, ItemState.FAILED, UserError("Can't send it", "it changed"))
        await until(pilot, lambda: "late.csv" in screen_text(app))
        await pilot.press("down")
        await until(pilot, lambda: "late.csv: it changed" in said(app))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, ItemsDialog))


async def test_a_million_items_are_looked_through_without_a_row_for_each(sandbox: Any) -> None:
    asked: list[int] = []

    def tell(number: int) -> tuple[str, int]:
        asked.append(number)
        return f"part-{number:07}.csv", number

    async with running(sandbox) as (app, pilot):
        job = await opened(pilot, app)
        job.progress.items.plan(range(1_000_000), tell)
        for number in range(500_000, 500_100):
            job.progress.items.set(number, ItemState.FAILED, NO_WAY)
        await pilot.press("enter")
        await until(pilot, lambda: "all 1,000,000" in screen_text(app))
        await pilot.press("G")
        await until(pilot, lambda: "part-0999999.csv" in screen_text(app))
        await pilot.press("f")
        await until(pilot, lambda: "part-0500000.csv" in screen_text(app))
        assert len(app.screen.query_one(ItemsTable).view) == 100
        assert len(asked) < 2_000


async def test_hostile_names_of_items_show_as_they_are(sandbox: Any) -> None:
    hostile = names()
    async with running(sandbox) as (app, pilot):
        job = await opened(pilot, app, "".join(hostile[:20]))
        job.progress.items.plan(hostile, lambda name: (name, 1))
        await pilot.press("enter")
        await until(pilot, lambda: f"all {len(hostile)}" in screen_text(app))
        table = app.screen.query_one(ItemsTable)
        for row in range(0, len(hostile), 15):
            table.move_to(row)
            await pilot.pause()
            shown = visible(hostile[row]).strip()[:30]
            assert not shown or shown in screen_text(app)
        assert app.is_running


async def test_a_job_that_is_not_made_of_items_says_so(sandbox: Any) -> None:
    async with running(sandbox) as (app, pilot):
        job = app.jobs.start("launch", "x", lambda _: asyncio.sleep(3600, ""))
        await pilot.press("J")
        await until(pilot, lambda: app.screen.query(JobsDrawer))
        await pilot.press("enter")
        await until(pilot, lambda: "This job is not made of items." in said(app))
        await pilot.press("l", "p")  # neither can be limited nor paused
        await pilot.pause()
        assert not isinstance(app.screen, LimitsDialog)
        assert job.state is JobState.RUNNING


def shown_job(**known: Any) -> JobSnapshot:
    """A job's snapshot."""
    job = Job(1, "upload", "raw/", "bytes", None, pausable=True)
    progress = Progress()
    progress.expect(11_900_000_000, 1_204)
    progress.found(7_400_000_000, 18)
    job.begin(progress)
    from dataclasses import replace

    return replace(job.snapshot(), **known)


def words(job: JobSnapshot) -> str:
    cells = (*job_cells(job), job_facts(job))
    return " ".join("".join(text for _, text in cell) for cell in cells)


def test_a_row_tells_files_bytes_failures_and_limits() -> None:
    row = words(shown_job(failed=3, bytes_per_second=10_000_000, at_once=4))
    for told in ("62%", "18 of 1,204", "7.4 GB of 11.9 GB", "3 failed", "at most 10.0 MB/s, 4 at"):
        assert told in row
    failed = job_cells(shown_job(failed=3))[5]
    assert failed == (("danger", "3"),)
    assert "the server is busy: 4 at a time" in words(
        shown_job(busy="the server is busy: 4 at a time")
    )


def test_an_ended_job_tells_how_long_and_how_fast() -> None:
    ended = shown_job(state=JobState.DONE, seconds=182.0, rate_per_second=23e6)
    assert "7.4 GB" in words(ended)
    assert "took 3m 2s · 23.0 MB/s" in words(ended)


def test_what_is_being_done_about_a_pause_shows_in_the_row() -> None:
    assert "pausing" in words(shown_job(ending="pausing"))
    assert "paused" in words(shown_job(state=JobState.PAUSED))
