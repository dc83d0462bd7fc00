"""Limits as people type them: "10 MB/s", "off", "4"."""

from __future__ import annotations

import re
from typing import Final

LEAST_RATE: Final = 1_000  # bytes a second: below it, a server takes a connection for dead
MOST_RATE: Final = 10**15
MOST_AT_ONCE: Final = 128  # as many as the transfers ever open
_OFF: Final = frozenset({"", "off", "no", "none", "-"})
_RATE = re.compile(r"(\d{1,9}(?:[.,]\d{1,6})?)\s*([kmgt])(i?)(?:b(?:ytes?)?)?(?:/s|ps)?", re.ASCII)
_POWERS: Final = {"k": 1, "m": 2, "g": 3, "t": 4}


def typed_rate(text: str) -> int | None:
    """Read a bandwidth, "10 MB/s" or "512 KiB/s"; None for "off" or nothing.

    Raises:
        ValueError: it is none; the message says what to type.
    """
    text = text.strip().lower()
    if text in _OFF:
        return None
    if (found := _RATE.fullmatch(text)) is None:
        raise ValueError("like 10 MB/s or 500 KB/s, or off")
    number, unit, binary = found.groups()
    rate = int(float(number.replace(",", ".")) * (1024 if binary else 1000) ** _POWERS[unit])
    if rate < LEAST_RATE:
        raise ValueError("at least 1 KB/s")
    return min(rate, MOST_RATE)


def typed_at_once(text: str) -> int | None:
    """Read how many files or parts may go on side by side; None for "off" or nothing.

    Raises:
        ValueError: it is none; the message says what to type.
    """
    text = text.strip().lower()
    if text in _OFF:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise ValueError("a whole number, or off")
    if not 1 <= int(text) <= MOST_AT_ONCE:
        raise ValueError(f"from 1 to {MOST_AT_ONCE}")
    return int(text)
