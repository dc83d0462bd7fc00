"""Output as lines, however it is cut on its way."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.lines import LineSplitter


def lines(*reads: bytes, limit: int = 100) -> list[str]:
    splitter = LineSplitter(limit)
    return [line for data in reads for line in splitter.feed(data)] + splitter.end()


def test_a_line_end_that_is_cut_in_two_is_one() -> None:
    assert lines(b"one\r", b"\ntwo\r", b"three") == ["one", "two", "three"]
    assert lines(b"one\r\n\r\ntwo") == ["one", "", "two"]


def test_a_letter_that_is_cut_in_two_is_one_and_half_a_one_at_the_end_is_told() -> None:
    assert lines(b"caf\xc3", b"\xa9\n") == ["caf\u00e9"]
    assert lines(b"caf\xc3") == ["caf\ufffd"]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_long_line_comes_in_pieces_and_whole(end: bytes) -> None:
    assert lines(b"abcdefgh" + end, limit=3) == ["abc", "def", "gh"]
    assert lines(b"abcdef" + end, limit=3) == ["abc", "def"]
    assert lines(b"ab\ncdefg" + end, limit=3) == ["ab", "cde", "fg"]


@given(
    st.text(st.sampled_from("a\u00e9\r\n"), max_size=30), st.lists(st.integers(0, 60), max_size=5)
)
def test_cuts_between_the_reads_change_nothing(text: str, cuts: list[int]) -> None:
    data = text.encode()
    at = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    reads = [data[one:other] for one, other in pairwise(at)]
    assert lines(*reads) == lines(data)
