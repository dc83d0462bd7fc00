"""What may be typed for a parameter, and what changing it undoes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workflow.fakes import world
from tui.core.jobs import Progress
from tui.workflow.parameters import FIELDS, changed, defaults
from tui.workflow.steps import STEPS, StepState, facts, intent, ordinal, short_path


@pytest.mark.parametrize(
    ("name", "text", "good"),
    [
        ("every", "50", True),
        ("every", "0", False),
        ("every", "-1", False),
        ("every", "many", False),
        ("every", "٥", False),
        ("bucket", "my-bucket", True),
        ("bucket", "My_Bucket", False),
        ("key", "raw/x.csv", True),
        ("key", "raw/", False),
        ("key", "", False),
        ("key", "é" * 600, False),
        ("results", "out/", True),
        ("results", "out", False),
        ("results", "/out/", False),
        ("folder", "~/work", True),
        ("folder", "work", False),
        ("source", "/no/such.csv", False),
    ],
)
def test_a_text_is_judged(name: str, text: str, good: bool) -> None:
    assert (FIELDS[name].judge(text) is None) == good


def test_another_csv_gets_a_key_of_its_own_name(tmp_path: Path) -> None:
    start = defaults(tmp_path, tmp_path, "000000000000")
    own = tmp_path / "mine.csv"
    made = changed(start, "source", str(own))
    assert (made.source, made.key) == (own, "raw/mine.csv")
    assert start.bucket == "skydeck-demo-000000000000"


async def test_a_change_undoes_only_the_steps_that_it_touches(tmp_path: Path) -> None:
    w = world(tmp_path)
    for step in ("upload", "subset", "develop"):
        await w.run(step, Progress())
    w.flow.change("every", "5")
    states = [w.flow.report(step).state for step in STEPS]
    assert states == [StepState.DONE, *[StepState.TODO] * 5]
    assert w.flow.parameters.every == 5


def test_every_step_says_what_it_will_do(tmp_path: Path) -> None:
    parameters = defaults(tmp_path, tmp_path, "1")
    assert all(intent(step, parameters) and facts(step, parameters) for step in STEPS)
    assert [step.number for step in STEPS] == [1, 2, 3, 4, 5, 6]


def test_words() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 50, 1000)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "50th", "1,000th",
    ]  # fmt: skip
    assert short_path("/home/dana/x", "/home/dana") == "~/x"
    assert short_path("/home/danas/x", "/home/dana") == "/home/danas/x"
