"""Transitions as one line of text: `standard-ia 30, glacier 90`. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tui.aws.bucket.lifecycle import CLASSES, Move

_MOVE = re.compile(
    r"(?P<to>.*?\S)\s+(?P<days>\d{1,7})d?(?:\s+keep\s+(?P<newer>\d{1,3}))?", re.ASCII
)
_NAMES = {
    **{re.sub(r"[\W_]", "", name).lower(): name for name in CLASSES},
    **{re.sub(r"[\W_]", "", words).lower(): name for name, words in CLASSES.items()},
    "ia": "STANDARD_IA",
    "onezone": "ONEZONE_IA",
    "intelligent": "INTELLIGENT_TIERING",
    "glacierinstantretrieval": "GLACIER_IR",
    "glacierflexible": "GLACIER",
    "deep": "DEEP_ARCHIVE",
    "glacierdeeparchive": "DEEP_ARCHIVE",
}


def parsed(text: str) -> tuple[Move, ...] | None:
    """Read a line of transitions; None where it is none. An unknown class stays."""
    moves = []
    for part in (one.strip() for one in text.split(",")):
        if not part:
            continue
        found = _MOVE.fullmatch(part)
        if found is None:
            return None
        name = re.sub(r"[\W_]", "", found["to"]).lower()
        newer = int(found["newer"] or 0)
        moves.append(Move(int(found["days"]), _NAMES.get(name, found["to"]), newer))
    return tuple(moves)


def written(moves: Sequence[Move]) -> str:
    """Write transitions as `parsed` reads them."""
    return ", ".join(
        f"{CLASSES.get(move.storage_class, move.storage_class).lower()} {move.days}"
        + (f" keep {move.newer}" if move.newer else "")
        for move in moves
    )
