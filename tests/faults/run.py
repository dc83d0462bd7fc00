"""The whole fault injection: every suite in its full form, one after the other.

Run: python tests/faults/run.py [SUITE...] [--quick]

Suites: kills-download, kills-upload, kills-move, corruption, names, changes, trouble, disk. Each
prints its defects, a table and a line of JSON, as the benches do; the last line sums them up. The
reduced form (`--quick`) is what CI runs, by `test_faults.py`. Everything stays on loopback and in a
temporary folder; `disk` mounts a small tmpfs, and is skipped where one may not.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.faults import changes, corruption, disk, kills, names, trouble
from tests.faults.report import Goal, report
from tests.faults.world import Outcome, World, world


@dataclass(frozen=True, slots=True)
class Suite:
    """One suite: how it is run in full and reduced, and what must hold.

    Attributes:
        floors: figures that must be at least so big, in full: how much was tried.
    """

    title: str
    module: Any
    full: Callable[[World], Outcome]
    quick: Callable[[World], Outcome]
    floors: Mapping[str, float]

    def run(self, place: World, *, quick: bool) -> tuple[Outcome, dict[str, float]]:
        """Run it; returns what came of it and the table's rows."""
        began = time.monotonic()
        outcome = self.quick(place) if quick else self.full(place)
        figures: dict[str, float] = self.module.figures(outcome)
        return outcome, figures | {"seconds": time.monotonic() - began}

    def goals(self, *, quick: bool) -> dict[str, Goal]:
        """What must hold."""
        floors = {} if quick else self.floors
        return self.module.GOALS | {name: Goal(least, floor=True) for name, least in floors.items()}


def _kills(way: str) -> Suite:
    return Suite(
        f"SIGKILL: {way}",
        kills,
        lambda place: kills.run(place, way, 200, beside=10),
        lambda place: kills.run(place, way, 4, lanes=1),
        {"kills": 200},
    )


SUITES: Final = {
    "kills-download": _kills("download"),
    "kills-upload": _kills("upload"),
    "kills-move": _kills("move"),
    "corruption": Suite(
        "Damage on the way",
        corruption,
        lambda place: asyncio.run(corruption.run(place, 1200)),
        lambda place: asyncio.run(corruption.run(place, 56, patient=False)),
        {"requests damaged": 1000},
    ),
    "names": Suite(
        "Hostile names",
        names,
        lambda place: asyncio.run(names.run(place, 50_000, 2_000, 20)),
        lambda place: asyncio.run(names.run(place, 2_000, 50, 1)),
        {"names generated": 50_000},
    ),
    "changes": Suite(
        "Changes midway, lost answers",
        changes,
        lambda place: asyncio.run(changes.run(place, 390)),
        lambda place: asyncio.run(changes.run(place, 26)),
        {"trials": 390},
    ),
    "trouble": Suite(
        "A busy server, a login that expires, a server that is gone",
        trouble,
        lambda place: asyncio.run(trouble.run(place, 2)),
        lambda place: asyncio.run(trouble.run(place, 1, ("storm", "login", "gone"), (True,), 24)),
        {"jobs": 16},
    ),
    "disk": Suite(
        "A full disk",
        disk,
        lambda place: asyncio.run(disk.run(place, 5)),
        lambda place: asyncio.run(disk.run(place, 1)),
        {"jobs": 20},
    ),
}


def main() -> int:
    """Run what was asked for."""
    quick = "--quick" in sys.argv
    chosen = [name for name in sys.argv[1:] if not name.startswith("-")] or list(SUITES)
    met: dict[str, bool] = {}
    for name in chosen:
        suite = SUITES[name]
        try:
            with world() as place:
                outcome, figures = suite.run(place, quick=quick)
        except disk.NoDisk as reason:
            print(f"{suite.title}: skipped, {reason}")
            continue
        code = report(suite.title, figures, suite.goals(quick=quick), outcome.defects)
        met[name] = not code
    print(json.dumps({"suites": met, "met": all(met.values())}))
    return 0 if all(met.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
