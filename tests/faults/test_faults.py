"""The fault injection in its reduced form; `run.py` has the full one."""

from __future__ import annotations

import pytest

from tests.faults import disk
from tests.faults.run import SUITES
from tests.faults.world import world
from tui.sandbox import Sandbox


@pytest.mark.slow
@pytest.mark.parametrize("name", SUITES)
def test_nothing_is_torn_lost_or_outside(name: str, clean_sandbox: Sandbox) -> None:
    suite = SUITES[name]
    try:
        with world(clean_sandbox) as place:
            outcome, figures = suite.run(place, quick=True)
    except disk.NoDisk as reason:
        pytest.skip(f"no disk of our own here: {reason}")
    print(figures)
    assert outcome.defects == []
    for figure, goal in suite.goals(quick=True).items():
        assert goal.met(figures[figure]), figure
