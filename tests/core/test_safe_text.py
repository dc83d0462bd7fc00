"""Remote text is shown as it is, save what a terminal would obey."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.safe_text import visible

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@given(st.text())
def test_no_control_or_bidi_character_is_left(text: str) -> None:
    shown = visible(text)
    assert not any(unicodedata.category(char) == "Cc" for char in shown)
    assert not set(shown) & set(BIDI)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=BIDI)))
def test_everything_else_stays(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain.csv", "plain.csv"),
        ("x[/y].txt", "x[/y].txt"),
        ("a\x1b[31mb", "a␛[31mb"),
        ("two\nlines\t", "two␊lines␉"),
        ("\x7f\x9b", "␡\\x9b"),
        ("a\u202eb", "a⟨RLO⟩b"),
        ("\udcff", "\\udcff"),
    ],
)
def test_examples(text: str, shown: str) -> None:
    assert visible(text) == shown
    shown.encode()
