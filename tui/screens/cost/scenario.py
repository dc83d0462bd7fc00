"""The what-if of the cost pane: its fields as typed, and its rows. No widget, no waiting."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from tui.cost import PriceBook, what_if
from tui.screens.cost.rows import Rows, source_rows, type_facts, what_if_rows

_NUMBER = re.compile(r"\d+(\.\d*)?|\.\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Disk:
    """A volume of the what-if."""

    size_gib: int
    kind: str = "gp3"
    iops: int | None = None
    throughput_mibps: int | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """The what-if's fields, as they were typed and understood."""

    type: str
    hours: Decimal
    days: Decimal
    volume: int
    spot: bool


def number_in(text: str, most: Decimal, *, whole: bool = False) -> Decimal | None:
    """Read a number from 0 to `most` as typed, in plain digits; None if it is none."""
    typed = text.strip()
    if not _NUMBER.fullmatch(typed):
        return None
    value = Decimal(typed)
    good = value <= most and (not whole or value == int(value))
    return value if good else None


def scenario_rows(book: PriceBook, region: str, scenario: Scenario) -> Rows:
    """What it comes to, and what the type is."""
    disks = [Disk(scenario.volume)] if scenario.volume else []
    made = what_if(
        book, region, scenario.type,
        hours_a_day=scenario.hours, days_a_month=scenario.days, volumes=disks,
    )  # fmt: skip
    kind = book.instance_type(scenario.type)
    facts = type_facts(book, region, kind) if kind else []
    return [*what_if_rows(made, spot=scenario.spot), (), *facts]


def price_sources(book: PriceBook, region: str, instance_type: str) -> Rows:
    """Where the prices of a scenario are from."""
    storage = book.s3_price(region, "STANDARD")
    return source_rows(
        [
            ("on-demand", book.instance_hour(region, instance_type)),
            ("spot", book.spot_estimate(region, instance_type)),
            ("gp3", book.volume_gb_month(region, "gp3")),
            ("IPv4", book.public_ipv4_hour(region)),
            ("S3", storage.first if storage else None),
        ]
    )
