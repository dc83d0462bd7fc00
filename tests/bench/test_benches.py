"""The benches in short form: each ends in time and reports as agreed. No seconds are judged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
BENCHES = sorted(
    path.stem
    for path in FOLDER.glob("*.py")
    if path.stem not in ("__init__", "report") and not path.stem.startswith("test_")
)


@pytest.mark.slow
@pytest.mark.parametrize("name", BENCHES)
def test_a_bench_reports_its_figures_and_goals(name: str) -> None:
    run = subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py"), "--quick"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode in (0, 1), run.stderr
    report = json.loads(run.stdout.splitlines()[-1])
    assert set(report) == {"figures", "goals", "met"}
    assert report["figures"]
    assert set(report["goals"]) <= set(report["figures"])
    print(run.stdout)
