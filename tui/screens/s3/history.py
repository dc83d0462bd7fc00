"""Where one was in the S3 pane, and the row that the cursor was on there."""

from __future__ import annotations

from dataclasses import dataclass, replace

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Visit:
    """A place as it was left; no bucket is the list of buckets.

    Attributes:
        found: what was searched below it, if these were a search's results.
        cursor: the key that the cursor was on.
    """

    bucket: str = ""
    prefix: str = ""
    found: str = ""
    cursor: str = ""

    @property
    def where(self) -> tuple[str, str, str]:
        """What makes it another place."""
        return self.bucket, self.prefix, self.found


class History:
    """Back and forward, as in a web browser: going elsewhere drops what lay ahead."""

    def __init__(self) -> None:
        self._visits = [Visit()]
        self._at = 0

    @property
    def here(self) -> Visit:
        """The place that is open."""
        return self._visits[self._at]

    def leave(self, cursor: str) -> None:
        """Note the row that the cursor is on."""
        self._visits[self._at] = replace(self.here, cursor=cursor)

    def arrive(self, visit: Visit) -> None:
        """Another place was opened."""
        if visit.where == self.here.where:
            return
        self._visits[self._at + 1 :] = [visit]
        del self._visits[:-LONGEST]
        self._at = len(self._visits) - 1

    def step(self, by: int) -> Visit | None:
        """Go back (-1) or forward (1); None at the end."""
        at = self._at + by
        if not 0 <= at < len(self._visits):
            return None
        self._at = at
        return self.here
