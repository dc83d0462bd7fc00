"""Numbers as people read them in tables: the one place that turns bytes and seconds into text.

Sentences use humanize (in the screens); these are the fixed shapes of columns: a size has one
decimal and its unit apart, an age has one unit in dense tables and two in roomy ones.
"""

from __future__ import annotations

from datetime import datetime
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal

ABSENT = "—"
_UNITS = ("B", "KB", "MB", "GB", "TB", "PB", "EB")
_MINUTE, _HOUR, _DAY, _WEEK = 60, 3_600, 86_400, 604_800
_MONTH, _YEAR = 2_629_800, 31_557_600  # mean Gregorian lengths, in seconds


def size_parts(size_bytes: float) -> tuple[str, str]:
    """Split a size into number and unit, decimal units: 12_400_000 is ("12.4", "MB")."""
    value, unit = float(size_bytes), 0
    while abs(value) >= 999.95 and unit < len(_UNITS) - 1:
        value /= 1000
        unit += 1
    return (f"{value:.0f}" if unit == 0 else f"{value:.1f}"), _UNITS[unit]


def size(size_bytes: float) -> str:
    """Return a size such as "12.4 MB" or "212 B"."""
    return " ".join(size_parts(size_bytes))


def rate(bytes_per_second: float) -> str:
    """Return a rate such as "84.2 MB/s"."""
    return f"{size(bytes_per_second)}/s"


def count(number: int) -> str:
    """Return a count with thousands apart: "1,204"."""
    return f"{number:,}"


def duration(seconds: float, *, dense: bool = False) -> str:
    """Return "20s", "48m", "5h 12m", "3d 2h", "3w", "5mo", "1y"; dense keeps the first unit."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < _DAY:
        first, rest = f"{whole // _HOUR}h", f" {whole % _HOUR // _MINUTE:02d}m"
        return first if dense else first + rest
    if whole < 2 * _WEEK:
        first, rest = f"{whole // _DAY}d", f" {whole % _DAY // _HOUR}h"
        return first if dense or rest == " 0h" else first + rest
    if whole < 2 * _MONTH:
        return f"{whole // _WEEK}w"
    if whole < _YEAR:
        return f"{whole // _MONTH}mo"
    return f"{whole // _YEAR}y"


def took(seconds: float) -> str:
    """Return how long something took, two units: "20s", "3m 2s", "5h 12m"."""
    whole = max(0, int(seconds))
    if _MINUTE <= whole < _HOUR and whole % _MINUTE:
        return f"{whole // _MINUTE}m {whole % _MINUTE}s"
    return duration(whole)


def few(number: int) -> str:
    """Return a count of five characters at most: "1,204", "12.3k", "1.0M"."""
    for unit, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= max(unit, 10_000):
            return (
                f"{number / unit:.1f}{letter}"
                if number < 100 * unit
                else f"{number // unit}{letter}"
            )
    return count(number)


def age(then: datetime, now: datetime, *, dense: bool = True) -> str:
    """Return how long ago an aware time was."""
    return duration((now - then).total_seconds(), dense=dense)


def amount(value: Decimal, places: int) -> str:
    """Return a number of dollars without its sign, rounded half up: columns carry the $.

    As many digits as it has; what is no number (a sum of what can't be) is absent.
    """
    if not value.is_finite():
        return ABSENT
    # The usual context ends at 28 digits, and raises.
    room = Context(max(28, value.adjusted() + places + 2), Emin=MIN_EMIN, Emax=MAX_EMAX)
    quantum = Decimal(1).scaleb(-places, room)
    return f"{value.quantize(quantum, ROUND_HALF_UP, room):,}"


def usd(value: Decimal | None, places: int = 2) -> str:
    """Return "$1.20"; None, a price we do not know, is "unknown"."""
    if value is None or not value.is_finite():
        return "unknown"
    return f"${amount(value, places)}"


def usd_known(known: Decimal, places: int = 2, *, whole: bool) -> str:
    """Return a sum of known prices: "$1.20", "at least $1.20" where a part is unknown.

    Where nothing of it is known it is "unknown", never zero.
    """
    if whole:
        return usd(known, places)
    return f"at least {usd(known, places)}" if known else usd(None)


def clock(moment: datetime) -> str:
    """Return local wall time, "09:41"."""
    return moment.astimezone().strftime("%H:%M")
