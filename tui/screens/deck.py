"""The app as the screens know it: its services and signals, what it says, and its actions.

`tui.app.SkydeckApp` adds how it starts, connects and ends.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import App, SystemCommand
from textual.dom import DOMNode
from textual.driver import Driver
from textual.screen import Screen
from textual.signal import Signal
from textual.theme import Theme

from tui import keymap, themes
from tui.core.errors import UserError
from tui.core.safe_text import visible
from tui.screens.faults import place_of, told_fault
from tui.widgets.guard import Guarded
from tui.widgets.terminal_focus import KeysToTerminal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.core.jobs import JobManager, JobSnapshot
    from tui.core.options import Options
    from tui.core.records import Instance
    from tui.screens.connect import Wish
    from tui.screens.services import Services
    from tui.settings import Settings
    from tui.widgets.chrome import Status


class Deck(Guarded, KeysToTerminal, App[None], inherit_bindings=False):
    """What every screen may use of the app."""

    options: Options
    settings: Settings
    jobs: JobManager
    services: Services | None
    connect_error: UserError | None
    waiting_for: str
    status: Status
    wish: Wish
    status_signal: Signal[Status]
    jobs_signal: Signal[tuple[JobSnapshot, ...]]
    connected_signal: Signal[None]
    places_signal: Signal[tuple[str, str]]
    handler_faults: list[str]

    @property
    def ending(self) -> bool:
        """True once the app was told to end."""
        return self._exit

    def get_driver_class(self) -> type[Driver]:
        """Textual's choice; a real terminal's outlives its terminal."""
        chosen = super().get_driver_class()
        if chosen.__name__ != "LinuxDriver":
            return chosen
        from tui.widgets.terminal_driver import TerminalDriver

        return TerminalDriver

    def connect_to(self, wish: Wish, pane: str | None = None) -> None:
        """Connect in the background; the panes say what is being waited for."""
        raise NotImplementedError

    # -- saying things ---------------------------------------------------------------------

    def say(self, text: str, *, title: str = "", severity: str = "information") -> None:
        """Show a toast. The text may quote remote names: it is made visible, never parsed."""
        self.notify(visible(text), title=visible(title), severity=severity, markup=False)  # type: ignore[arg-type]

    def complain(self, error: UserError) -> None:
        """Show what failed, why, and what to do next."""
        body = f"{error.message}. {error.hint}" if error.message else error.hint or error.title
        self.say(body, title=error.title, severity="error")

    def tell_fault(self, error: BaseException) -> None:
        """Say that something of ours failed, and where it is written down."""
        self.complain(told_fault("That didn't work", error))

    def tell_handler_fault(self, error: Exception) -> bool:
        """Tell a handler's fault, each once; False before there is a screen to tell it on."""
        if not self._running or self.ending:
            return False
        if not isinstance(error, UserError):
            if (place := place_of(error)) in self.handler_faults:
                return True
            self.handler_faults.append(place)
        self.tell_fault(error)
        return True

    # -- actions ---------------------------------------------------------------------------

    def action_pane(self, pane: str) -> None:
        """Open a pane."""
        if (self.current_mode == "first" and self.services is None) or self.screen.is_modal:
            self.bell()
        else:
            self.switch_mode(pane)

    def open_console(self, instance: Instance) -> None:
        """Open the console pane with a terminal on this instance."""
        self.run_worker(
            self._open_console(instance), group="console", exclusive=True, exit_on_error=False
        )

    async def _open_console(self, instance: Instance) -> None:
        from tui.screens.console.screen import ConsoleScreen

        await self.switch_mode("console")
        if isinstance(self.screen, ConsoleScreen):
            await self.screen.open(instance)

    def action_theme(self) -> None:
        """Switch to the next theme."""
        names = list(themes.PALETTES)
        self.theme = names[(names.index(self.theme) + 1) % len(names)]

    def action_help(self) -> None:
        """Show every key."""
        from tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(_keys_of(self.screen)[0]))

    async def action_leave(self) -> None:
        """Quit, after naming what still runs."""
        from tui.screens.leaving import ask_to_leave

        self.run_worker(ask_to_leave(self), group="leave", exclusive=True, exit_on_error=False)

    def action_region(self) -> None:
        """Work in another region."""
        from tui.screens.leaving import ask_region

        self.run_worker(ask_region(self), group="leave", exclusive=True, exit_on_error=False)

    def action_profile(self) -> None:
        """Work with another profile, or on the sandbox."""
        self.switch_mode("first")

    def action_export_session(self) -> None:
        """Save the session's calls as a script."""
        from tui.screens.code_source import export_session

        self.run_worker(export_session(self), group="export", exclusive=True, exit_on_error=False)

    def code_source(
        self,
    ) -> tuple[
        Sequence[object],
        Callable[[object], Awaitable[dict[str, str]]],
        Callable[[], Awaitable[str]],
    ]:
        """What the code drawer shows: entries, how to render one, the whole session."""
        from tui.screens.code_source import code_source

        return code_source(self.services)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: every action of the key map that works here, with its id for `[keys]`."""
        here, doer = _keys_of(screen)
        for key in keymap.KEYS:
            if key.room in {"app", here} and key.id != "app.palette":
                action = key.action
                target: DOMNode = doer if key.room == here else screen
                if key.room == "app" and action.startswith("app."):
                    target = self
                yield SystemCommand(
                    f"{key.verb}  {keymap.shown(keymap.in_use(key).key)}",
                    f"{key.tooltip} · {key.id}",
                    partial(self._act, action, target),
                )

    def _act(self, action: str, target: Any) -> None:
        self.call_later(self.run_action, action, target)


def _keys_of(screen: Screen[Any]) -> tuple[str, DOMNode]:
    """The room whose keys work on a screen just now, and who does its actions."""
    from tui.screens.base import BaseScreen

    if isinstance(screen, BaseScreen):
        return screen.keys_of()
    return getattr(screen, "room", "app"), screen


def textual_theme(name: str, palette: Mapping[str, str]) -> Theme:
    """A palette as Textual's own theme, for the few widgets that are Textual's."""
    return Theme(
        name=name,
        dark=name != "skydeck-paper",
        primary=palette["cool"],
        secondary=palette["spot"],
        accent=palette["warm"],
        foreground=palette["text"],
        background=palette["base"],
        surface=palette["base"],
        panel=palette["panel"],
        success=palette["run"],
        warning=palette["warn"],
        error=palette["danger"],
        variables=themes.variables(palette),
    )
