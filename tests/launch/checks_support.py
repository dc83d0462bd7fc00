"""What the tests of the wizard's checks share."""

from __future__ import annotations

from tui.launch import (
    Problem,
)


def fields(found: tuple[Problem, ...], *, blocking: bool = True) -> list[str]:
    """The fields with problems of one weight."""
    return [each.field for each in found if each.blocking is blocking]
