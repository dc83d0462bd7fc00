"""The demo data set: a month of invented taxi trips, one million rows, about 50 MB of CSV.

The same bytes on every machine: whole numbers only (no floating point, whose last digit differs
between processors) and numpy's `RandomState`, whose stream is frozen for good.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tui.core.errors import LocalError
from tui.core.jobs import Progress
from tui.core.paths import beside

FILE_NAME = "taxi-trips-2026-03.csv"
COLUMNS = ("pickup", "zone", "passengers", "miles", "fare", "tip")
ROWS = 1_000_000
ROWS_A_BLOCK = 10_000  # joined in one go, during which no other thread runs
SEED = 20260301
MOST_CENTS = 15_000  # no fare comes near
DAYS = 31
ABOUT_BYTES = 52_000_000  # what the file comes to, for a sentence before it is made

# (name, how often of 100, cents added to the fare)
ZONES = (
    ("Airport North", 9, 1200),
    ("Airport South", 6, 1500),
    ("Battery Park", 3, 50),
    ("Central Station", 12, 0),
    ("Chinatown", 4, 0),
    ("East Village", 6, 0),
    ("Financial District", 8, 100),
    ("Garment District", 4, 0),
    ("Harbour View", 3, 250),
    ("Lower East Side", 5, 0),
    ("Midtown Centre", 14, 150),
    ("Museum Mile", 4, 100),
    ("Old Town", 5, 0),
    ("Riverside", 3, 50),
    ("Stadium", 3, 200),
    ("University", 5, 0),
    ("West Side", 6, 50),
)
# How many of 100 trips begin in each hour of the day.
HOURS = (3, 2, 1, 1, 1, 1, 2, 4, 6, 6, 5, 4, 5, 5, 5, 5, 5, 6, 7, 7, 6, 5, 5, 3)
PASSENGERS = "1111111111111222233456"
NO_COUNT_OF_1000 = 4  # drivers forget to enter it, so the column has gaps


def make_demo(path: Path, progress: Progress, rows: int = ROWS) -> str:
    """Write the CSV (temporary file, then rename) and return its SHA-256. Blocks; for a thread.

    Raises:
        LocalError: it cannot be written; nothing half-done is left.
        JobCancelled: the job was cancelled; likewise.
    """
    digest = hashlib.sha256()
    progress.expect(total=ABOUT_BYTES * rows // ROWS)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside(path) as fresh:
            with fresh.path.open("wb") as file:
                for block in blocks(rows):
                    file.write(block)
                    digest.update(block)
                    progress.advance(len(block))
            fresh.replace()
    except OSError as error:
        raise LocalError(
            "Can't make the demo data",
            f"{path.parent} can't be written ({(error.strerror or 'unknown').lower()})",
            "Free about 60 MB, or choose a CSV of your own.",
        ) from error
    return digest.hexdigest()


def blocks(rows: int = ROWS) -> Iterator[bytes]:
    """Yield the file in blocks of up to 10,000 rows, the head first."""
    import numpy

    random = numpy.random.RandomState(SEED)
    yield (",".join(COLUMNS) + "\n").encode()
    # Each block is a stretch of the month, so that the whole file is in the order of time.
    seconds = numpy.sort(_moments(random, rows))
    for start in range(0, rows, ROWS_A_BLOCK):
        yield _block(random, seconds[start : start + ROWS_A_BLOCK])


def _moments(random: Any, rows: int) -> Any:
    """Seconds since the month began, thicker in the busy hours."""
    import numpy

    hours = numpy.repeat(numpy.arange(24), HOURS)
    days = random.randint(0, DAYS, rows)
    in_hour = random.randint(0, 3600, rows)
    return days * 86400 + hours[random.randint(0, len(hours), rows)] * 3600 + in_hour


def _block(random: Any, seconds: Any) -> bytes:
    import numpy

    count = len(seconds)
    zone_of = numpy.repeat(numpy.arange(len(ZONES)), [share for _, share, _ in ZONES])
    zones = zone_of[random.randint(0, len(zone_of), count)]
    extra = numpy.array([cents for _, _, cents in ZONES])[zones]
    # The product of two dice is often small and seldom large, as trips are.
    miles = 30 + random.randint(1, 61, count) * random.randint(1, 31, count) + extra // 2
    fares = 300 + miles * 27 // 10 + extra + random.randint(0, 4, count) * 25
    percent = random.randint(-12, 31, count).clip(0)
    tips = fares * percent // 100 // 5 * 5
    passengers = random.randint(0, len(PASSENGERS), count)
    forgotten = random.randint(0, 1000, count) < NO_COUNT_OF_1000
    passengers[forgotten] = len(PASSENGERS)
    return _lines(seconds, zones, passengers, (miles, fares, tips))


def _lines(seconds: Any, zones: Any, passengers: Any, amounts: Sequence[Any]) -> bytes:
    """Turn columns of whole numbers into lines of CSV by tables of ready-made texts."""
    minutes, heads, cents = _tables()
    starts = map(
        "".join,
        zip(
            _looked_up(minutes, seconds // 60),
            _looked_up(heads, seconds % 60 * len(ZONES) + zones),
            strict=True,
        ),
    )
    riders = [*PASSENGERS, ""]
    rest = [_looked_up(riders, passengers), *(_looked_up(cents, column) for column in amounts)]
    rows = map(",".join, zip(starts, *rest, strict=True))
    return ("\n".join(rows) + "\n").encode("ascii")


@cache
def _tables() -> tuple[list[str], list[str], list[str]]:
    """The texts of each minute of the month, of each second with each zone, of each amount."""
    minutes = [
        f"2026-03-{day + 1:02d} {minute // 60:02d}:{minute % 60:02d}:"
        for day in range(DAYS)
        for minute in range(1440)
    ]
    heads = [f"{second:02d},{zone}" for second in range(60) for zone, _, _ in ZONES]
    cents = [f"{value // 100}.{value % 100:02d}" for value in range(MOST_CENTS)]
    return minutes, heads, cents


def _looked_up(texts: Sequence[str], numbers: Any) -> list[str]:
    return [texts[number] for number in numbers.tolist()]
