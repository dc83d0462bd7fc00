"""Ask for a path of this machine: completed as one types, judged off the event loop."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.suggester import Suggester
from textual.widgets import Input, Static

from tui.core.paths import expanded, why
from tui.widgets.dialog import Dialog
from tui.widgets.field import Field
from tui.widgets.line import Block, Line
from tui.widgets.paint import Spans, content, key_hint

SHOWN = 6
Run = Callable[..., Awaitable[Any]]
Complete = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a path, or what stands there."""

    problem: str = ""
    told: str = ""


class _Paths(Suggester):
    """Suggests the first path that begins as typed."""

    def __init__(self, run: Run, complete: Complete) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._run, self._complete = run, complete

    async def get_suggestion(self, value: str) -> str | None:
        found: list[str] = await self._run(self._complete, value)
        return found[0] if value and found else None


class AskPath(Dialog[str]):
    """Ask for a path; dismissed with it as typed, or None. Tab or right completes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", tooltip="Complete the path", priority=True)
    ]

    def __init__(
        self,
        title: str,
        intro: str,
        *,
        look: Callable[[str], Verdict],
        run: Run,
        value: str = "",
        verb: str = "go on",
        folders_only: bool = False,
    ) -> None:
        """`look` judges a path and may block; `run` runs it (and the completion) in a thread."""
        super().__init__()
        self._title, self._intro, self._value, self._verb = title, intro, value, verb
        self._look, self._run = look, run
        self._complete: Complete = partial(completions, folders_only=folders_only)
        self._placeholder = "~/Downloads" if folders_only else "~/data/trips.csv"

    def inner(self) -> ComposeResult:
        """Title, field, verdict, what the path could become."""
        yield Line((("bold bright", self._title),))
        yield Static(content(("muted", self._intro)), classes="prose")
        yield Field(
            self._value,
            placeholder=self._placeholder,
            suggester=_Paths(self._run, self._complete),
            classes="field",
            id="path-field",
            select_on_focus=False,
        )
        yield Block([()], classes="said", id="path-said")
        yield Block([() for _ in range(SHOWN)], id="path-found")
        ways = (*key_hint("tab", "complete"), ("text", "   "), *key_hint("esc", "close"))
        yield Line(key_hint("⏎", self._verb), ways, classes="foot")

    def on_mount(self) -> None:
        """Judge what stands there from the start."""
        self._judge(self._value)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Judge again."""
        self._judge(event.value)

    @work(group="look", exclusive=True, exit_on_error=False)
    async def _judge(self, text: str) -> None:
        verdict = await self._looked_at(text)
        found: list[str] = await self._run(self._complete, text)
        if self.is_mounted and text == self.query_one("#path-field", Input).value:
            self._say(verdict, text, begun=bool(found))
            rows: list[Spans] = [(("dim", _last(path)),) for path in found[:SHOWN]]
            rows += [()] * (SHOWN - len(rows))
            self.query_one("#path-found", Block).show(rows)

    async def _looked_at(self, text: str) -> Verdict:
        try:
            verdict: Verdict = await self._run(self._look, text)
        except (OSError, ValueError, RuntimeError) as error:
            return Verdict(problem=why(error))
        return verdict

    def _say(self, verdict: Verdict, text: str, *, begun: bool = False) -> None:
        if not verdict.problem:
            said: Spans = (("run", "✓ "), ("muted", verdict.told))
        elif begun and text.strip():  # not wrong yet: the beginning of something
            said = (("dim", "tab completes it"),)
        elif text.strip():
            said = (("danger", "✗ "), ("text", verdict.problem))
        else:
            said = (("dim", verdict.problem),)
        self.query_one("#path-said", Block).show([said])

    @work(group="complete", exclusive=True, exit_on_error=False)
    async def action_complete(self) -> None:
        """Complete as far as it is clear."""
        field = self.query_one("#path-field", Input)
        found: list[str] = await self._run(self._complete, field.value)
        common = common_beginning(found)
        if len(common) > len(field.value):
            field.value = common
            field.cursor_position = len(common)
        elif not found:
            self.app.bell()

    @work(group="answer", exclusive=True, exit_on_error=False)
    async def on_input_submitted(self) -> None:
        """Take the path if nothing is wrong with it now."""
        text = self.query_one("#path-field", Input).value
        verdict = await self._looked_at(text)
        if verdict.problem:
            self._say(verdict, text)
            self.app.bell()
        else:
            self.dismiss(text)


def completions(text: str, folders_only: bool = False) -> list[str]:
    """Paths that begin as typed, folders first with a slash; hidden ones only after a dot. Blocks.

    What is typed stays as it is: a `~` is looked up, not replaced.
    """
    if text == "~":
        return ["~/"]
    folder, _, start = text.rpartition("/")
    if "/" in text:
        folder += "/"
    found = []
    try:
        with os.scandir(expanded(folder)) as entries:
            for entry in entries:
                hidden = entry.name.startswith(".") and not start.startswith(".")
                if not entry.name.startswith(start) or hidden:
                    continue
                is_folder = entry.is_dir()
                if is_folder or not folders_only:
                    found.append((not is_folder, entry.name + "/" * is_folder))
    except (OSError, ValueError):  # ValueError: what no path can hold, a NUL
        return []
    return [folder + name for _, name in sorted(found)]


def common_beginning(texts: list[str]) -> str:
    """What all texts begin with."""
    if not texts:
        return ""
    low, high = min(texts), max(texts)
    same = (at for at, (one, other) in enumerate(zip(low, high, strict=False)) if one != other)
    return low[: next(same, min(len(low), len(high)))]


def _last(path: str) -> str:
    trimmed = path.rstrip("/")
    return trimmed.rpartition("/")[2] + ("/" if path.endswith("/") else "")
