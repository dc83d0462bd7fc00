"""The app: modes, theme, key map, services, and the signals that tell the screens of changes."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.filter import LineFilter
from textual.screen import Screen
from textual.signal import Signal

from tui import keymap, settings, themes
from tui.core.errors import UserError
from tui.core.jobs import JobManager, JobSnapshot
from tui.core.journal import Journal
from tui.core.options import Options
from tui.screens.collector import (
    EVERY_SECONDS,
    calm_the_collector,
    look_after,
    restore_the_collector,
    spare_the_collector,
)
from tui.screens.connect import Wish, connect, import_screens, start_sandbox
from tui.screens.deck import Deck, textual_theme
from tui.screens.faults import Workers, note_fault, told_fault
from tui.widgets.chrome import Status
from tui.widgets.keys import bindings
from tui.widgets.styles import style_path
from tui.widgets.stylesheet import KeptStylesheet
from tui.widgets.visible_lines import VisibleLines

if TYPE_CHECKING:
    from tui.sandbox import Sandbox
    from tui.screens.fleet import FleetState
    from tui.screens.jobs.interrupted import Leftovers
    from tui.screens.services import Services


def _screen(module: str, name: str) -> Callable[[], Screen[Any]]:
    """A screen that is imported when its mode is first opened."""

    def make() -> Screen[Any]:
        from importlib import import_module

        made: Screen[Any] = getattr(import_module(f"tui.screens.{module}"), name)()
        return made

    return make


FIRST_STYLES = {
    "start": ("base.tcss",),
    "first": ("base.tcss", "screens/first_run.tcss"),
}


class SkydeckApp(Deck, inherit_bindings=False):
    """Skydeck."""

    TITLE = "Skydeck"
    BINDINGS: ClassVar[list[BindingType]] = [
        b for b in bindings("app") if getattr(b, "id", "") not in ("app.jobs", "app.code")
    ]
    MODES: ClassVar[dict[str, Any]] = {
        "first": _screen("first_run", "FirstRunScreen"),
        "start": _screen("start", "StartScreen"),
        "s3": _screen("s3.screen", "S3Screen"),
        "ec2": _screen("ec2.screen", "Ec2Screen"),
        "console": _screen("console.screen", "ConsoleScreen"),
        "cost": _screen("cost.screen", "CostScreen"),
        "workflow": _screen("workflow.screen", "WorkflowScreen"),
    }
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self,
        options: Options,
        chosen: settings.Settings | None = None,
        sandbox: Sandbox | None = None,
    ) -> None:
        """`sandbox`, if given, is one that runs already; it is used, and not stopped at the end."""
        self.wish = Wish.of(options)
        self._theme_variables_of: dict[str, dict[str, str]] = {}
        # The first screen and its styles are known before Textual starts: one mount, one parse.
        self.DEFAULT_MODE = "start" if self.wish.has_credentials() else "first"  # type: ignore[misc]
        super().__init__(css_path=[style_path(name) for name in FIRST_STYLES[self.DEFAULT_MODE]])
        self.stylesheet = KeptStylesheet(variables=self.get_css_variables())
        self.options = options
        self.settings = chosen or settings.load()
        self._take_theme()
        # Before the first screen: it tells the keys.
        self._keys, self._key_complaints = keymap.validated(self.settings.keys)
        keymap.use(self._keys)
        self._visible_lines = VisibleLines()
        self._told_workers = Workers(self)
        self.jobs = JobManager(
            Journal(settings.state_folder() / "jobs.jsonl"), explain_fault=told_fault
        )
        self.jobs.listeners.append(self._jobs_changed)
        self.services: Services | None = None
        self.handler_faults = []
        self._warnings_told: list[str] = []
        self._going: set[asyncio.Task[None]] = set()
        self.connect_error: UserError | None = None
        self.waiting_for = ""
        self.status = Status()
        self._sandbox, self._sandbox_is_ours = sandbox, sandbox is None
        self.status_signal: Signal[Status] = Signal(self, "status")
        self.jobs_signal: Signal[tuple[JobSnapshot, ...]] = Signal(self, "jobs")
        self.connected_signal: Signal[None] = Signal(self, "connected")
        self.places_signal: Signal[tuple[str, str]] = Signal(self, "places")
        self._leftovers: Leftovers | None = None

    # -- start and end ---------------------------------------------------------------------

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The palette, known before any theme is set: the style sheets are parsed first."""
        return themes.variables(themes.SLATE)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, and ours that lets no control character out."""
        return [*super().get_line_filters(), self._visible_lines]

    def get_css_variables(self) -> dict[str, str]:
        """The theme's variables, made once: Textual asks for them with every new screen."""
        made = self._theme_variables_of.get(self.theme)
        if made is None:
            made = self._theme_variables_of[self.theme] = super().get_css_variables()
        self.theme_variables = made
        return made

    def on_mount(self) -> None:
        """Open the first pane, then find out who we are in the background."""
        self.set_keymap(self._keys)
        self._loop_of_app = asyncio.get_running_loop()
        self._catch_signals()
        calm_the_collector()
        self.set_interval(EVERY_SECONDS, look_after)
        asyncio.get_running_loop().set_exception_handler(self._task_failed)
        if self.DEFAULT_MODE != "first":
            self._say_waiting(self.wish)
            # The first paint goes before anything that takes the processor.
            self.call_after_refresh(self.connect_to, self.wish)
        for complaint in (*self.settings.complaints, *self._key_complaints):
            self.say(complaint, severity="warning")

    def _take_theme(self) -> None:
        for name, palette in themes.PALETTES.items():
            self.register_theme(textual_theme(name, palette))
        # Without the watcher: it would have every style sheet parsed once more.
        self.set_reactive(App.theme, self.settings.theme)

    def _catch_signals(self) -> None:
        """Leave the alternate screen also when the terminal is closed or we are told to end."""
        for number in (signal.SIGHUP, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                asyncio.get_running_loop().add_signal_handler(number, self.exit)

    async def on_unmount(self) -> None:
        """Leave nothing running."""
        await self.jobs.close()
        self._drop_services()
        restore_the_collector()
        if self._sandbox is not None and self._sandbox_is_ours:
            self._sandbox.stop()

    # -- connection ------------------------------------------------------------------------

    def connect_to(self, wish: Wish, pane: str | None = None) -> None:
        """Connect in the background; the panes say what is being waited for."""
        self.wish, self.connect_error = wish, None
        self._drop_services()
        self._say_waiting(wish)
        if pane is not None:
            self.switch_mode(pane)
        self.connected_signal.publish(None)
        self.run_worker(self._connect(wish), group="connect", exclusive=True, exit_on_error=False)

    def _say_waiting(self, wish: Wish) -> None:
        what, self.waiting_for = wish.waiting
        self._set_status(Status(waiting=what))

    def _drop_services(self) -> None:
        services, self.services = self.services, None
        if services is not None:
            services.fleet.stop()
            task = asyncio.get_running_loop().create_task(self._close(services), name="close")
            self._going.add(task)
            task.add_done_callback(self._going.discard)

    async def _close(self, services: Services) -> None:
        """Close a connection once the jobs that began with it have ended."""
        await self.jobs.settled()
        services.close()

    async def _connect(self, wish: Wish) -> None:
        try:
            if wish.sandbox and (self._sandbox is None or not self._sandbox.running):
                ended = self._sandbox if self._sandbox_is_ours else None
                self._sandbox = await start_sandbox(wish, self._warned_late, ended)
                self._sandbox_is_ours = True
            services = await connect(wish, self.settings, self.jobs, self._sandbox)
        except Exception as error:  # whatever went wrong, the pane says so and offers a way on
            self.connect_error = told_fault("Can't connect", error)
            self._set_status(Status(waiting="not connected"))
        else:
            self.services = services
            spare_the_collector()
            self._set_status(Status(identity=services.identity))
            services.fleet.listeners.append(self._fleet_changed)
            services.fleet.start()
            if services.logins is not None:
                services.logins.say = self.say
            import_screens()
            if wish.sandbox and self._sandbox is not None:
                self._tell_warnings(self._sandbox.warnings)
            self.run_worker(self._look_for_leftovers(services), group="leftovers", exclusive=True)
        self.connected_signal.publish(None)

    async def _look_for_leftovers(self, services: Services) -> None:
        from tui.screens.jobs.interrupted import Leftovers

        self._leftovers = self._leftovers or Leftovers(self)
        await self._leftovers.look(services)

    def _warned_late(self, warnings: tuple[str, ...]) -> None:
        """The sandbox's EC2 half is there, and says what does not fit. Called from a thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            self._loop_of_app.call_soon_threadsafe(self._tell_warnings, warnings)

    def _tell_warnings(self, warnings: tuple[str, ...]) -> None:
        for warning in warnings:
            if warning not in self._warnings_told:
                self._warnings_told.append(warning)
                self.say(warning, title="sandbox", severity="warning")

    def _set_status(self, status: Status) -> None:
        self.status = status
        self.status_signal.publish(status)

    def _fleet_changed(self, state: FleetState) -> None:
        services = self.services
        if services is None or state is not services.fleet.state:
            return  # a job of an older connection asked
        self._set_status(
            Status(
                identity=services.identity,
                running=len(state.running),
                per_hour=state.per_hour,
                today=state.today,
                known=state.asked_at is not None,
                stale_since=state.asked_at if state.error is not None else None,
            )
        )

    def _jobs_changed(self, jobs: tuple[JobSnapshot, ...]) -> None:
        self.jobs_signal.publish(jobs)

    # -- faults ----------------------------------------------------------------------------

    @property
    def workers(self) -> Workers:
        """The workers; a fault in one is told, and is not the app's end."""
        return self._told_workers

    def _task_failed(self, loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        """A task that nobody waits for failed."""
        error = context.get("exception")
        if isinstance(error, Exception) and self.is_running:
            self.tell_fault(error)

    def _fatal_error(self) -> None:
        """A fault of ours: no traceback on the screen; the place is written to a file."""
        told = "Skydeck stopped over a fault of its own."
        if path := note_fault():
            told += f" What happened is in {path}; please send it to the developers."
        self._exit_renderables.append(told)
        self._close_messages_no_wait()
