"""The child may take its time as long as something moves, and is ended when nothing does."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import pytest

from tests.sandbox.machines import until
from tui.sandbox import Sandbox, SandboxError
from tui.sandbox import pulse as pulsing
from tui.sandbox.client import STOP_SECONDS, _parse
from tui.sandbox.pulse import BEAT_SECONDS

CHILD = """
import json, sys, time
def say(**event):
    print(json.dumps(event), flush=True)
sys.stdin.readline()
{start}
say(endpoint_url="http://127.0.0.1:9", access_key_id="K", isolated=True, warnings=["first"])
{life}
sys.stdin.read()
{end}
"""


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`stand_in(end="...")`: what the next sandbox's child does instead of the daemon's work."""
    monkeypatch.setattr("tui.sandbox.client.STOP_SECONDS", 1.0)

    def put(start: str = "", life: str = "", end: str = "") -> None:
        code = CHILD.format(start=start, life=life, end=end)

        def spawn(folder: Path, errors: IO[bytes]) -> subprocess.Popen[str]:
            return subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=folder,
                start_new_session=True,
            )

        monkeypatch.setattr("tui.sandbox.client._spawn", spawn)

    return put


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The time as the client sees it: it goes on by 0.9 seconds with each line of the child's."""
    now = SimpleNamespace(seconds=0.0)

    def parse(line: str) -> dict[str, Any] | None:
        now.seconds += 0.9
        return _parse(line)

    monkeypatch.setattr("tui.sandbox.client._parse", parse)
    still = SimpleNamespace(monotonic=lambda: now.seconds)
    monkeypatch.setattr("tui.sandbox.client.time", still)
    return now


def test_a_child_that_is_saving_is_left_to_it(
    stand_in: Callable[..., None], clock: SimpleNamespace, tmp_path: Path
) -> None:
    beat = "for _ in range(12): say(busy='saving'); time.sleep(0.1)\n"
    stand_in(end=beat + "open('saved', 'w').close()")
    box = Sandbox(keep=tmp_path)
    box.start()
    begun = clock.seconds
    box.stop()
    assert (tmp_path / "saved").exists()
    # A silence of one second would have ended it; the last lines may still be on their way.
    assert until(lambda: clock.seconds - begun > 10)


def test_a_child_that_hangs_is_ended(stand_in: Callable[..., None], tmp_path: Path) -> None:
    stand_in(end="time.sleep(3600)")
    box = Sandbox(keep=tmp_path)
    box.start()
    child = box._process
    box.stop()
    assert child is not None
    assert child.returncode == -signal.SIGKILL


def test_a_child_that_is_loading_is_waited_for(
    stand_in: Callable[..., None], clock: SimpleNamespace, tmp_path: Path
) -> None:
    stand_in(start="for _ in range(15): say(busy='loading'); time.sleep(0.1)")
    box = Sandbox(keep=tmp_path)
    box.start(timeout=1.5)
    assert clock.seconds > 13
    box.stop()


def test_a_child_that_says_nothing_is_given_up(
    stand_in: Callable[..., None], tmp_path: Path
) -> None:
    stand_in(start="time.sleep(3600)")
    with pytest.raises(SandboxError, match="no sign within"):
        Sandbox(keep=tmp_path).start(timeout=0.5)


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """`beats.used`: the processor time that each look finds; it is looked every 10 ms."""
    used = SimpleNamespace(used=itertools.repeat(0.0))
    monkeypatch.setattr(pulsing, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(pulsing, "time", SimpleNamespace(process_time=lambda: next(used.used)))
    return used


def looks(said: list[dict[str, Any]], written: Iterator[int]) -> int:
    """How often a pulse looked whether something moved, after its first look."""
    seen: list[int] = []

    def look() -> int:
        seen.append(next(written))
        return seen[-1]

    with pulsing.pulse(said.append, "saving", look):
        assert until(lambda: len(seen) > 4)
    return len(seen) - 1


def test_work_is_told_of_while_something_moves(beats: SimpleNamespace) -> None:
    assert BEAT_SECONDS < STOP_SECONDS / 4
    said: list[dict[str, Any]] = []
    count = looks(said, itertools.count())
    assert said == [{"busy": "saving"}] * count
    said.clear()
    looks(said, itertools.repeat(7))
    assert said == []
    beats.used = itertools.count()  # it works, and writes nothing
    count = looks(said, itertools.repeat(7))
    assert said == [{"busy": "saving"}] * count
