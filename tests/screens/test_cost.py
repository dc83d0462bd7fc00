"""The cost pane in the running app, and its rows by plain asserts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from textual.widgets import Input

from tests.clients import ClientFactory
from tests.support import running, screen_text, until
from tests.workflow.fakes import instance
from tui.core.jobs import Progress
from tui.core.records import Volume
from tui.cost import PriceBook, running_cost, what_if
from tui.sandbox import Sandbox
from tui.screens.cost.rows import money, running_rows, running_sums, storage_rows, what_if_rows
from tui.screens.cost.scenario import number_in
from tui.screens.cost.screen import CostScreen
from tui.screens.cost.totals import Totals
from tui.widgets.form import TextField
from tui.widgets.line import is_pair

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BOOK = PriceBook.bundled()


def text(rows: object) -> str:
    """Rows of spans, and pairs of them, as lines."""
    lines = []
    for row in rows:  # type: ignore[attr-defined]
        spans = [*row[0], *row[1]] if is_pair(row) else row
        lines.append(" ".join(part.strip() for _, part in spans))
    return "\n".join(lines)


def with_volume(id_: str = "i-1", **changes: object) -> object:
    return replace(instance(id_), volumes=(Volume("vol-1", "/dev/xvda", 8, "gp3"),), **changes)  # type: ignore[arg-type]


def test_an_instance_has_a_row_for_each_thing_that_costs() -> None:
    cost = running_cost([with_volume()], BOOK, NOW)  # type: ignore[list-item]
    rows = running_rows(cost, NOW)
    assert [row.label[-1][1].strip() for row in rows] == [
        "i-1", "t3.micro", "8 GiB gp3", "public IPv4",
    ]  # fmt: skip
    assert rows[0].per_hour[1] == "0.0163"
    assert "$11.88" in text(running_sums(cost))


def test_a_stopped_instance_pays_for_its_disk_and_a_gone_one_for_nothing() -> None:
    found = [
        with_volume("i-1", state="stopped", public_ip=""),
        with_volume("i-2", state="terminated"),
    ]
    rows = running_rows(running_cost(found, BOOK, NOW), NOW)  # type: ignore[arg-type]
    assert [row.key for row in rows] == ["i-1", "i-1/0"]


def test_an_unknown_price_is_said_never_zero() -> None:
    cost = running_cost([with_volume(type="x9.huge")], BOOK, NOW)  # type: ignore[list-item]
    rows = running_rows(cost, NOW)
    assert rows[0].per_hour[1] == rows[1].per_hour[1] == "unknown"
    sums = text(running_sums(cost))
    assert "no price known for" in sums
    assert "per hour at least $0.0059" in sums
    assert money(None) == ("warn", "unknown")


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("0", "0.00"), ("0.004", "<0.01"), ("0.01", "0.01"), ("1234.5", "1,234.50")],
)
def test_less_than_a_cent_is_not_shown_as_nothing(amount: str, shown: str) -> None:
    assert money(Decimal(amount))[1] == shown


def totals(**held: tuple[int, int]) -> Totals:
    return Totals({"us-east-1": held}, 1, (("locked", "access denied"),), NOW)


def test_storage_is_priced_by_tier_and_compared_with_colder_classes() -> None:
    gb = 2**30
    shown = text(storage_rows(BOOK, totals(STANDARD=(10, 60 * 1024 * gb)), "us-east-1"))
    # 50 TB at 0.023 and 10 TB at 0.022, in GB of 2**30 bytes.
    assert "1,177.60" in shown
    assert "225.28" in shown
    assert "$1,402.88" in shown
    assert "deep archive" in shown
    assert "locked" in shown


def test_a_class_without_a_price_is_unknown_and_the_sum_says_so() -> None:
    shown = text(storage_rows(BOOK, totals(STANDARD=(1, 2**40), NEW_CLASS=(1, 2**40)), "us-east-1"))
    assert "unknown" in shown
    assert "at least" in shown


def test_nothing_is_made_up_for_a_region_without_prices() -> None:
    there = Totals({"moon-1": {"STANDARD": (1, 2**40)}}, 1, (), NOW)
    shown = text(storage_rows(BOOK, there, "moon-1"))
    assert "month unknown" in shown
    assert "0.00" not in shown


def test_where_nothing_is_known_the_sums_are_unknown() -> None:
    odd = with_volume(type="x9.huge", zone="mars-1a")
    shown = text(running_sums(running_cost([odd], BOOK, NOW)))  # type: ignore[list-item]
    assert "0.00" not in shown
    for label in ("per hour", "per month if all stays as it is", "today since midnight UTC"):
        assert f"{label} unknown" in shown


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("8", "8"), (" 0.5 ", "0.5"), (".5", "0.5"), ("24", "24"), ("25", None), ("-1", None),
        ("", None), ("x", None), ("1e1", None), ("1e-999999", None), ("NaN", None),
        ("inf", None), ("1_0", None), ("٣", None), ("9" * 5_000, None),
    ],
)  # fmt: skip
def test_only_plain_numbers_in_their_range_are_read(typed: str, read: str | None) -> None:
    assert number_in(typed, Decimal(24)) == (Decimal(read) if read else None)
    assert number_in("0.5", Decimal(24), whole=True) is None


def test_the_market_decides_which_sum_comes_first() -> None:
    made = what_if(BOOK, "us-east-1", "m7i.large", hours_a_day=Decimal(8), days_a_month=Decimal(22))
    on_demand, spot = text(what_if_rows(made, spot=False)), text(what_if_rows(made, spot=True))
    assert "with spot" in on_demand
    assert "on demand" in spot
    assert on_demand != spot


async def test_what_is_typed_is_priced_at_once(clean_sandbox: Sandbox) -> None:
    async with running(clean_sandbox) as (app, pilot):
        await pilot.press("4")
        await until(pilot, lambda: "$5.11" in screen_text(app))  # t3.micro, 8 h x 22 days, 30 GiB
        await pilot.press("w")
        await pilot.press(*"m7i.large")
        await until(pilot, lambda: "m7i.large in us-east-1" in screen_text(app))
        await pilot.press("down", "2", "4", "down", "3", "0")
        await until(pilot, lambda: "24 h × 30 days" in screen_text(app))
        await pilot.press("x")
        await until(pilot, lambda: "✗ 0 to 31" in screen_text(app))
        assert "24 h × 30 days" in screen_text(app), "the last answer stays"
        await pilot.press("escape")
        assert app.focused is app.screen.query_one("#cost-table")


async def test_the_buckets_are_added_up_once_and_on_demand(
    clean_sandbox: Sandbox, aws_client: ClientFactory
) -> None:
    s3 = aws_client(clean_sandbox, "s3")
    s3.create_bucket(Bucket="dana-sets")
    s3.put_object(Bucket="dana-sets", Key="a[b]/x", Body=b"x" * 1_500_000)
    async with running(clean_sandbox) as (app, pilot):
        await pilot.press("4")
        await until(pilot, lambda: "1.5 MB" in screen_text(app))
        s3.put_object(Bucket="dana-sets", Key="y", Body=b"x" * 1_000_000)
        await pilot.press("1", "4")
        await pilot.pause()
        assert "1.5 MB" in screen_text(app)
        await pilot.press("r")
        await until(pilot, lambda: "2.5 MB" in screen_text(app))


async def test_digits_without_end_are_refused_as_typed(clean_sandbox: Sandbox) -> None:
    async with running(clean_sandbox) as (app, pilot):
        await pilot.press("4")
        await until(pilot, lambda: "$5.11" in screen_text(app))
        for name in ("hours", "days", "volume"):
            field = app.screen.query_one(f"#field-{name} Input", Input)
            field.focus()
            await pilot.press(*"9" * 40)
            assert field.value == "9" * 7
            field.value = "9" * 5_000
            await pilot.pause()
        assert "✗ 0 to 65,536" in screen_text(app)
        assert "9 h × 22 days" in screen_text(app), "the last answer stays"


async def test_one_that_starts_and_is_charged_nothing_yet_is_no_fault(
    clean_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def instances(*_: object) -> object:
        return (replace(instance("i-1"), state="pending", public_ip=""),)

    async with running(clean_sandbox) as (app, pilot):
        await pilot.press("4")
        await until(pilot, lambda: "Nothing runs" in screen_text(app))
        screen = app.screen
        assert isinstance(screen, CostScreen)
        monkeypatch.setattr(app.services.ec2, "instances", instances)
        app.services.fleet.refresh_soon()
        await until(pilot, lambda: app.services.fleet.state.instances)
        screen._fleet_told(app.services.fleet.state)
        await until(pilot, lambda: "● 1 running" in screen_text(app))


async def test_an_old_connections_fleet_is_not_painted(clean_sandbox: Sandbox) -> None:
    async with running(clean_sandbox) as (app, pilot):
        await pilot.press("4")
        await until(pilot, lambda: "Nothing runs" in screen_text(app))
        screen = app.screen
        assert isinstance(screen, CostScreen)
        old = replace(app.services.fleet.state, instances=(with_volume("i-old"),))
        screen._fleet_told(old)
        await pilot.pause()
        assert "i-old" not in screen_text(app)


async def test_another_accounts_totals_are_dropped(
    clean_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.screens.cost import screen as module

    reached, go_on = asyncio.Event(), asyncio.Event()
    at = datetime.now(UTC)

    async def add_up(*_: object) -> Totals:
        reached.set()
        await go_on.wait()
        return Totals({"us-east-1": {"STANDARD": (1, 3_000_000)}}, 77, (), at)

    monkeypatch.setattr(module, "add_up", add_up)
    async with running(clean_sandbox) as (app, pilot):
        await pilot.press("4")
        await until(pilot, reached.is_set)
        screen = app.screen
        assert isinstance(screen, CostScreen)
        first = app.jobs.snapshots()[0]
        monkeypatch.setattr(module, "add_up", lambda *_: asyncio.sleep(60))
        app.connect_to(app.wish)
        await until(pilot, lambda: app.services is not None)
        await until(pilot, lambda: "◐ adding up" in screen_text(app))
        go_on.set()  # the answer about the buckets of the connection before
        await until(pilot, lambda: app.jobs._jobs[first.id].state.ended)
        await pilot.pause()
        assert "77 buckets" not in screen_text(app)
        assert screen._totals is None


async def test_the_trouble_of_another_connection_is_forgotten(
    clean_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.core.errors import AwsError
    from tui.screens.cost import screen as module

    async def refuse(*_: object) -> Totals:
        raise AwsError("Can't list the buckets", "denied to dana")

    add_up = module.add_up
    async with running(clean_sandbox) as (app, pilot):
        await pilot.press("4")
        await until(pilot, lambda: "0 buckets" in screen_text(app))
        monkeypatch.setattr(module, "add_up", refuse)
        await pilot.press("r")
        await until(pilot, lambda: "denied to dana" in screen_text(app))
        monkeypatch.setattr(module, "add_up", add_up)
        app.connect_to(app.wish)
        await until(pilot, lambda: app.services is not None)
        await until(pilot, lambda: "0 buckets" in screen_text(app))
        assert "denied to dana" not in screen_text(app)


async def test_totals_are_shown_only_to_the_account_they_are_of(clean_sandbox: Sandbox) -> None:
    async with running(clean_sandbox) as (app, pilot):
        await pilot.press("4")
        await until(pilot, lambda: "0 buckets" in screen_text(app))
        screen = app.screen
        assert isinstance(screen, CostScreen)
        screen._totals_of = ("111122223333", "")
        screen._paint_storage()
        await pilot.pause()
        assert "not added up" in screen_text(app)


async def test_a_bucket_that_cannot_be_listed_is_named(clean_sandbox: Sandbox) -> None:
    from tui.core.errors import AwsError
    from tui.core.records import Bucket
    from tui.screens.cost.totals import add_up

    class Half:
        async def buckets(self) -> tuple[Bucket, ...]:
            return (Bucket("open", None, "us-east-1"), Bucket("locked", None, "eu-west-1"))

        async def summary(self, bucket: str, prefix: str = "") -> dict[str, tuple[int, int]]:
            if bucket == "locked":
                raise AwsError("Can't list locked", "access denied")
            return {"STANDARD": (2, 10)}

    made = await add_up(Half(), "us-east-1", Progress())  # type: ignore[arg-type]
    assert made.held == {"us-east-1": {"STANDARD": (2, 10)}}
    assert made.failed == (("locked", "access denied"),)


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12), (200, 60)])
async def test_the_pane_stands_at_any_size(clean_sandbox: Sandbox, size: tuple[int, int]) -> None:
    async with running(clean_sandbox, size=size) as (app, pilot):
        await pilot.press("4")
        await until(pilot, lambda: isinstance(app.screen, CostScreen))
        await until(pilot, lambda: "Nothing runs" in screen_text(app))
        await pilot.press("w")
        field = app.screen.query_one("#field-type", TextField)
        assert app.focused is field.query_one(Input)
        await until(pilot, lambda: "What if" in screen_text(app))
