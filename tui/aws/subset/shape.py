"""What a subset can be pulled of: a CSV, JSONL or Parquet, and its columns."""

from __future__ import annotations

from dataclasses import dataclass

from tui.core.errors import UserError

CHUNK_BYTES = 4 * 1024 * 1024  # of text, about
CHUNK_ROWS = 10_000  # made into texts in one go, during which no other thread runs
CHUNK_VALUES = 50_000
CHUNK_AT_MOST = 64 * 1024 * 1024  # of a CSV's text: where rows are much longer further on
LONGEST_RECORD = 8 * 1024 * 1024  # of JSON: read in one go, during which no other thread runs
ENDINGS = ("gz", "gzip", "bz2", "zst", "zstd")  # of what is packed
FORMATS = {
    **dict.fromkeys(("csv", "tsv", "tab", "psv"), "csv"),
    **dict.fromkeys(("jsonl", "ndjson"), "jsonl"),
    **dict.fromkeys(("parquet", "pq"), "parquet"),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a subset can be pulled of.

    Attributes:
        format: "csv", "jsonl" or "parquet".
        packed: "gz", "bz2", "zst" or "".
        columns: (name, kind) of each.
        heads: the columns' names as the CSV has them, where pandas calls some of them otherwise.
        separator, encoding: of a CSV.
        row_bytes: how long a row is on the average, unpacked.
        rows: how many there are, or None where nobody has counted them.
    """

    format: str
    packed: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    heads: tuple[str, ...] = ()
    separator: str = ","
    encoding: str = "utf-8"
    row_bytes: int = 100
    rows: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(name for name, _ in self.columns)

    @property
    def chunk_rows(self) -> int:
        """How many rows are held at a time."""
        return rows_held(self.row_bytes, len(self.columns))


def rows_held(row_bytes: int, columns: int) -> int:
    """How many rows of so many bytes and columns are held at a time."""
    by_width = max(50, CHUNK_VALUES // max(1, columns))
    return max(1, min(CHUNK_ROWS, CHUNK_BYTES // max(1, row_bytes), by_width))


def format_of(key: str) -> str:
    """Say by its name what an object is: "csv", "jsonl", "parquet" or ""."""
    name = key.rsplit("/", 1)[-1].lower()
    for ending in ENDINGS:
        name = name.removesuffix("." + ending)
    return FORMATS.get(name.rsplit(".", 1)[-1], "") if "." in name else ""


def cant(key: str, why: str, hint: str = "") -> UserError:
    """The sentence for an object that has no rows that can be read."""
    return UserError(f"Can't pull rows of {key}", why, hint)


def other_columns(key: str) -> UserError:
    """The sentence for one of several objects that does not go with the first."""
    return cant(key, "its columns are not those of the first object", "Name the columns to pull.")


def too_long(key: str, most: int, rows: int = 1) -> UserError:
    """The sentence for a row, or some rows, that can't be held."""
    size = f"{most // 1024**2} MB"
    many = f"up to {rows:,} of its rows come to more than {size}"
    return cant(key, many if rows > 1 else f"a row of it is longer than {size}", "Download it.")


def first_line(error: BaseException) -> str:
    """What an error says, in short."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".")[:160] if lines else type(error).__name__
