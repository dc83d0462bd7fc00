"""The policy editor: JSON that is judged as it is typed; dismissed with a text that S3 may take."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import TextArea

from tui.aws.bucket.policy import Problem, pretty, problems
from tui.aws.bucket.policy_access import Certainty, lockout, openings
from tui.aws.bucket.policy_templates import TEMPLATES, Template, with_statement
from tui.core import format as fmt
from tui.screens.s3.bucket_review import STYLES
from tui.widgets.chrome import hint, hints_line, room_hints
from tui.widgets.dialog import Ask, Choose, Dialog
from tui.widgets.json_text import JsonArea
from tui.widgets.keys import bindings
from tui.widgets.line import Block, Line
from tui.widgets.paint import Spans, key_hint

SHOWN = 3  # problems


class PolicyEditor(Dialog[str]):
    """A policy to edit; dismissed with it, or None."""

    CSS_PATH: ClassVar = STYLES
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("policy", priority=True),
        # The text area would take escape to move the focus on.
        Binding("escape", "leave", "Close", tooltip="Close without saving", priority=True),
    ]

    def __init__(  # noqa: PLR0917
        self,
        bucket: str,
        arn: str,
        me: str,
        before: str,
        agree: Callable[[str], Awaitable[bool]],
        outside: Callable[[str], Awaitable[str]],
    ) -> None:
        """`before` is what S3 has; `me` the caller's ARN.

        `agree` shows what saving would do; `outside` edits a text in the user's own editor, or
        tells why it can't and gives it back.
        """
        super().__init__()
        self._outside = outside
        self._bucket, self._arn, self._me = bucket, arn, me
        self._before, self._agree = pretty(before) if before else "", agree
        self._found: tuple[Problem, ...] = ()
        self._warned_of: str | None = None  # the text that the next escape drops

    def inner(self) -> ComposeResult:
        """Title, text, problems, keys."""
        title = (("bold bright", "Policy"), ("muted", f" of {self._bucket}"))
        yield Line(title, id="policy-title")
        yield JsonArea(self._before, id="policy-text")
        yield Block(id="policy-found")
        yield Line(id="policy-foot")

    def on_mount(self) -> None:
        """Type at once; an empty policy begins with a template."""
        self.area.focus()
        self._judge()

    @property
    def area(self) -> JsonArea:
        """The text area."""
        return self.query_one("#policy-text", JsonArea)

    @on(TextArea.Changed)
    def _changed(self) -> None:
        self._judge()

    def _judge(self) -> None:
        text = self.area.text
        self._found = problems(text, self._bucket) if text.strip() else ()
        rows = [_problem_row(one) for one in self._found[:SHOWN]]
        more = len(self._found) - SHOWN
        if more > 0:
            rows.append((("muted", f"  and {fmt.count(more)} more"),))
        if not text.strip():
            key, _ = hint("policy.template")
            rows = [(("muted", f"empty: {key} adds a statement from a template"),)]
        elif not self._fatal:
            rows = [self._verdict(text), *rows]
        self.query_one("#policy-found", Block).show(rows)
        size = f"{len(text.encode('utf-8', 'surrogatepass')):,} of 20,480 bytes"
        title = (("bold bright", "Policy"), ("muted", f" of {self._bucket}"))
        self.query_one("#policy-title", Line).show(title, (("muted", size),))
        self._show_foot()

    @property
    def _fatal(self) -> bool:
        return any(one.fatal for one in self._found)

    def _verdict(self, text: str) -> Spans:
        opens = openings(text)
        if opens:
            return (("danger", "▲ public: "), ("text", "; ".join(one.words for one in opens)))
        shut = lockout(text, self._me, self._arn)
        if shut.certainty is not Certainty.NO:
            return (("warn", "▲ "), ("text", shut.words[0]))
        return (("run", "✓ "), ("muted", "a policy, not public"))

    def _show_foot(self) -> None:
        warned = self.area.text == self._warned_of
        left: list[tuple[str, str]] = []
        if warned:
            left += [("warn", "▲ "), ("text", "there are changes:   ")]
        ways = [hint("policy.problem")] if self._found else []
        left += hints_line([*room_hints("policy"), *ways])
        out = key_hint("esc", "drop them" if warned else "close")
        self.query_one("#policy-foot", Line).show(left, out)

    def action_leave(self) -> None:
        """Close; changes are dropped only by a second escape."""
        text = self.area.text
        if text in (self._before, self._warned_of) or not text.strip():
            self.dismiss(None)
        else:
            self._warned_of = text
            self._show_foot()

    @work(group="save", exclusive=True, exit_on_error=False)
    async def action_save(self) -> None:
        """Go on to the review, unless S3 would refuse it; back from there one goes on editing."""
        text = self.area.text
        if self._fatal or not text.strip():
            self.app.bell()
            self.action_problem()
        elif await self._agree(text):
            self.dismiss(text)

    @work(group="outside", exclusive=True, exit_on_error=False)
    async def action_outside(self) -> None:
        """Edit it in the user's own editor."""
        text = self.area.text
        made = await self._outside(text)
        if made != text:
            self._replace(made)

    def action_problem(self) -> None:
        """Put the cursor where the first problem is."""
        if self._found:
            first = self._found[0]
            self.area.move_cursor((first.line - 1, first.column - 1), center=True)

    def action_tidy(self) -> None:
        """Lay the JSON out anew."""
        made = pretty(self.area.text)
        if made != self.area.text:
            self._replace(made)

    @work(group="template", exclusive=True, exit_on_error=False)
    async def action_template(self) -> None:
        """Add a ready-made statement."""
        choices = [(one.id, one.label, one.about) for one in TEMPLATES]
        chosen = await self.app.push_screen_wait(Choose("Add a statement", choices))
        template = next((one for one in TEMPLATES if one.id == chosen), None)
        typed = await self._ask(template) if template is not None else None
        if template is None or typed is None:
            return
        try:
            made = with_statement(self.area.text, template.make(self._arn, typed))
        except (ValueError, RecursionError):
            self.app.bell()
            self.action_problem()
            return
        self._replace(made)

    async def _ask(self, template: Template) -> str | None:
        if not template.wants:
            return ""
        what = "Which account" if template.wants == "account" else "Which VPC endpoint"
        typed = await self.app.push_screen_wait(
            Ask(what, template.about, verb="add it", judge=template.judge)
        )
        return typed.strip() if typed else None

    def _replace(self, text: str) -> None:
        """One edit, so that undo brings back what was there."""
        area = self.area
        area.replace(text, area.document.start, area.document.end)
        area.move_cursor(area.document.end)


def _problem_row(one: Problem) -> Spans:
    role, glyph = ("danger", "✗ ") if one.fatal else ("warn", "▲ ")
    return ((role, glyph), ("muted", f"{one.line}:{one.column}  "), ("text", one.message))
