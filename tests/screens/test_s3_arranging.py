"""Sorting, filtering and selecting all rows of a place, against plain lists of records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.name_filter import NameFilter
from tui.core.records import S3Object
from tui.screens.s3 import arranging
from tui.screens.s3.arranging import arrange, carry, mask_of, sorted_numbers
from tui.screens.s3.place_rows import PlaceRows
from tui.screens.s3.rows import ORDERS, Folder, Order

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
OBJECT = st.builds(
    S3Object,
    key=st.text("ab1", min_size=1, max_size=4),
    size_bytes=st.integers(0, 3) | st.just(2**63 + 1),
    modified_at=st.integers(0, 3).map(lambda hours: BEGIN + timedelta(hours=hours)),
    storage_class=st.sampled_from(["STANDARD", "GLACIER", "OTHER"]),
)
PAGES = st.lists(
    st.tuples(
        st.lists(st.text("ab", min_size=1, max_size=2), unique=True, max_size=3),
        st.lists(OBJECT, unique_by=lambda row: row.key, max_size=5),
    ),
    max_size=4,
)
Page = tuple[list[str], list[S3Object]]
KEY = {
    "name": lambda row: row.key,
    "size": lambda row: row.size_bytes,
    "age": lambda row: row.modified_at,
    "class": lambda row: row.storage_class,
}


def filled(pages: list[Page], rows: PlaceRows | None = None) -> PlaceRows:
    rows = PlaceRows() if rows is None else rows
    for prefixes, objects in pages:
        rows.grow([prefix + "/" for prefix in prefixes], objects)
    return rows


def an_object(key: str, size: int = 1) -> S3Object:
    return S3Object(key, size, BEGIN)


def by_hand(rows: PlaceRows, order: Order, text: str) -> list[str]:
    matches = NameFilter(text, "") if text else lambda _: True
    folders, objects = list(rows.folders), list(rows.objects)
    if order.id == "name-down":
        folders.reverse()
    if order.id != "name" or not rows.objects.ordered:
        objects.sort(key=lambda row: row.key)
        objects.sort(key=KEY[order.by], reverse=order.reverse)
    return [key for key in [*folders, *(row.key for row in objects)] if matches(key)]


@given(PAGES, st.sampled_from(ORDERS), st.sampled_from(["", "a", "b*", "1"]))
def test_rows_are_sorted_folders_first_and_filtered(
    pages: list[Page], order: Order, text: str
) -> None:
    rows = filled(pages)
    matches = NameFilter(text, "") if text else None
    arranged = arrange(rows.stock, order, matches)
    assert arranged is not None
    rows.arrange(arranged, matches)
    assert [row.key for row in rows.view] == by_hand(rows, order, text)
    for at, row in enumerate(rows.view):
        assert rows.view[at] == row
        twice = [one.key for one in rows.view].count(row.key) > 1
        assert twice or rows.find(row.key) == at


@given(PAGES, PAGES, st.sampled_from(ORDERS), st.sampled_from(["", "a"]))
def test_rows_that_come_later_are_filtered_and_stand_at_the_end(
    first: list[Page], later: list[Page], order: Order, text: str
) -> None:
    rows = filled(first)
    matches = NameFilter(text, "") if text else None
    arranged = arrange(rows.stock, order, matches)
    assert arranged is not None
    rows.arrange(arranged, matches)
    before = [row.key for row in rows.view]
    filled(later, rows)
    shown = [row.key for row in rows.view]
    every = [*rows.folders, *(row.key for row in rows.objects)]
    assert sorted(shown) == sorted(key for key in every if text in key)
    assert [key for key in shown if key in before][: len(before)]  == before or len(
        set(every)
    ) < len(every)  # fmt: skip
    rows.select_all()
    assert rows.marks.count == len(shown)


@pytest.mark.parametrize("order", [one for one in ORDERS if one.by != "name"])
def test_many_rows_are_sorted_as_few_are(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    classes = ("STANDARD", "GLACIER", "ODD")
    objects = [
        S3Object(f"k{n:04}", n * 7919 % 100, BEGIN + timedelta(hours=n * 31 % 50), classes[n % 3])
        for n in range(900)
    ]
    rows = filled([([], objects[:450]), ([], objects[450:])])
    few = sorted_numbers(rows.stock, order)
    monkeypatch.setattr(arranging, "FEW", 10)
    assert sorted_numbers(rows.stock, order) == few


@given(PAGES, st.data())
def test_a_selection_counts_its_rows_and_bytes(pages: list[Page], data: st.DataObject) -> None:
    rows = filled(pages)
    picked: set[int] = set()
    for _ in range(6 if len(rows.view) else 0):
        act = data.draw(st.sampled_from(["toggle", "invert", "all"]))
        if act == "toggle":
            row = data.draw(st.integers(0, len(rows.view) - 1))
            rows.toggle(row)
            picked ^= {row}
        elif act == "invert":
            rows.invert()
            picked = set(range(len(rows.view))) - picked
        else:
            rows.select_all()
            picked = set(range(len(rows.view))) if len(picked) < len(rows.view) else set()
        expected = [rows.view[row] for row in sorted(picked)]
        assert list(rows.chosen) == expected
        assert len(rows.selected) == len(expected)
        assert set(rows.selected) == {row.key for row in expected}
        sizes = [row.size_bytes for row in expected if not isinstance(row, Folder)]
        assert rows.marks.size_bytes == sum(sizes)
        assert [rows.is_picked(row) for row in range(len(rows.view))] == [
            row in picked for row in range(len(rows.view))
        ]


def test_only_what_is_shown_is_selected_or_inverted() -> None:
    rows = filled([(["a"], [an_object("b1"), an_object("c1"), an_object("c2")])])
    rows.toggle(1)
    matches = NameFilter("c", "")
    arranged = arrange(rows.stock, ORDERS[0], matches)
    assert arranged is not None
    rows.arrange(arranged, matches)
    rows.select_all()
    assert [row.key for row in rows.chosen] == ["b1", "c1", "c2"]
    rows.invert()
    assert [row.key for row in rows.chosen] == ["b1"]
    every = mask_of(rows.stock, NameFilter("1", ""))
    assert every is not None
    assert rows.pick(every) == 1
    assert [row.key for row in rows.chosen] == ["b1", "c1"]


def test_a_selection_stays_as_it_was_when_it_was_chosen() -> None:
    rows = filled([([], [an_object("a"), an_object("b")])])
    rows.toggle(0)
    chosen = rows.chosen
    rows.invert()
    filled([([], [an_object("c")])], rows)
    assert [row.key for row in chosen] == ["a"]


@pytest.mark.parametrize("few", [10**6, 0])
def test_a_selection_is_carried_to_a_newer_listing_by_its_keys(
    few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arranging, "FEW", few)
    old = filled([(["a", "b"], [an_object(f"k{n}", 5) for n in range(9)])])
    for row in (1, 2, 4, 10):
        old.toggle(row)
    new = filled([(["b"], [an_object(key, 7) for key in ("a", "k0", "k2", "k3", "k9")])])
    new.marks = carry(old, new)
    assert [row.key for row in new.chosen] == ["b/", "k0", "k2"]
    assert new.marks.size_bytes == 14


def test_a_filter_that_is_told_to_stop_gives_up() -> None:
    rows = filled([([], [an_object("a")]), ([], [an_object("b")])])
    assert arrange(rows.stock, ORDERS[0], NameFilter("a", ""), going=lambda: False) is None
