"""Which rows a subset takes: the first, every k-th, a random share, or a random number of them.

Rows are counted after the query: "the first 100" are the first 100 that match.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from tui.aws.subset.rows import Rows

MOST_SAMPLED = 1_000_000  # rows of an exact sample: they are held until the end


@dataclass(frozen=True, slots=True)
class Which:
    """The user's wish.

    Attributes:
        kind: "all", "first", "every", "share" or "sample".
        count: N of the first, k of every k-th, or how many are sampled.
        share: of all rows, above 0 and up to 1.
        seed: the same seed takes the same rows of the same object.
    """

    kind: str = "all"
    count: int = 0
    share: float = 0.0
    seed: int = 0


class Picker(Protocol):
    """Sees every chunk once, in order."""

    done: bool

    def pick(self, rows: Rows) -> Rows | None:
        """What goes to the file now; None where nothing of it does."""
        ...

    def rest(self) -> Rows | None:
        """What goes to the file at the end."""
        ...


def picker_of(which: Which) -> Picker:
    """The picker for a wish."""
    if which.kind == "first":
        return _First(which.count)
    if which.kind == "every":
        return _Every(which.count)
    if which.kind == "share":
        return _Share(which.share, which.seed)
    if which.kind == "sample":
        return _Sample(which.count, which.seed)
    return _All()


class _All:
    done = False

    def pick(self, rows: Rows) -> Rows | None:
        return rows

    def rest(self) -> Rows | None:
        return None


class _First(_All):
    def __init__(self, count: int) -> None:
        self._left = count

    def pick(self, rows: Rows) -> Rows | None:
        import numpy as np

        taken = min(self._left, len(rows))
        self._left -= taken
        self.done = self._left <= 0
        return rows if taken == len(rows) else rows.take(np.arange(taken))


class _Every(_All):
    def __init__(self, step: int) -> None:
        self._step, self._at = step, 0

    def pick(self, rows: Rows) -> Rows | None:
        import numpy as np

        first = -self._at % self._step
        self._at += len(rows)
        return rows.take(np.arange(first, len(rows), self._step))


class _Share(_All):
    def __init__(self, share: float, seed: int) -> None:
        import numpy as np

        self._share, self._random = share, np.random.default_rng(seed)

    def pick(self, rows: Rows) -> Rows | None:
        return rows.take(self._random.random(len(rows)) < self._share)


class _Sample(_All):
    """Each row draws a number; those with the smallest stay: every set of rows is as likely.

    No more than the sample and what came since the last sifting is held.
    """

    def __init__(self, count: int, seed: int) -> None:
        import numpy as np

        self._count, self._random = count, np.random.default_rng(seed)
        self._held: list[Rows] = []
        self._drawn: Any = np.empty(0)
        self._limit = 1.0

    def pick(self, rows: Rows) -> Rows | None:
        import numpy as np

        drawn = self._random.random(len(rows))
        hopeful = drawn < self._limit
        if hopeful.any():
            self._held.append(rows.take(hopeful))
            self._drawn = np.concatenate([self._drawn, drawn[hopeful]])
        if len(self._drawn) > 2 * self._count + 1000:
            self._sift()
        return None

    def rest(self) -> Rows | None:
        if len(self._drawn) > self._count:
            self._sift()
        return self._held[0].joined(self._held[1:]) if self._held else None

    def _sift(self) -> None:
        import numpy as np

        order = np.argpartition(self._drawn, self._count - 1)[: self._count]
        places = np.sort(order)  # in the object's order
        held = self._held[0].joined(self._held[1:])
        self._held = [held.take(places)]
        self._drawn = self._drawn[places]
        self._limit = float(self._drawn.max())
