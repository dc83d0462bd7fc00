"""The base of every pane: header, tabs, body, job strip, footer, drawers, and being connected."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.dom import DOMNode
from textual.screen import Screen
from textual.types import CSSPathType

from tui import keymap
from tui.core.errors import NotConnected, UserError
from tui.core.jobs import JobSnapshot
from tui.widgets import chrome
from tui.widgets.drawer import CancelWanted, Closed, ExportSession, ItemsWanted, LimitsWanted
from tui.widgets.guard import Guarded
from tui.widgets.keys import bindings
from tui.widgets.line import Line
from tui.widgets.notice import Notice
from tui.widgets.paint import Spans
from tui.widgets.styles import style_path

if TYPE_CHECKING:
    from tui.screens.deck import Deck
    from tui.screens.fleet import Fleet, FleetState
    from tui.screens.services import Services
    from tui.widgets.jobs_drawer import JobsDrawer

NARROW = 100
DRAWERS = (("JobsDrawer", "jobs"), ("CodeDrawer", "code"))
BENEATH_SECONDS = 1.0  # between two updates of what a dialog covers


class BaseScreen(Guarded, Screen[None]):
    """A pane. Subclasses set `pane` and `room`, fill `content`, and act in `connected`.

    Class attributes:
        pane: the tab that this screen belongs to.
        room: the room of the key map whose hints the footer shows.
    """

    CSS_PATH: ClassVar[CSSPathType | None] = style_path("widgets/drawers.tcss")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-roomy")]  # noqa: RUF012
    AUTO_FOCUS = "RecordTable"  # never a filter field that is not shown: it would eat all keys
    pane = "s3"
    room = "s3"
    _jobs_shown = 0.0
    _fleet: Fleet | None = None  # the one that is listened to

    def compose(self) -> ComposeResult:
        """The chrome round `content`."""
        with Container(id="top"):
            yield Line(id="top-identity")
            yield Line(id="top-tabs")
        with Container(id="stage"):
            with Container(id="body"):
                yield from self.content()
            yield Notice(id="notice")
        yield Line(id="strip")
        yield Line(id="foot")

    def content(self) -> ComposeResult:
        """The pane's widgets; subclasses fill it."""
        yield from ()

    # -- connection ------------------------------------------------------------------------

    @property
    def deck(self) -> Deck:
        """The app, by its own type."""
        return cast("Deck", self.app)

    @property
    def services(self) -> Services:
        """The services.

        Raises:
            NotConnected: another region or profile is being opened.
        """
        services = self.deck.services
        if services is None:
            raise NotConnected
        return services

    def on_mount(self) -> None:
        """Show the chrome; go on once the connection stands."""
        self.deck.status_signal.subscribe(self, lambda _status: self.show_chrome())
        self.deck.jobs_signal.subscribe(self, self._jobs_changed)
        self.deck.connected_signal.subscribe(self, lambda _services: self._connection_changed())
        self.deck.places_signal.subscribe(self, lambda place: self.place_changed(*place))
        self.set_interval(15, self.show_chrome)
        self.show_chrome()
        self._connection_changed()

    def on_unmount(self) -> None:
        """Nothing is to be heard of any more."""
        self._listen_to(None)

    def on_screen_resume(self) -> None:
        """The chrome and the drawer may be stale after another pane or a dialog was open."""
        if self.is_mounted:
            self.show_chrome()
            self._refresh_drawer(self.deck.jobs.snapshots())

    def _connection_changed(self) -> None:
        if self.deck.ending:
            return  # the widgets are being taken down
        notice, body = self.query_one("#notice", Notice), self.query_one("#body")
        deck = self.deck
        self._listen_to(deck.services.fleet if deck.services is not None else None)
        if deck.services is not None:
            notice.hide()
            body.remove_class("-hidden")
            self.connected()
            return
        body.add_class("-hidden")
        if deck.connect_error is not None:
            ways = (
                chrome.hint("app.profile", "use another profile or the sandbox"),
                chrome.hint("app.region", "choose a region and try again"),
                chrome.hint("app.quit", "quit"),
            )
            notice.failed(deck.connect_error, ways)
        else:
            notice.waiting(deck.status.waiting or "Connecting…", deck.waiting_for)

    def connected(self) -> None:
        """A connection stands (again): show what there is. Subclasses act here."""

    def place_changed(self, bucket: str, prefix: str) -> None:
        """A job that no pane has started changed something there. Subclasses act here."""

    # -- fleet -----------------------------------------------------------------------------

    def fleet_changed(self, state: FleetState) -> None:
        """What runs changed, or was asked for. Subclasses that show it act here."""

    def show_fleet(self) -> None:
        """Have `fleet_changed` show what is known by now."""
        if self._fleet is not None:
            self._fleet_told(self._fleet.state)

    def _listen_to(self, fleet: Fleet | None) -> None:
        """Hear of this fleet alone."""
        if self._fleet is not None and self._fleet_told in self._fleet.listeners:
            self._fleet.listeners.remove(self._fleet_told)  # a stopped fleet has none left
        self._fleet = fleet
        if fleet is not None:
            fleet.listeners.append(self._fleet_told)

    def _fleet_told(self, state: FleetState) -> None:
        if not self.is_attached or self.deck.ending or self.deck.services is None:
            return
        if state is self.services.fleet.state:  # else it is an old connection's
            self.fleet_changed(state)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a connection, or in a drawer, a pane's own keys do nothing."""
        if action in _actions_of(self.room):
            return self.deck.services is not None and not self.in_drawer()
        return super().check_action(action, parameters)

    def in_drawer(self) -> bool:
        """Whether one reads in a drawer, whose keys are its own."""
        return self.keys_of()[1] is not self

    def keys_of(self) -> tuple[str, DOMNode]:
        """The room whose keys work just now, and who does its actions: a drawer one is in."""
        nodes = self.focused.ancestors_with_self if self.focused is not None else []
        for name, room in DRAWERS:
            for drawer in self.query(name):
                if drawer in nodes:
                    return room, drawer
        return self.room, self

    # -- chrome ----------------------------------------------------------------------------

    def hints(self) -> Sequence[tuple[str, str]]:
        """(key, verb) of the footer; by default the hinted keys of the room, or of a drawer."""
        for drawer, room in DRAWERS:
            if self.query(drawer):
                return chrome.room_hints(room)
        return chrome.room_hints(self.room, self.verbs())

    def verbs(self) -> Mapping[str, str]:
        """What some keys of the room do just now, by id, where it is not what they are called."""
        return {}

    def foot_right(self) -> tuple[Spans, Spans]:
        """The footer's right end, and a shorter one."""
        return chrome.foot_right()

    def show_chrome(self) -> None:
        """Paint header, tabs, strip and footer anew."""
        if not self.is_current and not self.is_active:
            return
        deck, width = self.deck, self.size.width or self.app.size.width
        narrow = width < NARROW
        self.query_one("#top-identity", Line).show(
            chrome.identity_line(deck.status, narrow=narrow),
            chrome.burn_line(deck.status, narrow=narrow),
            chrome.burn_line(deck.status, narrow=True),
        )
        self._show_jobs(deck.jobs.snapshots(), narrow=narrow)
        self.query_one("#foot", Line).show(chrome.hints_line(self.hints()), *self.foot_right())

    def on_resize(self) -> None:
        """Another width has another chrome."""
        if self.is_mounted:
            self.show_chrome()

    def _show_jobs(self, jobs: Sequence[JobSnapshot], *, narrow: bool) -> None:
        tabs = chrome.tabs_line(self.pane)
        self.query_one("#top-tabs", Line).show(tabs, chrome.jobs_line(jobs, narrow=narrow))
        running = next((job for job in jobs if job.running), None)
        strip = self.query_one("#strip", Line)
        shown = running is not None and not self.query("JobsDrawer")
        strip.set_class(shown, "-shown")
        if running is not None:
            strip.show(*chrome.strip_line(running, self.size.width))

    def _jobs_changed(self, jobs: tuple[JobSnapshot, ...]) -> None:
        if not self.is_current:
            return
        now = time.monotonic()
        # Under a dialog every change paints the whole terminal anew.
        if self.is_active or now - self._jobs_shown >= BENEATH_SECONDS:
            self._jobs_shown = now
            self._show_jobs(jobs, narrow=self.size.width < NARROW)
            self._refresh_drawer(jobs)

    def _refresh_drawer(self, jobs: Sequence[JobSnapshot]) -> None:
        for drawer in self.query("JobsDrawer"):
            cast("JobsDrawer", drawer).refresh_jobs(jobs)

    # -- saying things ---------------------------------------------------------------------

    def say(self, text: str, *, title: str = "", severity: str = "information") -> None:
        """Show a toast; the text may quote remote names."""
        self.deck.say(text, title=title, severity=severity)

    def complain(self, error: UserError) -> None:
        """Show an error's sentence as a toast."""
        self.deck.complain(error)

    # -- drawers ---------------------------------------------------------------------------

    async def action_jobs(self) -> None:
        """Open or close the jobs drawer."""
        if self.query("JobsDrawer"):
            await self.close_drawers()
            return
        await self.close_drawers()
        from tui.widgets.jobs_drawer import JobsDrawer

        self._before_drawer = self.focused
        await self.query_one("#stage").mount(JobsDrawer(self.deck.jobs))
        self.show_chrome()

    async def action_code(self) -> None:
        """Open or close the code drawer."""
        if self.query("CodeDrawer"):
            await self.close_drawers()
            return
        await self.close_drawers()
        from tui.widgets.drawers import CodeDrawer

        self._before_drawer = self.focused
        log, render, session = self.deck.code_source()
        await self.query_one("#stage").mount(CodeDrawer(log, render, session))
        self.show_chrome()

    async def close_drawers(self) -> None:
        """Close what floats and give the focus back."""
        drawers = self.query("JobsDrawer, CodeDrawer")
        if not drawers:
            return
        await drawers.remove()
        before = getattr(self, "_before_drawer", None)
        if before is not None and before.is_mounted:
            before.focus()
        self.show_chrome()

    @on(Closed)
    async def _drawer_closed(self) -> None:
        await self.close_drawers()

    @on(LimitsWanted)
    def _limits_wanted(self, event: LimitsWanted) -> None:
        from tui.screens.jobs.acts import ask_limits

        self.run_worker(ask_limits(self.deck, event.job_id), group="job", exit_on_error=False)

    @on(ItemsWanted)
    def _items_wanted(self, event: ItemsWanted) -> None:
        from tui.screens.jobs.acts import show_items

        show_items(self.deck, event.job_id)

    @on(CancelWanted)
    def _cancel_wanted(self, event: CancelWanted) -> None:
        from tui.screens.jobs.acts import ask_cancel

        self.run_worker(ask_cancel(self.deck, event.job_id), group="job", exit_on_error=False)

    @on(ExportSession)
    def _export_session(self) -> None:
        self.deck.action_export_session()


@cache
def _actions_of(room: str) -> frozenset[str]:
    """The actions of a room that need a connection."""
    if room == "start":
        return frozenset()
    return frozenset(key.action.partition("(")[0] for key in keymap.room(room))


def pane_bindings(room: str) -> list[BindingType]:
    """The bindings of a pane: its room's, and the drawers'."""
    drawers = [b for b in bindings("app") if getattr(b, "id", "") in ("app.jobs", "app.code")]
    return [*drawers, *bindings(room)]
