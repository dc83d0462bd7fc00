"""What a search matches."""

from __future__ import annotations

import fnmatch
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.find import Pattern

KEYS = (
    "raw/2026/part-1.csv",
    "raw/2026/deep/er/PART-2.CSV",
    "raw/readme.txt",
    "raw/a[1].csv",
    "raw/2025/x.parquet",
)


def found(text: str, prefix: str = "raw/") -> list[str]:
    matches = Pattern(text).matcher(prefix)
    return [key.removeprefix(prefix) for key in KEYS if matches(key)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PART", ["2026/part-1.csv", "2026/deep/er/PART-2.CSV"]),
        ("2026/part", ["2026/part-1.csv"]),
        ("raw", []),  # the prefix itself is not looked through
        ("*.csv", ["2026/part-1.csv", "2026/deep/er/PART-2.CSV", "a[1].csv"]),
        ("*/*.csv", ["2026/part-1.csv"]),
        ("2026/**/*.csv", ["2026/part-1.csv", "2026/deep/er/PART-2.CSV"]),
        ("**/x.*", ["2025/x.parquet"]),
        ("202[56]/*", ["2026/part-1.csv", "2025/x.parquet"]),
        ("part-[!1].csv", ["2026/deep/er/PART-2.CSV"]),
        ("part-?.csv", ["2026/part-1.csv", "2026/deep/er/PART-2.CSV"]),
        ("a[[]1].csv", ["a[1].csv"]),
        ("a[1", ["a[1].csv"]),  # a bracket that never ends is a bracket
    ],
)
def test_a_text_is_part_of_the_key_and_a_glob_knows_folders(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@given(st.text("ab*?[]!-.\n", max_size=8), st.text("ab[]!-.\n", max_size=8))
def test_a_glob_on_one_name_means_what_fnmatch_means(glob: str, name: str) -> None:
    pattern = Pattern(glob)
    if pattern.is_glob:
        expected = fnmatch.fnmatchcase(name, glob)
        assert pattern.matcher("raw/")("raw/deep/" + name) == expected


@given(st.text(max_size=12), st.text(max_size=12))
def test_no_pattern_raises(text: str, key: str) -> None:
    Pattern(text).matcher("")(key)


def test_a_glob_of_many_stars_answers_at_once() -> None:
    began = time.perf_counter()
    for glob in ("*a*a*a*a*b", "**a**a**a*a*b", "**/a*/**/a*/**/b"):
        for key in ("a" * 100, "a/" * 50):
            assert not Pattern(glob).matcher("")(key)
    assert time.perf_counter() - began < 0.5


@given(st.text("ab/*?", max_size=9), st.text("ab/", max_size=10))
def test_a_glob_with_folders_means_what_a_plain_expression_means(glob: str, key: str) -> None:
    pattern = Pattern(glob)
    if pattern.is_glob and "/" in glob:
        plain = re.sub(r"(?<![^/])\*\*+/", "\0", glob)
        plain = re.sub(r"\*\*+", "\1", plain).replace("*", "[^/]*").replace("?", "[^/]")
        plain = plain.replace("\0", "(?:.*/)?").replace("\1", ".*")
        assert pattern.matcher("")(key) == (re.fullmatch(plain, key) is not None)
