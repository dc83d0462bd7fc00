"""The EC2 pane: the instances, what each is and costs, and what can be done to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical

from tui.aws.calls import caused_by
from tui.core import format as fmt
from tui.core.errors import UserError
from tui.core.plans import Plan
from tui.core.records import Image, Instance
from tui.screens.base import NARROW, BaseScreen, pane_bindings
from tui.screens.ec2 import acts, plans
from tui.screens.ec2 import detail as ec2_detail
from tui.screens.ec2 import table as ec2_table
from tui.screens.ec2.around import Surroundings
from tui.screens.ec2.dialogs import OutputDialog
from tui.screens.fleet import FleetState
from tui.widgets.chrome import hint
from tui.widgets.filter_field import FilterField
from tui.widgets.form import ToldFilter
from tui.widgets.line import Block, Heading, Line
from tui.widgets.notice import Notice
from tui.widgets.record_table import RecordTable
from tui.widgets.styles import style_path

if TYPE_CHECKING:
    from tui.cost import InstanceCost


class Ec2Screen(BaseScreen):
    """The instances of the region."""

    CSS_PATH: ClassVar = [
        style_path("widgets/drawers.tcss"),
        style_path("widgets/form.tcss"),
        style_path("screens/ec2.tcss"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = pane_bindings("ec2")
    pane = "ec2"
    room = "ec2"

    def __init__(self) -> None:
        super().__init__()
        self._costs: dict[str, InstanceCost] = {}
        self._around: Surroundings | None = None
        self._images: dict[str, tuple[Image, ...]] = {}  # for the wizard, by architecture
        self._wanted = ""  # the id that the cursor goes to once it is listed

    def content(self) -> ComposeResult:
        """Breadcrumb, table, and the instance under the cursor in three columns."""
        yield Line((("muted", "ec2 "), ("dim", "› "), ("bold bright", "instances")), id="ec2-crumb")
        yield ToldFilter("part of a name, state, type, zone, key=value", id="ec2-filter")
        yield Heading("Instances", follows="ec2-table", id="ec2-head")
        table: RecordTable[Instance] = RecordTable(
            ec2_table.COLUMNS,
            ec2_table.cells(lambda: self._costs),
            keyed=lambda one: one.id,
            id="ec2-table",
            classes="-fit",
        )
        yield table
        yield Notice(id="ec2-empty")
        with Horizontal(id="ec2-detail", classes="row below"):
            with Vertical(classes="col"):
                yield Heading("", id="ec2-name")
                yield Block(id="ec2-facts", classes="below")
            with Vertical(classes="col gap wide"):
                yield Heading("Way in", id="ec2-way-head")
                yield Block(id="ec2-way", classes="below")
            with Vertical(classes="col gap", id="ec2-money-col"):
                yield Heading("Money", (("dim", "dollars an hour"),), id="ec2-money-head")
                yield Block(id="ec2-money", classes="below")

    # -- what there is ---------------------------------------------------------------------

    @property
    def table(self) -> RecordTable[Instance]:
        """The table of instances."""
        return self.query_one("#ec2-table", RecordTable)

    def connected(self) -> None:
        """Listen to the fleet of this connection."""
        services = self.services
        self._around = Surroundings(services.ec2, services.settings.keys_folder)
        self.table.clear()
        self.query_one(FilterField).reset()
        self.show_fleet()
        self.table.focus()
        self._images = {}
        self._look_ahead()

    @work(group="ec2-look-ahead", exclusive=True, exit_on_error=False)
    async def _look_ahead(self) -> None:
        """Ask for what the wizard begins with, so that `n` opens it at once."""
        from tui.screens.launch.facts import ARCHITECTURES, load_facts

        facts = await load_facts(self.services, ARCHITECTURES[0])
        self._images = dict(facts.images)

    def on_mount(self) -> None:
        """Ages and sums grow while one looks."""
        self.set_interval(5, self._tick)

    def _tick(self) -> None:
        if self.is_current:
            self.show_fleet()

    def fleet_changed(self, state: FleetState) -> None:
        """Show the instances, or why there are none."""
        self._show_notice(state)
        if state.asked_at is None:
            return
        self._price(state.instances)
        table = self.table
        table.show(ec2_table.in_order(state.instances))
        table.repaint()
        if self._wanted and table.move_to_key(self._wanted):
            self._wanted = ""
        self._show_counts()
        if self._around is not None and self._around.lacks(state.instances):
            self._learn(state.instances)

    def _focus_table(self) -> None:
        focused = self.focused
        if focused is None or not all(node.display for node in focused.ancestors_with_self):
            self.table.focus()

    def _price(self, instances: Sequence[Instance]) -> None:
        from tui.cost import running_cost

        cost = running_cost(instances, self.services.book, datetime.now(UTC))
        self._costs = {item.instance.id: item for item in cost.items}

    def _show_notice(self, state: FleetState) -> None:
        notice = self.query_one("#ec2-empty", Notice)
        empty, was_empty = not state.instances, self.table.has_class("gone")
        self.table.set_class(empty, "gone")
        self.query_one("#ec2-detail").set_class(empty, "gone")
        if not empty:
            notice.hide()
            if was_empty or self.focused is None:
                # Once it is shown again: what is hidden takes no focus.
                self.call_after_refresh(self._focus_table)
        elif state.error is not None:
            profile = hint("app.profile", "use another profile")
            notice.failed(state.error, (hint("ec2.refresh", "ask again"), profile))
        elif state.asked_at is None:
            notice.waiting("Asking for the instances…")
        else:
            launch = hint("ec2.launch", "launch one, in six steps, at a known price")
            ways = (launch, hint("app.region", "look in another region"))
            notice.empty(f"No instances in {self.services.region}", ways)

    def _show_counts(self) -> None:
        state, table = self.services.fleet.state, self.table
        self.query_one("#ec2-head", Heading).show(
            meta=ec2_table.counts(len(table.view), state.instances)
        )
        picked = len(table.selected)
        right = [("text", f"{picked}"), ("muted", " selected   ")] if picked else []
        if state.error is not None:
            right += [("warn", "▲ "), ("muted", str(state.error.title))]
        elif state.asked_at is not None:
            age = fmt.age(state.asked_at, datetime.now(UTC))
            right += [("muted", "refreshed "), ("text", age), ("muted", " ago")]
        crumb = self.query_one("#ec2-crumb", Line)
        crumb.show(crumb.left, right)

    @work(group="ec2-around", exclusive=True, exit_on_error=False)
    async def _learn(self, instances: Sequence[Instance]) -> None:
        around = self._around
        assert around is not None
        try:
            await around.learn(instances)
        except UserError as error:
            self.complain(error)
        self._show_detail()

    # -- the one under the cursor ----------------------------------------------------------

    @on(RecordTable.Moved, "#ec2-table")
    def _moved(self) -> None:
        self._show_detail()
        self.show_chrome()

    @on(RecordTable.Selected, "#ec2-table")
    def _picked(self) -> None:
        self._show_counts()
        self.show_chrome()

    def _show_detail(self) -> None:
        one, around = self.table.record, self._around
        if self.deck.services is None or around is None:
            return
        detail = self.query_one("#ec2-detail")
        detail.set_class(one is None, "gone")
        if one is None:
            return
        narrow = self.size.width < NARROW
        kind = self.services.book.instance_type(one.type)
        facts = ec2_detail.narrow_lines(one, around)
        if not narrow:
            facts = [*ec2_detail.fact_lines(one, kind, around), (), ec2_detail.tag_line(one)]
        self.query_one("#ec2-name", Heading).show(one.label, (("muted", one.id),))
        self.query_one("#ec2-facts", Block).show(facts)
        self.query_one("#ec2-way", Block).show(ec2_detail.way_in_lines(one, around))
        money = ec2_detail.money_lines(one, self._costs.get(one.id))
        self.query_one("#ec2-money", Block).show(money)

    def on_resize(self) -> None:
        """Another width shows other facts."""
        if self.is_attached:
            self._show_detail()

    def verbs(self) -> Mapping[str, str]:
        """The key that stops starts what is stopped."""
        can_stop, can_start = self._power()
        return {"ec2.power": "start"} if can_start and not can_stop else {}

    # -- what can be done ------------------------------------------------------------------

    def select_instance(self, instance_id: str) -> None:
        """Put the cursor on an instance, as soon as it is listed."""
        if not self.table.move_to_key(instance_id):
            self._wanted = instance_id

    def action_launch(self) -> None:
        """Open the wizard."""
        from tui.screens.launch.screen import LaunchScreen

        self.deck.push_screen(LaunchScreen(self.select_instance, self._images))

    @on(RecordTable.Opened, "#ec2-table")
    def _opened(self) -> None:
        self.action_log_in()

    def action_log_in(self) -> None:
        """Open a terminal on the instance under the cursor."""
        one = self.table.record
        if one is None:
            self.app.bell()
        elif one.state != "running":
            way = f" {hint('ec2.power')[0]} starts it." if one.state == "stopped" else ""
            self.say(f"{one.label} is {one.state}.{way}", severity="warning")
        else:
            self.deck.open_console(one)

    def _power(self) -> tuple[list[Instance], list[Instance]]:
        """What of the chosen can be stopped, and what can be started."""
        chosen = self.table.chosen
        running = [one for one in chosen if one.state in ("running", "pending")]
        return running, [one for one in chosen if one.state == "stopped"]

    def action_power(self) -> None:
        """Stop what runs; where nothing does, start what is stopped."""
        running, stopped = self._power()
        ec2 = self.services.ec2
        if running:
            self._do(plans.stop_plan(running, self._costs), "Stop", running, ec2.stop)
        elif stopped:
            self._do(plans.start_plan(stopped, self._costs), "Start", stopped, ec2.start)
        else:
            self._cannot("started or stopped", self.table.chosen)

    def action_reboot(self) -> None:
        """Restart the operating system."""
        running = [one for one in self.table.chosen if one.state == "running"]
        if running:
            plan = plans.reboot_plan(running)
            self._do(plan, "Reboot", running, self.services.ec2.reboot)
        else:
            self._cannot("rebooted", self.table.chosen)

    def action_terminate(self) -> None:
        """Delete instances for good."""
        there = [one for one in self.table.chosen if one.state not in ec2_table.GOING]
        if there:
            self._terminate(there)
        else:
            self._cannot("terminated", self.table.chosen)

    def _cannot(self, what: str, chosen: Sequence[Instance]) -> None:
        if not chosen:
            self.app.bell()
            return
        subject = plans.subject(chosen)
        state = f" while {chosen[0].state}" if len(chosen) == 1 else " in their states"
        self.say(f"{subject} can't be {what}{state}.", severity="warning")

    @work(group="ec2-act", exit_on_error=False)
    async def _terminate(self, instances: Sequence[Instance]) -> None:
        await acts.terminate(self, instances, self._costs)

    @work(group="ec2-act", exit_on_error=False)
    async def action_protect(self) -> None:
        """Set or lift the protection from termination."""
        one = self.table.record
        if one is None or one.state in ec2_table.GOING:
            self.app.bell()
        else:
            await acts.protect(self, one)

    @work(group="ec2-act", exit_on_error=False)
    async def _do(
        self,
        plan: Plan,
        verb: str,
        instances: Sequence[Instance],
        call: Callable[[Sequence[str]], Awaitable[Any]],
    ) -> None:
        await acts.confirmed(self, plan, verb, instances, call)

    def acted(self) -> None:
        """Something was changed: select nothing, ask again."""
        self.table.unselect()
        self.services.fleet.refresh_soon()

    @work(group="ec2-output", exclusive=True, exit_on_error=False)
    async def action_output(self) -> None:
        """Show what the machine said as it booted."""
        one = self.table.record
        if one is None:
            self.app.bell()
            return
        try:
            with caused_by(f"Console output of {one.label}"):
                text = await self.services.ec2.console_output(one.id)
        except UserError as error:
            self.complain(error)
            return
        self.app.push_screen(OutputDialog(one.label, text))

    def action_copy(self) -> None:
        """Copy the address of the instance under the cursor."""
        one = self.table.record
        address = one.public_ip or one.private_ip if one is not None else ""
        if not address:
            self.app.bell()
            return
        self.app.copy_to_clipboard(address)
        self.say(f"{address} is on the clipboard.")

    def action_refresh_now(self) -> None:
        """Ask AWS again."""
        self._around = Surroundings(self.services.ec2, self.services.settings.keys_folder)
        self.services.fleet.refresh_soon()

    # -- choosing --------------------------------------------------------------------------

    def action_select(self) -> None:
        """Select or unselect the one under the cursor."""
        self.table.toggle()

    def action_select_all(self) -> None:
        """Select all that is shown, or nothing."""
        self.table.select_all()

    def action_filter(self) -> None:
        """Open the filter field."""
        self.query_one(FilterField).begin()

    def action_clear(self) -> None:
        """Drop the filter; if there is none, the selection."""
        field = self.query_one(FilterField)
        if field.text:
            field.action_drop()
        elif self.table.selected:
            self.table.unselect()

    @on(FilterField.Changed)
    def _filtered(self, event: FilterField.Changed) -> None:
        self.table.narrow(ec2_table.matches(event.text))
        self._show_counts()

    @on(FilterField.Left)
    def _filter_left(self) -> None:
        self.table.focus()
