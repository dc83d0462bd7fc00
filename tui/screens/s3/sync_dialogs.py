"""How to sync, and the plan of a sync: every name and what happens to it, kind by kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from tui.core import format as fmt
from tui.core.plans import Risk
from tui.core.records import ObjectQuery
from tui.screens.s3.lines import plural
from tui.screens.s3.rows import uri
from tui.widgets.dialog import Dialog
from tui.widgets.form import FieldChanged, Form, Pick, TextField
from tui.widgets.line import Line
from tui.widgets.paint import Span, Spans, content, key_hint, pill
from tui.widgets.record_table import Column, RecordTable
from tui.widgets.styles import style_path

if TYPE_CHECKING:
    from tui.aws.s3.sync_plan import SyncAction, SyncPlan

_CSS: list[str | PurePath] = [
    style_path("widgets/dialogs.tcss"),
    style_path("widgets/form.tcss"),
    style_path("screens/s3_writing.tcss"),
]


@dataclass(frozen=True, slots=True)
class Wish:
    """How the user wants it, as typed."""

    up: bool = True
    deletes: bool = False
    by_content: bool = False
    include: str = ""
    exclude: str = ""


class SyncForm(Dialog[Wish | None]):
    """Direction, what counts as different, whether to delete, which names."""

    CSS_PATH: ClassVar = _CSS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "Compare", tooltip="Compare both sides and show the plan")
    ]

    def __init__(self, place: ObjectQuery, folder: Path, *, up: bool) -> None:
        super().__init__()
        self._there, self._here = uri(place.bucket, place.prefix), str(folder)
        self._can_go_up = up
        self.wish = Wish(up=up)

    def inner(self) -> ComposeResult:
        """The two sides, the fields, the two ways on."""
        yield Line((("bold bright", "Sync"),))
        yield Static(content(("muted", f"{self._here}  and  {self._there}")), classes="prose")
        ways = [
            ("up", "upload", "the folder's state wins"),
            ("down", "download", "S3's state wins"),
        ]
        with Form(id="sync-form"):
            yield Pick(
                "way", "direction", ways if self._can_go_up else ways[1:], _chosen(ways, self.wish)
            )
            yield Pick(
                "by",
                "different if",
                [
                    ("time", "size or newer", "as aws s3 sync does"),
                    ("content", "other bytes", "reads every file of the same size"),
                ],
                "time",
            )
            yield Pick(
                "extra",
                "only at target",
                [("keep", "keep", ""), ("delete", "delete", "after a typed name")],
                "keep",
            )
            yield TextField("include", "only names like", placeholder="all; or *.csv 'a b/*'")
            yield TextField("exclude", "but none like", placeholder="none; or tmp/* *.log")
        yield Line(id="sync-said", classes="said")
        yield Line(key_hint("⏎", "compare only"), key_hint("esc", "close"), classes="foot")

    def on_mount(self) -> None:
        """Begin at the direction."""
        self.query_one(Form).start()

    def on_field_changed(self, event: FieldChanged) -> None:
        """Keep what the user wants."""
        if event.name == "way":
            self.wish = replace(self.wish, up=event.value == "up")
        elif event.name == "by":
            self.wish = replace(self.wish, by_content=event.value == "content")
        elif event.name == "extra":
            self.wish = replace(self.wish, deletes=event.value == "delete")
        elif event.name == "include":
            self.wish = replace(self.wish, include=event.value)
        else:
            self.wish = replace(self.wish, exclude=event.value)
        self.query_one("#sync-said", Line).show(self._problem())

    def on_input_submitted(self) -> None:
        """Enter in a field."""
        self.action_take()

    def action_take(self) -> None:
        """Go on with what is chosen."""
        if self._problem():
            self.app.bell()
        else:
            self.dismiss(self.wish)

    def _problem(self) -> Spans:
        from tui.screens.s3.sync import patterns

        for text in (self.wish.include, self.wish.exclude):
            try:
                patterns(text)
            except ValueError:
                return (("danger", "✗ "), ("text", "a quote is open"))
        return ()


def _chosen(ways: Sequence[tuple[str, str, str]], wish: Wish) -> str:
    return ways[0][0] if wish.up else ways[1][0]


_SHOWN: dict[str, tuple[Span, str]] = {
    "copy": (("run", "+ copy"), "copied"),
    "overwrite": (("warn", "~ replace"), "replaced"),
    "delete": (("danger", "− delete"), "deleted"),
    "skip": (("muted", "· left out"), "left out"),
    "same": (("dim", "= same"), "the same"),
}
_COLUMNS = (
    Column("", 10),
    Column("name"),
    Column("size", 8, "r"),
    Column("why", 20, from_width=70),
)


class SyncReview(Dialog[bool]):
    """The frozen plan; dismissed with True only if the user wants exactly it."""

    CSS_PATH: ClassVar = _CSS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,y", "agree", "Sync", tooltip="Do what the plan says", priority=True),
        Binding("tab,right", "kind(1)", "Next kind", tooltip="Only what is copied, replaced, …"),
        Binding("shift+tab,left", "kind(-1)", "Kind before", tooltip="The kind before"),
    ]

    def __init__(self, plan: SyncPlan) -> None:
        super().__init__()
        self.plan = plan
        self._counts = {kind: len(plan.of(kind)) for kind in _SHOWN}
        self._views = ["changes", *(kind for kind in _SHOWN if self._counts[kind])]
        self.view = "changes" if plan.changes else self._views[-1]
        careful = self._counts["overwrite"]
        self.risk = (
            Risk.DESTROYS if self._counts["delete"] else Risk.CAREFUL if careful else Risk.PLAIN
        )

    def inner(self) -> ComposeResult:
        """What it amounts to, every name, the two ways on."""
        plan = self.plan
        here, there = str(plan.folder), uri(plan.bucket, plan.prefix)
        ends = (here, there) if plan.options.up else (there, here)
        title = "Dry run of a sync" if plan.changes else "Both sides are alike already"
        yield Line(((f"bold {self.risk.value}", title),), self._excluded())
        yield Line((("muted", "from "), ("text", ends[0])))
        yield Line((("muted", "to   "), ("text", ends[1])))
        yield Line(id="sync-kinds", classes="said")
        yield RecordTable(_COLUMNS, _cells, keyed=_name_of, id="sync-rows")
        yield Line(self._button(), self._ways(), classes="foot")

    def on_mount(self) -> None:
        """Show what changes."""
        self._show()
        self.query_one(RecordTable).focus()

    def _show(self) -> None:
        wanted = _WORST_FIRST if self.view == "changes" else (self.view,)
        table = self.query_one(RecordTable)
        table.show(self.plan.of(*wanted))
        table.move_to(0)
        self.query_one("#sync-kinds", Line).show(self._kinds())

    def _kinds(self) -> Spans:
        spans: list[Span] = []
        for kind, (shown, word) in _SHOWN.items():
            if count := self._counts[kind]:
                role = f"bold {shown[0]} underline" if self.view == kind else shown[0]
                size = f", {fmt.size(self.plan.size_of(kind))}" if kind in _SIZED else ""
                spans += [(role, f"{fmt.count(count)} {word}"), ("muted", f"{size}   ")]
        return spans or (("muted", "Nothing lies on either side."),)

    def _excluded(self) -> Spans:
        left = self.plan.excluded
        return (("muted", f"{plural(left, 'name')} filtered out"),) if left else ()

    def _button(self) -> Spans:
        if not self.plan.changes:
            return (("dim", "there is nothing to do"),)
        verb = "Sync and delete…" if self._counts["delete"] else "Sync exactly this"
        return (pill(self.risk.value, f" ⏎  {verb} "),)

    def _ways(self) -> Spans:
        return (*key_hint("tab", "by kind"), ("text", "   "), *key_hint("esc", "do nothing"))

    def action_kind(self, by: int) -> None:
        """Show the next kind alone, round and round."""
        at = self._views.index(self.view)
        self.view = self._views[(at + by) % len(self._views)]
        self._show()

    def action_agree(self) -> None:
        """Go on, if there is anything to do."""
        if self.plan.changes:
            self.dismiss(True)
        else:
            self.dismiss(None)


_SIZED = ("copy", "overwrite", "delete")
_WORST_FIRST = ("delete", "overwrite", "copy", "skip")


def _name_of(action: SyncAction) -> str:
    return action.name


def _cells(action: SyncAction) -> tuple[Spans, ...]:
    shown, _ = _SHOWN[action.kind]
    number, unit = fmt.size_parts(action.size_bytes)
    size: Spans = (("text", number), ("muted", f" {unit:<2}"))
    if action.kind == "skip" and not action.size_bytes:
        size = (("dim", fmt.ABSENT),)
    return (shown,), (("text", action.name),), size, (("muted", action.why),)
