"""Logging in to an instance from the console pane: target, host key, passphrase, session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from tui.core.errors import UserError
from tui.screens.console.tabs import ConsoleTab, host_key_plan, trusted_plan
from tui.widgets.dialog import Ask
from tui.widgets.unasked import agreed

if TYPE_CHECKING:
    from textual.app import App

    from tui.screens.services import Services
    from tui.ssh.host_keys import HostKey
    from tui.ssh.session import SshSession


T = TypeVar("T")


async def open_session(
    app: App[Any], services: Services, tab: ConsoleTab, on_step: Callable[[str], None]
) -> SshSession:
    """Log in to the tab's instance as it is now, asking what has to be asked.

    Sets the tab's instance and target.

    Raises:
        UserError: it does not run, cannot be reached, or refuses; the sentence says what next.
    """
    from tui.screens import ssh_target
    from tui.ssh.keys import PassphraseNeeded
    from tui.ssh.session import SshSession

    instance = tab.instance = await ssh_target.as_now(services, tab.instance)
    tab.target = await ssh_target.target_for(services, instance)

    async def confirm(key: HostKey) -> bool:
        plan = trusted_plan if key.matches else host_key_plan
        return await agreed(app, plan(key, instance))

    passphrase: str | None = None
    while True:
        try:
            return await SshSession.connect(
                tab.target,
                columns=tab.view.columns,
                rows=tab.view.rows,
                confirm_host_key=confirm,
                on_step=on_step,
                known_hosts=ssh_target.known_hosts_path(services),
                console_output=ssh_target.console_output_of(services, instance),
                booting=ssh_target.may_be_booting(instance),
                passphrase=passphrase,
            )
        except PassphraseNeeded as needed:
            passphrase = await _passphrase(app, needed)


async def _passphrase(app: App[Any], needed: UserError) -> str:
    answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
    dialog = Ask(needed.title, needed.message, verb="unlock", password=True)
    app.push_screen(dialog, lambda given: _settle(answer, given))
    given = await answer
    if given is None:
        raise needed
    return given


def _settle(answer: asyncio.Future[T], value: T) -> None:
    """Answer, unless the login was given up while the dialog stood open."""
    if not answer.done():
        answer.set_result(value)
