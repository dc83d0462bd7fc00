"""The terminal's colours: the 16 of the palette from the theme, the rest as programs ask."""

from __future__ import annotations

from collections.abc import Mapping

from rich.color import Color as RichColor
from rich.style import Style

from tui.ssh.vt import CellStyle, Color, Rgb

# Palette index -> the theme's variable, and a literal where no theme gives it.
ANSI: tuple[tuple[str, str], ...] = (
    ("sky-line", "#2b3746"),  # black
    ("sky-danger", "#f27c78"),
    ("sky-run", "#86cf95"),
    ("sky-warn", "#e8cb62"),
    ("sky-cool", "#6fc1e0"),  # blue
    ("sky-spot", "#b8a1f0"),  # magenta
    ("sky-shade", "#4f8ba2"),  # cyan
    ("sky-text", "#d5dde7"),  # white
    ("sky-dim", "#73829a"),  # bright black
    ("sky-danger", "#f27c78"),
    ("sky-run", "#86cf95"),
    ("sky-warn", "#e8cb62"),
    ("sky-cool", "#6fc1e0"),
    ("sky-spot", "#b8a1f0"),
    ("sky-cool", "#6fc1e0"),
    ("sky-bright", "#f3f6fa"),
)
FOREGROUND, BACKGROUND = ("sky-text", "#d5dde7"), ("sky-ink", "#0e131a")

MAX_STYLES = 8192


class Colors:
    """Turns cell styles into Rich styles over a base, for one theme; remembers them."""

    def __init__(self, variables: Mapping[str, str], base: Style) -> None:
        self._palette = [RichColor.parse(variables.get(name, text)) for name, text in ANSI]
        self._base = base
        self._styles: dict[CellStyle, Style] = {}

    def style(self, cell: CellStyle) -> Style:
        """Return the Rich style of a run."""
        style = self._styles.get(cell)
        if style is None:
            if len(self._styles) >= MAX_STYLES:
                self._styles.clear()
            style = self._styles[cell] = self._base + self._make(cell)
        return style

    def _make(self, cell: CellStyle) -> Style:
        # Bold makes the dark half of the palette bright, as terminals do by custom.
        fg = cell.fg + 8 if cell.bold and isinstance(cell.fg, int) and cell.fg < 8 else cell.fg
        return Style(
            color=self._color(fg),
            bgcolor=self._color(cell.bg),
            bold=cell.bold or None,
            italic=cell.italic or None,
            underline=cell.underline or None,
            reverse=cell.reverse or None,
            dim=cell.dim or None,
            strike=cell.strike or None,
            conceal=cell.conceal or None,
        )

    def _color(self, color: Color) -> RichColor | None:
        if color is None:
            return None
        if isinstance(color, tuple):
            return RichColor.from_rgb(*color)
        if color < 16:
            return self._palette[color]
        return RichColor.from_rgb(*indexed_rgb(color))


def indexed_rgb(index: int) -> Rgb:
    """Return colour 16-255 of xterm's palette: a 6x6x6 cube, then 24 greys."""
    if index >= 232:
        grey = 8 + 10 * (index - 232)
        return grey, grey, grey
    index -= 16
    levels = (0, 95, 135, 175, 215, 255)
    return levels[index // 36], levels[index // 6 % 6], levels[index % 6]


def default_rgb(variables: Mapping[str, str]) -> tuple[Rgb, Rgb]:
    """Return the default foreground and background, for programs that ask."""
    colors = [RichColor.parse(variables.get(name, text)) for name, text in (FOREGROUND, BACKGROUND)]
    fg, bg = (color.get_truecolor() for color in colors)
    return (fg.red, fg.green, fg.blue), (bg.red, bg.green, bg.blue)
