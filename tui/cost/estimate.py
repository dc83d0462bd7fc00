"""What one instance costs: the machine, its volumes, its public address."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from tui.cost.book import PriceBook
from tui.cost.prices import Price, TieredPrice, VolumePrices
from tui.cost.tiers import covers, tiered_cost

# AWS turns hourly prices into monthly ones, and back, by 730 hours (365 * 24 / 12).
HOURS_PER_MONTH = 730
# gp3 includes these at no charge: https://aws.amazon.com/ebs/pricing/
GP3_FREE_IOPS = 3000
GP3_FREE_THROUGHPUT_MIBPS = 125
# Detailed monitoring of one instance sends 7 metrics: https://aws.amazon.com/cloudwatch/pricing/
MONITORED_METRICS = 7
IOPS_KINDS = ("gp3", "io1", "io2")


class VolumeLike(Protocol):
    """What a volume needs for a price: `tui.core.records.Volume` and the wizard's own both fit."""

    @property
    def size_gib(self) -> int:
        """Size in GiB, which EBS prices call GB."""

    @property
    def kind(self) -> str:
        """gp3, gp2, io1, io2, st1, sc1 or standard."""

    @property
    def iops(self) -> int | None:
        """Provisioned IOPS, or None for the default."""

    @property
    def throughput_mibps(self) -> int | None:
        """Provisioned throughput, or None for the default."""


@dataclass(frozen=True, slots=True)
class CostLine:
    """One line of an estimate, in USD; None where the book has no price.

    Attributes:
        label: "instance", "volume", "public IPv4", "monitoring".
        note: what is priced: "m7g.2xlarge", "100 GiB gp3".
        price: the unit price with its source and date.
    """

    label: str
    per_hour: Decimal | None
    note: str = ""
    price: Price | None = None
    per_month: Decimal | None = None

    @property
    def name(self) -> str:
        """Label and note, to name the line in a sentence."""
        return f"{self.label} {self.note}".strip()


@dataclass(frozen=True, slots=True)
class Estimate:
    """Lines and their sums; a sum is None as soon as one part is unknown."""

    lines: tuple[CostLine, ...]

    @property
    def per_hour(self) -> Decimal | None:
        """USD an hour, or None if a part is unknown."""
        return sum_known(self.lines) if not self.unknown else None

    @property
    def per_month(self) -> Decimal | None:
        """USD for 730 hours, or None if a part is unknown."""
        return self.known_per_month if not self.unknown else None

    @property
    def per_day(self) -> Decimal | None:
        """USD for 24 hours, or None if a part is unknown."""
        return self.per_hour * 24 if self.per_hour is not None else None

    @property
    def known_per_hour(self) -> Decimal:
        """USD an hour of the parts that have a price: at least this much."""
        return sum_known(self.lines)

    @property
    def known_per_month(self) -> Decimal:
        """USD for 730 hours of the parts that have a price: at least this much."""
        return sum((line.per_month or Decimal(0) for line in self.lines), Decimal(0))

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of the lines without a price."""
        return tuple(line.name for line in self.lines if line.per_hour is None)

    def times(self, count: int) -> Estimate:
        """The same, `count` times over; the unit prices stay."""
        return Estimate(tuple(_times(line, count) for line in self.lines))


def sum_known(lines: Iterable[CostLine]) -> Decimal:
    """Add up the hourly prices that are known."""
    return sum((line.per_hour or Decimal(0) for line in lines), Decimal(0))


def hourly_line(label: str, note: str, price: Price | None) -> CostLine:
    """A line priced by the hour."""
    if price is None:
        return CostLine(label, None, note)
    return CostLine(label, price.amount, note, price, price.amount * HOURS_PER_MONTH)


def monthly_line(label: str, note: str, per_month: Decimal | None, price: Price | None) -> CostLine:
    """A line priced by the month, spread over 730 hours."""
    if per_month is None:
        return CostLine(label, None, note, price)
    return CostLine(label, per_month / HOURS_PER_MONTH, note, price, per_month)


def instance_cost(  # noqa: PLR0917 - the seam that the screens were promised
    book: PriceBook,
    region: str,
    instance_type: str,
    volumes: Iterable[VolumeLike] = (),
    public_ip: bool = True,
    spot: bool = False,
    *,
    monitoring: bool = False,
) -> Estimate:
    """Estimate one running instance with its volumes and address.

    Args:
        book: where the prices are from.
        region: the region; no other region's price stands in for a missing one.
        instance_type: Linux, shared tenancy.
        volumes: its EBS volumes.
        public_ip: True if it holds a public IPv4 address.
        spot: True for the spot market, by the book's estimate.
        monitoring: True for detailed monitoring (7 metrics).
    """
    lines = [machine_line(book, region, instance_type, spot=spot)]
    lines += [volume_line(book, region, volume) for volume in volumes]
    if public_ip:
        lines.append(hourly_line("public IPv4", "", book.public_ipv4_hour(region)))
    if monitoring:
        metric = book.monitoring_metric_month(region)
        amount = metric.amount * MONITORED_METRICS if metric else None
        lines.append(monthly_line("monitoring", "", amount, metric))
    return Estimate(tuple(lines))


def machine_line(
    book: PriceBook, region: str, instance_type: str, *, spot: bool = False
) -> CostLine:
    """The instance alone, on-demand or spot."""
    if spot:
        return hourly_line(
            "instance", f"{instance_type} spot", book.spot_estimate(region, instance_type)
        )
    return hourly_line("instance", instance_type, book.instance_hour(region, instance_type))


def volume_line(book: PriceBook, region: str, volume: VolumeLike) -> CostLine:
    """One volume with its provisioned IOPS and throughput."""
    prices = book.volume(region, volume.kind)
    return monthly_line(
        "volume",
        f"{volume.size_gib:,} GiB {volume.kind}",
        volume_month(book, region, volume),
        prices.gb_month if prices else None,
    )


def volume_month(book: PriceBook, region: str, volume: VolumeLike) -> Decimal | None:
    """USD a month for one volume, or None if any part of it has no known price."""
    prices = book.volume(region, volume.kind)
    if prices is None:
        return None
    parts = (
        prices.gb_month.amount * volume.size_gib,
        _iops_month(prices.iops, volume),
        _throughput_month(prices, volume),
    )
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if len(known) == len(parts) else None


def _iops_month(price: TieredPrice | None, volume: VolumeLike) -> Decimal | None:
    if volume.kind not in IOPS_KINDS:
        return Decimal(0)
    free = GP3_FREE_IOPS if volume.kind == "gp3" else 0
    paid = Decimal(max(0, (volume.iops or free) - free))
    if not paid:
        return Decimal(0)
    if price is None or not covers(paid, price.tiers):
        return None
    return tiered_cost(paid, price.tiers)


def _throughput_month(prices: VolumePrices, volume: VolumeLike) -> Decimal | None:
    if volume.kind != "gp3":
        return Decimal(0)
    paid = (volume.throughput_mibps or 0) - GP3_FREE_THROUGHPUT_MIBPS
    if paid <= 0:
        return Decimal(0)
    return prices.throughput.amount * paid if prices.throughput else None


def _times(line: CostLine, count: int) -> CostLine:
    return CostLine(
        line.label,
        line.per_hour * count if line.per_hour is not None else None,
        f"{count} × {line.note}" if count != 1 and line.note else line.note,
        line.price,
        line.per_month * count if line.per_month is not None else None,
    )
