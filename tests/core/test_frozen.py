"""Frozen lists hold what was put in, byte for byte, in little memory."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tui.core.frozen import Sums, Target, Targets

ANY_KEY = st.text(st.characters(exclude_characters="\0"), max_size=30)


@given(st.lists(st.tuples(st.text(max_size=30), ANY_KEY.filter(lambda text: "\0" not in text))))
def test_targets_come_out_as_they_went_in(rows: list[tuple[str, str]]) -> None:
    targets = Targets()
    for key, version_id in rows:
        targets.add(key, version_id)
    assert list(targets) == [Target(*row) for row in rows]
    assert len(targets) == len(rows)
    assert bool(targets) == bool(rows)


def test_a_hundred_thousand_keys_take_less_than_a_hundred_bytes_each() -> None:
    tracemalloc.start()
    targets = Targets()
    for number in range(100_000):
        targets.add(f"raw/trips/2026/day=001/part-{number:07d}.csv.gz")
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size / 100_000 < 100


def test_sums_add_up_by_class_and_keep_the_first_few() -> None:
    sums, moment = Sums(), datetime(2026, 3, 1, tzinfo=UTC)
    for number in range(10):
        name = "GLACIER" if number % 2 else "STANDARD"
        sums.add(f"k{number}", number, moment + timedelta(days=number), name)
    assert (sums.count, sums.size_bytes) == (10, 45)
    assert sums.classes == {"STANDARD": (5, 20), "GLACIER": (5, 25)}
    assert (sums.oldest, sums.newest) == (moment, moment + timedelta(days=9))
    assert [key for key, _ in sums.samples] == [f"k{number}" for number in range(7)]
