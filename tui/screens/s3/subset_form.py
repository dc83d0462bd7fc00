"""The form that says which rows and columns of an object to pull."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.core import format as fmt
from tui.widgets.dialog import Dialog
from tui.widgets.form import Choice, FieldChanged, FieldOpened, Form, Opener, Pick, TextField
from tui.widgets.line import Block, Line
from tui.widgets.paint import Span, Spans, key_hint
from tui.widgets.record_table import Column, RecordTable
from tui.widgets.styles import style_path

if TYPE_CHECKING:
    from tui.aws.subset.pick import Which
    from tui.aws.subset.pull import Probe
    from tui.aws.subset.query import Query
    from tui.widgets.ask_path import Run

JUDGED_AFTER_SECONDS = 0.15
SHOWN_NAMES = 6
ROWS: tuple[Choice, ...] = (
    ("first", "the first", "stops reading as soon as it has them"),
    ("every", "every k-th", "spread evenly over all of it"),
    ("share", "a random share", "each row by chance"),
    ("sample", "a random number", "exactly so many, each as likely"),
    ("all", "all", ""),
)
AMOUNTS = {"first": "1000", "every": "100", "share": "1", "sample": "1000"}
RANDOM = ("share", "sample")


@dataclass(frozen=True, slots=True)
class Draft:
    """What the form was filled in with."""

    which: Which
    names: tuple[str, ...]
    query: Query | None


class SubsetForm(Dialog[Draft | None]):
    """Rows, columns and a query, judged as they are typed; dismissed with a `Draft`, or None."""

    CSS_PATH: ClassVar = [
        style_path("widgets/dialogs.tcss"),
        style_path("widgets/form.tcss"),
        style_path("screens/subset.tcss"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go", "Go on", tooltip="Say where to write it"),
    ]

    def __init__(self, probed: Probe, objects: int, size_bytes: int, run: Run) -> None:
        """`objects` and `size_bytes` are of all that is read; `run` runs a function in a thread."""
        super().__init__()
        self._probed, self._objects, self._bytes, self._run = probed, objects, size_bytes, run
        self._problems: dict[str, str] = {}
        self._query: Query | None = None
        self._amounts = dict(AMOUNTS)
        self._kind = "first"
        self._judging = False

    def inner(self) -> ComposeResult:
        """Title, fields, what it comes to."""
        name = self._probed.pinned.key.rpartition("/")[2]
        told = f"{self._objects} objects" if self._objects > 1 else name
        yield Line(
            (("bold bright", "Pull a subset"), ("muted", f"  of {told}")), self._size_spans()
        )
        yield Block([self._about()], classes="said")
        with Form(id="subset-form"):
            yield Pick("rows", "rows", ROWS, "first")
            yield TextField("amount", "how many", "1000", width=12, longest=12)
            yield TextField("seed", "seed", "1", width=12, longest=9)
            names = self._probed.shape.names
            shown = ", ".join(names[:SHOWN_NAMES]) + (", …" if len(names) > SHOWN_NAMES else "")
            yield TextField("columns", "columns", placeholder=f"all {len(names)}: {shown}")
            yield Opener("choose", "")
            example = "fare > 10 and zone in ['Harlem', 'SoHo']"
            yield TextField("query", "query", placeholder=f"none; such as {example}")
        yield Block([(), ()], classes="said", id="subset-said")
        yield Line(key_hint("⏎", "say where to"), key_hint("esc", "close"), classes="foot")

    def on_mount(self) -> None:
        """Begin at the rows."""
        self.query_one("#field-choose", Opener).put((("muted", "or choose from the list"),))
        self.query_one(Form).start()
        self._kind_changed("first")

    def _size_spans(self) -> Spans:
        number, unit = fmt.size_parts(self._bytes)
        return (("text", number), ("muted", f" {unit}"))

    def _about(self) -> Spans:
        shape = self._probed.shape
        kind = shape.format + (f".{shape.packed}" if shape.packed else "")
        about = "" if shape.rows is not None else "about "
        rows = self._probed.rows_about
        told = f"{about}{fmt.count(rows)} rows, " if rows is not None else ""
        first = " in the first one" if self._objects > 1 else ""
        return (("muted", f"{kind}: {told}{len(shape.columns)} columns{first}"),)

    # -- fields ----------------------------------------------------------------------------

    def _text(self, field: str) -> str:
        return self.query_one(f"#field-{field}", TextField).value.strip()

    @on(FieldChanged)
    def _changed(self, event: FieldChanged) -> None:
        event.stop()
        if event.name == "rows":
            self._kind_changed(event.value)
        elif event.name == "amount":
            self._amounts[self._kind] = event.value
            self._judge_amount()
        elif event.name == "seed":
            self._judge_seed()
        elif event.name == "columns":
            self._judge_columns()
        elif event.name == "query":
            self._judge_query()
        self._say()

    def _kind_changed(self, kind: str) -> None:
        self._kind = kind
        amount = self.query_one("#field-amount", TextField)
        amount.set_class(kind == "all", "gone")
        self.query_one("#field-seed").set_class(kind not in RANDOM, "gone")
        if kind != "all":
            amount.put(self._amounts[kind])
        self._judge_amount()
        self._judge_seed()
        self._say()

    def _judge_amount(self) -> None:
        problem, note = amount_problem(self._kind, self._amounts.get(self._kind, ""))
        self._put_problem("amount", problem, note)

    def _judge_seed(self) -> None:
        typed = self._text("seed")
        wrong = self._kind in RANDOM and not (typed.isascii() and typed.isdigit())
        told = "a whole number: the same takes the same rows again"
        self._put_problem("seed", told if wrong else "", "the same takes the same rows again")

    def _judge_columns(self) -> None:
        names, problem = typed_names(self._text("columns"), self._probed.shape.names)
        note = f"{len(names)} of {len(self._probed.shape.names)}" if names else ""
        self._put_problem("columns", problem, note)

    def _put_problem(self, field: str, problem: str, note: str) -> None:
        self._problems[field] = problem
        told: Spans = (("danger", "✗ "), ("text", problem)) if problem else (("muted", note),)
        self.query_one(f"#field-{field}", TextField).tell(told if problem or note else ())

    @work(group="query", exclusive=True, exit_on_error=False)
    async def _judge_query(self) -> None:
        """Try the query on the first rows, off the event loop."""
        text = self._text("query")
        self._query, self._problems["query"] = None, ""
        if not text:
            self._say()
            return
        self._judging = True
        try:
            await asyncio.sleep(JUDGED_AFTER_SECONDS)
            query, problem, note = await self._run(tried, text, self._probed)
        finally:
            self._judging = False
        if self.is_mounted and text == self._text("query"):
            self._query, self._problems["query"] = query, problem
            self._query_note = note
            self._say()

    _query_note = ""

    @on(FieldOpened)
    def _opened(self, event: FieldOpened) -> None:
        event.stop()
        self._choose_columns()

    @work(group="columns", exclusive=True, exit_on_error=False)
    async def _choose_columns(self) -> None:
        shape = self._probed.shape
        names, _ = typed_names(self._text("columns"), shape.names)
        chosen = await self.app.push_screen_wait(ChooseColumns(shape.columns, names))
        if chosen is not None:
            field = self.query_one("#field-columns", TextField)
            field.put(", ".join(_typed(name) for name in chosen))
            self._judge_columns()
            self._say()

    # -- what it comes to ------------------------------------------------------------------

    def _say(self) -> None:
        if not self.is_mounted:
            return
        self.query_one("#subset-said", Block).show([self._said_of_query(), self._said_of_cost()])

    def _said_of_query(self) -> Spans:
        if self._problems.get("query"):
            return (("danger", "✗ "), ("text", self._problems["query"]))
        if self._query is not None:
            return (("run", "✓ "), ("muted", self._query_note))
        return ()

    def _said_of_cost(self) -> Spans:
        which = self._kind
        reads = f"reads all {fmt.size(self._bytes)}"
        if self._probed.shape.format == "parquet" and self._text("columns"):
            reads = "transfers the chosen columns only"
        if which == "first":
            reads = "reads until it has them"
        told: list[Span] = [("muted", f"{reads}, a chunk at a time")]
        amount = self._amounts.get(which, "")
        if which == "sample" and amount.isascii() and amount.isdigit() and len(amount) < 9:
            held = int(amount) * self._probed.shape.row_bytes * 2
            told.append(("muted", f"; the sample is held until the end, about {fmt.size(held)}"))
        return told

    def on_input_submitted(self) -> None:
        """Enter in a field."""
        self.action_go()

    def action_go(self) -> None:
        """Hand the draft back, if nothing is wrong with it."""
        self._finish()

    @work(group="finish", exclusive=True, exit_on_error=False)
    async def _finish(self) -> None:
        text = self._text("query")
        if text and self._query is None and not self._problems.get("query"):
            self._query, self._problems["query"], _ = await self._run(tried, text, self._probed)
        if any(self._problems.values()):
            self._say()
            self.app.bell()
            return
        names, _ = typed_names(self._text("columns"), self._probed.shape.names)
        seed = int(self._text("seed") or 0) if self._kind in RANDOM else 0
        amount = self._amounts.get(self._kind, "")
        self.dismiss(Draft(which_of(self._kind, amount, seed), names, self._query))


class ChooseColumns(Dialog[tuple[str, ...]]):
    """Choose columns from a list; dismissed with their names, none for all; None keeps them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "choose", "Choose", tooltip="Choose the column, or no longer"),
        Binding("a", "every", "All", tooltip="Choose all or none"),
        Binding("enter", "take", "Take", tooltip="Take the chosen columns", priority=True),
    ]

    def __init__(self, columns: Sequence[tuple[str, str]], chosen: Sequence[str]) -> None:
        super().__init__()
        self._columns, self._chosen = columns, chosen

    def inner(self) -> ComposeResult:
        """The columns with their types."""
        yield Line((("bold bright", "Columns"),), id="columns-title")
        table: RecordTable[tuple[str, str]] = RecordTable(
            [Column(""), Column("", 16)],
            lambda row: ((("text", row[0]),), (("muted", row[1]),)),
            keyed=lambda row: row[0],
            head=False,
            id="columns-table",
            classes="-fit",
        )
        yield table
        ways: Spans = (*key_hint("space", "choose"), ("text", "   "), *key_hint("a", "all or none"))
        yield Line(ways, key_hint("⏎", "take them"), classes="foot")

    def on_mount(self) -> None:
        """The chosen ones are marked."""
        table = self.query_one("#columns-table", RecordTable)
        table.show(self._columns)
        table.selected = set(self._chosen)
        table.repaint()
        table.focus()

    def action_choose(self) -> None:
        """Choose the column under the cursor, or no longer."""
        self.query_one("#columns-table", RecordTable).toggle()

    def action_every(self) -> None:
        """All or none."""
        self.query_one("#columns-table", RecordTable).select_all()

    def action_take(self) -> None:
        """Hand the names back, in the table's order."""
        selected = self.query_one("#columns-table", RecordTable).selected
        self.dismiss(tuple(name for name, _ in self._columns if name in selected))


def tried(text: str, probed: Probe) -> tuple[Query | None, str, str]:
    """Judge a query and try it on the first rows: (query, problem, note). Blocks."""
    from tui.aws.subset.query import QueryError, judged

    try:
        query = judged(text, probed.shape.names)
        mask = query.mask(probed.sample)
    except QueryError as error:
        return None, str(error), ""
    if not len(mask):
        return query, "", "it can be asked"
    return query, "", f"{fmt.count(int(mask.sum()))} of the first {fmt.count(len(mask))} rows match"


def amount_problem(kind: str, text: str) -> tuple[str, str]:
    """What is wrong with a number of rows, and what is said beside it."""
    from tui.aws.subset.pick import MOST_SAMPLED

    if kind == "all":
        return "", ""
    if kind == "share":
        share = _share(text)
        return (
            ("a share above 0 and up to 100", "") if share is None else ("", "percent of the rows")
        )
    number = _whole(text)
    if number is None or number < 1:
        return "a whole number from 1 on", ""
    if kind == "sample" and number > MOST_SAMPLED:
        return f"at most {MOST_SAMPLED:,}: they are held until the end", ""
    return "", {"every": f"rows 1, {number + 1:,}, {2 * number + 1:,}, …"}.get(kind, "rows")


def which_of(kind: str, amount: str, seed: int) -> Which:
    """The wish of a kind and a number that `amount_problem` lets pass."""
    from tui.aws.subset.pick import Which

    if kind == "all":
        return Which()
    if kind == "share":
        return Which("share", share=_share(amount) or 0.0, seed=seed)
    return Which(kind, _whole(amount) or 0, seed=seed if kind == "sample" else 0)


def _whole(text: str) -> int | None:
    cleaned = text.strip().replace(",", "").replace("_", "")
    return int(cleaned) if cleaned.isascii() and cleaned.isdigit() and len(cleaned) < 13 else None


def _share(text: str) -> float | None:
    try:
        share = float(text.strip().rstrip("%")) / 100
    except ValueError:
        return None
    return share if 0 < share <= 1 else None


def typed_names(text: str, known: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """Read columns as typed, commas apart (a name with one in quotes): (names, problem)."""
    import csv

    try:
        parts = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error:
        return (), "a quotation mark is missing"
    names = [part.strip() if part.strip() in known else part for part in parts if part.strip()]
    for name in names:
        if name not in known:
            near = next((one for one in known if one.lower().startswith(name.strip().lower())), "")
            return (), f"there is no column {name.strip()}" + (f"; {near}?" if near else "")
    return tuple(dict.fromkeys(names)), ""


def _typed(name: str) -> str:
    quoted = any(mark in name for mark in ',"\n') or name != name.strip()
    return '"' + name.replace('"', '""') + '"' if quoted else name
