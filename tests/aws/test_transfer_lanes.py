"""Lanes: every item once, as many at a time as one may, and an end at the first failure."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from tui.aws.threads import DaemonPool
from tui.aws.transfers import lanes
from tui.aws.transfers.lanes import (
    FIRST_LANES,
    HANDS,
    MOST_LANES,
    Lanes,
    Pace,
    hands_off,
    lanes_at_most,
)


@pytest.fixture
def pool() -> Iterator[DaemonPool]:
    made = DaemonPool(64, "test")
    yield made
    made.shutdown()


class Crowd:
    """Counts who is inside at the same time; who waits there has its hands off."""

    def __init__(self, seconds: float = 0.002, waits: bool = True) -> None:
        self.waits = waits
        self.seconds, self.inside, self.most = seconds, 0, 0
        self.done: list[int] = []
        self._lock = threading.Lock()

    def act(self, item: int) -> None:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        if self.waits:
            with hands_off():
                time.sleep(self.seconds)
        else:
            time.sleep(self.seconds)
        with self._lock:
            self.inside -= 1
            self.done.append(item)


def test_every_item_is_done_once_and_more_lanes_open_while_they_wait(pool: DaemonPool) -> None:
    crowd = Crowd(0.02)
    Lanes(pool, crowd.act, Pace(40)).run(range(500))
    assert sorted(crowd.done) == list(range(500))
    assert FIRST_LANES < crowd.most <= 40


@pytest.mark.parametrize("most", [0, 1, 3])
def test_a_limit_holds_from_the_start(most: int, pool: DaemonPool) -> None:
    crowd = Crowd()
    Lanes(pool, crowd.act, Pace(most)).run(range(60))
    assert sorted(crowd.done) == list(range(60))
    assert crowd.most <= max(1, most)


def test_a_limit_that_is_lowered_midway_leaves_nothing_undone(pool: DaemonPool) -> None:
    crowd, pace = Crowd(), Pace(16)
    after: list[int] = []

    def act(item: int) -> None:
        if item == 150:
            pace.most = 2
        crowd.act(item)
        if item > 250:
            after.append(crowd.inside)

    Lanes(pool, act, pace).run(range(400))
    assert sorted(crowd.done) == list(range(400))
    assert max(after) <= 2


def test_the_first_failure_ends_all_and_is_raised(pool: DaemonPool) -> None:
    crowd = Crowd()

    def act(item: int) -> None:
        if item == 20:
            raise ValueError("no")
        crowd.act(item)

    with pytest.raises(ValueError, match="no"):
        Lanes(pool, act, Pace(8)).run(range(10_000))
    assert len(crowd.done) < 200
    assert crowd.inside == 0


def test_a_busy_server_halves_the_lanes_once_a_second_and_they_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr(lanes.time, "monotonic", lambda: now[0])
    pace = Pace(32)
    assert [pace.slow_down(), pace.slow_down(), pace.allowed] == [True, False, 16]
    now[0] += 1.5
    assert [pace.slow_down(), pace.allowed] == [True, 8]
    now[0] += 6
    assert pace.allowed == 16
    for _ in range(9):
        now[0] += 1.5
        pace.slow_down()
    assert pace.allowed == 2


def test_a_closed_pool_is_said(pool: DaemonPool) -> None:
    pool.shutdown()
    with pytest.raises(RuntimeError):
        Lanes(pool, Crowd().act, Pace()).run([1])


def test_lanes_leave_room_for_the_apps_own_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for soft, most in ((64, FIRST_LANES), (512, 32), (4096, MOST_LANES), (-1, MOST_LANES)):
        monkeypatch.setattr(lanes.resource, "getrlimit", lambda _, soft=soft: (soft, -1))
        assert lanes_at_most() == Pace().most == most


@pytest.mark.parametrize(
    ("soft", "hard", "raised"),
    [(256, -1, 4096), (1024, 524_288, 4096), (256, 1024, 1024), (-1, -1, None), (8192, -1, None)],
)
def test_a_low_limit_of_open_files_is_raised(
    soft: int, hard: int, raised: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(lanes.resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(lanes.resource, "setrlimit", lambda _, limits: told.append(limits))
    lanes.allow_files()
    assert told == ([] if raised is None else [(raised, hard)])


def test_few_lanes_work_at_a_time_and_many_wait(pool: DaemonPool) -> None:
    working, waiting = Crowd(0.0002, waits=False), Crowd(0.02)

    def act(item: int) -> None:
        working.act(item)
        waiting.act(item)

    Lanes(pool, act, Pace(40)).run(range(300))
    assert len(working.done) == len(waiting.done) == 300
    assert working.most <= HANDS
    assert waiting.most > 2 * HANDS
