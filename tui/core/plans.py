"""A plan: what will be done, frozen when it is shown, and done exactly so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum


class Risk(Enum):
    """How bad a mistake would be; colours the dialog's edge."""

    PLAIN = "cool"  # can be undone
    COSTS = "warm"  # spends money
    CAREFUL = "warn"  # interrupts or overwrites
    DESTROYS = "danger"  # cannot be undone


@dataclass(frozen=True, slots=True)
class PlanFact:
    """One labelled fact of a plan; `role` is the value's colour."""

    label: str
    value: str
    role: str = "text"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a dialog asks about. `typed`, if any, must be typed to go on."""

    title: str
    verb: str  # the button: "Delete 3 objects"
    intro: str
    risk: Risk = Risk.PLAIN
    facts: tuple[PlanFact, ...] = ()
    items: tuple[tuple[str, str], ...] = ()  # (name, size or note) of all that is touched
    warning: str = ""
    typed: str = ""
    keep: str = "keep it"
    made_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def mark(self) -> str:
        """Four hex digits that tell this plan from another one."""
        text = repr((self.title, self.facts, self.items, self.made_at))
        return hashlib.sha256(text.encode()).hexdigest()[:4]


def facts(rows: Iterable[tuple[str, str] | tuple[str, str, str]]) -> tuple[PlanFact, ...]:
    """Shorthand for several facts: (label, value) or (label, value, role)."""
    return tuple(PlanFact(*row) for row in rows)
