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
class InstanceCost:
    """What one instance costs.

    Attributes:
        running: the estimate while it runs, whatever its state now.
        now: the estimate in its present state (stopped: its volumes alone).
        today: USD since midnight UTC or its launch, of the parts with a known price.
        so_far: USD since its last launch, likewise.
    """

    instance: Instance
    running: Estimate
    now: Estimate
    today: Decimal
    so_far: Decimal

    @property
    def per_hour(self) -> Decimal | None:
        """USD an hour now, or None if a part is unknown."""
        return self.now.per_hour


@dataclass(frozen=True, slots=True)
class RunningCost:
    """The sums over all instances.

    Attributes:
        per_hour: USD an hour now, of the parts with a known price.
        today: USD since midnight UTC, likewise.
        unknown: what has no known price, by name: the sums are too low by these.
        running: how many instances run.
    """

    items: tuple[InstanceCost, ...]
    per_hour: Decimal
    today: Decimal
    unknown: tuple[str, ...]
    running: int

    @property
    def per_month(self) -> Decimal:
        """USD for a month if all stays as it is now."""
        months = (line.per_month or Decimal(0) for item in self.items for line in item.now.lines)
        return sum(months, Decimal(0))

    def of(self, instance_id: str) -> InstanceCost | None:
        """One instance's cost."""
        return next((item for item in self.items if item.instance.id == instance_id), None)


def running_cost(instances: Iterable[Instance], book: PriceBook, now: datetime) -> RunningCost:
    """Price everything that is there; `now` is an aware time."""
    rates = _Rates(book)
    items = tuple(_cost_of(each, rates, now.astimezone(UTC)) for each in instances)
    unknown = (f"{item.instance.label}: {name}" for item in items for name in item.now.unknown)
    return RunningCost(
        items=items,
        per_hour=sum((item.now.known_per_hour for item in items), Decimal(0)),
        today=sum((item.today for item in items), Decimal(0)),
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
        today=parts.charged_since(max(midnight, instance.launched_at), now),
        so_far=parts.charged_since(instance.launched_at, now),
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

    def charged_since(self, begin: datetime, now: datetime) -> Decimal:
        """USD from `begin` to `now` of the lines with a price."""
        ran = _seconds(begin, self._ran_until(now))
        machine = 0 if self.instance.state == "pending" else ran
        there = ran if self.instance.state in _GONE else _seconds(begin, now)
        return (
            (self.machine.per_hour or 0) * machine
            + sum_known(self.disks) * there
            + sum_known(self.address) * ran
        ) / _HOUR

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
