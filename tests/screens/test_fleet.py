"""The fleet goes on asking whatever fails, tells of one connection, and never says zero."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.screens.ec2_support import at_ec2, at_review
from tests.support import running, screen_text, until
from tests.workflow.fakes import instance
from tui.core.errors import AwsError, NotConnected
from tui.core.records import Instance, Volume
from tui.cost import PriceBook
from tui.screens.fleet import Fleet, FleetState
from tui.screens.leaving import leaving_plan
from tui.widgets.chrome import Status, burn_line

BOOK = PriceBook.bundled()


class Ec2:
    """Answers with instances, or fails."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = list(answers), 0

    async def instances(self) -> tuple[Instance, ...]:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@contextmanager
def faults() -> Iterator[list[BaseException]]:
    """What the app would be told of."""
    told: list[BaseException] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: told.append(context["exception"]))
    yield told
    loop.set_exception_handler(None)


@asynccontextmanager
async def asking(fleet: Fleet) -> AsyncIterator[None]:
    fleet.start()
    yield
    fleet.stop()


def with_disk(**changes: Any) -> Instance:
    return replace(instance("i-1"), volumes=(Volume("vol-1", "/dev/xvda", 8, "gp3"),), **changes)


# -- faults --------------------------------------------------------------------------------


async def test_a_listeners_fault_is_told_once_and_the_others_hear_on() -> None:
    fleet, heard = Fleet(Ec2((instance("i-1"),)), BOOK), []  # type: ignore[arg-type]

    def fail(_state: FleetState) -> None:
        raise StopIteration("nothing runs")

    def elsewhere(_state: FleetState) -> None:
        raise NotConnected

    fleet.listeners += [fail, elsewhere, heard.append]
    with faults() as told:
        for _ in range(3):
            await fleet.refresh()
    assert [state.instances[0].id for state in heard] == ["i-1"] * 3
    assert [type(error) for error in told] == [StopIteration]


async def test_a_fault_while_asking_is_told_and_the_asking_goes_on() -> None:
    ec2 = Ec2(KeyError("State"), (instance("i-1"),))
    fleet = Fleet(ec2, BOOK)  # type: ignore[arg-type]
    with faults() as told:
        async with asking(fleet):
            await until(None, lambda: fleet.state.error is not None)
            assert "a fault of Skydeck's own (KeyError)" in str(fleet.state.error)
            fleet.refresh_soon()
            await until(None, lambda: fleet.state.instances)
    assert [type(error) for error in told] == [KeyError]
    assert fleet.state.error is None


async def test_an_error_of_aws_keeps_what_was_known() -> None:
    fleet = Fleet(Ec2((with_disk(),), AwsError("Can't list")), BOOK)  # type: ignore[arg-type]
    known = await fleet.refresh()
    state = await fleet.refresh()
    assert state.error is not None
    assert replace(state, error=None) == known


async def test_a_change_during_an_answer_is_asked_about_at_once() -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Ec2):
        async def instances(self) -> tuple[Instance, ...]:
            found = await super().instances()
            reached.set()
            await go_on.wait()
            return found

    ec2 = Slow(())
    fleet = Fleet(ec2, BOOK)  # type: ignore[arg-type]
    async with asking(fleet):
        await reached.wait()
        fleet.refresh_soon()
        go_on.set()
        await until(None, lambda: ec2.asked == 2)


# -- one connection ------------------------------------------------------------------------


async def test_a_fleet_that_was_stopped_tells_nobody() -> None:
    fleet, heard = Fleet(Ec2((instance("i-1"),)), BOOK), []  # type: ignore[arg-type]
    fleet.listeners.append(heard.append)
    async with asking(fleet):
        pass
    state = await fleet.refresh()  # a launch job waits on
    assert [one.id for one in state.instances] == ["i-1"]
    assert heard == []


async def test_a_launch_that_waits_shows_nothing_in_another_region(
    clean_sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await pilot.press("4", "2")
        await at_review(app, pilot)
        old, asked = app.services.fleet, []

        async def pending() -> tuple[Instance, ...]:
            asked.append(True)
            made = await type(app.services.ec2).instances(ec2)
            return tuple(replace(one, name="of-the-old", state="pending") for one in made)

        ec2 = app.services.ec2
        monkeypatch.setattr(ec2, "instances", pending)
        await pilot.press("L")
        await until(pilot, lambda: old.state.instances)
        app.connect_to(replace(app.wish, region="eu-west-1"))
        await until(pilot, lambda: app.services is not None)
        await until(pilot, lambda: app.services.fleet.state.asked_at is not None)
        await pilot.press("4")
        asked.clear()
        await until(pilot, lambda: len(asked) > 1)
        assert old.listeners == []
        assert "of-the-old" not in screen_text(app)
        assert "nothing is running" in screen_text(app)
        app.jobs.cancel(app.jobs.snapshots()[0].id)
        await until(pilot, lambda: app.jobs.snapshots()[0].state.ended)


# -- prices that are not known -------------------------------------------------------------


async def test_a_part_without_a_price_makes_the_sums_unknown() -> None:
    fleet = Fleet(Ec2((with_disk(), with_disk(type="x9.huge"))), BOOK)  # type: ignore[arg-type]
    state = await fleet.refresh()
    assert (state.per_hour, state.today) == (None, None)


@pytest.mark.parametrize("narrow", [True, False])
def test_the_header_says_unknown_never_zero(narrow: bool) -> None:
    def line(**changes: Any) -> str:
        status = Status(known=True, **changes)
        return "".join(text for _, text in burn_line(status, narrow=narrow))

    assert "$ unknown/h" in line(running=1)
    assert "$ unknown/h" in line(running=0)  # a disk of unknown price
    assert "$0" not in line(running=1)
    assert "nothing is running" in line(running=0, per_hour=Decimal(0), today=Decimal(0))
    shown = line(running=1, per_hour=Decimal("0.1"))
    assert "$0.100/h" in shown
    assert ("$ unknown today" in shown) is not narrow


async def test_what_has_no_price_is_unknown_in_every_place(
    clean_sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def instances(*_: object) -> tuple[Instance, ...]:
        return (replace(instance("i-1"), type="x9.huge", public_ip=""),)

    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        monkeypatch.setattr(app.services.ec2, "instances", instances)
        app.services.fleet.refresh_soon()
        await until(pilot, lambda: "$ unknown/h" in screen_text(app))
        await until(pilot, lambda: "so far" in screen_text(app))
        shown = screen_text(app)
        assert "$0.0" not in shown
        for label in ("per hour", "so far", "today", "if left a month"):
            (row,) = [
                line for line in shown.splitlines() if f"{label} " in line and "$/h" not in line
            ]
            assert row.rstrip().endswith("unknown"), row
        plan = leaving_plan(app)
        assert plan is not None
        assert ("they cost", "unknown/h") in [(fact.label, fact.value) for fact in plan.facts]
        await pilot.press("n")
        await until(pilot, lambda: "burning now" in screen_text(app))
        rows = [row for row in screen_text(app).splitlines() if "burning now" in row]
        assert "unknown/h" in rows[0]


async def test_what_has_a_price_in_part_is_at_least_so_much(
    clean_sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def instances(*_: object) -> tuple[Instance, ...]:
        return (with_disk(type="x9.huge"),)

    async with running(clean_sandbox) as (app, pilot):
        await pilot.press("2")
        monkeypatch.setattr(app.services.ec2, "instances", instances)
        app.services.fleet.refresh_soon()
        await until(pilot, lambda: "so far" in screen_text(app))
        assert "at least $" in screen_text(app)
        await pilot.press("4")
        await until(pilot, lambda: "no price known for" in screen_text(app))
        rows = screen_text(app).splitlines()
        for label in ("per hour", "per month", "today since"):
            assert any(label in row and "at least $" in row for row in rows), label
