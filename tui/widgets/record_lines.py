"""The lines of a record table: how columns share the width, and a row as a strip."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.core.safe_text import visible
from tui.widgets.paint import Painter, Span, Spans

CELL_AT_LEAST = 4
Cells = Sequence[Spans]
SortedBy = tuple[str, bool] | None  # (a column's title, reversed)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: width 0 shares what is left; `from_width` hides it in narrower tables."""

    title: str
    width: int = 0
    align: str = "l"
    from_width: int = 0


def column_widths(
    columns: Sequence[Column], width: int, marks: int, gap: int
) -> list[tuple[int, int]]:
    """(column index, width) of what is shown in a table of this width."""
    shown = [i for i, column in enumerate(columns) if width >= column.from_width]
    right = 1 if marks else 0
    fixed = sum(columns[i].width for i in shown)
    spare = width - fixed - gap * (len(shown) - 1) - marks - right
    flexible = sum(1 for i in shown if not columns[i].width) or 1
    return [(i, columns[i].width or max(CELL_AT_LEAST, spare // flexible)) for i in shown]


def title_spans(column: Column, sorted_by: SortedBy) -> Spans:
    """A column's title, with an arrow if the table is sorted by it."""
    if sorted_by is None or sorted_by[0] != column.title:
        return (("dim", column.title),)
    arrow: Span = ("cool", "↓" if sorted_by[1] else "↑")
    if column.align == "r":
        return arrow, ("dim", f" {column.title}")
    return ("dim", f"{column.title} "), arrow


def fitted_segments(
    spans: Spans, width: int, align: str, styled: Callable[[str], Style]
) -> list[Segment]:
    """Spans as segments of exactly `width` cells, cut with … or padded.

    The same as `fitted(painter.text(spans), …)` rendered, at a fifth of its cost: a page of a
    table is some 200 cells, and is painted at every page-down.
    """
    segments: list[Segment] = []
    room = width
    for role, text in spans:
        shown = visible(text)
        length = cell_len(shown)
        if length > room:
            return _cut(spans, width, styled)
        room -= length
        segments.append(Segment(shown, styled(role)))
    if room:
        space = Segment(" " * room, styled(""))
        segments.insert(0, space) if align == "r" else segments.append(space)
    return segments


def _cut(spans: Spans, width: int, styled: Callable[[str], Style]) -> list[Segment]:
    segments: list[Segment] = []
    room = width - 1
    role = ""
    for role, text in spans:
        shown = visible(text)
        length = cell_len(shown)
        if length > room:
            segments.append(Segment(set_cell_size(shown, room), styled(role)))
            break
        segments.append(Segment(shown, styled(role)))
        room -= length
    return [*segments, Segment("…", styled(role))] if width > 0 else []


def gutter_spans(marks: int, *, bar: bool, picked: bool) -> Spans:
    """What stands before the first cell: the cursor's bar, the selection's mark."""
    spans: list[Span] = []
    if marks:
        spans.append(("cool", "▌" if bar else " "))
    if marks > 1:
        spans.append(("bold cool", "✓" if picked else " "))
    return spans


class RowPainter:
    """Lines of a table in given colours; other colours want another painter.

    Args:
        marks: columns before the first cell: cursor bar, selection mark, space.
        gap: columns between cells.
        base: the style that the pane has of itself.
        variables: the theme's, for the roles.
    """

    def __init__(self, marks: int, gap: int, base: Style, variables: Mapping[str, str]) -> None:
        self._marks, self._gap, self._base = marks, gap, base
        self._painter = Painter(variables)
        self._styles: dict[tuple[str, str], Style] = {}

    def blank(self, width: int) -> Strip:
        """A line below the last row."""
        return Strip.blank(width, self._style("", ""))

    def head(self, columns: Sequence[Column], sorted_by: SortedBy, width: int) -> Strip:
        """The columns' titles."""
        titles = [title_spans(column, sorted_by) for column in columns]
        return self._strip(columns, titles, (("text", " " * self._marks),), width, "")

    def row(
        self,
        columns: Sequence[Column],
        cells: Cells,
        width: int,
        *,
        on: bool,
        bar: bool,
        picked: bool,
    ) -> Strip:
        """A record's cells; `on` has the cursor's shade, `bar` its bar."""
        gutter = gutter_spans(self._marks, bar=bar, picked=picked)
        background = "on:cursor" if on else "on:picked" if picked else ""
        return self._strip(columns, cells, gutter, width, background)

    def _strip(
        self, columns: Sequence[Column], cells: Cells, gutter: Spans, width: int, background: str
    ) -> Strip:
        def styled(role: str) -> Style:
            return self._style(role, background)

        gap = Segment(" " * self._gap, styled(""))
        segments = fitted_segments(gutter, self._marks, "l", styled)
        widths = column_widths(columns, width, self._marks, self._gap)
        for number, (i, cell) in enumerate(widths):
            if number:
                segments.append(gap)
            segments += fitted_segments(cells[i], cell, columns[i].align, styled)
        return Strip(segments).adjust_cell_length(width, styled(""))

    def _style(self, role: str, background: str) -> Style:
        """A role on the pane's colours, or on the shade of the row; kept, as it is asked often."""
        key = (role, background)
        style = self._styles.get(key)
        if style is None:
            style = self._base + self._painter.style(role)
            if background:  # the row's shade wins over the pane's
                style += self._painter.style(background)
            self._styles[key] = style
        return style
