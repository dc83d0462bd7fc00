"""What one instance costs, and what an unknown part does to the sum."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tui.core.records import Volume
from tui.cost import PriceBook, instance_cost, type_rows, volume_month, what_if


def volume(
    size: int, kind: str = "gp3", iops: int | None = None, rate: int | None = None
) -> Volume:
    return Volume("", "/dev/sdf", size, kind, iops, rate)


def test_the_mock_up_s_machine_costs_what_it_says(book: PriceBook) -> None:
    found = instance_cost(book, "us-east-1", "m7g.2xlarge", [volume(100)])
    assert [(line.label, line.note) for line in found.lines] == [
        ("instance", "m7g.2xlarge"),
        ("volume", "100 GiB gp3"),
        ("public IPv4", ""),
    ]
    assert found.per_month == Decimal("249.922")
    assert found.per_hour is not None
    assert round(found.per_hour, 4) == Decimal("0.3424")
    assert found.unknown == ()


def test_spot_without_an_address_costs_less(book: PriceBook) -> None:
    full = instance_cost(book, "us-east-1", "m7g.2xlarge", public_ip=False)
    spot = instance_cost(book, "us-east-1", "m7g.2xlarge", public_ip=False, spot=True)
    assert full.per_hour
    assert spot.per_hour
    assert full.per_hour == Decimal("0.3264")
    assert spot.per_hour < full.per_hour


def test_an_unknown_part_makes_the_sum_unknown_and_is_named(book: PriceBook) -> None:
    found = instance_cost(book, "us-east-1", "x99.huge", [volume(100)])
    assert found.per_hour is None
    assert found.per_month is None
    assert found.per_day is None
    assert found.unknown == ("instance x99.huge",)
    assert found.known_per_hour > 0


def test_detailed_monitoring_is_seven_metrics(book: PriceBook) -> None:
    with_it = instance_cost(book, "us-east-1", "t3.micro", monitoring=True)
    without = instance_cost(book, "us-east-1", "t3.micro")
    assert with_it.per_month
    assert without.per_month
    assert with_it.per_month - without.per_month == Decimal("2.10")
    assert instance_cost(book, "eu-west-1", "t3.micro", monitoring=True).unknown == ("monitoring",)


def test_several_machines_cost_their_multiple(book: PriceBook) -> None:
    one = instance_cost(book, "us-east-1", "t3.micro", [volume(8)])
    three = one.times(3)
    assert one.per_month
    assert three.per_month
    assert three.per_month == one.per_month * 3
    assert three.known_per_hour == pytest.approx(one.known_per_hour * 3)
    assert three.lines[2].note == ""
    assert three.lines[0].note == "3 × t3.micro"
    assert three.lines[0].price == one.lines[0].price


@pytest.mark.parametrize(
    ("disk", "usd"),
    [
        (volume(100), "8.00"),
        (volume(100, iops=3000, rate=125), "8.00"),
        (volume(100, iops=4000), "13.00"),
        (volume(100, iops=4000, rate=225), "17.00"),
        (volume(100, "gp2"), "10.00"),
        (volume(100, "io1", iops=1000), "77.50"),
        (volume(100, "io2", iops=1000), "77.50"),
        (volume(500, "st1"), "22.50"),
        (volume(500, "sc1"), "7.50"),
        (volume(10, "standard"), "0.50"),
        (volume(100, "io2", iops=32001), None),
        (volume(100, "gp9"), None),
    ],
)
def test_a_volume_s_month(book: PriceBook, disk: Volume, usd: str | None) -> None:
    found = volume_month(book, "us-east-1", disk)
    assert found == (None if usd is None else Decimal(usd))


def test_what_if_follows_the_mock_up(book: PriceBook) -> None:
    found = what_if(
        book,
        "us-east-1",
        "m7g.2xlarge",
        hours_a_day=Decimal(6),
        days_a_month=Decimal(22),
        volumes=[volume(100)],
    )
    assert [(line.label, line.how_much) for line in found.lines] == [
        ("m7g.2xlarge", "6 h × 22 days"),
        ("100 GiB gp3", "all month"),
        ("public IPv4", "132 h"),
    ]
    assert found.per_month == Decimal("51.7448")
    assert found.left_running.per_month == Decimal("249.922")
    assert found.spot_per_month is not None
    assert found.spot_per_month < found.per_month


def test_what_if_never_stopped_equals_the_estimate(book: PriceBook) -> None:
    found = what_if(book, "us-east-1", "t3.micro", volumes=[volume(8)], count=2)
    assert found.per_month == found.left_running.per_month
    assert found.hours == 730
    assert found.lines[0].how_much == "all month"


def test_what_if_it_never_runs_only_the_disk_is_paid(book: PriceBook) -> None:
    found = what_if(book, "us-east-1", "t3.micro", hours_a_day=Decimal(0), volumes=[volume(8)])
    assert found.per_month == Decimal("0.64")
    assert found.lines[0].how_much == "0 h every day"


def test_what_if_an_unknown_type_has_no_sum(book: PriceBook) -> None:
    found = what_if(book, "us-east-1", "x99.huge")
    assert found.per_month is None
    assert found.spot_per_month is None
    assert found.unknown == ("x99.huge",)


@pytest.mark.parametrize(
    "wrong", [{"hours_a_day": Decimal(25)}, {"days_a_month": Decimal(32)}, {"count": 0}]
)
def test_what_if_refuses_impossible_times(book: PriceBook, wrong: dict[str, Decimal]) -> None:
    with pytest.raises(ValueError, match=r"hours|days|instance"):
        what_if(book, "us-east-1", "t3.micro", **wrong)  # type: ignore[arg-type]


def test_the_type_table_is_cheapest_first_and_unknown_last(book: PriceBook) -> None:
    rows = type_rows(book, "us-east-1")
    prices = [row.on_demand for row in rows if row.on_demand is not None]
    assert prices == sorted(prices)
    assert all(row.on_demand is None for row in rows[len(prices) :])
    assert 0 < len(rows) - len(prices) < 50
    by_name = {row.type.name: row for row in rows}
    row = by_name["m7g.2xlarge"]
    assert row.per_vcpu == Decimal("0.0408")
    assert row.per_gib == Decimal("0.0102")
    assert row.interruption_words
