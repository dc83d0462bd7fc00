"""The last gate before the terminal: no line of any widget carries a control character."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from tui.core.safe_text import visible


class VisibleLines(LineFilter):
    """Makes visible what a widget did not, text fields and the palette's among them.

    The line keeps its width: what grew pushes the line's end out.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments, without control, C1 and bidi characters in their texts."""
        if all(visible(segment.text) == segment.text for segment in segments):
            return segments
        width = sum(cell_len(segment.text) for segment in segments)
        made = [Segment(visible(segment.text), segment.style) for segment in segments]
        return Segment.adjust_line_length(made, width)
