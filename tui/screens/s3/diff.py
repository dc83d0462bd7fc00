"""What was changed in a text, as a unified diff that one can scroll; and the plan with it."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import unified_diff
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui.core import format as fmt
from tui.core.plans import Plan
from tui.widgets.dialog import Confirm, Dialog
from tui.widgets.field import Field
from tui.widgets.line import Block, Line
from tui.widgets.paint import Spans, content, key_hint
from tui.widgets.styles import style_path

COMPARED_AT_MOST = 2_000  # lines that differ on one side: difflib takes their square
SHOWN_AT_MOST = 500
CHARACTERS_AT_MOST = 500  # of a line: all of a minified file is one
CONTEXT = 3


def diff_rows(before: bytes, after: bytes) -> list[Spans]:
    """The difference of two texts, a line a row. Blocks."""
    old, new = (_lines(data) for data in (before, after))
    same = _alike(old, new)
    head = max(0, same - CONTEXT)
    tail = _alike(old[same:][::-1], new[same:][::-1])
    ends = [len(lines) - max(0, tail - CONTEXT) for lines in (old, new)]
    middle = old[head : ends[0]], new[head : ends[1]]
    if max(map(len, middle)) > COMPARED_AT_MOST:
        told = [fmt.count(max(0, len(lines) - same - tail)) for lines in (old, new)]
        return [
            (("muted", f"from line {fmt.count(same + 1)} on, {told[0]} lines became {told[1]}"),)
        ]
    made = list(unified_diff(*middle, n=CONTEXT, lineterm=""))[2:]  # without its two file names
    rows = [_row(line, head) for line in made]
    if len(rows) > SHOWN_AT_MOST:
        more = fmt.count(len(rows) - SHOWN_AT_MOST)
        rows = [*rows[:SHOWN_AT_MOST], (("muted", f"and {more} more lines"),)]
    return rows


class DiffConfirm(Confirm):
    """A plan with the difference in it."""

    CSS_PATH: ClassVar = [style_path("widgets/dialogs.tcss"), style_path("screens/s3_writing.tcss")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_diff(1)", "Down", tooltip="Further in the difference"),
        Binding("up,k", "scroll_diff(-1)", "Up", tooltip="Back in the difference"),
    ]

    def __init__(self, plan: Plan, rows: Sequence[Spans]) -> None:
        super().__init__(plan)
        self._rows = list(rows)

    def inner(self) -> ComposeResult:
        """The plan, its difference between facts and button."""
        plan = self.plan
        yield Line(((f"bold {plan.risk.value}", plan.title),), (("muted", f"plan {plan.mark}"),))
        yield Static(content(("muted", plan.intro)), classes="prose")
        if plan.facts:
            yield Block(self._facts(), classes="inset")
        yield from diff_box(self._rows)
        if plan.warning or plan.typed:
            yield Static(content(*self._warning()), classes="prose")
        if plan.typed:
            yield Field(placeholder=plan.typed, classes="field", id="confirm-typed")
        yield Line(self._button(), self._ways(), classes="foot", id="confirm-foot")

    def action_scroll_diff(self, lines: int) -> None:
        """Scroll the difference."""
        self.query_one("#diff-box").scroll_relative(y=lines, animate=False)


class DiffShow(Dialog[None]):
    """The difference alone."""

    CSS_PATH: ClassVar = DiffConfirm.CSS_PATH
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "dismiss_dialog", "Close", tooltip="Close"),
        Binding("down,j", "scroll_diff(1)", "Down", tooltip="Further in the difference"),
        Binding("up,k", "scroll_diff(-1)", "Up", tooltip="Back in the difference"),
    ]

    def __init__(self, title: str, intro: str, rows: Sequence[Spans]) -> None:
        super().__init__()
        self._title, self._intro, self._rows = title, intro, list(rows)

    def inner(self) -> ComposeResult:
        """Title, difference, how to leave."""
        yield Line((("bold bright", self._title),))
        yield Static(content(("muted", self._intro)), classes="prose")
        yield from diff_box(self._rows)
        yield Line(key_hint("↑↓", "scroll"), key_hint("esc", "close"), classes="foot")

    def action_scroll_diff(self, lines: int) -> None:
        """Scroll the difference."""
        self.query_one("#diff-box").scroll_relative(y=lines, animate=False)


def diff_box(rows: Sequence[Spans]) -> ComposeResult:
    """The rows in a box that scrolls."""
    with VerticalScroll(id="diff-box", can_focus=False):
        yield Block(list(rows) or [(("muted", "no difference"),)])


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").split("\n")


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines at the beginning are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _row(line: str, skipped: int) -> Spans:
    if line.startswith("@@"):
        return (("cool", _moved(line, skipped)),)
    role = {"+": "run", "-": "danger"}.get(line[:1], "muted")
    if (more := len(line) - CHARACTERS_AT_MOST) <= 0:
        return ((role, line),)
    return (role, line[:CHARACTERS_AT_MOST]), ("muted", f"… and {fmt.count(more)} characters more")


def _moved(line: str, skipped: int) -> str:
    """The line numbers of a hunk, with those that were not compared."""
    parts = line.split(" ")
    for at in (1, 2):
        first, comma, count = parts[at][1:].partition(",")
        parts[at] = f"{parts[at][0]}{int(first) + skipped}{comma}{count}"
    return " ".join(parts)
