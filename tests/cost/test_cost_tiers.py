"""Tiered prices: exact figures, and what must hold for any tiers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.cost import PriceBook, Tier, gigabytes, tier_shares, tiered_cost

TWO_TIERS = (Tier(Decimal(10), Decimal("0.5")), Tier(None, Decimal("0.25")))


@st.composite
def falling_tiers(draw: st.DrawFn) -> tuple[Tier, ...]:
    """Tiers whose unit price never rises, as AWS's do."""
    ends = sorted(draw(st.sets(st.integers(1, 10**7), max_size=5)))
    prices = sorted(
        (draw(st.decimals(0, 10, places=4)) for _ in range(len(ends) + 1)), reverse=True
    )
    closed = [Tier(Decimal(end), price) for end, price in zip(ends, prices, strict=False)]
    return (*closed, Tier(None, prices[-1]))


quantities = st.decimals(0, 10**8, places=9)


@pytest.mark.parametrize(
    ("stored_gb", "usd"),
    [
        ("0", "0"),
        ("500", "15.00"),
        ("1024", "30.72"),
        ("1025", "30.7495"),
        ("10240", "302.592"),
        ("61440", "1807.872"),
        ("6144000", "172314.112"),
    ],
)
def test_the_2015_price_list_gives_its_published_figures(
    book_2015: PriceBook, stored_gb: str, usd: str
) -> None:
    tiers = book_2015.s3_tiers("us-east-1", "STANDARD")
    assert tiers is not None
    assert tiered_cost(Decimal(stored_gb), tiers) == Decimal(usd)


def test_a_size_in_bytes_stays_exact() -> None:
    tiers = (Tier(None, Decimal("0.023")),)
    # 2**-30 has 30 decimals, more than Decimal keeps by itself.
    assert tiered_cost(gigabytes(1), tiers) == Decimal(23 * 5**30).scaleb(-33)


def test_the_shares_say_what_falls_into_each_tier() -> None:
    shares = tier_shares(Decimal(14), TWO_TIERS)
    assert [(share.quantity, share.cost) for share in shares] == [
        (Decimal(10), Decimal(5)),
        (Decimal(4), Decimal(1)),
    ]
    assert tier_shares(Decimal(3), TWO_TIERS)[1].quantity == 0


@given(quantities, quantities, falling_tiers())
def test_more_never_costs_less(first: Decimal, second: Decimal, tiers: tuple[Tier, ...]) -> None:
    small, big = sorted((first, second))
    assert tiered_cost(small, tiers) <= tiered_cost(big, tiers)


@given(falling_tiers())
def test_the_cost_does_not_jump_at_an_edge(tiers: tuple[Tier, ...]) -> None:
    step = Decimal("0.000001")
    for tier in tiers[:-1]:
        assert tier.upto is not None
        at = tiered_cost(tier.upto, tiers)
        assert at - tiered_cost(tier.upto - step, tiers) == step * tier.unit_price
        assert 0 <= tiered_cost(tier.upto + step, tiers) - at <= step * tier.unit_price


@given(quantities, quantities, falling_tiers())
def test_splitting_over_two_bills_never_costs_less(
    first: Decimal, second: Decimal, tiers: tuple[Tier, ...]
) -> None:
    whole = tiered_cost(first + second, tiers)
    assert tiered_cost(first, tiers) + tiered_cost(second, tiers) >= whole


@given(quantities.filter(bool), quantities.filter(bool))
def test_the_average_rate_of_s3_standard_never_rises(
    book: PriceBook, first: Decimal, second: Decimal
) -> None:
    tiers = book.s3_tiers("us-east-1", "STANDARD")
    assert tiers is not None
    small, big = sorted((first, second))
    assert tiered_cost(big, tiers) * small <= tiered_cost(small, tiers) * big


@pytest.mark.parametrize("quantity", ["-1", "NaN", "Infinity"])
def test_a_quantity_that_is_none_is_refused(quantity: str) -> None:
    with pytest.raises(ValueError, match="quantity"):
        tiered_cost(Decimal(quantity), TWO_TIERS)


@pytest.mark.parametrize(
    "tiers",
    [
        (),
        (Tier(None, Decimal(1)), Tier(None, Decimal(1))),
        (Tier(Decimal(10), Decimal(1)), Tier(Decimal(10), Decimal(1))),
        (Tier(Decimal(10), Decimal(1)), Tier(Decimal(5), Decimal(1)), Tier(None, Decimal(1))),
        (Tier(Decimal(0), Decimal(1)),),
        (Tier(Decimal(9), Decimal(1)), Tier(Decimal(9), Decimal(1)), Tier(None, Decimal(1))),
    ],
)
def test_tiers_out_of_order_are_refused(tiers: tuple[Tier, ...]) -> None:
    with pytest.raises(ValueError, match="tier"):
        tiered_cost(Decimal(1), tiers)


def test_beyond_the_last_known_tier_there_is_no_price() -> None:
    with pytest.raises(ValueError, match="no price is known above 10"):
        tiered_cost(Decimal(11), TWO_TIERS[:1])
    assert tiered_cost(Decimal(10), TWO_TIERS[:1]) == 5
