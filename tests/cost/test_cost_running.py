"""What runs now, and what it cost so far today."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from tui.core.records import Instance
from tui.cost import PriceBook, running_cost

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)  # three hours after the instance's start
DISK_HOUR = Decimal("0.64") / 730
RUN_HOUR = Decimal("0.0104") + Decimal("0.005") + DISK_HOUR


def test_a_running_instance_pays_for_machine_disk_and_address(
    book: PriceBook, instance: Instance
) -> None:
    found = running_cost([instance], book, NOW)
    assert found.per_hour == RUN_HOUR
    assert found.per_month == Decimal("11.882")
    assert found.running == 1
    assert found.unknown == ()
    assert found.today == pytest.approx(RUN_HOUR * 3)


def test_today_begins_at_midnight_utc(book: PriceBook, instance: Instance) -> None:
    old = replace(instance, launched_at=NOW - timedelta(days=3))
    item = running_cost([old], book, NOW).items[0]
    assert item.today == pytest.approx(RUN_HOUR * 9)
    assert item.so_far == pytest.approx(RUN_HOUR * 72)
    elsewhere = NOW.astimezone(timezone(timedelta(hours=-11)))
    assert running_cost([old], book, elsewhere).today == item.today


def test_a_stopped_instance_still_pays_for_its_disk(book: PriceBook, instance: Instance) -> None:
    stopped = replace(
        instance,
        state="stopped",
        public_ip="",
        state_reason="User initiated (2026-11-22 07:00:00 GMT)",
    )
    found = running_cost([stopped], book, NOW)
    assert found.per_hour == DISK_HOUR
    assert found.running == 0
    # One hour of machine (its address is no longer told), three of disk.
    assert found.today == pytest.approx(Decimal("0.0104") + DISK_HOUR * 3)
    assert found.items[0].running.per_hour == Decimal("0.0104") + DISK_HOUR


def test_without_a_stop_time_no_machine_hours_are_made_up(
    book: PriceBook, instance: Instance
) -> None:
    stopped = replace(instance, state="stopped", public_ip="")
    assert running_cost([stopped], book, NOW).today == pytest.approx(DISK_HOUR * 3)


def test_a_terminated_instance_costs_nothing_now(book: PriceBook, instance: Instance) -> None:
    gone = replace(
        instance,
        state="terminated",
        public_ip="",
        state_reason="User initiated (2026-11-22 08:00:00 GMT)",
    )
    found = running_cost([gone], book, NOW)
    assert found.per_hour == 0
    assert found.today == pytest.approx((Decimal("0.0104") + DISK_HOUR) * 2)


@pytest.mark.parametrize("state", ["pending", "stopping", "shutting-down"])
def test_a_machine_that_comes_or_goes_is_not_billed(
    book: PriceBook, instance: Instance, state: str
) -> None:
    found = running_cost([replace(instance, state=state)], book, NOW)
    assert found.per_hour == Decimal("0.005") + DISK_HOUR
    assert found.running == 0


def test_what_has_no_price_is_named_and_not_counted(book: PriceBook, instance: Instance) -> None:
    strange = replace(instance, id="i-2", name="odd", type="x99.huge")
    found = running_cost([instance, strange], book, NOW)
    assert found.unknown == ("odd: instance x99.huge",)
    assert found.now.known_per_hour == RUN_HOUR * 2 - Decimal("0.0104")
    assert (found.per_hour, found.per_month, found.today) == (None, None, None)
    assert found.spent_today.known == pytest.approx((RUN_HOUR * 2 - Decimal("0.0104")) * 3)
    item = found.of("i-2")
    assert item is not None
    assert (item.per_hour, item.so_far) == (None, None)
    assert item.spent.known == pytest.approx((RUN_HOUR - Decimal("0.0104")) * 3)


def test_what_was_never_charged_makes_no_sum_unknown(book: PriceBook, instance: Instance) -> None:
    coming = replace(instance, type="x99.huge", state="pending")
    found = running_cost([coming], book, NOW)
    assert found.per_hour == Decimal("0.005") + DISK_HOUR
    assert found.today is not None
    assert found.unknown == ()


def test_what_ran_today_at_an_unknown_price_is_named_when_it_is_gone(
    book: PriceBook, instance: Instance
) -> None:
    gone = replace(
        instance,
        type="x99.huge",
        state="terminated",
        public_ip="",
        volumes=(),
        state_reason="User initiated (2026-11-22 08:00:00 GMT)",
    )
    found = running_cost([gone], book, NOW)
    assert found.per_hour == 0
    assert (found.today, found.spent_today.known) == (None, 0)
    assert found.unknown == ("one: instance x99.huge",)


def test_spot_is_priced_as_spot(book: PriceBook, instance: Instance) -> None:
    spot = running_cost([replace(instance, spot=True)], book, NOW)
    assert spot.per_hour is not None
    assert spot.per_hour < RUN_HOUR


def test_a_clock_behind_aws_never_gives_a_negative_sum(book: PriceBook, instance: Instance) -> None:
    found = running_cost([replace(instance, launched_at=NOW + timedelta(minutes=2))], book, NOW)
    assert found.today == 0
    assert found.items[0].so_far == 0


def test_nothing_costs_nothing(book: PriceBook) -> None:
    found = running_cost([], book, NOW)
    assert (found.per_hour, found.today, found.running) == (0, 0, 0)
