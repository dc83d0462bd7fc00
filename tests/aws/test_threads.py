from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from tui.aws.threads import DaemonPool


def test_results_and_errors_come_through() -> None:
    pool = DaemonPool(2, "test")
    assert pool.submit(sum, [1, 2, 3]).result(5) == 6
    with pytest.raises(ZeroDivisionError):
        pool.submit(lambda: 1 / 0).result(5)
    assert pool.submit(int, "7").result(5) == 7  # the thread outlived the error
    pool.shutdown()


def test_no_more_threads_than_allowed_and_idle_ones_are_used_again() -> None:
    pool = DaemonPool(3, "test")
    barrier = threading.Barrier(3)
    names = {future.result(5) for future in [pool.submit(_name_at, barrier) for _ in range(3)]}
    assert len(names) == 3
    more = {pool.submit(lambda: threading.current_thread().name).result(5) for _ in range(20)}
    assert more <= names
    pool.shutdown()


def _name_at(barrier: threading.Barrier) -> str:
    barrier.wait(5)
    return threading.current_thread().name


def test_shutting_down_cancels_what_is_queued() -> None:
    pool, gate = DaemonPool(1, "test"), threading.Event()
    running = pool.submit(gate.wait, 5)
    queued = pool.submit(int, "1")
    pool.shutdown(wait=False, cancel_futures=True)
    assert queued.cancelled()
    gate.set()
    assert running.result(5)
    with pytest.raises(RuntimeError):
        pool.submit(int, "1")


def test_a_hung_call_does_not_keep_the_program_alive() -> None:
    program = (
        "import time; from tui.aws.threads import DaemonPool; "
        "DaemonPool(1, 'x').submit(time.sleep, 60)"
    )
    subprocess.run([sys.executable, "-c", program], timeout=20, check=True)
