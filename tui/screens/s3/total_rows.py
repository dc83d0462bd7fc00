"""A total of a place in rows: its folders, its storage classes, its ages, what it costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tui.core import format as fmt
from tui.core.tally import Entry, Node, Tally
from tui.screens.cost.rows import Rows, dollars
from tui.screens.cost.rows import total as total_of
from tui.screens.s3.lines import plural
from tui.screens.s3.rows import name_in
from tui.widgets.chrome import hint
from tui.widgets.line import pair
from tui.widgets.paint import Span, Spans, bar
from tui.widgets.record_table import Column

if TYPE_CHECKING:
    from tui.cost import PriceBook, StorageMonth

BAR = 14
COLUMNS = (
    Column("  name"),
    Column("", BAR, from_width=80),
    Column("share", 5, "r", from_width=48),
    Column("size", 10, "r"),
    Column("objects", 11, "r", from_width=40),
)


@dataclass(eq=False)
class Total:
    """What was counted below a place.

    Attributes:
        what: what of the place was counted, in words.
        region: where the bucket is, for the prices.
        counted_at: when the counting ended, UTC.
        seen: the folder that was looked at last.
        whole: False where the counting ended early: there is more than this.
    """

    bucket: str
    prefix: str
    what: str
    region: str
    tally: Tally
    counted_at: datetime
    seen: Node
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Sorting:
    """An order of a folder's entries."""

    name: str
    column: str
    key: Callable[[Entry], Any]
    reverse: bool


SORTINGS = (
    Sorting("size", "size", lambda entry: (-entry.size_bytes, -entry.objects, entry.key), True),
    Sorting(
        "objects", "objects", lambda entry: (-entry.objects, -entry.size_bytes, entry.key), True
    ),
    Sorting("name", "  name", lambda entry: entry.key, False),
)


@dataclass(frozen=True, slots=True)
class TotalRow:
    """An entry with what its line needs of the others."""

    entry: Entry
    prefix: str
    of_bytes: int
    largest: int

    @property
    def key(self) -> tuple[str, str]:
        """What makes it this row."""
        return self.entry.kind, self.entry.key


def total_rows(total: Total, node: Node, sorting: Sorting) -> list[TotalRow]:
    """A folder's entries in an order; what has no name of its own comes last."""
    entries = total.tally.entries(node)
    entries.sort(key=lambda entry: (entry.kind in ("here", "rest"), sorting.key(entry)))
    largest = max((entry.size_bytes for entry in entries), default=0)
    prefix = node.prefix
    return [TotalRow(entry, prefix, node.size_bytes, largest) for entry in entries]


def total_cells(row: TotalRow) -> tuple[Spans, ...]:
    """Name, bar, share, size, objects."""
    entry = row.entry
    fraction = entry.size_bytes / row.largest if row.largest else 0.0
    share = entry.size_bytes / row.of_bytes if row.of_bytes else 0.0
    least: Span = ("warn", "≥ " if entry.least else "")
    number, unit = fmt.size_parts(entry.size_bytes)
    return (
        _name(row),
        bar(fraction, BAR),
        (("muted", _percent(share)),),
        (least, ("text", number), ("muted", f" {unit:<2}")),
        (("text" if entry.kind == "folder" else "muted", fmt.count(entry.objects)),),
    )


def _name(row: TotalRow) -> Spans:
    entry = row.entry
    if entry.kind == "folder":
        return ("cool", "▸ "), ("text", name_in(entry.key, row.prefix))
    if entry.kind == "object":
        return ("dim", "  "), ("text", name_in(entry.key, row.prefix) or "(the folder's marker)")
    if entry.kind == "rest":
        return ("dim", "  "), ("muted", f"({plural(entry.count, 'smaller folder')}, added up)")
    return ("dim", "  "), ("muted", f"({plural(entry.objects, 'smaller object')} right here)")


def _percent(share: float) -> str:
    percent = share * 100
    if 0 < percent < 1:
        return "<1%"
    return f"{percent:.0f}%"


def sum_line(node: Node, month: StorageMonth, *, whole: bool) -> Spans:
    """Objects, bytes, what keeping them costs."""
    number, unit = fmt.size_parts(node.size_bytes)
    return (
        ("warn", "" if whole else "≥ "),
        ("bold text", plural(node.objects, "object")),
        ("dim", " · "),
        ("bold text", number),
        ("muted", f" {unit}"),
        ("dim", " · "),
        *total_of(month.known_per_month, "bold warm", whole=not month.unknown),
        ("muted", " a month"),
    )


def class_rows(month: StorageMonth) -> Rows:
    """A line for each storage class: objects, bytes, dollars a month."""
    rows: Rows = [pair((("dim", "class"),), (("dim", f"objects{'size':>11}{'$/month':>11}"),))]
    for line in month.lines:
        right: list[Span] = [("text", fmt.count(line.objects)), *_size(line.size_bytes)]
        cost = dollars(line.per_month, "warm")
        right += [("text", " " * max(1, 11 - len(cost[1]))), cost]
        rows.append(pair((("text", line.label),), tuple(right)))
    return rows


def age_rows(tally: Tally, node: Node) -> Rows:
    """A line for each age that there is."""
    rows: Rows = [pair((("dim", "age"),), (("dim", f"objects{'size':>11}"),))]
    for words, objects, size in tally.by_age(node):
        if objects:
            rows.append(pair((("text", words),), (("text", fmt.count(objects)), *_size(size))))
    return rows


def _size(size_bytes: int) -> Spans:
    number, unit = fmt.size_parts(size_bytes)
    return ("text", f"{number:>8}"), ("muted", f" {unit:<2}")


def note_rows(total: Total, node: Node, month: StorageMonth) -> list[Spans]:
    """Where the prices are from, and what the lines do not tell."""
    rows: list[Spans] = []
    if not total.whole:
        told = "not all: the counting ended early, and there is more than this"
        rows.append((("warn", "▲ "), ("text", told)))
    beside = f"{hint('s3.versions')[0]} and {hint('s3.uploads')[0]} tell of the others"
    rows.append((("dim", f"no older versions, no unfinished uploads: {beside}"),))
    price = next((line.price for line in month.lines if line.price is not None), None)
    if price is not None:
        told = f"prices of {price.as_of:%d %b %Y} ({price.source}), as if this were all there is"
        rows.append((("dim", f"{told} in {total.region}"),))
    for line in month.lines:
        if line.note:
            rows.append((("dim", f"{line.label}: {line.note}"),))
    if node.deeper:
        rows.append((("warn", "▲ "), ("muted", "deeper folders are counted as if they were here")))
    if any(child.least for child in node.children.values()):
        told = "≥: a part of the folder was added up with the smaller ones"
        rows.append((("warn", "▲ "), ("muted", told)))
    return rows


def month_of(book: PriceBook, total: Total, node: Node) -> StorageMonth:
    """What keeping all below a folder costs."""
    from tui.cost import s3_month

    return s3_month(book, total.region, total.tally.by_class(node))
