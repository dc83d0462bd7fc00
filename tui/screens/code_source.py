"""Where the code drawer's code comes from: the operation log of the connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.core.errors import LocalError, UserError

if TYPE_CHECKING:
    from tui.screens.deck import Deck
    from tui.screens.services import Services

Rendered = dict[str, str]
GROUPS_APART = 8
PAUSE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that the user did, and the calls and notes that came of it."""

    cause: str
    entries: tuple[Any, ...]


def code_source(
    services: Services | None,
) -> tuple[
    Sequence[object],
    Callable[[object], Awaitable[Rendered]],
    Callable[[], Awaitable[str]],
]:
    """The user's actions, how to render one, and the whole session; rendering is off the loop."""
    actions = grouped(services.log.entries() if services is not None else ())

    async def render(action: object) -> Rendered:
        if services is None or not isinstance(action, Action):
            return {}
        connection = services.gateway.connection
        return await services.gateway.run(
            _render, action, connection.profile or None, connection.endpoint_url or None
        )

    async def session() -> str:
        if services is None:
            return "# nothing was done yet\n"
        return await services.gateway.run(_session, services)

    return actions, render, session


def grouped(entries: Sequence[Any]) -> tuple[Action, ...]:
    """Entries of one cause are one action of the user, also with another's in between.

    The same cause a while later (a second look at a listing) is another action.
    """
    groups: list[list[Any]] = []
    for entry in entries:
        for group in groups[-GROUPS_APART:]:
            if group[-1].cause == entry.cause and entry.at - group[-1].at < PAUSE:
                group.append(entry)
                break
        else:
            groups.append([entry])
    return tuple(Action(str(group[0].cause), tuple(group)) for group in groups)


def _render(action: Action, profile: str | None, endpoint_url: str | None) -> Rendered:
    """The action's code: notes stand for the calls that a managed transfer made."""
    from tui.aws.calls import Note, action_program
    from tui.aws.code.script import one_program

    entries = [
        entry.placed(endpoint_url, profile) if isinstance(entry, Note) else entry
        for entry in action.entries
    ]
    notes = [entry for entry in entries if isinstance(entry, Note)]
    shown = [entry for entry in entries if not isinstance(entry, Note) or entry.python]
    lines = [
        entry.cli if isinstance(entry, Note) else entry.cli(profile, endpoint_url=endpoint_url)
        for entry in entries
    ]
    return {
        "python": action_program(shown, endpoint_url=endpoint_url, profile=profile),
        "cli": "\n".join(line for line in lines if line),
        "pandas": one_program(note.pandas for note in notes),
    }


def _session(services: Services) -> str:
    from tui.aws.calls import session_script

    connection = services.gateway.connection
    return session_script(
        services.log.entries(),
        endpoint_url=connection.endpoint_url or None,
        profile=connection.profile or None,
        config_file=_sandbox_config(services),
    )


def _sandbox_config(services: Services) -> str | None:
    """The file that lets a script into the sandbox, which takes no keys but its own."""
    from tui.sandbox.folder import AWS_CONFIG

    sandbox = services.sandbox
    if sandbox is None or not services.gateway.connection.sandbox or not sandbox.running:
        return None
    return str(sandbox.info.folder / AWS_CONFIG)


async def export_session(app: Deck) -> None:
    """Save the session as the first free `skydeck-session-N.py` in the working folder."""
    services = app.services
    if services is None:
        app.say("Nothing was done yet.", severity="warning")
        return
    try:
        text = await services.gateway.run(_session, services)
        path = await services.gateway.run(save_script, text, Path.cwd())
    except UserError as error:
        app.complain(error)
    else:
        app.say(f"The session is in {path}.", title="Exported")


def save_script(text: str, folder: Path) -> Path:
    """Write a script to the first free name, never over another file.

    Raises:
        LocalError: the folder cannot be written.
    """
    for number in range(1, 1000):
        path = folder / f"skydeck-session-{number}.py"
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            continue
        except OSError as error:
            raise LocalError(
                "Can't save the session", error.strerror or "", f"Is {folder} writable?"
            ) from error
        return path
    raise LocalError("Can't save the session", f"{folder} holds a thousand of them already")
