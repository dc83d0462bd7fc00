"""What if: one instance type for some hours of some days a month."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from tui.cost.book import PriceBook
from tui.cost.estimate import HOURS_PER_MONTH, Estimate, VolumeLike, instance_cost, volume_line
from tui.cost.prices import Price

# 730 hours a month are 30.41666... days; these many make "all month" come out exactly.
ALL_MONTH = Decimal(HOURS_PER_MONTH)


@dataclass(frozen=True, slots=True)
class ScenarioLine:
    """One line of a scenario in USD a month; None where the price is unknown.

    Attributes:
        group: "compute".
        how_much: the quantity in words: "6 h × 22 days", "all month".
        on_spot: the same line on the spot market.
    """

    group: str
    label: str
    how_much: str
    per_month: Decimal | None
    on_spot: Decimal | None
    price: Price | None = None


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A scenario's lines and its three sums, each None if a part is unknown.

    Attributes:
        hours: machine hours a month.
        left_running: the estimate of the same machine never stopped.
    """

    lines: tuple[ScenarioLine, ...]
    hours: Decimal
    left_running: Estimate

    @property
    def per_month(self) -> Decimal | None:
        """USD a month on-demand."""
        return _sum(line.per_month for line in self.lines)

    @property
    def spot_per_month(self) -> Decimal | None:
        """USD a month with spot."""
        return _sum(line.on_spot for line in self.lines)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The lines without an on-demand price."""
        return tuple(line.label for line in self.lines if line.per_month is None)


def what_if(
    book: PriceBook,
    region: str,
    instance_type: str,
    *,
    hours_a_day: Decimal = Decimal(24),
    days_a_month: Decimal | None = None,
    volumes: Iterable[VolumeLike] = (),
    public_ip: bool = True,
    count: int = 1,
) -> WhatIf:
    """Price a machine that runs a part of the time; its volumes are kept all month.

    Args:
        hours_a_day: 0 to 24.
        days_a_month: 0 to 31, or None for all month (730 hours at 24 hours a day).

    Raises:
        ValueError: hours, days or count are out of their range.
    """
    _check(hours_a_day, days_a_month, count)
    hours = _machine_hours(hours_a_day, days_a_month)
    disks = tuple(volumes)
    words = _how_much(hours_a_day, days_a_month)
    full = book.instance_hour(region, instance_type)
    spot = book.spot_estimate(region, instance_type)
    name = instance_type if count == 1 else f"{count} × {instance_type}"
    on_demand, on_spot = _times(full, hours * count), _times(spot, hours * count)
    lines = [ScenarioLine("compute", name, words, on_demand, on_spot, full)]
    for disk in disks:
        line = volume_line(book, region, disk)
        kept = line.per_month * count if line.per_month is not None else None
        lines.append(ScenarioLine("compute", line.note, "all month", kept, kept, line.price))
    if public_ip:
        address = book.public_ipv4_hour(region)
        held = _times(address, hours * count)
        lines.append(
            ScenarioLine("compute", "public IPv4", f"{hours.normalize():f} h", held, held, address)
        )
    left = instance_cost(book, region, instance_type, disks, public_ip).times(count)
    return WhatIf(tuple(lines), hours, left)


def _check(hours_a_day: Decimal, days_a_month: Decimal | None, count: int) -> None:
    if not 0 <= hours_a_day <= 24:
        raise ValueError("hours a day are 0 to 24")
    if days_a_month is not None and not 0 <= days_a_month <= 31:
        raise ValueError("days a month are 0 to 31")
    if count < 1:
        raise ValueError("at least one instance")


def _machine_hours(hours_a_day: Decimal, days_a_month: Decimal | None) -> Decimal:
    if days_a_month is None:
        return ALL_MONTH * hours_a_day / 24
    return hours_a_day * days_a_month


def _how_much(hours_a_day: Decimal, days_a_month: Decimal | None) -> str:
    if days_a_month is None:
        return "all month" if hours_a_day == 24 else f"{hours_a_day.normalize():f} h every day"
    return f"{hours_a_day.normalize():f} h × {days_a_month.normalize():f} days"


def _times(price: Price | None, quantity: Decimal) -> Decimal | None:
    return price.amount * quantity if price is not None else None


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        known += amount
    return known
