"""A plan on disk says after any crash what is left of it, and forgets nothing that was done."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tui.core import kept_plan
from tui.core.frozen import Target
from tui.core.kept_plan import UPLOAD, VERSION, KeptPlan, PlanHead, Stayed

ROWS = [("a b", "v1"), ("x[/y]\n", "null"), ("\ud800half", "v2"), ("é", "")]
HEAD = PlanHead("acme", "000000000000", "aws", "2026-03-01T00:00:00+00:00", objects=4, uploads=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "deletions"


@pytest.fixture
def plan(folder: Path) -> KeptPlan:
    made = KeptPlan.begin(folder)
    made.add(VERSION, ROWS[:2])
    made.add(VERSION, ROWS[2:])
    made.add(UPLOAD, [("big", "id-1")])
    made.freeze()
    return made


def only(folder: Path) -> KeptPlan:
    [found] = KeptPlan.all(folder)
    return found


def test_what_was_frozen_is_there_after_a_crash(folder: Path, plan: KeptPlan) -> None:
    plan.agree(HEAD)
    found = only(folder)
    assert found.head == HEAD
    assert list(found.targets()) == [Target(*row) for row in ROWS]
    assert list(found.uploads()) == [("big", "id-1")]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_list_that_nobody_agreed_to_is_no_plan_and_is_swept_in_the_end(
    folder: Path, plan: KeptPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert KeptPlan.all(folder) == []
    assert list(folder.iterdir())  # it may be in the making elsewhere
    monkeypatch.setattr(kept_plan, "ABANDONED_SECONDS", -1)
    assert KeptPlan.all(folder) == []
    assert list(folder.iterdir()) == []


def test_answers_are_replayed_and_a_torn_line_costs_only_itself(
    folder: Path, plan: KeptPlan
) -> None:
    plan.agree(HEAD)
    locked = [Stayed("a b", "v1", "AccessDenied", "locked"), Stayed("é", "", "Slow", "later")]
    plan.note(0, locked)
    plan.note(3)
    plan.note(-1, [locked[0]], [Target("é", "")])
    [done] = folder.glob("*.done")
    with done.open("ab") as out:
        out.write(b'{"batch":7,"sta')
    found = only(folder)
    assert found.answered == {0, 3}
    assert list(found.stayed.values()) == [locked[0]]


def test_a_dropped_plan_leaves_nothing(folder: Path, plan: KeptPlan) -> None:
    plan.agree(HEAD)
    plan.note(0)
    plan.drop()
    assert KeptPlan.all(folder) == []
    assert list(folder.iterdir()) == []


def test_a_head_of_another_format_is_no_plan(folder: Path, plan: KeptPlan) -> None:
    plan.agree(HEAD)
    [head] = folder.glob("*.json")
    head.write_text('{"bucket": "acme", "colour": "red"}')
    assert KeptPlan.all(folder) == []
