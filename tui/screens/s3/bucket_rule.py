"""The form of one lifecycle rule, with the sentence that it makes; dismissed with the rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from tui.aws.bucket import lifecycle_text, tag_text
from tui.aws.bucket.lifecycle import Rule, RuleDraft, applied, draft_of, sentence
from tui.aws.bucket.lifecycle_checks import Finding, check
from tui.screens.s3.bucket_review import STYLES
from tui.widgets.dialog import Dialog
from tui.widgets.form import FieldChanged, Form, Pick, TextField, typed_number
from tui.widgets.line import Block, Line
from tui.widgets.paint import Spans, content, key_hint

SHOWN = 3  # findings
_NUMBERS = {
    "larger_than": ("larger than", "bytes"),
    "smaller_than": ("smaller than", "bytes"),
    "expire_days": ("delete after", "days; old versions stay where they are kept"),
    "old_expire_days": ("old versions go", "days after they were replaced"),
    "old_kept": ("but keep", "newer old versions, whatever their age"),
    "abort_days": ("abort uploads", "days after they began"),
}
_ON = (("on", "on", ""), ("off", "off", "kept, but does nothing"))
_MARKERS = (("no", "stay", ""), ("yes", "are removed", "where nothing is hidden any more"))


class RuleForm(Dialog[dict[str, Any]]):
    """A rule to make or change."""

    CSS_PATH: ClassVar = STYLES
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "Review", tooltip="Go on to the review"),
    ]

    def __init__(
        self,
        rule: Rule | None,
        other_ids: Sequence[str],
        others: int,
        draft: RuleDraft | None = None,
    ) -> None:
        """`rule` is None for a new one; `others` counts the rules that there are besides.

        `draft` is what was typed before, where one comes back.
        """
        super().__init__()
        self._rule, self._other_ids, self._others = rule, other_ids, others
        self.draft = draft or (draft_of(rule) if rule is not None else RuleDraft())
        self._unread: dict[str, str] = {}  # fields whose text can't be read, and why

    def inner(self) -> ComposeResult:
        """Title, fields, the sentence, what is wrong, keys."""
        title = f"Rule {self.draft.id}" if self._rule is not None else "New lifecycle rule"
        yield Line((("bold bright", title),))
        with Form(id="rule-form"):
            yield from self._fields()
        yield Static(id="rule-sentence", classes="prose")
        yield Block(id="rule-found")
        ways = (*key_hint("↑↓", "fields"), ("text", "   "), *key_hint("esc", "close"))
        yield Line(key_hint("⏎", "review"), ways, classes="foot")

    def _fields(self) -> ComposeResult:
        """What the rule is about."""
        draft = self.draft
        yield TextField("id", "name", draft.id, placeholder="old-logs")
        yield Pick("enabled", "status", _ON, "on" if draft.enabled else "off")
        yield TextField("prefix", "keys under", draft.prefix, placeholder="all keys")
        readable = tag_text.readable(draft.tags)
        tags = tag_text.written(draft.tags) if readable else ""
        hint = "any" if readable else "kept as they are"
        yield TextField("tags", "with tags", tags, placeholder=f"{hint}: team=data, env=dev")
        yield self._number("larger_than")
        yield self._number("smaller_than")

    def _acts(self) -> ComposeResult:
        """What it does."""
        draft = self.draft
        moves = lifecycle_text.written(draft.moves)
        yield TextField("moves", "move to", moves, placeholder="standard-ia 30, glacier 90")
        yield self._number("expire_days")
        yield self._number("old_expire_days")
        yield self._number("old_kept")
        old = lifecycle_text.written(draft.old_moves)
        yield TextField("old_moves", "old versions to", old, placeholder="glacier 30")
        markers = "yes" if draft.markers else "no"
        yield Pick("markers", "lone del. markers", _MARKERS, markers)
        yield self._number("abort_days")

    def _number(self, name: str) -> TextField:
        label, _ = _NUMBERS[name]
        value: int = getattr(self.draft, name)
        return TextField(
            name, label, str(value) if value else "", placeholder="—", width=10, longest=13
        )

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one("#field-id", TextField).focus_input()
        self._show()
        # Half a hundred widgets at once would stop the event loop for longer than one may see.
        self.call_after_refresh(self._mount_acts)

    async def _mount_acts(self) -> None:
        if not self.is_attached:
            return  # closed as fast as it was opened
        await self.query_one("#rule-form", Form).mount_all(self._acts())
        for name, (_, unit) in _NUMBERS.items():
            for field in self.query(f"#field-{name}").results(TextField):
                field.tell((("muted", unit),))

    @on(FieldChanged)
    def _changed(self, event: FieldChanged) -> None:
        event.stop()
        name, text = event.name, event.value
        self._unread.pop(name, None)
        value = self._read(name, text)
        if value is not None:
            self.draft = replace(self.draft, **{name: value})
        self._show()

    def _read(self, name: str, text: str) -> Any:
        """What was typed as the draft has it; None where it can't be read."""
        if name in _NUMBERS:
            number = typed_number(text) if text.strip() else 0
            if number is None:
                self._unread[name] = f"{_NUMBERS[name][0]}: a whole number"
            return number
        if name in ("moves", "old_moves"):
            moves = lifecycle_text.parsed(text)
            if moves is None:
                self._unread[name] = "a move is a class and days: standard-ia 30, glacier 90"
            return moves
        if name == "tags":
            return tag_text.parsed(text)
        if name == "enabled":
            return text == "on"
        return text == "yes" if name == "markers" else text

    @property
    def rule(self) -> dict[str, Any]:
        """The rule as the form has it."""
        return applied(self.draft, self._rule)

    def _findings(self) -> list[Finding]:
        unread = [Finding(name, why) for name, why in self._unread.items()]
        found = check(self.draft, self._other_ids, self._others)
        return sorted([*unread, *found], key=lambda one: not one.fatal)

    def _show(self) -> None:
        self.query_one("#rule-sentence", Static).update(content(("text", sentence(self.rule))))
        found = self._findings()
        rows: list[Spans] = []
        for one in found[:SHOWN]:
            role, glyph = ("danger", "✗ ") if one.fatal else ("warn", "▲ ")
            rows.append(((role, glyph), ("text", one.message)))
        self.query_one("#rule-found", Block).show(rows or [(("run", "✓ "), ("muted", "fine"))])

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_take()

    def action_take(self) -> None:
        """Go on to the review, unless S3 would refuse it."""
        if any(one.fatal for one in self._findings()):
            self.app.bell()
        elif self._rule is not None and self.rule == dict(self._rule):
            self.dismiss(None)
        else:
            self.dismiss(self.rule)
