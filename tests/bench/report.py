"""What all benches share: medians of interleaved runs, a table, and one JSON line at the end."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure's goal: at most `limit` (or at least, if `floor`)."""

    limit: float
    floor: bool = False

    def met(self, value: float) -> bool:
        """True where the figure keeps the goal."""
        return value >= self.limit if self.floor else value <= self.limit


def interleaved(
    subjects: Mapping[str, Callable[[], float]], runs: int, warm_up: int = 1
) -> dict[str, list[float]]:
    """Run the subjects in turn, A B A B …, and return each one's figures."""
    for _ in range(warm_up):
        for subject in subjects.values():
            subject()
    figures: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(runs):
        for name, subject in subjects.items():
            figures[name].append(subject())
    return figures


def median(values: list[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def finish(title: str, figures: Mapping[str, float], goals: Mapping[str, Goal]) -> int:
    """Print the table and, as the last line, the JSON object; returns 0 (met) or 1."""
    print(f"{title}  (Python {platform.python_version()}, {os.cpu_count()} cores)")
    met = True
    for name, value in figures.items():
        goal = goals.get(name)
        said = ""
        if goal is not None:
            good = goal.met(value)
            met = met and good
            sign = ">=" if goal.floor else "<="
            said = f"{sign} {goal.limit:<10g} {'met' if good else 'MISSED'}"
        print(f"  {name:<36} {value:>12.3f}  {said}")
    limits = {name: goal.limit for name, goal in goals.items()}
    rounded = {name: round(value, 4) for name, value in figures.items()}
    print(json.dumps({"figures": rounded, "goals": limits, "met": met}))
    return 0 if met else 1
