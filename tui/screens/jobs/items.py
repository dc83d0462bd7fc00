"""The dialog that looks into a job: each item, how it stands, why it failed; live while it runs."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Hashable, Sequence
from typing import ClassVar, overload

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from tui.core import format as fmt
from tui.core.job_items import ItemState, JobItem, JobItems
from tui.core.jobs import Job
from tui.widgets.dialog import Dialog
from tui.widgets.job_text import STATES, job_facts
from tui.widgets.line import Line
from tui.widgets.paint import Span, Spans, content, key_hint
from tui.widgets.record_table import Column, RecordTable
from tui.widgets.styles import style_path
from tui.widgets.table_rows import TableRows

LOOK_SECONDS = 0.4
GLYPHS = {
    ItemState.WAITING: ("dim", "○", "waiting"),
    ItemState.RUNNING: ("cool", "▸", "running"),
    ItemState.DONE: ("run", "✓", "done"),
    ItemState.FAILED: ("danger", "✗", "failed"),
}
FILTERS: tuple[ItemState | None, ...] = (
    None,
    ItemState.FAILED,
    ItemState.RUNNING,
    ItemState.WAITING,
    ItemState.DONE,
)
_COLUMNS = (
    Column("", 1),
    Column("name"),
    Column("size", 9, "r"),
    Column("state", 8, from_width=50),
    Column("reason", 30, from_width=84),
)


class ItemView(Sequence[JobItem]):
    """Some or all items of a job; a row is made when somebody looks at it."""

    def __init__(self, items: JobItems, numbers: Sequence[int]) -> None:
        self.items, self.numbers = items, numbers

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, at: int) -> JobItem: ...
    @overload
    def __getitem__(self, at: slice) -> list[JobItem]: ...
    def __getitem__(self, at: int | slice) -> JobItem | list[JobItem]:
        if isinstance(at, slice):
            return [self.items.row(number) for number in self.numbers[at]]
        return self.items.row(self.numbers[at])


class ItemRows(TableRows[JobItem]):
    """The rows of `ItemsTable`: numbers of items. Nothing is selected."""

    def __init__(self, items: JobItems, numbers: Sequence[int] = ()) -> None:
        self._view = ItemView(items, numbers)

    @property
    def records(self) -> Sequence[JobItem]:
        """What is shown."""
        return self._view

    @property
    def view(self) -> Sequence[JobItem]:
        """What is shown."""
        return self._view

    @property
    def selected(self) -> set[Hashable]:
        """Nothing."""
        return set()

    @property
    def chosen(self) -> Sequence[JobItem]:
        """Nothing."""
        return ()

    def key_of(self, record: JobItem) -> int:
        """An item's number."""
        return record.number

    def find(self, key: Hashable) -> int | None:
        """The row of a number."""
        from bisect import bisect_left

        numbers = self._view.numbers
        assert isinstance(key, int)
        row = bisect_left(numbers, key)
        return row if row < len(numbers) and numbers[row] == key else None

    def is_picked(self, row: int) -> bool:
        """Never."""
        return False

    def toggle(self, row: int) -> None:
        """Nothing can be selected."""

    select_all = invert = unselect = lambda self: None


class ItemsTable(RecordTable[JobItem]):
    """A job's items."""

    def __init__(self, items: JobItems) -> None:
        self._items = items
        super().__init__(_COLUMNS, item_cells, gutter=1, id="items-table")

    def no_rows(self) -> ItemRows:
        """None yet."""
        return ItemRows(self._items)

    def put(self, items: JobItems, numbers: Sequence[int]) -> None:
        """Show these; the cursor stays on its item, or goes to the first."""
        self._items = items
        before = self.record
        rows = ItemRows(items, numbers)
        gone = before is not None and rows.find(before.number) is None
        with self.keeping_the_cursor():
            self.rows = rows
        if gone:
            self.move_to(0)


class ItemsDialog(Dialog[None]):
    """A job's items in a table, all or those in one state."""

    CSS_PATH: ClassVar = [style_path("widgets/dialogs.tcss"), style_path("screens/jobs.tcss")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f,tab", "turn_filter(1)", "Filter", tooltip="All, failed, running, waiting, done"),
        Binding("F,shift+tab", "turn_filter(-1)", "Filter back", tooltip="The filter before"),
    ]

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job
        self._filter: ItemState | None = None
        self._shown: object = None
        self._told: list[Span] = []

    def inner(self) -> ComposeResult:
        """Title, numbers, filters, the table, the whole of the row one is on."""
        yield Line(id="items-head")
        yield Line(id="items-facts")
        yield Line(id="items-filters")
        yield ItemsTable(self._job.progress.items)
        yield Static(id="items-whole", classes="prose")
        ways = (*key_hint("f", "filter"), ("text", "   "), *key_hint("esc", "close"))
        yield Line((), ways, classes="foot")

    def on_mount(self) -> None:
        """Fill the table, and look again while the job runs."""
        self.query_one(ItemsTable).focus()
        self._look()
        self.set_interval(LOOK_SECONDS, self._look)

    def action_turn_filter(self, by: int) -> None:
        """Show those in the next state that any item is in."""
        items = self._job.progress.items
        there = [one for one in FILTERS if one is None or one is self._filter or items.count(one)]
        self._filter = there[(there.index(self._filter) + by) % len(there)]
        self._look()

    def _look(self) -> None:
        job, items = self._job.snapshot(), self._job.progress.items
        role, glyph = STATES[job.state]
        title: Spans = ((role, f"{glyph} "), ("bold bright", job.verb), ("text", f" {job.subject}"))
        self.query_one("#items-head", Line).show(title)
        self.query_one("#items-facts", Line).show(job_facts(job))
        seen = (id(items), items.changes, self._filter)
        if seen != self._shown:
            self._shown = seen
            self._show_filters(items)
            self._fill(items, self._filter)

    def _show_filters(self, items: JobItems) -> None:
        spans: list[Span] = []
        for one in FILTERS:
            count = len(items) if one is None else items.count(one)
            role, name = ("text", "all") if one is None else (GLYPHS[one][0], GLYPHS[one][2])
            on = one is self._filter
            spans += [("text", "   ")] if spans else []
            spans += [("bold cool" if on else "muted", name)]
            spans += [(f"bold {role}" if on and count else "muted", f" {fmt.count(count)}")]
        self.query_one("#items-filters", Line).show(spans)

    @work(group="items", exclusive=True, exit_on_error=False)
    async def _fill(self, items: JobItems, state: ItemState | None) -> None:
        """Show the items in a state. Looking through a million takes a thread a moment."""
        numbers: Sequence[int] = range(len(items))
        if state is not None:
            numbers = await _numbers(items, state)
        self.query_one(ItemsTable).put(items, numbers)

    @on(RecordTable.Moved)
    def _moved(self, event: RecordTable.Moved) -> None:
        """Tell in full what the table cuts."""
        event.stop()
        item = event.record
        if item is None:
            told: list[Span] = [("muted", "none")]
        else:
            told = [("text", item.name)]
            told += [("danger", f": {item.reason}")] if item.reason else []
        if told != self._told:  # the table says so whenever it is filled
            self._told = told
            self.query_one("#items-whole", Static).update(content(*told), layout=False)


async def _numbers(items: JobItems, state: ItemState) -> array[int]:
    """Look for them in a thread of its own; small jobs need none."""
    if len(items) <= 1000:
        return items.numbers(state)
    loop = asyncio.get_running_loop()
    from tui.aws.threads import DaemonPool

    pool = DaemonPool(1, "items")
    try:
        return await asyncio.wrap_future(pool.submit(lambda: items.numbers(state)), loop=loop)
    finally:
        pool.shutdown(wait=False)


def item_cells(item: JobItem) -> tuple[Spans, ...]:
    """State, name, size, state in words, reason."""
    role, glyph, word = GLYPHS[item.state]
    return (
        ((role, glyph),),
        (("text", item.name),),
        (("text", fmt.size(item.size_bytes)),),
        ((role if item.state is not ItemState.WAITING else "muted", word),),
        (("danger", item.reason),) if item.reason else (("dim", fmt.ABSENT),),
    )
