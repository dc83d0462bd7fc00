"""Step 2: the instance type, out of all that the region has, with the price beside each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult

from tui.core import format as fmt
from tui.launch import FilterError, edit, filter_types, fits, type_words, with_market
from tui.screens.launch.step import Hints, StepPane
from tui.widgets.chrome import hint
from tui.widgets.filter_field import FilterField
from tui.widgets.form import ToldFilter
from tui.widgets.line import Line
from tui.widgets.paint import Span, Spans
from tui.widgets.record_table import Column, RecordTable

if TYPE_CHECKING:
    from tui.cost import TypeRow

COLUMNS = (
    Column("type"),
    Column("vcpu", 5, "r"),
    Column("GiB", 6, "r"),
    Column("$/h", 8, "r"),
    Column("spot", 8, "r"),
    Column("saves", 7, "r", 70),
    Column(" interrupted", 13, "l", 56),
)
FAR = Decimal(10**9)  # what is not known comes last
ORDERS: tuple[tuple[int, bool, Callable[[TypeRow], Any]], ...] = (
    (3, False, lambda row: (row.on_demand if row.on_demand is not None else FAR, row.type.name)),
    (4, False, lambda row: (row.spot if row.spot is not None else FAR, row.type.name)),
    (1, True, lambda row: (row.type.vcpus, row.type.memory_mib)),
    (2, True, lambda row: (row.type.memory_mib, row.type.vcpus)),
    (5, True, lambda row: row.savings_pct if row.savings_pct is not None else -999),
    (6, False, lambda row: row.interruption if row.interruption is not None else 9),
    (0, False, lambda row: row.type.name),
)
RISKS = ("run", "run", "warn", "warn", "danger")


class TypePane(StepPane):
    """Only what fits the image; the row that the cursor is on is the choice."""

    step = "type"

    def hints(self) -> Hints:
        """(key, verb) of the footer."""
        own = ("launch.sort", "launch.market", "launch.filter")
        return (*super().hints(), *(hint(action_id) for action_id in own))

    def compose(self) -> ComposeResult:
        """Filter, table, what the chosen one is."""
        yield ToldFilter("vcpu>=8 mem>=32 price<0.4 gpu, or a part of a name", id="type-filter")
        table: RecordTable[TypeRow] = RecordTable(
            COLUMNS, type_cells, keyed=lambda row: row.type.name, id="type-table", gutter=2, gap=0
        )
        yield table
        yield Line(id="type-about")

    def on_mount(self) -> None:
        """Nothing is filtered yet."""
        self._fitting: tuple[TypeRow, ...] = ()
        self._text, self._order = "", 0
        self._image = ""
        # What the user chose by hand: typing a filter passes by many types, and must not keep one.
        self._anchor = ""

    @property
    def table(self) -> RecordTable[TypeRow]:
        """The types."""
        return self.query_one("#type-table", RecordTable)

    def start(self) -> None:
        """The filter is there from the start; the table has the focus."""
        self.query_one(FilterField).add_class("-shown")
        self.table.focus()

    def paint(self) -> None:
        """Show the types that fit the draft's image."""
        wizard = self.wizard
        image = wizard.draft.image
        key = f"{image.architecture}/{image.virtualization}" if image else ""
        if key != self._image or not self._fitting:
            self._image, self._anchor = key, wizard.draft.instance_type
            rows = wizard.facts.rows
            self._fitting = tuple(row for row in rows if image is None or fits(row.type, image))
            self._show()
        if self.table.record is None or self.table.record.type.name != wizard.draft.instance_type:
            self.table.move_to_key(wizard.draft.instance_type)
        row = wizard.row
        self.query_one("#type-about", Line).show(about(row) if row else ())

    def _show(self) -> None:
        """Filter and sort; an expression that can't be read leaves the table as it is."""
        column, reverse, key = ORDERS[self._order]
        field = self.query_one(ToldFilter)
        try:
            found = filter_types(self._fitting, self._text)
        except FilterError as error:
            field.tell((("warn", error.message),))
            return
        table = self.table
        table.columns = [
            replace(each, title=f"{each.title} {'↓' if reverse else '↑'}") if i == column else each
            for i, each in enumerate(COLUMNS)
        ]
        rows = sorted(found, key=key, reverse=reverse)
        table.show(rows)
        kept = not rows or any(row.type.name == self._anchor for row in rows)
        name = self._anchor if kept else rows[0].type.name
        table.move_to_key(name)
        self.wizard.change(edit(self.wizard.draft, instance_type=name))
        total = fmt.count(len(self._fitting))
        field.tell((("text", fmt.count(len(found))), ("muted", f" of {total}")))

    @on(FilterField.Changed)
    def _filtered(self, event: FilterField.Changed) -> None:
        event.stop()
        self._text = event.text
        self._show()

    @on(FilterField.Left)
    def _filter_left(self, event: FilterField.Left) -> None:
        event.stop()
        self.query_one(FilterField).add_class("-shown")
        self.table.focus()

    @on(RecordTable.Moved, "#type-table")
    def _moved(self, event: RecordTable.Moved) -> None:
        row: TypeRow | None = event.record
        if row is None or self.table.record is not row:
            return
        if row.type.name != self.wizard.draft.instance_type:
            self._anchor = row.type.name
            self.wizard.change(edit(self.wizard.draft, instance_type=row.type.name))

    def do_filter(self) -> None:
        """Type an expression."""
        self.query_one(FilterField).begin()

    def do_sort(self) -> None:
        """Sort by the next column."""
        self._order = (self._order + 1) % len(ORDERS)
        self._show()

    def do_market(self) -> None:
        """Between on-demand and spot."""
        draft = self.wizard.draft
        self.wizard.change(with_market(draft, "on-demand" if draft.spot else "spot"))


def type_cells(row: TypeRow) -> Sequence[Spans]:
    """One type as a row."""
    kind = row.type
    return (
        (("text", kind.name),),
        (("text", str(kind.vcpus)),),
        (("text", f"{round(kind.memory_gib, 2).normalize():f}"),),
        price(row.on_demand, "text"),
        price(row.spot, "spot"),
        (("muted", f"−{row.savings_pct}%"),) if row.savings_pct is not None else ABSENT,
        risk(row),
    )


ABSENT: Spans = (("dim", fmt.ABSENT),)


def price(amount: Decimal | None, role: str) -> Spans:
    """A price an hour, or that there is none."""
    return ((role, fmt.amount(amount, 4)),) if amount is not None else ABSENT


def risk(row: TypeRow) -> Spans:
    """How often spot is taken away, in five steps and words."""
    if row.interruption is None:
        return (("dim", f" {fmt.ABSENT}"),)
    steps = row.interruption + 1
    return (
        (RISKS[row.interruption], " " + "■" * steps),
        ("dim", "·" * (5 - steps)),
        ("muted", f" {row.interruption_words}"),
    )


def about(row: TypeRow) -> Spans:
    """The chosen type in a line."""
    kind = row.type
    parts = [type_words(kind), kind.network]
    parts += [f"{kind.clock_ghz} GHz"] if kind.clock_ghz else []
    parts += [f"{fmt.count(kind.local_gb)} GB local disk"] if kind.local_gb else []
    parts += ["burstable"] if kind.burstable else []
    parts += ["free tier"] if kind.free_tier else []
    parts += [] if kind.current else ["previous generation"]
    spans: list[Span] = [("text", kind.name), ("muted", "  ")]
    for number, part in enumerate(part for part in parts if part):
        spans += [("dim", " · ")] if number else []
        spans.append(("muted", part))
    return spans
