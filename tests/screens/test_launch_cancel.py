"""A launch that is cancelled: before AWS was asked nothing stays, after it the machine is named."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.screens.ec2_support import at_ec2, at_review
from tests.support import until
from tui.core.errors import AwsError
from tui.core.jobs import JobState
from tui.screens.ec2.screen import Ec2Screen
from tui.screens.launch.run import finished, seen_through


@dataclass
class Gate:
    """Wraps a call: it says when it was reached, and goes on when it is let."""

    call: Any
    after: bool = False  # wait once AWS has answered
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, *args: Any) -> Any:
        answer = await self.call(*args) if self.after else None
        self.reached.set()
        await self.go_on.wait()
        return answer if self.after else await self.call(*args)


def toasts(app: Any) -> str:
    return " ".join(note.message for note in app._notifications)


async def cancelled(app: Any, pilot: Any, gate: Gate, times: int = 1) -> Any:
    """Launch, cancel at the gate, let it go on; the ended job."""
    await pilot.press("L")
    await until(pilot, gate.reached.is_set)
    for _ in range(times):
        app.jobs.cancel(app.jobs.snapshots()[0].id)
        await pilot.pause(0.02)
    gate.go_on.set()
    await until(pilot, lambda: app.jobs.snapshots()[0].state.ended)
    await pilot.pause()
    return app.jobs.snapshots()[0]


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("after", [False, True])
async def test_a_cancel_while_aws_is_asked_says_what_runs(
    clean_sandbox: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    after: bool,
    times: int,
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await at_review(app, pilot)
        gate = Gate(app.services.ec2.run, after)
        monkeypatch.setattr(app.services.ec2, "run", gate)
        job = await cancelled(app, pilot, gate, times)
        (one,) = await app.services.ec2.instances()
        words = f"stopped waiting; {one.id} runs and costs: t in EC2 terminates it"
        assert (job.state, job.note) == (JobState.CANCELLED, words)
        assert toasts(app) == f"skydeck-1: {words}."
        await until(pilot, lambda: isinstance(app.screen, Ec2Screen))
        await until(pilot, lambda: app.screen.table.record is not None)  # nobody asked but the job
        assert app.screen.table.record.id == one.id
        assert (tmp_path / "skydeck-key-1.pem").is_file()
        assert [pair.name for pair in await app.services.ec2.key_pairs()] == ["skydeck-key-1"]


async def test_a_cancel_while_it_comes_up_says_what_runs_and_retry_waits_on(
    clean_sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await at_review(app, pilot)
        fleet, asked = app.services.fleet, []
        gate = Gate(fleet.refresh)
        monkeypatch.setattr(fleet, "refresh", gate)
        monkeypatch.setattr(fleet, "refresh_soon", lambda: asked.append(True))
        job = await cancelled(app, pilot, gate)
        assert job.state is JobState.CANCELLED
        assert job.note.startswith("stopped waiting; i-")
        assert "terminates it" in toasts(app)
        assert len(asked) == 2  # once AWS had it, and with the cancel
        monkeypatch.undo()
        app.jobs.retry(job.id)
        await until(pilot, lambda: app.jobs.snapshots()[0].state is JobState.DONE)
        assert len(await app.services.ec2.instances()) == 1


async def test_a_cancel_of_many_names_some(
    clean_sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.launch import edit

    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        screen = await at_review(app, pilot)
        screen.wizard.change(edit(screen.wizard.draft, count=4))
        gate = Gate(app.services.ec2.run, after=True)
        monkeypatch.setattr(app.services.ec2, "run", gate)
        job = await cancelled(app, pilot, gate)
        assert job.note.endswith("and 2 more run and cost: t in EC2 terminates them")
        assert job.note.count("i-") == 2


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("step", ["create_key_pair", "create_s3_role", "create_security_group"])
async def test_a_cancel_before_aws_is_asked_leaves_nothing(
    clean_sandbox: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    times: int,
) -> None:
    from tui.launch import edit
    from tui.screens.launch.state import S3_ROLE

    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        screen = await at_review(app, pilot)
        screen.wizard.change(edit(screen.wizard.draft, role=S3_ROLE))
        ec2 = app.services.ec2
        gate = Gate(getattr(ec2, step), after=True)
        monkeypatch.setattr(ec2, step, gate)
        job = await cancelled(app, pilot, gate, times)
        assert job.state is JobState.CANCELLED
        assert job.note.startswith("cancelled, nothing was launched. What was made for it is gone")
        assert list(tmp_path.glob("*.pem")) == []
        assert await ec2.key_pairs() == ()
        assert [group.name for group in await ec2.security_groups()] == ["default"]
        assert await ec2.instances() == ()
        assert app.screen is screen
        monkeypatch.undo()
        await pilot.press("L")  # and it can be launched after all
        await until(pilot, lambda: isinstance(app.screen, Ec2Screen))
        await until(pilot, lambda: app.jobs.snapshots()[0].state is JobState.DONE)


async def test_a_cancel_whose_launch_is_refused_takes_back_and_says_why(
    clean_sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_params: object) -> None:
        raise AwsError("Can't launch", "no room", code="InsufficientCapacity")

    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await at_review(app, pilot)
        gate = Gate(refuse)
        monkeypatch.setattr(app.services.ec2, "run", gate)
        job = await cancelled(app, pilot, gate)
        assert (job.state, job.error.message) == (JobState.FAILED, "no room")
        assert await app.services.ec2.key_pairs() == ()


async def test_a_cancel_whose_answer_is_lost_takes_nothing_back(
    clean_sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await at_review(app, pilot)
        ask = app.services.ec2.run

        async def lose(params: Any) -> Any:
            await ask(params)
            raise AwsError("Can't launch", "no answer", code="ReadTimeoutError")

        gate = Gate(lose)
        monkeypatch.setattr(app.services.ec2, "run", gate)
        job = await cancelled(app, pilot, gate)
        assert job.state is JobState.FAILED
        assert "asked for, never a second one" in str(job.error)
        assert (tmp_path / "skydeck-key-1.pem").is_file()
        monkeypatch.undo()
        await pilot.press("L")
        await until(pilot, lambda: isinstance(app.screen, Ec2Screen))
        assert len(await app.services.ec2.instances()) == 1


async def test_a_launch_of_another_region_does_not_close_the_wizard_of_this_one(
    clean_sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        screen = await at_review(app, pilot)
        gate = Gate(app.services.ec2.run)
        monkeypatch.setattr(app.services.ec2, "run", gate)
        await pilot.press("L")
        await until(pilot, gate.reached.is_set)
        app.connect_to(replace(app.wish, region="eu-west-1"))
        await until(pilot, lambda: app.services is not None)
        await until(pilot, lambda: screen.step_pane is not None and screen.at == "image")
        gate.go_on.set()
        await until(pilot, lambda: app.jobs.snapshots()[0].state is JobState.DONE)
        await pilot.pause()
        assert app.screen is screen
        assert "skydeck-1: running" in toasts(app)


async def test_quitting_while_a_launch_is_waited_for_ends_in_peace(
    clean_sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await at_review(app, pilot)
        gate = Gate(app.services.fleet.refresh)
        monkeypatch.setattr(app.services.fleet, "refresh", gate)
        await pilot.press("L")
        await until(pilot, gate.reached.is_set)
        job = app.jobs.snapshots()[0]
    (ended,) = [one for one in app.jobs.snapshots() if one.id == job.id]
    assert ended.state is JobState.CANCELLED
    assert ended.note.startswith("stopped waiting; i-")


async def test_what_has_to_be_finished_is_however_often_one_cancels() -> None:
    kept: list[int] = []

    async def cancelled_thrice(work: Callable[[Awaitable[int]], Awaitable[Any]]) -> Any:
        go_on = asyncio.Event()

        async def slow() -> int:
            await go_on.wait()
            return 7

        task = asyncio.ensure_future(work(slow()))
        for _ in range(3):
            await asyncio.sleep(0.005)
            task.cancel()
        await asyncio.sleep(0.005)
        assert not task.done()
        go_on.set()
        return await asyncio.wait_for(task, 10)

    with pytest.raises(asyncio.CancelledError):
        await cancelled_thrice(lambda question: finished(question, kept.append))
    assert kept == [7]
    assert await cancelled_thrice(seen_through) == 7
