"""The records of a price book: a price never travels without its source and date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from tui.cost.tiers import Tier


@dataclass(frozen=True, slots=True)
class Price:
    """One price in USD.

    Attributes:
        amount: USD for one `unit`.
        unit: "hour", "GB-month", "IOPS-month", "MiB/s-month", "1,000 requests", "GB", ...
        source: the project or list that it was taken from.
        as_of: the day the source is of.
    """

    amount: Decimal
    unit: str
    source: str
    as_of: date


@dataclass(frozen=True, slots=True)
class TieredPrice:
    """A price in tiers, with where it is from."""

    tiers: tuple[Tier, ...]
    unit: str
    source: str
    as_of: date

    @property
    def first(self) -> Price:
        """The price of the first unit."""
        return Price(self.tiers[0].unit_price, self.unit, self.source, self.as_of)


@dataclass(frozen=True, slots=True)
class SpotAdvice:
    """What the Spot Advisor says of a type in a region.

    Attributes:
        savings_pct: per cent below on-demand; negative where spot was dearer.
        interruption: 0 under 5 %, 1 5-10 %, 2 10-15 %, 3 15-20 %, 4 over 20 % a month.
    """

    savings_pct: int
    interruption: int | None
    source: str
    as_of: date


@dataclass(frozen=True, slots=True)
class VolumePrices:
    """What a kind of EBS volume costs a month; None where the book has no price."""

    gb_month: Price
    iops: TieredPrice | None = None
    throughput: Price | None = None


@dataclass(frozen=True, slots=True)
class RegionPrices:
    """Everything a book knows of one region; what is missing is unknown.

    Attributes:
        offered: the types that can be launched there, in the source's order.
        s3: storage class -> GB-month tiers.
        s3_requests: storage class -> verb ("put", "get", ...) -> price of 1,000.
        s3_retrieval: storage class, or class_speed -> price of a GB read back.
    """

    instances: Mapping[str, Price] = field(default_factory=dict)
    spot: Mapping[str, SpotAdvice] = field(default_factory=dict)
    offered: tuple[str, ...] = ()
    volumes: Mapping[str, VolumePrices] = field(default_factory=dict)
    snapshot_gb_month: Price | None = None
    public_ipv4_hour: Price | None = None
    monitoring_metric_month: Price | None = None
    s3: Mapping[str, TieredPrice] = field(default_factory=dict)
    s3_object_monitoring: Price | None = None
    s3_requests: Mapping[str, Mapping[str, Price]] = field(default_factory=dict)
    s3_retrieval: Mapping[str, Price] = field(default_factory=dict)
    transfer_out: TieredPrice | None = None
