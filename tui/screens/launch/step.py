"""The base of the wizard's pages."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import ClassVar

from textual.containers import Vertical

from tui.core.errors import UserError
from tui.core.jobs import JobSnapshot, JobState
from tui.launch import STEP_TITLES, STEPS, Problem
from tui.screens.launch.state import Wizard
from tui.widgets import chrome
from tui.widgets.paint import Span, Spans

Hints = Sequence[tuple[str, str]]
SAID_AT_MOST = 3
FIELDS: Hints = (("↑↓", "field"),)  # the forms' own keys
CHANGES: Hints = (("←→", "change"),)


class StepPane(Vertical):
    """One page. It reads the wizard's draft in `paint`, and changes it through the wizard.

    The screen's action `page('add')` (or edit, remove, filter, sort, market, architecture) reaches
    the page as the method `do_add`; where a page lacks it the bell rings.
    """

    step: ClassVar[str] = ""

    def __init__(self, wizard: Wizard) -> None:
        super().__init__(id=f"launch-{self.step}", classes="page")
        self.wizard = wizard

    def paint(self) -> None:
        """Show the draft; called when the page opens and after every change."""

    def start(self) -> None:
        """Take the focus."""
        for table in self.query("RecordTable"):
            table.focus()
            return
        for form in self.query("Form"):
            form.start()  # type: ignore[attr-defined]

    async def may_leave(self) -> bool:
        """Whether one may go on; a page may ask something first (it runs in a worker)."""
        return not self.wizard.blocking(self.step)

    def hints(self) -> Hints:
        """(key, verb) of the footer; here those of a table alone."""
        return (chrome.rows_hint("choose"), *ways_on())


def ways_on() -> Hints:
    """The keys to the next step and back."""
    return chrome.hint("launch.next"), chrome.hint("launch.back")


def problem_rows(problems: Sequence[Problem], width: int) -> list[Spans]:
    """What is wrong, the forbidding first; three at most."""
    rows: list[Spans] = []
    for one in sorted(problems, key=lambda one: not one.blocking)[:SAID_AT_MOST]:
        mark, role = (("danger", "✗ "), "text") if one.blocking else (("warn", "▲ "), "muted")
        rows += _wrapped(mark, role, one.message, width)
    return rows


def breadcrumb(page: str) -> Spans:
    """Where one is."""
    path = (("muted", "ec2 "), ("dim", "› "), ("muted", "launch "), ("dim", "› "))
    return (*path, ("bold bright", STEP_TITLES[page].lower()))


def step_of(page: str) -> Spans:
    """`step 2 of 6`."""
    number = str(STEPS.index(page) + 1) if page in STEPS else ""
    return (("dim", "step "), ("text", number), ("dim", f" of {len(STEPS)}"))


def ending_rows(job: JobSnapshot | None, width: int) -> list[Spans]:
    """What came of a launch that did not come to its end."""
    if job is None or not job.state.ended:
        return []
    if job.state is JobState.CANCELLED:
        return _wrapped(("warn", "▲ "), "muted", job.note, width)
    return error_rows(job.error, width)


def error_rows(error: UserError | None, width: int) -> list[Spans]:
    """Why the launch failed, and what next."""
    if error is None:
        return []
    rows = _wrapped(("danger", "✗ "), "danger", error.title, width)
    return [
        *rows,
        *_wrapped(("text", "  "), "text", error.message, width),
        *_wrapped(("text", "  "), "muted", error.hint, width),
    ]


def _wrapped(mark: Span, role: str, text: str, width: int) -> list[Spans]:
    lines = textwrap.wrap(text, max(20, width - 2))
    return [(mark if not i else ("text", "  "), (role, line)) for i, line in enumerate(lines)]
