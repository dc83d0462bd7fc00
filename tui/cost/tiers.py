"""Tiered prices: the first part of a quantity costs one rate, the next part another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

# A size in GB is bytes / 2**30, which may have 30 decimals: enough digits to stay exact.
EXACT_DIGITS = 80


@dataclass(frozen=True, slots=True)
class Tier:
    """One step of a tiered price.

    Attributes:
        upto: the cumulative quantity at which this tier ends, or None for no end.
        unit_price: USD for each unit inside this tier.
    """

    upto: Decimal | None
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class TierShare:
    """How much of a quantity falls into one tier, and what that part costs."""

    tier: Tier
    quantity: Decimal
    cost: Decimal


def tiered_cost(quantity: Decimal, tiers: Sequence[Tier]) -> Decimal:
    """Return the exact cost of `quantity` units in USD.

    Args:
        quantity: how many units, 0 or more; 1 TB is 1,024 GB to AWS.
        tiers: in order, `upto` cumulative and rising; the last one has no end.

    Raises:
        ValueError: the quantity is negative or not finite, the tiers are empty or out of order, or
            the last tier ends below the quantity (the price beyond is unknown).
    """
    with localcontext(prec=EXACT_DIGITS):
        return sum((share.cost for share in _shares(quantity, tiers)), Decimal(0))


def tier_shares(quantity: Decimal, tiers: Sequence[Tier]) -> tuple[TierShare, ...]:
    """Return each tier with its part of the quantity (0 where none reaches it) and the cost.

    Raises:
        ValueError: as `tiered_cost`.
    """
    with localcontext(prec=EXACT_DIGITS):
        return tuple(_shares(quantity, tiers))


def covers(quantity: Decimal, tiers: Sequence[Tier]) -> bool:
    """Tell whether the tiers say a price for the whole quantity."""
    return bool(tiers) and (tiers[-1].upto is None or quantity <= tiers[-1].upto)


def _shares(quantity: Decimal, tiers: Sequence[Tier]) -> Iterator[TierShare]:
    quantity = Decimal(quantity)
    if not quantity.is_finite() or quantity < 0:
        raise ValueError(f"a quantity must be 0 or more, not {quantity}")
    _check(tiers)
    if not covers(quantity, tiers):
        raise ValueError(f"no price is known above {tiers[-1].upto} units")
    begin = Decimal(0)
    for tier in tiers:
        end = quantity if tier.upto is None else min(quantity, tier.upto)
        part = max(Decimal(0), end - begin)
        yield TierShare(tier, part, part * tier.unit_price)
        begin = begin if tier.upto is None else tier.upto


def _check(tiers: Sequence[Tier]) -> None:
    if not tiers:
        raise ValueError("a tiered price needs at least one tier")
    begin = Decimal(0)
    for tier in tiers[:-1]:
        if tier.upto is None or tier.upto <= begin:
            raise ValueError("tiers must be in order, and only the last one has no end")
        begin = tier.upto
    last = tiers[-1].upto
    if last is not None and last <= begin:
        raise ValueError("tiers must be in order, and only the last one has no end")
