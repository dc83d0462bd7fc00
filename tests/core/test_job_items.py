"""A job's items: their states, from many threads, for a million of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tui.core.errors import UserError
from tui.core.job_items import ItemState, JobItem, JobItems


def planned(*names: str) -> JobItems:
    items = JobItems()
    items.plan(names, lambda name: (name, len(name)))
    return items


def test_each_item_has_its_state_and_its_reason() -> None:
    items = planned("a", "bb", "ccc")
    items.set(1, ItemState.FAILED, UserError("Can't send bb", "access denied"))
    items.set(2, ItemState.DONE)
    items.set(9, ItemState.DONE)  # of another plan
    assert list(items.rows()) == [
        JobItem(0, "a", 1, ItemState.WAITING),
        JobItem(1, "bb", 2, ItemState.FAILED, "access denied"),
        JobItem(2, "ccc", 3, ItemState.DONE),
    ]
    assert list(items.numbers(ItemState.FAILED)) == [1]
    assert [items.count(state) for state in ItemState] == [1, 0, 1, 1]


def test_a_change_can_be_noticed() -> None:
    items = planned("a")
    before = items.changes
    items.set(0, ItemState.RUNNING)
    assert items.changes > before


def test_what_runs_when_its_job_ends_waits_again() -> None:
    items = JobItems()
    items.plan("abc", lambda name: (name, 1))
    items.set(0, ItemState.DONE)
    items.set(1, ItemState.RUNNING)
    items.stopped(UserError("Can't send it"))
    assert [items.count(state) for state in ItemState] == [2, 0, 1, 0]
    assert items.row(1).state is ItemState.WAITING


def test_the_only_item_of_a_job_that_failed_has_failed() -> None:
    items = JobItems()
    items.plan("a", lambda name: (name, 1))
    items.set(0, ItemState.RUNNING)
    items.stopped(UserError("Can't send it", "access denied"))
    assert items.row(0) == JobItem(0, "a", 1, ItemState.FAILED, "access denied")
    assert items.count(ItemState.FAILED) == 1


def test_a_million_items_from_many_threads_are_counted_right() -> None:
    items = JobItems()
    items.plan(range(1_000_000), lambda number: (f"part-{number}", number))

    def work(lane: int) -> None:
        for number in range(lane, 20_000, 8):
            items.set(number, ItemState.RUNNING)
            items.set(number, ItemState.DONE if number % 2 else ItemState.FAILED)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert [items.count(state) for state in ItemState] == [980_000, 0, 10_000, 10_000]
    failed = items.numbers(ItemState.FAILED)
    assert (len(failed), failed[0], failed[-1]) == (10_000, 0, 19_998)
    assert items.row(999_999) == JobItem(999_999, "part-999999", 999_999, ItemState.WAITING)
