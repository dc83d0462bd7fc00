"""The code drawer: the last actions as code, over a pane's right edge."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from tui.widgets import chrome
from tui.widgets.code_text import painted
from tui.widgets.drawer import Closed, ExportSession
from tui.widgets.keys import bindings
from tui.widgets.line import Line
from tui.widgets.paint import key_hint, pill

FORMS = ("boto3 + CLI", "pandas", "whole session")
PANDAS_FORM, SESSION_FORM = 1, 2
LOW_ROWS = 28


class CodeDrawer(Vertical):
    """The user's last actions as boto3 Python, AWS CLI and pandas; copied or exported by a key.

    Args:
        entries: the log's entries, oldest first: each has `cause`; see `render`.
        render: an entry as {"python": ..., "cli": ..., "pandas": ...}.
        session: the whole session as one script.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("code")

    def __init__(
        self,
        entries: Sequence[object],
        render: Callable[[object], Awaitable[dict[str, str]]],
        session: Callable[[], Awaitable[str]],
    ) -> None:
        super().__init__()
        self._entries, self._rendering, self._session = entries, render, session
        self._at, self._form = max(0, len(entries) - 1), 0

    def compose(self) -> ComposeResult:
        """Head, cause, forms, code, CLI line."""
        yield Line(id="code-head")
        yield Line(id="code-cause")
        yield Line(id="code-forms")
        with VerticalScroll(classes="code-scroll below", id="code-scroll"):
            yield Static(id="code-python", classes="code-text")
        with Vertical(id="code-cli-box", classes="below"):
            yield Line((("muted", "AWS CLI"),))
            with VerticalScroll(classes="code-scroll", id="code-cli-scroll"):
                yield Static(id="code-cli", classes="code-text")
        yield Line((("run", "✓ "), ("muted", "no secret is ever shown here")), classes="below")

    def on_mount(self) -> None:
        """Take the focus and show the newest action."""
        self.query_one("#code-scroll").focus()
        self.run_worker(self._show(), exclusive=True, group="code", exit_on_error=False)

    def on_resize(self) -> None:
        """In few rows the code has them, not the space round it."""
        self.set_class(self.size.height < LOW_ROWS, "-low")

    async def _show(self) -> None:
        self._head()
        texts = {"python": "", "cli": "", "pandas": ""}
        if self._form == SESSION_FORM:
            texts["python"] = await self._session()
        elif self._entries:
            texts.update(await self._rendering(self._entries[self._at]))
        if self._form == PANDAS_FORM:
            texts = {"python": texts["pandas"] or "# this action does not read data", "cli": ""}
        elif not self._entries:
            texts = {"python": "# what you do shows here as code", "cli": ""}
        self.text, self.cli = texts["python"], texts["cli"]
        self.query_one("#code-python", Static).update(painted(self.text, numbered=True))
        self.query_one("#code-cli", Static).update(painted(self.cli, command_line=True))
        self.query_one("#code-cli-box").set_class(not self.cli, "gone")

    def _head(self) -> None:
        place = f"{self._at + 1} of {len(self._entries)}  " if self._entries else ""
        older, newer = chrome.hint("code.older")[0], chrome.hint("code.newer")[0]
        self.query_one("#code-head", Line).show(
            (("bold bright", "Code"), ("muted", "  of the last actions")),
            (("dim", place), ("bold cool", f"{older} {newer}")),
        )
        cause = str(getattr(self._entries[self._at], "cause", "")) if self._entries else ""
        self.query_one("#code-cause", Line).show((("text", cause),))
        names: list[tuple[str, str]] = []
        for number, name in enumerate(FORMS):
            names += [pill("cool", name) if number == self._form else ("muted", f" {name} ")]
            names += [("muted", " ")]
        self.query_one("#code-forms", Line).show(names, key_hint(*chrome.hint("code.copy", "copy")))

    def _step(self, by: int) -> None:
        at = max(0, min(len(self._entries) - 1, self._at + by))
        if at != self._at:
            self._at = at
            self.run_worker(self._show(), exclusive=True, group="code", exit_on_error=False)

    def action_older(self) -> None:
        """The action before."""
        self._step(-1)

    def action_newer(self) -> None:
        """The action after."""
        self._step(1)

    def action_form(self) -> None:
        """The next form."""
        self._form = (self._form + 1) % len(FORMS)
        self.run_worker(self._show(), exclusive=True, group="code", exit_on_error=False)

    def action_copy(self) -> None:
        """Copy what is shown (Python and CLI both)."""
        cli = "\n".join(f"# {line}" for line in self.cli.splitlines())  # pasted, it stays Python
        both = f"{self.text}\n# AWS CLI\n{cli}\n" if cli else self.text
        self.app.copy_to_clipboard(both)
        self.app.notify("The code is on the clipboard.", markup=False)

    def action_export(self) -> None:
        """Save the session as a script."""
        self.post_message(ExportSession())

    def action_close(self) -> None:
        """Close the drawer."""
        self.post_message(Closed())
