"""A terminal's rows as Textual's strips, with the cursor in them."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.ssh.vt import CursorShape, CursorView, Run
from tui.widgets.terminal_colors import Colors

_NO_BIDI = dict.fromkeys(
    (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), None
)


def row_strip(runs: list[Run], colors: Colors, width: int) -> Strip:
    """Return one row, exactly `width` cells wide."""
    style = colors.style
    if all(text.isascii() for text, _ in runs):
        return Strip([Segment(text, style(cell)) for text, cell in runs], width)
    # The terminal and Textual may differ in the width of an emoji: hold the row's width.
    segments = [Segment(text.translate(_NO_BIDI), style(cell)) for text, cell in runs]
    return Strip(segments).adjust_cell_length(width, style(runs[-1][1]))


def with_cursor(strip: Strip, cursor: CursorView, *, focused: bool) -> Strip:
    """Return the cursor's row with the cursor: a block in the focused terminal, else a line."""
    x = min(cursor.column, strip.cell_length - 1)
    under = strip.crop(x, x + 1)
    if not under.text.strip("\0"):
        under = strip.crop(x, x + 2)  # the left half of a wide character
    block = focused and cursor.shape is not CursorShape.UNDERLINE
    look = Style(reverse=True) if block else Style(underline=True)
    cell = Strip(
        [Segment(segment.text, (segment.style or Style()) + look) for segment in under],
        under.cell_length,
    )
    end = x + cell.cell_length
    return Strip.join([strip.crop(0, x), cell, strip.crop(end)])
