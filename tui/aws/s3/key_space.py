"""Where the keys of a listing go on: guesses at the key so many pages ahead.

A listing says nothing of how many keys there are or how they are spread. But most names are counted
or hashed: what one page spans, the next one will too. So keys are read as numbers, each character
a digit of the kind of characters that stood there, and the number is moved on. A wrong guess costs
time, never a row: it is only where two parts of a listing meet.
"""

from __future__ import annotations

import string
from bisect import bisect_left
from collections.abc import Sequence

from tui.core.packed import shared_head

FINE = 6  # characters read after the first that differs within a page
SAMPLES = 16
_DIGITS, _LOWER, _UPPER = string.digits, string.ascii_lowercase, string.ascii_uppercase
# The first that holds all that was seen; each in the order of its code points.
_KINDS = (
    _DIGITS,
    _LOWER,
    _UPPER,
    _DIGITS + "abcdef",
    _DIGITS + "ABCDEF",
    _DIGITS + _LOWER,
    _DIGITS + _UPPER,
    _DIGITS + _UPPER + _LOWER,
)
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


class Pace:
    """How far one page of keys went.

    Args:
        keys: a page's keys in order, two at least.
        fixed: how many characters all keys of the listing share.
    """

    def __init__(self, keys: Sequence[str], fixed: int) -> None:
        some = [*keys[:: max(1, len(keys) // SAMPLES)], keys[-1]]
        length = len(shared_head(keys[0], keys[-1])) + FINE
        self._kinds = [_kind({key[at] for key in some if at < len(key)}) for at in range(length)]
        self._kinds[:fixed] = keys[0][:fixed]
        while self._kinds and not self._kinds[-1]:
            self._kinds.pop()
        self._page = max(1, self._number(keys[-1]) - self._number(keys[0]))

    def ahead(self, key: str, pages: float) -> str:
        """The key so many pages after `key`; "" where there are no more names."""
        number = self._number(key) + int(self._page * pages)
        digits: list[str] = []
        for kind in reversed(self._kinds):
            number, digit = divmod(number, len(kind))
            digits.append(kind[digit])
        return "" if number else "".join(reversed(digits))

    def pages_between(self, key: str, later: str) -> float:
        """How many pages there may be between two keys."""
        return (self._number(later) - self._number(key)) / self._page

    def _number(self, key: str) -> int:
        number = 0
        for at, kind in enumerate(self._kinds):
            base = len(kind)
            digit = min(bisect_left(kind, key[at]), base - 1) if at < len(key) and base > 1 else 0
            number = number * base + digit
        return number


def _kind(seen: set[str]) -> str:
    """The characters that may stand where these were seen, in order."""
    if len(seen) == 1 and not (next(iter(seen)).isalnum() and next(iter(seen)).isascii()):
        return next(iter(seen))  # a slash, a dash, a dot: the shape of the name
    for kind in _KINDS:
        if seen.issubset(kind):
            return kind if seen else ""
    return "".join(sorted(seen.union(_PRINTABLE)))
