"""Totals by folder, class and age, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tui.core.records import S3Object
from tui.core.tally import DEEPEST, LARGEST, Tally

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def an_object(key: str, size: int = 1, days: float = 0, kind: str = "STANDARD") -> S3Object:
    return S3Object(key, size, NOW - timedelta(days=days), kind)


def tallied(
    rows: Iterable[S3Object], prefix: str = "", limit: int = 20_000, page: int = 3
) -> Tally:
    rows = list(rows)
    tally = Tally(prefix, NOW, limit)
    for at in range(0, len(rows), page):
        tally.add(rows[at : at + page])
    tally.sum_up()
    return tally


def test_a_folder_has_what_lies_below_it_the_largest_first() -> None:
    rows = [
        an_object("raw/a/1", 10),
        an_object("raw/a/deep/2", 20),
        an_object("raw/b/3", 40),
        an_object("raw/c.csv", 35),
    ]
    tally = tallied(rows, "raw/")
    assert [(e.kind, e.key, e.objects, e.size_bytes) for e in tally.entries(tally.root)] == [
        ("folder", "raw/b/", 1, 40),
        ("object", "raw/c.csv", 1, 35),
        ("folder", "raw/a/", 2, 30),
    ]
    below = tally.entries(tally.root.children["a/"])
    assert [(e.kind, e.key) for e in below] == [("folder", "raw/a/deep/"), ("object", "raw/a/1")]


def test_classes_and_ages_add_up_in_every_folder() -> None:
    rows = [
        an_object("a/1", 1, 0.5),
        an_object("a/2", 2, 6, "GLACIER"),
        an_object("b/3", 4, 29),
        an_object("b/4", 8, 89),
        an_object("b/5", 16, 364),
        an_object("b/6", 32, 366),
        an_object("b/7", 64, -3),  # a clock that is ahead
    ]
    tally = tallied(rows)
    assert tally.by_class(tally.root) == {"STANDARD": (6, 125), "GLACIER": (1, 2)}
    assert [size for _, _, size in tally.by_age(tally.root)] == [65, 2, 4, 8, 16, 32]
    assert tally.by_class(tally.root.children["a/"]) == {"STANDARD": (1, 1), "GLACIER": (1, 2)}


def test_objects_beyond_the_largest_are_added_up_where_they_lie() -> None:
    rows = [an_object(f"a/{n:04}", n + 1) for n in range(LARGEST + 50)]
    tally = tallied(rows)
    last = tally.entries(tally.root.children["a/"])[-1]
    assert (last.kind, last.objects, last.size_bytes) == ("here", 50, sum(range(1, 51)))


def test_beyond_the_limit_the_smallest_folders_are_added_up_and_every_sum_stays_exact() -> None:
    rows = [an_object(f"a/{n:03}/x", n + 1, kind=f"K{n % 3}") for n in range(500)]
    rows += [an_object("b/x", 1_000_000)]
    tally = tallied(rows, limit=100)
    assert sum(1 for _ in tally.root.walk()) <= 110
    assert tally.root.size_bytes == sum(row.size_bytes for row in rows)
    assert sum(count for count, _ in tally.by_class(tally.root).values()) == 501
    entries = tally.entries(tally.root.children["a/"])
    rest = entries[-1]
    assert rest.kind == "rest"
    assert rest.count + len(entries) - 1 == 500
    assert sum(e.size_bytes for e in entries) == tally.root.children["a/"].size_bytes
    assert entries[0].key == "a/499/"  # the largest kept its line
    assert not any(e.least for e in entries)  # in key order no folder is cut in two


def test_a_folder_that_may_have_been_folded_before_says_at_least() -> None:
    rows = [an_object(f"a/{n:03}/x") for n in range(300)]
    tally = tallied([*rows, *rows], limit=50)  # twice: not in key order
    assert tally.root.objects == 600
    found = tally.entries(tally.root.children["a/"])
    assert all(e.least or e.objects == 2 for e in found if e.kind == "folder")


def test_a_key_of_slashes_does_not_make_a_thousand_levels() -> None:
    tally = tallied([an_object("/" * 1024), an_object("/" * 1023 + "x")])
    assert sum(1 for _ in tally.root.walk()) == DEEPEST + 1
    assert tally.root.objects == 2


@given(
    st.lists(
        st.tuples(st.text("ab/", max_size=7), st.integers(0, 9), st.integers(0, 500)), max_size=60
    ),
    st.integers(2, 12),
)
def test_sums_are_those_of_a_plain_loop(made: list[tuple[str, int, int]], limit: int) -> None:
    rows = [an_object(key, size, days) for key, size, days in sorted(made)]
    tally = tallied(rows, limit=limit)
    for node in tally.root.walk():
        below = [row for row in rows if row.key.startswith(node.prefix)]
        assert (node.objects, node.size_bytes) == (len(below), sum(r.size_bytes for r in below))
        assert sum(e.objects for e in tally.entries(node)) == node.objects
        assert sum(count for _, count, _ in tally.by_age(node)) == node.objects
