"""The console pane: live terminals on instances, one tab each, and their files beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.events import DescendantBlur, DescendantFocus

from tui.core.errors import UserError
from tui.core.jobs import Job
from tui.core.plans import Plan, Risk
from tui.core.records import Instance
from tui.screens.base import BaseScreen, pane_bindings
from tui.screens.console import copy as console_copy
from tui.screens.console.files import HOME, FilesPanel
from tui.screens.console.login import open_session
from tui.screens.console.tabs import (
    ConsoleTab,
    TabState,
    lost_lines,
    state_line,
    tab_bar,
    tell_nothing_open,
)
from tui.widgets.dialog import Choose, Confirm
from tui.widgets.line import Block, Heading, Line
from tui.widgets.notice import Notice
from tui.widgets.paint import Spans
from tui.widgets.record_table import RecordTable
from tui.widgets.styles import style_path
from tui.widgets.terminal import TerminalView

if TYPE_CHECKING:
    from tui.screens.fleet import FleetState
    from tui.ssh.session import SshSession

TERMINAL_HINTS = (("^]", "leave the terminal"),)


class ConsoleScreen(BaseScreen):
    """Terminals on instances."""

    pane = room = "console"
    BINDINGS: ClassVar[list[BindingType]] = pane_bindings("console")
    CSS_PATH = [  # noqa: RUF012
        style_path("widgets/drawers.tcss"),
        style_path("widgets/terminal.tcss"),
        style_path("screens/console.tcss"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.tabs: list[ConsoleTab] = []
        self.current: ConsoleTab | None = None

    def content(self) -> ComposeResult:
        """Tab bar, terminal, files."""
        yield Line(id="console-bar", classes="air")
        yield Notice(id="console-nothing")
        with Container(classes="row", id="console-row"):
            with Vertical(classes="col", id="console-shell"):
                yield Heading("Terminal", follows="console-terms", id="console-head")
                yield Block(id="console-banner")
                yield Container(id="console-terms")
            yield FilesPanel()

    def connected(self) -> None:
        """Another connection has other instances: its consoles end."""
        for tab in list(self.tabs):
            self._forget(tab)
        self._go_to(None)

    def on_unmount(self) -> None:
        """Hang up everywhere."""
        for tab in self.tabs:
            self._hang_up(tab)

    def on_screen_resume(self) -> None:
        """What runs may be another thing by now."""
        self.show_fleet()

    def fleet_changed(self, state: FleetState) -> None:
        """Without a console, say what one could log in to."""
        if self.current is None:
            tell_nothing_open(self.query_one("#console-nothing", Notice), state)

    # -- opening ---------------------------------------------------------------------------

    async def open(self, instance: Instance) -> None:
        """Open (or go to) a console on an instance."""
        for tab in self.tabs:
            if tab.instance.id == instance.id:
                tab.instance = instance
                self._go_to(tab)
                if tab.state is TabState.LOST:
                    self._connect(tab)
                else:
                    tab.view.focus()
                return
        view = TerminalView()
        await self.query_one("#console-terms").mount(view)
        tab = ConsoleTab(instance, view)
        self.tabs.append(tab)
        self._go_to(tab)
        self._connect(tab)

    def _go_to(self, tab: ConsoleTab | None) -> None:
        """Show a tab, or that there is none, and its machine's files."""
        self.current = tab
        self._show()
        self._list_soon(tab.files_path if tab is not None else HOME)

    def _connect(self, tab: ConsoleTab) -> None:
        if tab.view.failure is not None:
            self._give_up(tab, tab.view.failure)
            return
        tab.state, tab.error, tab.step = TabState.CONNECTING, None, "looking up the instance"
        self._show()
        tab.view.focus()
        tab.task = asyncio.get_running_loop().create_task(self._log_in(tab), name="console")

    async def _log_in(self, tab: ConsoleTab) -> None:
        try:
            await self._open_session(tab)
        except UserError as error:
            tab.state, tab.error = TabState.LOST, error
        except Exception as error:
            tab.state = TabState.LOST
            tab.error = UserError(f"Can't log in to {tab.instance.label}", type(error).__name__)
        self._show()
        if tab.session is not None and tab is self.current:
            self._list_soon(tab.files_path)

    async def _open_session(self, tab: ConsoleTab) -> None:
        def step(text: str) -> None:
            tab.step = text
            self._show_bar()

        session = await open_session(self.app, self.services, tab, step)
        tab.session, tab.state = session, TabState.OPEN
        session.on_closed = lambda reason: self._session_closed(tab, reason)
        tab.view.attach(session.write, session.resize, session.flow)
        session.resize(tab.view.columns, tab.view.rows)
        session.on_data = tab.view.feed

    def _session_closed(self, tab: ConsoleTab, reason: str) -> None:
        tab.session, tab.state = None, TabState.LOST
        tab.error = UserError("Disconnected", reason)
        tab.view.detach()
        if tab in self.tabs and self.is_attached:
            self._show()

    @on(TerminalView.Failed)
    def _no_terminal(self, event: TerminalView.Failed) -> None:
        for tab in self.tabs:
            if tab.view is event.view:
                self._give_up(tab, event.error)

    def _give_up(self, tab: ConsoleTab, error: UserError) -> None:
        """There is no terminal to show a session in: log in no further."""
        self._hang_up(tab)
        tab.view.detach()
        tab.state, tab.error = TabState.LOST, error
        if tab.view.has_focus:
            self.set_focus(None)  # the banner's keys are the screen's
        self._show()

    # -- showing ---------------------------------------------------------------------------

    def _show(self) -> None:
        if not self.is_attached:
            return
        tab = self.current
        for one in self.tabs:
            one.view.display = one is tab
        self.set_class(tab is None, "-nothing")
        banner = self.query_one("#console-banner", Block)
        banner.set_class(tab is not None and tab.state is TabState.LOST, "-shown")
        if tab is not None and tab.state is TabState.LOST:
            banner.show(lost_lines(tab))
        self.show_fleet()
        self._show_bar()
        self.show_chrome()

    def _show_bar(self) -> None:
        if self.is_attached:
            title: tuple[tuple[str, str], ...] = (("bold bright", "Console"),)
            left = tab_bar(self.tabs, self.current) if self.tabs else title
            self.query_one("#console-bar", Line).show(left, state_line(self.current))
            size = ""
            if self.current is not None:
                size = f"{self.current.view.columns} × {self.current.view.rows}"
            self.query_one("#console-head", Heading).show(meta=(("muted", size),))

    @property
    def _typing(self) -> bool:
        """True while all keys belong to the remote."""
        return isinstance(self.focused, TerminalView)

    def hints(self) -> Sequence[tuple[str, str]]:
        """In a terminal only one key is ours."""
        return TERMINAL_HINTS if self._typing else super().hints()

    def foot_right(self) -> tuple[Spans, Spans]:
        """Help and palette are out of reach of a terminal's keys."""
        return ((), ()) if self._typing else super().foot_right()

    @on(DescendantFocus)
    @on(DescendantBlur)
    def _focus_moved(self) -> None:
        self.show_chrome()

    @on(TerminalView.Resized)
    def _resized(self) -> None:
        self._show_bar()

    @on(TerminalView.Left)
    def _left(self) -> None:
        if self.query_one(FilesPanel).display:
            self.query_one("#console-entries").focus()
        else:
            self.set_focus(None)

    # -- actions ---------------------------------------------------------------------------

    @work(group="console-new", exclusive=True, exit_on_error=False)
    async def action_new(self) -> None:
        """Choose a running instance and log in."""
        fleet = self.services.fleet.state
        running = fleet.running
        if fleet.asked_at is None and fleet.error is None:
            self.say("AWS was asked which instances run. Try again in a moment.")
            return
        if not running:
            self.say("No instance runs: press 2, then n, to launch one.", severity="warning")
            return
        choices = [(one.id, one.label, f"{one.type} · {one.public_ip}") for one in running]
        chosen = await self.app.push_screen_wait(Choose("Log in to", choices))
        for one in running:
            if one.id == chosen:
                await self.open(one)

    def action_type(self) -> None:
        """Into the terminal; without one, choose an instance."""
        if self.current is None:
            self.action_new()
        elif self.current.session is None:
            self.action_reconnect()
        else:
            self.current.view.focus()

    def action_reconnect(self) -> None:
        """Log in again after the connection was lost."""
        if self.current is not None and self.current.state is TabState.LOST:
            self._connect(self.current)

    def action_next_tab(self) -> None:
        """The next console."""
        if self.tabs and self.current is not None:
            at = self.tabs.index(self.current)
            self._go_to(self.tabs[(at + 1) % len(self.tabs)])

    def action_files(self) -> None:
        """To the files; on a narrow screen they take the terminal's place, and give it back."""
        self.toggle_class("-files")
        self.query_one("#console-entries").focus()

    @work(group="console-close", exclusive=True, exit_on_error=False)
    async def action_close_tab(self) -> None:
        """Hang up and close the tab; asks while the shell lives."""
        tab = self.current
        if tab is None:
            return
        plan = Plan(
            title=f"Close the console on {tab.instance.label}",
            verb="Hang up",
            intro="Programs started in this shell end with it, unless they run under tmux or "
            "nohup. The instance goes on running, and costing.",
            risk=Risk.CAREFUL,
            keep="stay",
        )
        if tab.session is None or await self.app.push_screen_wait(Confirm(plan)):
            self._forget(tab)
            self._go_to(self.current)

    def _forget(self, tab: ConsoleTab) -> None:
        self._hang_up(tab)
        self.tabs.remove(tab)
        tab.view.remove()
        if tab is self.current:
            self.current = self.tabs[-1] if self.tabs else None

    def _hang_up(self, tab: ConsoleTab) -> None:
        if tab.task is not None:
            tab.task.cancel()
        if tab.session is not None:
            tab.session.on_closed = None
            session, tab.session = tab.session, None
            self.app.run_worker(session.close(), group="hang-up", exit_on_error=False)

    # -- files -----------------------------------------------------------------------------

    async def _list_files(self, path: str) -> None:
        if not self.is_attached:
            return
        tab, panel = self.current, self.query_one(FilesPanel)
        session = tab.session if tab is not None else None
        try:
            if await panel.show_folder(session, path) and tab is not None:
                tab.files_path = panel.path
        except UserError as error:
            self.complain(error)
            gone = session is None or session.closed.is_set()
            if path != HOME and panel.session is session and not (panel.listed or gone):
                await self._list_files(HOME)  # where one left off is gone

    def _list_soon(self, path: str) -> None:
        self.run_worker(self._list_files(path), group="files", exclusive=True, exit_on_error=False)

    @on(RecordTable.Opened, "#console-entries")
    def _entry_opened(self, event: RecordTable.Opened) -> None:
        if event.record.is_folder:
            self._list_soon(self.query_one(FilesPanel).child(event.record.name))
        else:
            self.action_fetch()

    def action_refresh(self) -> None:
        """List the remote folder again."""
        self._list_soon(self.query_one(FilesPanel).path)

    def _session_of_files(self) -> SshSession | None:
        """The open session that the files shown came over; says what is missing."""
        session = self.current.session if self.current is not None else None
        if session is None:
            self.say("Log in first.", severity="warning")
        elif self.query_one(FilesPanel).session is not session:
            self.say("These files are another connection's: press F7.", severity="warning")
            return None
        return session

    @work(group="console-send", exclusive=True, exit_on_error=False)
    async def action_send(self) -> None:
        """Copy a local file to the folder shown."""
        tab, panel, session = self.current, self.query_one(FilesPanel), self._session_of_files()
        if session is None:
            return
        try:
            job = await console_copy.send(self, panel, session)
        except UserError as error:
            self.complain(error)
            return
        if job is not None and await self._ended_well(job) and tab is self.current:
            await self._list_files(panel.path)

    @work(group="console-fetch", exclusive=True, exit_on_error=False)
    async def action_fetch(self) -> None:
        """Copy the remote file under the cursor to a local folder."""
        panel, session = self.query_one(FilesPanel), self._session_of_files()
        entry = panel.table.record
        if session is None:
            return
        if entry is None or entry.is_folder:
            self.say("Choose a remote file first.", severity="warning")
            return
        try:
            job = await console_copy.fetch(self, panel, session, entry)
        except UserError as error:
            self.complain(error)
            return
        if job is not None:
            await self._ended_well(job)

    async def _ended_well(self, job: Job) -> bool:
        error = (await job.wait()).error
        if error is not None:
            self.complain(error)
        return error is None
