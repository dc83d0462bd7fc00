"""The fixed shapes of numbers in columns."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tui.core import format as fmt


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"), (212, "212 B"), (999, "999 B"), (1000, "1.0 KB"), (12_400_000, "12.4 MB"),
        (999_949, "999.9 KB"), (999_950, "1.0 MB"), (3_100_000_000, "3.1 GB"),
        (10**21, "1000.0 EB"),
    ],
)  # fmt: skip
def test_sizes_have_one_decimal_and_a_unit(value: int, text: str) -> None:
    assert fmt.size(value) == text


@pytest.mark.parametrize(
    ("seconds", "roomy", "dense"),
    [
        (20, "20s", "20s"), (48 * 60, "48m", "48m"), (18_720, "5h 12m", "5h"),
        (266_400, "3d 2h", "3d"), (259_200, "3d", "3d"), (22 * 86_400, "3w", "3w"),
        (160 * 86_400, "5mo", "5mo"), (400 * 86_400, "1y", "1y"), (-5, "0s", "0s"),
    ],
)  # fmt: skip
def test_durations(seconds: int, roomy: str, dense: str) -> None:
    assert fmt.duration(seconds) == roomy
    assert fmt.duration(seconds, dense=True) == dense


def test_money_is_rounded_half_up_and_an_unknown_price_is_unknown() -> None:
    assert fmt.usd(Decimal("1234.565")) == "$1,234.57"
    assert fmt.usd(Decimal("0.0104"), 4) == "$0.0104"
    assert fmt.usd(None) == "unknown"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal(10) ** 40, f"{10**40:,}.00"),
        (Decimal("9" * 60 + ".995"), f"{10**60:,}.00"),
        (Decimal("1e-5000"), "0.00"),
        (Decimal("-1e30"), f"-{10**30:,}.00"),
        (Decimal("NaN"), fmt.ABSENT),
        (Decimal("Infinity"), fmt.ABSENT),
    ],
)
def test_no_amount_is_too_long_to_be_shown(value: Decimal, shown: str) -> None:
    assert fmt.amount(value, 2) == shown


def test_a_sum_with_unknown_parts_is_the_least_and_never_zero() -> None:
    assert fmt.usd_known(Decimal("1.2"), whole=True) == "$1.20"
    assert fmt.usd_known(Decimal(0), whole=True) == "$0.00"
    assert fmt.usd_known(Decimal("1.2"), whole=False) == "at least $1.20"
    assert fmt.usd_known(Decimal(0), whole=False) == "unknown"
    assert fmt.usd(Decimal("NaN")) == "unknown"
