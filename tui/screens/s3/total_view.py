"""A total to walk through: the largest folders first, one level at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from tui.core import format as fmt
from tui.core.records import ObjectQuery
from tui.core.tally import Node
from tui.screens.s3 import lines
from tui.screens.s3.total_rows import (
    COLUMNS,
    SORTINGS,
    Total,
    TotalRow,
    age_rows,
    class_rows,
    month_of,
    note_rows,
    sum_line,
    total_cells,
    total_rows,
)
from tui.widgets.dialog import Dialog
from tui.widgets.line import Block, Line
from tui.widgets.paint import Spans, key_hint
from tui.widgets.record_table import RecordTable
from tui.widgets.styles import style_path

if TYPE_CHECKING:
    from tui.cost import PriceBook


@dataclass(frozen=True, slots=True)
class ShowPlace:
    """Go to a place in the pane, the cursor on a key there."""

    prefix: str
    wanted: str = ""


@dataclass(frozen=True, slots=True)
class CountAgain:
    """Count anew."""


Answer = ShowPlace | CountAgain


class TotalDialog(Dialog[Answer]):
    """A total; dismissed with where to go, or None."""

    CSS_PATH: ClassVar = [
        style_path("widgets/dialogs.tcss"),
        style_path("screens/s3_finding.tcss"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("backspace,h,left", "out", "Up", tooltip="To the folder above"),
        Binding("o", "show_place", "Show", tooltip="Show this in the pane's list"),
        Binding("s", "sort", "Sort", tooltip="By size, by objects, by name"),
        Binding("r", "again", "Count again", tooltip="List everything once more"),
    ]

    def __init__(self, total: Total, book: PriceBook) -> None:
        super().__init__()
        self._total, self._book = total, book
        self._node = total.seen
        self._sorting = 0

    def inner(self) -> ComposeResult:
        """Place, sums, folders, classes and ages, notes, keys."""
        yield Line(id="total-crumbs")
        yield Line(id="total-sum")
        yield RecordTable[TotalRow](
            COLUMNS, total_cells, keyed=lambda row: row.key, gutter=1, id="total-table"
        )
        with Horizontal(id="total-sides"):
            yield Block(id="total-classes")
            yield Block(id="total-ages")
        yield Block(id="total-notes")
        ways = (
            *(*key_hint("o", "show in the list"), ("text", "   ")),
            *(*key_hint("s", "sort"), ("text", "   ")),
            *(*key_hint("r", "count again"), ("text", "   ")),
            *key_hint("esc", "close"),
        )
        short = (*key_hint("o", "show"), ("text", "   "), *key_hint("esc", "close"))
        left = (*key_hint("⏎", "go in"), ("text", "   "), *key_hint("⌫", "up"))
        yield Line(left, ways, short, classes="foot")

    def on_mount(self) -> None:
        """Show the folder that was looked at last."""
        self._show()
        self._table.focus()

    @property
    def _table(self) -> RecordTable[TotalRow]:
        return self.query_one("#total-table", RecordTable)

    def _show(self, cursor: tuple[str, str] | None = None) -> None:
        total, node, table = self._total, self._node, self._table
        total.seen = node
        month = month_of(self._book, total, node)
        sorting = SORTINGS[self._sorting]
        age = fmt.age(total.counted_at, datetime.now(UTC))
        counted: Spans = (("muted", f"counted {fmt.clock(total.counted_at)}, {age} ago"),)
        room = max(20, self.size.width - 44)
        crumbs = lines.crumbs(ObjectQuery(total.bucket, node.prefix), room)
        self.query_one("#total-crumbs", Line).show(crumbs, counted)
        what: Spans = (("muted", total.what),) if node.parent is None else ()
        self.query_one("#total-sum", Line).show(sum_line(node, month, whole=total.whole), what)
        table.sorted_by = (sorting.column, sorting.reverse)
        table.show(total_rows(total, node, sorting))
        if cursor is None or not table.move_to_key(cursor):
            table.move_to(0)
        self.query_one("#total-classes", Block).show(class_rows(month))
        self.query_one("#total-ages", Block).show(age_rows(total.tally, node))
        self.query_one("#total-notes", Block).show(note_rows(total, node, month))

    @on(RecordTable.Opened)
    def _opened(self, event: RecordTable.Opened) -> None:
        entry = event.record.entry
        node = self._child(entry.key) if entry.kind == "folder" else None
        if node is not None:
            self._node = node
            self._show()
        elif entry.kind == "rest":
            self.app.bell()
        else:
            self.action_show_place()

    def _child(self, prefix: str) -> Node | None:
        return self._node.children.get(prefix[len(self._node.prefix) :])

    def action_out(self) -> None:
        """To the folder above."""
        left, above = self._node, self._node.parent
        if above is None:
            self.app.bell()
            return
        self._node = above
        self._show(("folder", left.prefix))

    def action_sort(self) -> None:
        """In the next order."""
        self._sorting = (self._sorting + 1) % len(SORTINGS)
        self._show()

    def action_again(self) -> None:
        """Count anew."""
        self.dismiss(CountAgain())

    def action_show_place(self) -> None:
        """Show what the cursor is on in the pane: a folder is opened, an object is in its own."""
        row = self._table.record
        if row is None:
            self.dismiss(ShowPlace(self._node.prefix))
        elif row.entry.kind == "folder":
            self.dismiss(ShowPlace(row.entry.key))
        elif row.entry.kind == "object":
            self.dismiss(ShowPlace(row.prefix, row.entry.key))
        else:
            self.dismiss(ShowPlace(row.prefix))
