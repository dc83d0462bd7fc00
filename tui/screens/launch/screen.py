"""The launch wizard: six steps and a review over the EC2 pane, each with a working default."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input

from tui.aws.calls import caused_by
from tui.core.errors import UserError
from tui.core.jobs import Job, JobSnapshot
from tui.core.records import Image, Instance
from tui.launch import REVIEW, edit, reviewed
from tui.screens.base import NARROW, BaseScreen, pane_bindings
from tui.screens.launch.details import DetailsPane
from tui.screens.launch.facts import find_my_address, load_facts
from tui.screens.launch.firewall import FirewallPane
from tui.screens.launch.image import ImagePane
from tui.screens.launch.review import ReviewPane
from tui.screens.launch.run import UNANSWERED, Launch, told_on
from tui.screens.launch.state import PAGES, Wizard, as_error
from tui.screens.launch.step import StepPane, breadcrumb, ending_rows, problem_rows, step_of
from tui.screens.launch.storage import StoragePane
from tui.screens.launch.tags import TagsPane
from tui.screens.launch.total import launch_bar, short_total, total_lines
from tui.screens.launch.type import TypePane
from tui.widgets.chrome import hint
from tui.widgets.line import Block, Line
from tui.widgets.notice import Notice
from tui.widgets.paint import Spans, key_hint
from tui.widgets.record_table import RecordTable
from tui.widgets.stepper import Stepper, stepper_line
from tui.widgets.styles import style_path

if TYPE_CHECKING:
    from tui.screens.services import Services

PANES: tuple[type[StepPane], ...] = (
    *(ImagePane, TypePane, DetailsPane, StoragePane, TagsPane, FirewallPane),
    ReviewPane,
)
WIDE = 114
ACTIONS = frozenset({"next", "back", "launch", "page", "go", "jump"})
LAUNCHING: Spans = (("warn", "◐ "), ("muted", "launching"))
NOTHING_YET: Spans = (("dim", "nothing is created until you launch"),)
NO_IMAGES = UserError("No machine images", "this region has none of the usual systems")


@dataclass
class Launched(Message):
    """AWS has the instances of a launch that this wizard began on a connection."""

    services: Services
    instances: tuple[Instance, ...]


class LaunchScreen(BaseScreen):
    """One launch in the making.

    `chosen` is told the id of what was launched; `images` are known ones, by architecture; `role`
    is what the draft begins with instead of none.
    Another profile or region begins it anew: what there is to choose from is another.
    """

    CSS_PATH: ClassVar = [
        style_path("widgets/drawers.tcss"),
        style_path("widgets/form.tcss"),
        style_path("screens/launch.tcss"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = pane_bindings("launch")
    # Between narrow and wide the stepper gives its column to the page, and is a line.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-roomy"), (WIDE, "-wide")]  # noqa: RUF012
    pane = "ec2"
    room = "launch"

    def __init__(
        self,
        chosen: Callable[[str], None],
        images: Mapping[str, tuple[Image, ...]] | None = None,
        role: str = "",
    ) -> None:
        super().__init__()
        self._chosen, self._images, self._role = chosen, images, role
        self._wizard: Wizard | None = None
        self.at = PAGES[0]
        self._panes: dict[str, StepPane] = {}
        self._to_review = False  # a step was opened from the review: enter goes back there
        self._job: Job | None = None
        self._launch: Launch | None = None
        self._asking = self._launched_already = False
        self._entered_review = False  # enter was pressed there, where it launches nothing
        self._moving = asyncio.Lock()  # keys typed ahead turn one page after the other

    def content(self) -> ComposeResult:
        """Breadcrumb or step line, stepper, page, total."""
        yield Line(id="launch-crumb", classes="wide")
        yield Line(id="launch-steps", classes="narrow")
        yield Notice(id="launch-notice")
        with Horizontal(id="launch-row", classes="row gone"):
            yield Stepper(id="launch-stepper", classes="wide")
            with Vertical(id="launch-page", classes="col"):
                yield Block(id="launch-said")
            with Vertical(id="launch-total", classes="side wide"):
                yield Block(id="launch-total-lines")
                yield Block(id="launch-button")
        yield Line(id="launch-bar", classes="narrow")

    # -- beginning -------------------------------------------------------------------------

    @property
    def wizard(self) -> Wizard:
        """The state of this launch; only to be asked for once it has begun."""
        assert self._wizard is not None
        return self._wizard

    def connected(self) -> None:
        """Begin, or begin anew with another connection."""
        if self._wizard is not None:
            self._forget()
        self._wizard = Wizard(self.services, on_change=self._changed)
        self.query_one("#launch-notice", Notice).waiting("Asking AWS what there is…")
        self._begin()

    def _forget(self) -> None:
        for pane in self._panes.values():
            pane.remove()
        self.workers.cancel_group(self, "launch-next")  # a launch of the old draft that waits
        self._panes, self.at, self._to_review = {}, PAGES[0], False
        self._images = None  # of another region
        self._job = self._launch = None
        self.query_one("#launch-row").add_class("gone")

    @work(group="launch-facts", exclusive=True, exit_on_error=False)
    async def _begin(self) -> None:
        wizard = self.wizard
        facts = await load_facts(self.services, wizard.architecture, self._images)
        notice = self.query_one("#launch-notice", Notice)
        if not facts.images.get(wizard.architecture):
            error = facts.complaints[0] if facts.complaints else NO_IMAGES
            notice.failed(error, (hint("launch.back", "back to the instances"),))
            return
        notice.hide()
        self.query_one("#launch-row").remove_class("gone")
        wizard.begin(facts)
        wizard.change(edit(wizard.draft, role=self._role))
        for error in facts.complaints:
            self.complain(error)
        await self._open(PAGES[0])
        if not facts.my_address:
            with caused_by(None):
                wizard.learn_address(await find_my_address(self.services))

    # -- pages -----------------------------------------------------------------------------

    async def _open(self, page: str) -> None:
        """Show a page; it is made when it is first opened."""
        wizard, first = self.wizard, page not in self._panes
        if first:
            pane = PANES[PAGES.index(page)](wizard)
            self._panes[page] = pane
            await self.query_one("#launch-page").mount(pane, before="#launch-said")
        wizard.seen.add(self.at)
        self.at, self._entered_review = page, False
        if page == REVIEW:
            wizard.seen.update(PAGES)
        for name, pane in self._panes.items():
            pane.set_class(name != page, "gone")
        pane = self._panes[page]
        self._changed()
        pane.start()
        if isinstance(pane, ReviewPane):
            pane.do_recheck()

    @property
    def step_pane(self) -> StepPane | None:
        """The page that is open."""
        return self._panes.get(self.at)

    def _changed(self) -> None:
        """The draft changed: paint everything that tells of it."""
        if not self.is_attached or self._wizard is None or not self._wizard.facts.rows:
            return
        wizard, pane = self._wizard, self.step_pane
        if pane is not None:
            pane.paint()
        index, stages = PAGES.index(self.at), wizard.stages()
        self.query_one("#launch-stepper", Stepper).show(stages, index)
        last = LAUNCHING if self.launching() else NOTHING_YET
        right = last if self.at == REVIEW else step_of(self.at)
        self.query_one("#launch-crumb", Line).show(breadcrumb(self.at), right)
        small = short_total(wizard) if self.size.width < NARROW else right
        self.query_one("#launch-steps", Line).show(stepper_line(stages, index), small)
        self._show_said()
        self._show_total()
        self.show_chrome()

    def _show_said(self) -> None:
        """What is wrong with the step; on the review, what came of the launch."""
        width = self.query_one("#launch-page").size.width
        rows = problem_rows(self.wizard.problems(self.at), width)
        if self.at == REVIEW:
            rows = ending_rows(self._job.snapshot() if self._job is not None else None, width)
            if self._entered_review and not self.launching():
                rows = [*rows, key_hint(*hint("launch.launch", "launches it"))]
        self.query_one("#launch-said", Block).show(rows)

    def _show_total(self) -> None:
        wizard, review = self.wizard, self._panes.get(REVIEW)
        bar = self.query_one("#launch-bar", Line)
        bar.set_class(self.at != REVIEW, "gone")
        lines = total_lines(wizard, "You will pay" if self.at == REVIEW else "Running total")
        if self.at == REVIEW and isinstance(review, ReviewPane):
            job = self._job.snapshot() if self._job is not None and self.launching() else None
            button, word = launch_bar(wizard.subject, review.checks(), launching=job)
            self.query_one("#launch-button", Block).show([button, (), word])
            bar.show(button, word)
        self.query_one("#launch-button").set_class(self.at != REVIEW, "gone")
        self.query_one("#launch-total-lines", Block).show(lines)

    def on_resize(self) -> None:
        """Another width wraps its words elsewhere."""
        self.call_after_refresh(self._changed)

    def hints(self) -> Sequence[tuple[str, str]]:
        """The page's own."""
        if self.query("JobsDrawer, CodeDrawer") or self.step_pane is None:
            return super().hints()
        return self.step_pane.hints()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Digits edit a step on the review; elsewhere they open panes, as everywhere.

        In a drawer the wizard's keys do nothing: one reads there, and one of them spends.
        """
        if (action == "jump" and self.at != REVIEW) or (action in ACTIONS and self.in_drawer()):
            return False
        return super().check_action(action, parameters)

    # -- moving ----------------------------------------------------------------------------

    @on(RecordTable.Opened, "#launch-page RecordTable")
    @on(Input.Submitted, "#launch-page Input")
    def _entered(self, event: Message) -> None:
        event.stop()
        self.action_next()

    @work(group="launch-next", exit_on_error=False)
    async def action_next(self) -> None:
        """To the next step. It ends at the review: a key held down must not spend."""
        async with self._moving:
            pane, page = self.step_pane, self.at
            if pane is None:
                return
            if page == REVIEW:
                self._entered_review = True
                self._show_said()
                return
            if not await pane.may_leave():
                self.app.bell()
                return
            to_review, self._to_review = self._to_review, False
            await self._open(REVIEW if to_review else PAGES[PAGES.index(page) + 1])

    async def action_back(self) -> None:
        """To the step before; from the first, out."""
        index = PAGES.index(self.at)
        if self.launching():
            self.app.bell()
        elif index == 0 or self.step_pane is None:
            self.dismiss(None)
        else:
            self._to_review = False
            async with self._moving:
                await self._open(PAGES[index - 1])

    async def action_go(self, page: str) -> None:
        """To any step."""
        if self.step_pane is not None and page != self.at and not self.launching():
            self._to_review = self.at == REVIEW
            async with self._moving:
                await self._open(page)

    async def action_jump(self, page: str) -> None:
        """From the review to a step, and back with enter."""
        await self.action_go(page)

    # -- what pages do ---------------------------------------------------------------------

    def action_page(self, name: str) -> None:
        """What only the open page can do: `filter`, `add`, ... is its method `do_filter`, ..."""
        act = getattr(self.step_pane, f"do_{name}", None)
        if act is None:
            self.app.bell()
        else:
            act()

    # -- launching -------------------------------------------------------------------------

    def launching(self) -> bool:
        """True from the launch key until AWS answered; a job started again by hand counts."""
        if self._job is None:
            return False
        subject = self._job.subject
        running = self.deck.jobs.running
        return any((job.verb, job.subject) == ("launch", subject) for job in running)

    @work(group="launch-next", exit_on_error=False)
    async def action_launch(self) -> None:
        """Launch what the review shows."""
        if self.at == REVIEW:
            await self._launch_now()
        elif self.step_pane is not None:
            self.say(f"The review comes first: {hint('launch.next')[0]} goes there, step by step.")

    async def _launch_now(self) -> None:
        """Launch once, however often it is asked for."""
        pane = self._panes[REVIEW]
        assert isinstance(pane, ReviewPane)
        if self._asking or self._launched_already or self.launching():
            return
        self._asking = True
        try:
            await pane.checked()
            agreed = await pane.may_leave()
            if self._panes.get(REVIEW) is not pane:
                return  # another region is open: this review is gone
            if agreed:
                self.wizard.draft = reviewed(self.wizard.draft)
                self._start(self._launch_of_this_review())
            elif (blocker := pane.blocker()) is not None:
                self.complain(as_error("Can't launch yet", blocker))
        finally:
            self._asking = False

    def _launch_of_this_review(self) -> Launch:
        """The same object for the same review: after a lost answer it asks for the same again."""
        wizard, launch = self.wizard, self._launch
        if launch is None or launch.draft != wizard.draft:
            launch = self._launch = Launch(
                services=self.services,
                draft=wizard.draft,
                vpc_id=wizard.vpc_id,
                makes_role=wizard.makes_role,
                on_launched=partial(self._tell, self.services),
                on_ended=told_on(self.deck, wizard.subject),
            )
        return launch

    def _start(self, launch: Launch) -> None:
        self._job = self.services.jobs.start(
            "launch", self.wizard.subject, launch.body, unit="steps"
        )
        self._changed()

    def _jobs_changed(self, jobs: tuple[JobSnapshot, ...]) -> None:
        super()._jobs_changed(jobs)
        if self._job is None or not self.is_attached:
            return
        error = self._job.error
        if self._job.state.ended and self._launch is not None:
            # A refused launch is over, its token with it; a lost one is asked for again.
            if error is None or error.code not in UNANSWERED:
                self._launch = None
                self.wizard.draft = edit(self.wizard.draft)
            self._changed()
        elif self.at == REVIEW:
            self._show_total()

    def _tell(self, services: Services, instances: tuple[Instance, ...]) -> None:
        self.post_message(Launched(services, instances))

    @on(Launched)
    def _launched(self, event: Launched) -> None:
        if event.services is not self.deck.services:
            return  # this wizard has begun anew, elsewhere
        self._launched_already = True
        if event.instances:
            self._chosen(event.instances[0].id)
        self._close()

    def on_screen_resume(self) -> None:
        """A launch that was answered while another pane was open is over."""
        if self._launched_already:
            self.call_later(self._close)

    def _close(self) -> None:
        # A screen can be dismissed only while it is on top; else it closes when it is again.
        if self.is_active:
            self.dismiss(None)
