"""One thing that is wrong with a draft."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, where.

    Attributes:
        field: the draft's field, with the index where it is a list: "count", "volumes.1.size_gib",
            "tags.0.key", "security_group.rules.0.source", "key".
        message: one sentence.
        blocking: True if it forbids the launch, False for a warning.
    """

    field: str
    message: str
    blocking: bool = True


def warning(field: str, message: str) -> Problem:
    """A problem that does not forbid the launch."""
    return Problem(field, message, blocking=False)
