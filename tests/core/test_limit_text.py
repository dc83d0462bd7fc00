"""Limits as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core import format as fmt
from tui.core.limit_text import typed_at_once, typed_rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("10 MB/s", 10_000_000),
        ("10mb", 10_000_000),
        ("1.5M", 1_500_000),
        ("1,5 m", 1_500_000),
        ("512 KiB/s", 524_288),
        ("2 GB/s", 2_000_000_000),
        (" off ", None),
        ("", None),
        ("none", None),
    ],
)
def test_a_bandwidth_is_read_as_people_write_it(text: str, rate: int | None) -> None:
    assert typed_rate(text) == rate


@pytest.mark.parametrize("text", ["10", "fast", "-1 MB/s", "1e9 MB", "0 MB/s", "0.1 KB/s", "٣ MB"])
def test_what_is_no_bandwidth_says_what_to_type(text: str) -> None:
    with pytest.raises(ValueError, match=r"or off|at least 1 KB/s"):
        typed_rate(text)


@given(st.integers(1_000, 999_000_000_000))
def test_a_rate_as_it_is_shown_reads_as_the_same_but_for_rounding(rate: int) -> None:
    read = typed_rate(fmt.rate(rate))
    assert read is not None
    assert abs(read - rate) <= rate * 0.05


def test_how_many_at_once() -> None:
    assert [typed_at_once(text) for text in ("4", "1", " 128 ", "off", "")] == [
        4,
        1,
        128,
        None,
        None,
    ]
    for text in ("0", "129", "4.5", "four", "99999999999", "²"):
        with pytest.raises(ValueError, match=r"or off|from 1 to 128"):
            typed_at_once(text)


def test_counts_of_any_size_fit_their_column() -> None:
    shown = [fmt.few(n) for n in (0, 1_204, 9_999, 12_345, 123_456, 1_000_000, 12 * 10**9)]
    assert shown == ["0", "1,204", "9,999", "12.3k", "123k", "1.0M", "12.0G"]


def test_what_took_minutes_says_the_seconds_too() -> None:
    assert [fmt.took(s) for s in (20, 60, 182, 3720)] == ["20s", "1m", "3m 2s", "1h 02m"]
