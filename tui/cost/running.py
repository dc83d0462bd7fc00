"""What runs now, an hour and so far today; what is stopped still pays for its disks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from tui.core.records import Instance, Volume
from tui.cost.book import PriceBook
from tui.cost.estimate import CostLine, Estimate, hourly_line, machine_line, sum_known, volume_line

# EC2 bills an instance while it is `running`, not while it comes up or goes down:
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
_BILLED = "running"
_GONE = ("terminated",)
_HOUR = Decimal(3600)  # seconds
# StateTransitionReason: "User initiated (2026-11-22 08:11:02 GMT)".
_STOPPED_AT = re.compile(r"\((\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:GMT|UTC)\)")


@dataclass(frozen=True, slots=True)
class Spent:
    """What was charged, in USD.

    Attributes:
        known: of the parts with a known price: at least this much.
        whole: False if a part that was charged has no known price.
    """

    known: Decimal
    whole: bool = True

    @property
    def total(self) -> Decimal | None:
        """All of it, or None if a part is unknown."""
        return self.known if self.whole else None


@dataclass(frozen=True, slots=True)
class InstanceCost:
    """What one instance costs.

    Attributes:
        running: the estimate while it runs, whatever its state now.
        now: the estimate in its present state (stopped: its volumes alone).
        spent_today: since midnight UTC or its launch.
        spent: since its last launch.
    """

    instance: Instance
    running: Estimate
    now: Estimate
    spent_today: Spent
    spent: Spent

    @property
    def today(self) -> Decimal | None:
        """USD since midnight UTC or its launch, or None if a part is unknown."""
        return self.spent_today.total

    @property
    def so_far(self) -> Decimal | None:
        """USD since its last launch, or None if a part is unknown."""
        return self.spent.total

    @property
    def unknown(self) -> tuple[str, ...]:
        """The parts without a price among those charged now or today."""
        return self.now.unknown if self.spent_today.whole else self.running.unknown

    @property
    def per_hour(self) -> Decimal | None:
        """USD an hour now, or None if a part is unknown."""
        return self.now.per_hour


@dataclass(frozen=True, slots=True)
class RunningCost:
    """The sums over all instances; a sum is None as soon as one part is unknown.

    Attributes:
        now: every line that is charged now.
        spent_today: since midnight UTC.
        unknown: what has no known price, by name.
        running: how many instances run.
    """

    items: tuple[InstanceCost, ...]
    now: Estimate
    spent_today: Spent
    unknown: tuple[str, ...]
    running: int

    @property
    def per_hour(self) -> Decimal | None:
        """USD an hour now, or None if a part is unknown."""
        return self.now.per_hour

    @property
    def per_month(self) -> Decimal | None:
        """USD for a month if all stays as it is now, or None if a part is unknown."""
        return self.now.per_month

    @property
    def today(self) -> Decimal | None:
        """USD since midnight UTC, or None if a part is unknown."""
        return self.spent_today.total

    def of(self, instance_id: str) -> InstanceCost | None:
        """One instance's cost."""
        return next((item for item in self.items if item.instance.id == instance_id), None)


def running_cost(instances: Iterable[Instance], book: PriceBook, now: datetime) -> RunningCost:
    """Price everything that is there; `now` is an aware time."""
    rates = _Rates(book)
    items = tuple(_cost_of(each, rates, now.astimezone(UTC)) for each in instances)
    unknown = (f"{item.instance.label}: {name}" for item in items for name in item.unknown)
    known_today = sum((item.spent_today.known for item in items), Decimal(0))
    return RunningCost(
        items=items,
        now=Estimate(tuple(line for item in items for line in item.now.lines)),
        spent_today=Spent(known_today, all(item.spent_today.whole for item in items)),
        unknown=tuple(unknown),
        running=sum(item.instance.state == _BILLED for item in items),
    )


class _Rates:
    """Lines looked up once for many instances: most are of a few types and disks."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book
        self._lines: dict[tuple[object, ...], CostLine] = {}

    def machine(self, instance: Instance) -> CostLine:
        key = ("machine", instance.region, instance.type, instance.spot)
        if key not in self._lines:
            self._lines[key] = machine_line(
                self._book, instance.region, instance.type, spot=instance.spot
            )
        return self._lines[key]

    def disk(self, region: str, volume: Volume) -> CostLine:
        size, kind = volume.size_gib, volume.kind
        key = ("disk", region, size, kind, volume.iops, volume.throughput_mibps)
        if key not in self._lines:
            self._lines[key] = volume_line(self._book, region, volume)
        return self._lines[key]

    def address(self, region: str) -> CostLine:
        key = ("address", region)
        if key not in self._lines:
            price = self._book.public_ipv4_hour(region)
            self._lines[key] = hourly_line("public IPv4", "", price)
        return self._lines[key]


def _cost_of(instance: Instance, rates: _Rates, now: datetime) -> InstanceCost:
    region = instance.region
    machine = rates.machine(instance)
    disks = tuple(rates.disk(region, volume) for volume in instance.volumes)
    held = (rates.address(region),) if instance.public_ip else ()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    parts = _Parts(instance, machine, disks, held)
    return InstanceCost(
        instance=instance,
        running=Estimate((machine, *disks, *held)),
        now=Estimate(parts.charged_now()),
        spent_today=parts.charged_since(max(midnight, instance.launched_at), now),
        spent=parts.charged_since(instance.launched_at, now),
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """The lines of an instance, and when each is charged."""

    instance: Instance
    machine: CostLine
    disks: tuple[CostLine, ...]
    address: tuple[CostLine, ...]

    def charged_now(self) -> tuple[CostLine, ...]:
        """What is charged in the present state. An address is given back with the stop."""
        if self.instance.state in _GONE:
            return ()
        machine = (self.machine,) if self.instance.state == _BILLED else ()
        return (*machine, *self.disks, *self.address)

    def charged_since(self, begin: datetime, now: datetime) -> Spent:
        """What was charged from `begin` to `now`."""
        ran = _seconds(begin, self._ran_until(now))
        machine = 0 if self.instance.state == "pending" else ran
        there = ran if self.instance.state in _GONE else _seconds(begin, now)
        charged = [((self.machine,), machine), (self.disks, there), (self.address, ran)]
        known = sum((sum_known(lines) * seconds for lines, seconds in charged), Decimal(0))
        lines = [line for lines, seconds in charged if seconds for line in lines]
        return Spent(known / _HOUR, all(line.per_hour is not None for line in lines))

    def _ran_until(self, now: datetime) -> datetime:
        """When it stopped running; without a word from EC2, its launch (nothing is made up)."""
        if self.instance.state in (_BILLED, "pending"):
            return now
        found = _STOPPED_AT.search(self.instance.state_reason)
        if found is None:
            return self.instance.launched_at
        return datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


def _seconds(begin: datetime, end: datetime) -> int:
    return max(0, int((end - begin).total_seconds()))
