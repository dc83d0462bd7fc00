"""What a step says as it runs: lines that follow their end unless one scrolls up."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.widgets.paint import Painter, Spans
from tui.workflow.steps import LogLine

MARKS = {
    "say": ("muted", "· "),
    "good": ("run", "✓ "),
    "bad": ("danger", "✗ "),
    "command": ("cool", ""),
    "out": ("text", "  "),
}
TEXT_ROLES = {"say": "muted", "good": "text", "bad": "text", "command": "bold cool", "out": "text"}


class OutputView(ScrollView, can_focus=True):
    """Log lines; paints only those in sight."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.lines: Sequence[LogLine] = ()
        self._count = 0
        self._painter: Painter | None = None

    def show(self, lines: Sequence[LogLine]) -> None:
        """Show these lines; the same list may have grown meanwhile."""
        same, grew = lines is self.lines, len(lines) != self._count
        if same and not grew:
            return
        at_end = not same or self.scroll_offset.y >= self.max_scroll_y - 1
        self.lines, self._count = lines, len(lines)
        widest = max((len(line.text) for line in lines[-200:]), default=0) + 3
        self.virtual_size = Size(widest, len(lines))
        self.refresh()
        if at_end:
            self.call_after_refresh(self.scroll_end, animate=False, x_axis=False)

    def on_mount(self) -> None:
        """Paint anew when the theme changes."""
        self.app.theme_changed_signal.subscribe(self, self._theme_changed)

    def _theme_changed(self, _theme: object) -> None:
        self._painter = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        if self._painter is None:
            self._painter = Painter(self.app.theme_variables)
        x, top = self.scroll_offset
        width, row = self.size.width, y + top
        if row >= len(self.lines):
            return Strip.blank(width, self.rich_style)
        text = self._painter.text(_spans(self.lines[row]))
        if text.cell_len > x + width:  # arrows scroll to the rest
            text.truncate(x + width, overflow="ellipsis")
        return _strip(text, self).crop_extend(x, x + width, self.rich_style)


def _spans(line: LogLine) -> Spans:
    return (MARKS[line.kind], (TEXT_ROLES[line.kind], line.text))


def _strip(text: Text, view: OutputView) -> Strip:
    base = view.rich_style
    segments = [
        segment.__class__(segment.text, base + segment.style if segment.style else base)
        for segment in text.render(view.app.console)
    ]
    return Strip(segments)
