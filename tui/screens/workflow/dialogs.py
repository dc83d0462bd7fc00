"""The work flow's dialogs: one parameter, and the script."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import TextArea

from tui.core import format as fmt
from tui.core.paths import exists, expanded, is_file, size_of
from tui.widgets.ask_path import AskPath, Verdict
from tui.widgets.dialog import Ask, Choose, Dialog
from tui.widgets.line import Line
from tui.widgets.paint import key_hint
from tui.workflow.parameters import FIELDS, Parameters, text_of
from tui.workflow.steps import short_path

if TYPE_CHECKING:
    from textual.app import App

    from tui.workflow.flow import WorkFlow
    from tui.workflow.steps import Step

NEWEST = "newest"
PATHS = ("source", "folder")


async def ask_parameter(app: App[Any], flow: WorkFlow, step: Step) -> tuple[str, str] | None:
    """Ask which parameter of a step to change, and to what; (name, accepted text) or None.

    Raises:
        UserError: the instances cannot be listed.
    """
    name = await _which(app, flow.parameters, step)
    if name is None:
        return None
    if name == "instance_id":
        return await _ask_instance(app, flow)
    field = FIELDS[name]
    if name in PATHS:
        path = await app.push_screen_wait(_ask_path(flow, step, name))
        return (name, path) if path else None
    text = await app.push_screen_wait(
        Ask(
            f"{step.title}: {field.label}",
            intro=field.about,
            value=text_of(flow.parameters, name),
            verb="take it",
            judge=field.judge,
        )
    )
    return None if text is None else (name, text)


def _ask_path(flow: WorkFlow, step: Step, name: str) -> AskPath:
    field = FIELDS[name]

    def look(text: str) -> Verdict:
        problem = field.judge(text)
        return Verdict(problem=problem) if problem else Verdict(told=_told(expanded(text.strip())))

    return AskPath(
        f"{step.title}: {field.label}",
        field.about,
        look=look,
        run=flow.ports.threaded,
        value=text_of(flow.parameters, name),
        verb="take it",
        folders_only=name == "folder",
    )


def _told(path: Path) -> str:
    if is_file(path):
        return f"a file of {fmt.size(size_of(path))}"
    return "it is there" if exists(path) else "it is made when it is needed"


async def _which(app: App[Any], parameters: Parameters, step: Step) -> str | None:
    if len(step.fields) == 1:
        return step.fields[0]
    choices = [
        (name, FIELDS[name].label, text_of(parameters, name) or "the newest")
        for name in step.fields
    ]
    return await app.push_screen_wait(Choose(f"{step.title}: change what?", choices))


async def _ask_instance(app: App[Any], flow: WorkFlow) -> tuple[str, str] | None:
    choices = [(NEWEST, "the newest", "of those that run, whose key is here, with a role first")]
    for machine in await flow.ports.machines.running():
        one = machine.instance
        key = "key here" if machine.has_key else f"no key {one.key_name}"
        role = f"role {one.role}" if one.role else "no role: no access to S3"
        choices.append((one.id, one.label, f"{one.type} · {key} · {role}"))
    chosen = await app.push_screen_wait(
        Choose("Which instance?", choices, flow.parameters.instance_id or NEWEST)
    )
    return None if chosen is None else ("instance_id", "" if chosen == NEWEST else chosen)


class ScriptEditor(Dialog[str]):
    """The script as text to edit; dismissed with it, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", tooltip="Save and close", priority=True),
        # The text area would take escape to move the focus on.
        Binding("escape", "leave", "Close", tooltip="Close without saving", priority=True),
    ]

    def __init__(self, path: Path, text: str) -> None:
        super().__init__()
        self._path, self._text = path, text
        self._warned = False

    def inner(self) -> ComposeResult:
        """Where it is, the text, the two ways on."""
        folder = short_path(self._path.parent, str(Path.home()))
        yield Line((("bold bright", self._path.name),), (("muted", folder),))
        yield TextArea(
            self._text,
            tab_behavior="indent",
            soft_wrap=False,
            show_line_numbers=True,
            id="script-text",
        )
        yield Line(
            key_hint("^s", "save"),
            key_hint("esc", "close without saving"),
            classes="foot",
            id="script-foot",
        )

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one("#script-text").focus()

    def action_leave(self) -> None:
        """Close; changes are dropped only by a second escape."""
        changed = self.query_one("#script-text", TextArea).text != self._text
        if not changed or self._warned:
            self.dismiss(None)
            return
        self._warned = True
        warning = (("warn", "▲ "), ("text", "there are changes:   "))
        self.query_one("#script-foot", Line).show(
            (*warning, *key_hint("^s", "save")), key_hint("esc", "drop them")
        )

    def action_save(self) -> None:
        """Hand the text back."""
        self.dismiss(self.query_one("#script-text", TextArea).text)
