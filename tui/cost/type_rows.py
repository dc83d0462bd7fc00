"""The rows of the instance-type table: what a type is, what it costs, how often spot is taken."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tui.core.records import InstanceType
from tui.cost.book import INTERRUPTION_WORDS, PriceBook


@dataclass(frozen=True, slots=True)
class TypeRow:
    """One type in one region; prices in USD an hour, None where unknown.

    Attributes:
        savings_pct: per cent that spot is below on-demand.
        interruption: the Spot Advisor's bucket, 0 (best) to 4.
    """

    type: InstanceType
    on_demand: Decimal | None
    spot: Decimal | None
    savings_pct: int | None
    interruption: int | None

    @property
    def interruption_words(self) -> str:
        """`<5%`, `5–10%`, ... or an empty text where unknown."""
        return "" if self.interruption is None else INTERRUPTION_WORDS[self.interruption]

    @property
    def per_vcpu(self) -> Decimal | None:
        """On-demand USD an hour for one vCPU."""
        return self.on_demand / self.type.vcpus if self.on_demand is not None else None

    @property
    def per_gib(self) -> Decimal | None:
        """On-demand USD an hour for one GiB of memory."""
        return self.on_demand / self.type.memory_gib if self.on_demand is not None else None


def type_row(book: PriceBook, region: str, instance_type: InstanceType) -> TypeRow:
    """Put one type's prices beside it."""
    full = book.instance_hour(region, instance_type.name)
    spot = book.spot_estimate(region, instance_type.name)
    advice = book.spot_advice(region, instance_type.name)
    return TypeRow(
        type=instance_type,
        on_demand=full.amount if full else None,
        spot=spot.amount if spot else None,
        savings_pct=advice.savings_pct if advice else None,
        interruption=advice.interruption if advice else None,
    )


def type_rows(book: PriceBook, region: str) -> tuple[TypeRow, ...]:
    """All types that the region offers: cheapest first, those without a known price last."""
    rows = (type_row(book, region, each) for each in book.instance_types(region))
    return tuple(sorted(rows, key=_by_price))


def _by_price(row: TypeRow) -> tuple[bool, Decimal, str]:
    return (row.on_demand is None, row.on_demand or Decimal(0), row.type.name)
