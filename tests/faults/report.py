"""What a fault suite reports: a table, the defects, and one JSON line, as the benches do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tests.bench.report import Goal, finish

__all__ = ["Goal", "report"]

MOST_TOLD = 20


def report(
    title: str, figures: Mapping[str, float], goals: Mapping[str, Goal], defects: Iterable[str]
) -> int:
    """Print it all; returns 0 where every goal is met, else 1."""
    told = list(defects)
    for line in told[:MOST_TOLD]:
        print(f"  DEFECT {line}")
    if len(told) > MOST_TOLD:
        print(f"  and {len(told) - MOST_TOLD} more defects")
    return finish(title, figures, goals)
