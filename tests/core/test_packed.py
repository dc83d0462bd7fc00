"""Packed rows are the records that went in, at a fraction of their size."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tui.core.name_filter import NameFilter
from tui.core.packed import Keys, PackedKeys, PackedObjects, PackedPage, packed
from tui.core.records import S3Object

KEYS = st.lists(st.text(st.characters(exclude_categories=())), max_size=12)
RECORDS = st.lists(
    st.builds(
        S3Object,
        key=st.text(max_size=8),
        size_bytes=st.integers(0, 2**64 - 1),
        modified_at=st.datetimes(
            datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)  # noqa: DTZ001
        ),
        storage_class=st.sampled_from(["STANDARD", "GLACIER", "a [b]", ""]),
    ),
    max_size=12,
)  # fmt: skip


def an_object(key: str, size: int = 1) -> S3Object:
    return S3Object(key, size, datetime(2026, 3, 1, tzinfo=UTC))


@given(KEYS, st.booleans())
def test_keys_come_out_as_they_went_in(keys: list[str], in_order: bool) -> None:
    keys = sorted(set(keys)) if in_order else keys
    made = Keys(keys)
    assert list(made) == keys
    assert [made[at] for at in range(len(made))] == keys
    assert made[1:3] == keys[1:3]
    assert made.ordered == all(a < b for a, b in pairwise(keys))


@given(RECORDS)
def test_records_come_out_as_they_went_in(records: list[S3Object]) -> None:
    page = packed(records)
    assert list(page) == records
    assert [page[at] for at in range(-len(records), 0)] == records
    assert page == records
    assert page.part(1, 3) == records[1:3]
    assert packed(page) is page


@given(st.lists(RECORDS, max_size=4))
def test_a_listing_that_grows_by_pages_is_one_sequence(pages: list[list[S3Object]]) -> None:
    rows = PackedObjects()
    for page in pages:
        rows.append(packed(page))
    flat = [row for page in pages for row in page]
    assert list(rows) == flat
    assert [rows[at] for at in range(len(rows))] == flat
    assert rows[-2:] == flat[-2:]
    assert rows.size_bytes == sum(row.size_bytes for row in flat)


@given(st.lists(st.sets(st.text(max_size=3), min_size=1), max_size=4))
def test_a_key_is_found_in_rows_in_order_and_in_others(pages: list[set[str]]) -> None:
    rows = PackedKeys()
    for page in pages:
        rows.append(Keys(sorted(page)))
    flat = list(rows)
    assert rows.ordered == all(a < b for a, b in pairwise(flat))
    for key in [*flat, "", "zz", "\U0010ffff"]:
        assert rows.find(key) == (flat.index(key) if key in flat else None)


def test_a_row_takes_less_than_a_sixth_of_a_record() -> None:
    keys = [f"raw/trips/2026/part-{n:07d}.csv" for n in range(1000)]
    page = PackedPage(keys, range(1000), [1.0] * 1000, ["STANDARD"] * 1000)
    block, ends = page.keys.block
    parts = (block, ends, page.sizes, page.stamps)
    assert sum(map(sys.getsizeof, parts)) < 40 * 1000


def test_times_are_exact_to_the_microsecond() -> None:
    then = datetime(2026, 3, 1, 12, 0, 1, 123457, tzinfo=UTC)
    [row] = packed([S3Object("k", 1, then)])
    assert row.modified_at - then == timedelta()


@given(
    names=st.lists(st.text("abAB*?/.é", max_size=5), max_size=12),
    text=st.text("abAB*?/.éß", min_size=1, max_size=3),
    prefix=st.sampled_from(["", "a/", "B"]),
    in_order=st.booleans(),
)
def test_a_filter_over_packed_keys_lets_through_what_it_does_one_by_one(
    names: list[str], text: str, prefix: str, in_order: bool
) -> None:
    keys = [prefix + name for name in names]
    keys = sorted(set(keys)) if in_order else keys
    matches = NameFilter(text, prefix)
    assert list(matches.mask(Keys(keys))) == [matches(key) for key in keys]


def test_a_filter_looks_at_names_in_any_case_and_at_globs_as_a_whole() -> None:
    assert NameFilter("RAW", "raw/")("raw/a") is False
    assert NameFilter("A", "raw/")("raw/a") is True
    assert NameFilter("*.CSV", "raw/")("raw/x.csv") is True
    assert NameFilter("x", "raw/")("raw/deep/x/") is True
    assert NameFilter("de*p", "raw/")("raw/deep/") is True
    assert NameFilter("*.csv", "raw/")("raw/x.csv.gz") is False
