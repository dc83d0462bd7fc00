"""What a pane shows instead of its content: waiting, empty, or failed with what may help."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Container

from tui.core.errors import UserError
from tui.widgets.line import Block
from tui.widgets.paint import Spans, key_hint

Help = Sequence[tuple[str, str]]


class Notice(Container):
    """Some lines in the middle of a pane."""

    def compose(self) -> ComposeResult:
        """The lines."""
        yield Block(id="notice-lines")

    def show(self, rows: Sequence[Spans]) -> None:
        """Show these lines."""
        self.query_one(Block).show(list(rows))
        self.add_class("-shown")

    def hide(self) -> None:
        """Give the place back to the pane."""
        self.remove_class("-shown")

    def waiting(self, what: str, why: str = "") -> None:
        """Say what is being waited for."""
        self.show([(("warn", "◐ "), ("bold text", what)), (), (("muted", why),)])

    def empty(self, what: str, ways: Help = ()) -> None:
        """Say that there is nothing, and what one can do."""
        self.show([(("bold text", what),), (), *(key_hint(k, v) for k, v in ways)])

    def failed(self, error: UserError, ways: Help = ()) -> None:
        """Say what failed, why, and what may help."""
        rows: list[Spans] = [(("bold danger", f"✗ {error.title}"),), ()]
        rows += [(("text", part),) for part in _wrapped(error.message)]
        if error.hint:
            rows += [(), *((("muted", part),) for part in _wrapped(error.hint))]
        if ways:
            rows += [(), (("bold text", "What may help"),)]
            rows += [key_hint(f"{k:<3}", v) for k, v in ways]
        self.show(rows)


def _wrapped(text: str, width: int = 60) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width) if text else []
