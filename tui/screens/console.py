"""The console pane: live terminals on instances, one tab each, and their files beside them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.events import DescendantBlur, DescendantFocus

from tui.core.errors import UserError
from tui.core.local_names import local_path
from tui.core.plans import Plan, Risk
from tui.core.records import Instance
from tui.screens import console_files
from tui.screens.base import BaseScreen, pane_bindings
from tui.screens.console_files import FilesPanel
from tui.screens.console_login import open_session
from tui.screens.console_tabs import ConsoleTab, TabState, lost_lines, state_line, tab_bar
from tui.widgets.dialog import Ask, Choose, Confirm
from tui.widgets.line import Block, Heading, Line
from tui.widgets.notice import Notice
from tui.widgets.paint import Spans
from tui.widgets.record_table import RecordTable
from tui.widgets.styles import style_path
from tui.widgets.terminal import TerminalView

if TYPE_CHECKING:
    pass

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
        self._show()

    def on_unmount(self) -> None:
        """Hang up everywhere."""
        for tab in self.tabs:
            self._hang_up(tab)

    # -- opening ---------------------------------------------------------------------------

    async def open(self, instance: Instance) -> None:
        """Open (or go to) a console on an instance."""
        for tab in self.tabs:
            if tab.instance.id == instance.id:
                self.current = tab
                self._show()
                if tab.state is TabState.LOST:
                    self._connect(tab)
                tab.view.focus()
                return
        view = TerminalView()
        await self.query_one("#console-terms").mount(view)
        tab = ConsoleTab(instance, view)
        self.tabs.append(tab)
        self.current = tab
        self._show()
        view.focus()
        self._connect(tab)

    def _connect(self, tab: ConsoleTab) -> None:
        tab.state, tab.error, tab.step = TabState.CONNECTING, None, "looking up the instance"
        self._show()
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
            await self._list_files(tab.files_path)

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
        if tab is None:
            self._say_nothing_open()
        elif tab.state is TabState.LOST:
            banner.show(lost_lines(tab))
        self._show_bar()
        self.show_chrome()

    def _say_nothing_open(self) -> None:
        fleet = self.deck.services.fleet.state if self.deck.services else None
        running = fleet.running if fleet is not None else ()
        notice = self.query_one("#console-nothing", Notice)
        if running:
            count = f"log in to one of {len(running)} running"
            notice.empty("No console is open.", (("n", count),))
        elif fleet is not None and fleet.asked_at is None and fleet.error is not None:
            notice.failed(fleet.error, (("2", "go to EC2"), ("P", "use another profile")))
        else:
            ways = (("2", "go to EC2 and launch one with n"),)
            notice.empty("No instance runs, so there is nothing to log in to.", ways)

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
        running = self.services.fleet.state.running
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
            self.current.view.focus()
            self._connect(self.current)

    def action_next_tab(self) -> None:
        """The next console."""
        if self.tabs and self.current is not None:
            at = self.tabs.index(self.current)
            self.current = self.tabs[(at + 1) % len(self.tabs)]
            self._show()
            self.run_worker(
                self._list_files(self.current.files_path), group="files", exit_on_error=False
            )

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
            self._show()

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
        tab = self.current
        if tab is None or not self.is_attached:
            return
        try:
            await self.query_one(FilesPanel).show_folder(tab.session, path)
            tab.files_path = path
        except UserError as error:
            self.complain(error)

    @on(RecordTable.Opened, "#console-entries")
    def _entry_opened(self, event: RecordTable.Opened) -> None:
        if event.record.is_folder:
            path = self.query_one(FilesPanel).child(event.record.name)
            self.run_worker(self._list_files(path), group="files", exclusive=True)
        else:
            self.action_fetch()

    def action_refresh(self) -> None:
        """List the remote folder again."""
        path = self.query_one(FilesPanel).path
        self.run_worker(self._list_files(path), group="files", exclusive=True, exit_on_error=False)

    @work(group="console-send", exclusive=True, exit_on_error=False)
    async def action_send(self) -> None:
        """Copy a local file to the folder shown."""
        tab = self.current
        if tab is None or tab.session is None:
            self.say("Log in first.", severity="warning")
            return
        session, panel = tab.session, self.query_one(FilesPanel)
        given = await self.app.push_screen_wait(
            Ask("Send a file", f"to {panel.path} on {tab.instance.label}", verb="send",
                placeholder="path of a local file", judge=file_problem)
        )  # fmt: skip
        if given is None:
            return
        local, folder = expanded(given), panel.path
        job = self.services.jobs.start(
            "send",
            f"{local.name} to {tab.instance.label}",
            lambda job: console_files.send(job, session, local, folder),
        )
        await job.wait()
        if tab is self.current:
            await self._list_files(panel.path)

    @work(group="console-fetch", exclusive=True, exit_on_error=False)
    async def action_fetch(self) -> None:
        """Copy the remote file under the cursor to a local folder."""
        tab, panel = self.current, self.query_one(FilesPanel)
        entry = panel.table.record
        if tab is None or tab.session is None or entry is None or entry.is_folder:
            self.say("Choose a remote file first.", severity="warning")
            return
        session = tab.session
        folder = await self.app.push_screen_wait(
            Ask(f"Fetch {entry.name}", "into a local folder", str(self.services.settings.downloads),
                verb="fetch", judge=folder_problem)
        )  # fmt: skip
        if folder is None:
            return
        target = local_path(expanded(folder), entry.name)
        plan = await self.services.gateway.run(
            console_files.overwrite_plan, target, entry.size_bytes
        )
        if plan is not None and not await self.app.push_screen_wait(Confirm(plan)):
            return
        remote, size = panel.child(entry.name), entry.size_bytes
        self.services.jobs.start(
            "fetch",
            f"{entry.name} from {tab.instance.label}",
            lambda job: console_files.fetch(job, session, remote, size, target),
        )


def expanded(text: str) -> Path:
    """A path as typed, with `~` for the home folder; `~name` stays where nobody has that name."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 - Path's own raises


# os.path says no where Path raises: a name that is too long, a folder that may not be looked into.
def file_problem(text: str) -> str | None:
    """What is wrong with a path that should be a file to read."""
    path = expanded(text)
    if not text:
        return "type a path"
    if not os.path.exists(path):  # noqa: PTH110
        return "there is no such file"
    return None if path.is_file() else "that is a folder: send one file at a time"


def folder_problem(text: str) -> str | None:
    """What is wrong with a path that should be a folder to write to."""
    path = expanded(text)
    if not text:
        return "type a folder"
    if not os.path.exists(path):  # noqa: PTH110
        return "there is no such folder"
    return None if path.is_dir() else "that is not a folder"
