"""The cost pane: what runs now, what the buckets hold, and a what-if for one instance type."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input

from tui.core import format as fmt
from tui.core.errors import UserError
from tui.core.jobs import Job, JobState
from tui.screens.base import BaseScreen, pane_bindings
from tui.screens.cost import rows as rows_of
from tui.screens.cost.rows import CostRow
from tui.screens.cost.scenario import Scenario, number_in, price_sources, scenario_rows
from tui.screens.cost.totals import Totals, add_up
from tui.screens.fleet import FleetState
from tui.widgets.chrome import hint
from tui.widgets.form import DIGITS, FieldChanged, Form, Pick, TextField
from tui.widgets.line import Block, Heading, Line
from tui.widgets.paint import Spans, key_hint
from tui.widgets.record_table import Column, RecordTable
from tui.widgets.styles import style_path

if TYPE_CHECKING:
    from tui.screens.services import Services

DEFAULT_TYPE = "t3.micro"
WHY_COLUMNS = 50
MARKETS = (
    ("on-demand", "on-demand", ""),
    ("spot", "spot", "can be taken"),
)
FORM_HINTS = (("↑↓", "field"), ("→", "complete, turn"), ("tab", "on"))  # the form's own
MAX_GIB = 65_536  # EBS volumes go no further
TYPE_LENGTH = 32  # the longest names have 20


@dataclass
class AddedUp(Message):
    """What the buckets of a connection hold was added up."""

    services: Services
    totals: Totals


class CostScreen(BaseScreen):
    """What it costs now, and what it would."""

    CSS_PATH: ClassVar = [
        style_path("widgets/drawers.tcss"),
        style_path("widgets/form.tcss"),
        style_path("screens/cost.tcss"),
    ]
    BINDINGS = pane_bindings("cost")
    AUTO_FOCUS = "#cost-table"
    pane = "cost"
    room = "cost"

    def __init__(self) -> None:
        super().__init__()
        self._totals: Totals | None = None
        self._totals_of = ("", "")  # the account that was added up
        self._trouble: UserError | None = None
        self._job: Job | None = None
        self._touched = False  # the user changed the what-if: no default overwrites it

    # -- widgets ---------------------------------------------------------------------------

    def content(self) -> ComposeResult:
        """What runs and what is stored at the left, the what-if at the right."""
        columns = [
            Column(""),
            Column("", 17, from_width=52),
            Column("$/h", 8, "r"),
            Column("$/month", 9, "r"),
        ]
        table: RecordTable[CostRow] = RecordTable(
            columns,
            lambda row: row.cells,
            keyed=lambda row: row.key,
            gutter=2,
            gap=1,
            id="cost-table",
        )
        yield Line(id="cost-crumb")
        with Container(id="cost-row"):
            with Container(id="cost-left"):
                yield Heading("Runs now", follows="cost-table", id="cost-now-head")
                yield table
                yield Block(id="cost-sums")
                yield Heading("S3", follows="cost-storage-scroll", id="cost-storage-head")
                with VerticalScroll(id="cost-storage-scroll"):
                    yield Block(id="cost-storage")
            with Container(id="cost-right"):
                yield Heading("What if", follows="cost-form", id="cost-if-head")
                with Form(id="cost-form"):
                    yield TextField(
                        "type", "instance type", DEFAULT_TYPE, width=22, longest=TYPE_LENGTH
                    )
                    yield TextField("hours", "hours a day", "8", width=8, longest=DIGITS)
                    yield TextField("days", "days a month", "22", width=8, longest=DIGITS)
                    yield Pick("market", "market", MARKETS, "on-demand")
                    yield TextField("volume", "volume GiB", "30", width=8, longest=DIGITS)
                with VerticalScroll(id="cost-if-scroll"):
                    yield Block(id="cost-if")
                    yield Heading("Where the prices are from", id="cost-sources-head")
                    yield Block(id="cost-sources")

    def connected(self) -> None:
        """Show what is known; a real account's buckets are added up only when asked."""
        self._job = self._trouble = None  # of another connection
        if self._totals_of != self._account:
            self._totals = None
        self._prepare()

    @property
    def _account(self) -> tuple[str, str]:
        """Whose buckets these are: the account, and the endpoint that knows it."""
        return self.services.identity.account, self.deck.wish.endpoint_url

    @work(group="cost-book", exclusive=True, exit_on_error=False)
    async def _prepare(self) -> None:
        """Read the region's prices off the loop, then paint."""
        services = self.services
        types = await services.gateway.run(services.book.instance_types, services.region)
        if self.deck.services is not services:
            return
        names = [kind.name for kind in types]
        field = self.query_one("#field-type Input", Input)
        field.suggester = SuggestFromList(names, case_sensitive=False)
        self.show_fleet()
        self._paint_storage()
        self._paint_what_if()
        if services.identity.sandbox and self._totals is None:
            self._add_up()

    def on_screen_resume(self) -> None:
        """What changed while another pane was open."""
        self.show_fleet()

    # -- what runs -------------------------------------------------------------------------

    def fleet_changed(self, state: FleetState) -> None:
        """Show what runs, if it is this pane that is open."""
        if not self.is_current:
            return
        from tui.cost import running_cost

        services, now = self.services, datetime.now(UTC)
        cost = running_cost(state.instances, services.book, now)
        table = self.query_one("#cost-table", RecordTable)
        rows = rows_of.running_rows(cost, now)
        table.show(rows)
        self.query_one("#cost-now-head", Heading).show(
            meta=(("bright", str(cost.running)), ("muted", f" running in {services.region}"))
        )
        nothing: list[Spans] = [(("muted", "Nothing runs, nothing is charged by the hour."),)]
        if state.asked_at is None:
            failed = "What runs is not known."
            nothing = [(("muted", failed if state.error else "Asking what runs…"),)]
        self.query_one("#cost-sums", Block).show(rows_of.running_sums(cost) if rows else nothing)
        self._paint_crumb(state)
        self._paint_storage()  # how long ago it was added up
        # One that starts may have nothing that is charged yet, and so no row.
        up = [row for row in rows if row.instance.state in ("running", "pending")]
        if not self._touched and up:
            self._take(up[0])

    def _paint_crumb(self, state: FleetState) -> None:
        book = self.services.book
        right: Spans = (
            ("muted", "price book of "),
            ("text", f"{book.as_of:%d %b %Y}"),
            ("muted", ", each price as old as it says"),
        )
        if state.error is not None:
            right = (("danger", f"✗ {state.error.title}"), ("muted", ""))
        self.query_one("#cost-crumb", Line).show(
            (("muted", "cost "), ("dim", "› "), ("bold bright", "now and what if")),
            right,
            right[:2],
        )

    @on(RecordTable.Opened, "#cost-table")
    def _opened(self, event: RecordTable.Opened) -> None:
        self._touched = True
        self._take(event.record)
        self.action_what_if()

    def _take(self, row: CostRow) -> None:
        """Begin the what-if with a machine that exists."""
        one = row.instance
        size = sum(volume.size_gib for volume in one.volumes)
        self.query_one("#field-type", TextField).put(one.type)
        self.query_one("#field-volume", TextField).put(str(size))
        self.query_one("#field-market", Pick).put("spot" if one.spot else "on-demand")
        self._paint_what_if()

    # -- S3 --------------------------------------------------------------------------------

    def action_refresh_cost(self) -> None:
        """Add the buckets up again, and ask for the instances."""
        self.services.fleet.refresh_soon()
        self._add_up()

    def _add_up(self) -> None:
        if self._job is not None and not self._job.state.ended:
            self.say("The buckets are being added up already.")
        else:
            self._add_up_now()

    @work(group="cost-totals", exclusive=True, exit_on_error=False)
    async def _add_up_now(self) -> None:
        from tui.aws.calls import caused_by

        services = self.services

        async def body(job: Job) -> str:
            with caused_by("Add up what the buckets hold"):
                made = await add_up(services.s3, services.region, job.progress)
            self.post_message(AddedUp(services, made))
            return f"{fmt.size(made.size_bytes)} in {made.buckets} buckets"

        self._job = services.jobs.start(
            "add up", "what the buckets hold", body, unit="steps", reads=True
        )
        self._paint_storage()
        ended = await self._job.wait()
        if self.deck.services is services:
            self._trouble = ended.error if ended.state is JobState.FAILED else None
            self._paint_storage()

    @on(AddedUp)
    def _added_up(self, event: AddedUp) -> None:
        if event.services is self.deck.services:
            self._totals, self._totals_of = event.totals, self._account
            self._trouble = None
            self._paint_storage()

    def _paint_storage(self) -> None:
        head, block = (
            self.query_one("#cost-storage-head", Heading),
            self.query_one("#cost-storage", Block),
        )
        totals = self._totals if self._totals_of == self._account else None
        counting = self._job is not None and not self._job.state.ended
        if self._trouble is not None:
            head.show(meta=(("danger", "✗ not added up"),))
            said = (self._trouble.title, self._trouble.message, self._trouble.hint)
            told = [(("text", row),) for part in said for row in textwrap.wrap(part, WHY_COLUMNS)]
            block.show([*told, key_hint(*hint("cost.refresh", "try again"))])
        elif totals is None:
            head.show(meta=(("warn", "◐ adding up…"),) if counting else (("dim", "not added up"),))
            lines: list[Spans] = [(("muted", "Adding up lists every key, 1,000 in a request."),)]
            way = key_hint(*hint("cost.refresh", "add up what the buckets hold"))
            block.show(lines if counting else [*lines, way])
        else:
            region = totals.region(self.services.region)
            ago = fmt.age(totals.at, datetime.now(UTC))
            many = "1 bucket" if totals.buckets == 1 else f"{totals.buckets} buckets"
            state = "◐ adding up…" if counting else f"{ago} ago"
            head.show(meta=(("text", region), ("muted", f" · {many} · {state}")))
            block.show(rows_of.storage_rows(self.services.book, totals, region))

    # -- what if ---------------------------------------------------------------------------

    def hints(self) -> Sequence[tuple[str, str]]:
        """In the form, its keys: letters are typed there."""
        return (*FORM_HINTS, hint("cost.leave")) if self._in_form else super().hints()

    def on_descendant_focus(self) -> None:
        """The form has other keys."""
        self.show_chrome()

    @on(Input.Submitted, "#cost-form Input")
    def _entered(self) -> None:
        self.query_one("#cost-form", Form).action_move(1)

    @on(FieldChanged)
    def _typed(self) -> None:
        # A field also reports the value that it comes with.
        self._touched = self._touched or self._in_form
        self._paint_what_if()

    def action_market(self) -> None:
        """On-demand or spot."""
        self.query_one("#field-market", Pick).action_step(1)

    def action_what_if(self) -> None:
        """To the what-if, or back to what runs."""
        self.set_class(not self._in_form, "-what-if")
        if self._in_form:
            self.query_one("#cost-table").focus()
        else:
            self.query_one("#field-type", TextField).focus_input()

    def action_leave_form(self) -> None:
        """From the what-if to what runs."""
        if self._in_form:
            self.action_what_if()

    def action_take(self) -> None:
        """Begin the what-if with the instance that one is on."""
        self.query_one("#cost-table", RecordTable).action_open()

    @property
    def _in_form(self) -> bool:
        focused = self.focused
        return focused is not None and self.query_one("#cost-form") in focused.ancestors

    def _paint_what_if(self) -> None:
        if self.deck.services is None:
            return
        book, region = self.services.book, self.services.region
        block, sources = self.query_one("#cost-if", Block), self.query_one("#cost-sources", Block)
        scenario = self._scenario()
        if scenario is None:
            return  # the field says what is wrong; the last answer stays, under its own name
        self.query_one("#cost-if-head", Heading).show(
            meta=(("bright", scenario.type), ("muted", f" in {region}"))
        )
        block.show(scenario_rows(book, region, scenario))
        sources.show(price_sources(book, region, scenario.type))

    def _scenario(self) -> Scenario | None:
        """What was typed, or None; each field says what is wrong with it."""
        hours = self._number("hours", Decimal(24))
        days = self._number("days", Decimal(31))
        volume = self._number("volume", Decimal(MAX_GIB), whole=True)
        name = self._type_name()
        if hours is None or days is None or volume is None or name is None:
            return None
        spot = self.query_one("#field-market", Pick).value == "spot"
        return Scenario(name, hours, days, int(volume), spot)

    def _type_name(self) -> str | None:
        field = self.query_one("#field-type", TextField)
        name = field.value.strip().lower()
        book = self.services.book
        if (
            book.instance_type(name) is None
            and book.instance_hour(self.services.region, name) is None
        ):
            field.tell((("danger", "✗ "), ("text", "unknown")) if name else (("dim", "type one"),))
            return None
        if book.instance_hour(self.services.region, name) is None:
            field.tell((("warn", "▲ "), ("text", "no price known here")))
        else:
            field.tell(())
        return name

    def _number(self, name: str, most: Decimal, *, whole: bool = False) -> Decimal | None:
        field = self.query_one(f"#field-{name}", TextField)
        value = number_in(field.value, most, whole=whole)
        wrong: Spans = (("danger", "✗ "), ("text", f"0 to {most:,}"))
        field.tell(wrong if value is None else ())
        return value
