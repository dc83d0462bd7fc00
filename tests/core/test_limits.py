"""A job's limits: bytes pass at the rate that is set, in turns, and a busy server is spared."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core import limits as module
from tui.core.limits import BURST_SECONDS, LEAST_PIECE, PIECE_BYTES, Limits

MIB = 1024 * 1024


class Clock:
    """A clock that only waiting moves on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def under(self, limits: Limits) -> Limits:
        """Have its waits move this clock."""
        limits._changed.wait = self.wait  # type: ignore[method-assign]
        return limits

    def wait(self, seconds: float | None = None) -> bool:
        assert seconds is not None
        self.now += max(seconds, 1e-6)
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


def never() -> bool:
    return False


@pytest.mark.parametrize("rate", [10_000, MIB, 300 * MIB])
@pytest.mark.parametrize("piece", [100, 16_384, 262_144])
def test_bytes_pass_at_the_rate_that_is_set(rate: int, piece: int, clock: Clock) -> None:
    limits = clock.under(Limits(rate))
    began, passed = clock.now, 0
    for _ in range(200):
        limits.take(piece, never)
        passed += piece
    spent = clock.now - began
    assert passed <= rate * (spent + BURST_SECONDS) * 1.001
    assert spent <= passed / rate + 0.001


def test_no_more_than_a_short_burst_is_saved_up(clock: Clock) -> None:
    limits = clock.under(Limits(1000))
    clock.now += 3600
    assert limits.free(int(1000 * BURST_SECONDS))
    assert not limits.free(1)


def test_no_limit_takes_no_time_and_leaves_no_debt(clock: Clock) -> None:
    limits, began = clock.under(Limits()), clock.now
    limits.take(10**12, never)
    limits.bytes_per_second = 1000
    limits.take(1000, never)
    assert clock.now - began == pytest.approx(1.0, abs=0.01)


def test_a_new_rate_holds_for_who_waits_already(clock: Clock) -> None:
    limits = clock.under(Limits(10))
    plain = clock.wait

    def wait(seconds: float | None = None) -> bool:
        if clock.now > 1010:
            limits._rate = 1_000_000  # what the setter does, whose lock is held here
        return plain(seconds)

    limits._changed.wait = wait  # type: ignore[method-assign]
    limits.take(100_000, never)
    assert clock.now < 1011


def test_who_waits_ends_with_the_job(clock: Clock) -> None:
    limits, began = clock.under(Limits(1)), clock.now
    limits.take(10**9, lambda: clock.now > began + 3)
    assert clock.now - began < 3.5


def test_a_limit_that_is_lifted_lets_all_pass_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 600.0)
    limits = Limits(1)
    threads = [
        threading.Thread(target=limits.take, args=(10**9, never), daemon=True) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    limits.bytes_per_second = None
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)


def test_a_limit_that_is_lifted_and_set_anew_is_no_trap_for_who_waited() -> None:
    limits = Limits(1000)
    waiting = threading.Thread(target=limits.take, args=(10**9, never), daemon=True)
    waiting.start()
    while limits._asked < 10**9:
        pass
    limits.bytes_per_second = None
    limits.bytes_per_second = 1000
    waiting.join(10)
    assert not waiting.is_alive()


def test_a_crowd_gets_its_turns_in_order_and_none_starves() -> None:
    limits, turns, lock = Limits(4_000_000), [0] * 16, threading.Lock()
    stop = threading.Event()

    def work(number: int) -> None:
        while not stop.is_set():
            limits.take(10_000, stop.is_set)
            with lock:
                turns[number] += 1
                if sum(turns) >= 800:
                    stop.set()

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert min(turns) >= 25  # of 50


@given(st.integers(1, 10**10))
def test_a_piece_is_small_enough_for_its_turn_and_never_nothing(rate: int) -> None:
    piece = Limits(rate).piece_bytes
    assert LEAST_PIECE <= piece <= PIECE_BYTES
    assert piece <= max(LEAST_PIECE, rate * BURST_SECONDS)
    assert Limits().piece_bytes > 10**12


def test_as_many_as_the_user_says_but_at_least_one() -> None:
    limits = Limits(at_once=3)
    assert [limits.allowed(8), limits.allowed(2)] == [3, 2]
    for number, allowed in ((0, 1), (1, 1), (100, 8), (None, 8)):
        limits.at_once = number
        assert limits.allowed(8) == allowed


def test_on_a_slow_line_there_are_no_more_connections_than_get_their_turn() -> None:
    assert Limits(100).allowed(128) == 1
    assert Limits(100_000).allowed(128) == 16
    assert Limits(2 * MIB).allowed(128) == 32
    assert Limits(500 * MIB).allowed(128) == 128


def test_few_big_pieces_are_on_their_way_under_a_limit() -> None:
    """What a pause would lose is what is on its way."""
    assert [Limits(rate).parts(8) for rate in (100, MIB, 8 * MIB, 500 * MIB)] == [1, 1, 3, 8]
    assert Limits(at_once=2).parts(8) == 2
    assert Limits().parts(8) == 8


def test_a_busy_server_halves_what_is_at_work_and_it_comes_back_by_steps(clock: Clock) -> None:
    limits = Limits()
    limits.at_work = 16
    assert [limits.slow_down(), limits.slow_down()] == [True, False]  # all see the same refusal
    assert (limits.lowered_to, limits.allowed(128)) == (8, 8)
    assert limits.note == "the server is busy: 8 at a time"
    for lowered in (4, 2, 2):
        clock.now += 1.5
        limits.slow_down()
        assert limits.lowered_to == lowered
    for step in (2, 2, 4, 4, 8, 8, None):
        assert limits.lowered_to == step
        clock.now += 2.5
    assert (limits.allowed(128), limits.note) == (128, "")


def test_refusals_put_the_recovery_off(clock: Clock) -> None:
    limits = Limits()
    limits.at_work = 4
    for _ in range(20):
        limits.slow_down()
        clock.now += 2
        assert limits.lowered_to == 2
    clock.now += 60
    assert limits.lowered_to is None


def test_one_at_a_time_is_not_lowered_but_told(clock: Clock) -> None:
    limits = Limits(at_once=1)
    limits.at_work = 1
    assert not limits.slow_down()
    assert (limits.lowered_to, limits.note) == (None, "the server is busy")
    clock.now += 10
    assert limits.note == ""
