"""The preview beside a listing: heading, name, body, what of it is seen, facts, ways."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Container

from tui.widgets.line import Block, Heading, Line
from tui.widgets.paint import Spans
from tui.widgets.preview_body import PreviewBody
from tui.widgets.preview_data import PreviewData

__all__ = ["Preview", "PreviewBody"]

_LEAST = 3  # lines of the body


class Preview(Container):
    """Heading, name, body, count line, facts, ways. Ids are `preview-...` of its own."""

    _kind: Spans = ()

    def compose(self) -> ComposeResult:
        """All parts; `show_*` hide what is not needed."""
        yield Heading("Preview", follows="preview-body", id="preview-heading")
        yield Line(id="preview-name")
        yield Block(id="preview-note", classes="below")
        yield PreviewBody(id="preview-body")
        yield Line(id="preview-count", classes="below")
        yield Heading("About", id="preview-about", classes="below wide")
        yield Block(id="preview-facts", classes="wide")
        yield Block(id="preview-ways", classes="below wide")

    def show_title(self, title: str, name: str, meta: Spans = (), kind: Spans = ()) -> None:
        """Head the preview; what was shown before is dropped."""
        self.query_one("#preview-heading", Heading).show(title, meta)
        self.query_one("#preview-name", Line).show((("bold text", name),), kind, ())
        self.show_body(None)
        self.show_note(())
        self.show_facts(())

    def show_kind(self, kind: Spans) -> None:
        """Say at the right of the name what is being shown."""
        self._kind = kind
        line = self.query_one("#preview-name", Line)
        line.show(line.left, kind, ())

    def show_reading(self, kind: Spans | None = (("dim", "◐ reading"),)) -> None:
        """Say that more is being read, in place of the kind; None brings that back."""
        line = self.query_one("#preview-name", Line)
        line.show(line.left, self._kind if kind is None else kind, ())

    def show_note(self, rows: Sequence[Spans]) -> None:
        """Say something in place of the body."""
        note = self.query_one("#preview-note", Block)
        note.show(list(rows))
        note.display = bool(rows)
        self.fit()

    def show_body(self, shown: PreviewData | None) -> None:
        """Show something else from its beginning, or nothing."""
        body = self.query_one(PreviewBody)
        body.show(shown)
        body.display = body.can_focus = shown is not None
        self.call_after_refresh(self.fit)
        self.fit()

    def refine_body(self, shown: PreviewData, moved: int = 0) -> None:
        """Show more, or better, of the same, in place."""
        body = self.query_one(PreviewBody)
        if body.shown is None:
            self.show_body(shown)
            return
        body.refine(shown, moved)
        self.fit()

    def show_facts(self, facts: Sequence[Spans], ways: Sequence[Spans] = ()) -> None:
        """Show the facts under the body."""
        self.query_one("#preview-facts", Block).show(list(facts))
        self.query_one("#preview-ways", Block).show(list(ways))
        self.fit()

    def on_resize(self) -> None:
        """Another height has room for other rows."""
        self.fit()

    @on(PreviewBody.Scrolled)
    def _body_scrolled(self) -> None:
        self._show_count()

    def _show_count(self) -> None:
        self.query_one("#preview-count", Line).show(self.query_one(PreviewBody).counted())

    def fit(self) -> None:
        """Give the body what the rest leaves, but not more than it has lines."""
        body, facts = self.query_one(PreviewBody), self.query_one("#preview-facts", Block)
        ways, note = self.query_one("#preview-ways", Block), self.query_one("#preview-note", Block)
        count = self.query_one("#preview-count", Line)
        narrow, alone = self.screen.has_class("-narrow"), self.screen.has_class("-zoomed")
        for name in ("#preview-about", "#preview-facts"):
            self.query_one(name).display = bool(facts.rows) and not alone
        ways.display = bool(ways.rows) and not alone
        count.display = body.shown is not None and bool(body.counted())
        taken = 3 + (len(note.rows) + 1 if note.display else 0)
        taken += 2 if count.display else 0
        if not narrow and not alone:
            taken += len(facts.rows) + 2 if facts.rows else 0
            taken += len(ways.rows) + 1 if ways.rows else 0
        body.styles.height = max(_LEAST, min(body.lines_in_all, self.size.height - taken))
        self.call_after_refresh(self._show_count)
