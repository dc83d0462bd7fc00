"""Single lines: something left, something right; a heading with its rule; blocks of facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from tui.widgets.paint import Spans, bar, content, length

if TYPE_CHECKING:
    from typing_extensions import TypeIs

Pair = tuple[Spans, Spans]


def joined(left: Spans, right: Spans, width: int) -> Content:
    """One line of exactly `width` cells; the left part gives way."""
    tail = content(*right)
    room = max(0, width - tail.cell_length)
    return content(*left).truncate(room, ellipsis=True, pad=True) + tail


class Line(Widget):
    """One line with a left and a right part, and a shorter right for narrow screens."""

    def __init__(
        self,
        left: Spans = (),
        right: Spans = (),
        short: Spans | None = None,
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.left, self.right, self.short = left, right, short

    def show(self, left: Spans, right: Spans = (), short: Spans | None = None) -> None:
        """Replace both parts; paints only if something changed."""
        if (left, right, short) != (self.left, self.right, self.short):
            self.left, self.right, self.short = left, right, short
            self.refresh()

    def render(self) -> Content:
        """Paint left and right, the short right where both do not fit."""
        width, right = self.size.width, self.right
        if self.short is not None and length(self.left) + length(right) + 2 > width:
            right = self.short
        return joined(self.left, right, width)


class Heading(Widget):
    """A pane's heading: title, a rule, what there is. Cool where the focus is (class `-focus`)."""

    def __init__(
        self,
        title: str,
        meta: Spans = (),
        *,
        follows: str = "",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`follows` is the id of the widget whose focus makes this heading cool."""
        super().__init__(id=id, classes=classes)
        self.title, self.meta, self.follows = title, meta, follows
        self._lit = False

    def on_mount(self) -> None:
        """Watch the focus of the widget that this heads."""
        if self.follows:
            self.watch(self.screen, "focused", self._focus_moved)

    def _focus_moved(self) -> None:
        focused = self.screen.focused
        lit = focused is not None and self.follows in {
            node.id for node in focused.ancestors_with_self
        }
        if lit != self._lit:
            self._lit = lit
            self.refresh()

    def show(self, title: str | None = None, meta: Spans | None = None) -> None:
        """Replace the title, the right part, or both."""
        title = self.title if title is None else title
        meta = self.meta if meta is None else meta
        if (title, meta) != (self.title, self.meta):
            self.title, self.meta = title, meta
            self.refresh()

    def render(self) -> Content:
        """Paint title, rule, right part."""
        meta = length(self.meta)
        room = self.size.width - meta - (2 if meta else 1)
        name = content(("bold cool" if self._lit else "bold text", self.title))
        name = name.truncate(max(4, room - 2), ellipsis=True) if name.cell_length > room else name
        rule = " " + "─" * max(1, room - name.cell_length) + (" " if meta else "")
        return name + content(("cool" if self._lit else "line", rule), *self.meta)


class Block(Widget):
    """Lines of spans; a (left, right) pair becomes a line with both ends used."""

    def __init__(
        self,
        rows: Sequence[Spans | Pair] = (),
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.rows: Sequence[Spans | Pair] = rows

    def show(self, rows: Sequence[Spans | Pair]) -> None:
        """Replace the lines."""
        if rows != self.rows:
            grew = len(rows) != len(self.rows)
            self.rows = rows
            self.refresh(layout=grew)

    def render(self) -> Content:
        """Paint the lines, each cut at the width."""
        width = self.size.width or 1
        made = []
        for row in self.rows:
            if is_pair(row):
                made.append(joined(row[0], row[1], width))
            else:
                line = content(*row)
                made.append(line.truncate(width, ellipsis=True))
        return Content("\n").join(made)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """As many lines as rows."""
        return len(self.rows)


def is_pair(row: Spans | Pair) -> TypeIs[Pair]:
    """True for (left spans, right spans)."""
    return len(row) == 2 and all(not side or not isinstance(side[0], str) for side in row)


def pair(left: Spans, right: Spans) -> Pair:
    """A line with two ends."""
    return (left, right)


def fact(label: str, *value: tuple[str, str], at: int = 12) -> Spans:
    """A muted label, its value at column `at`."""
    return (("muted", f"{label:<{at}}"), *value)


class Meter(Widget):
    """A thin bar as wide as its pane."""

    def __init__(
        self,
        fraction: float = 0.0,
        role: str = "cool",
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.fraction, self.role = fraction, role

    def show(self, fraction: float, role: str | None = None) -> None:
        """Move the bar."""
        self.fraction, self.role = fraction, role or self.role
        self.refresh()

    def render(self) -> Content:
        """Paint the bar."""
        return content(*bar(self.fraction, self.size.width, self.role))
