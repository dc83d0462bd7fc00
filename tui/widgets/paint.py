"""Text with roles: how every widget of Skydeck says what colour something is.

A `Span` is (role, text). A role is words: a palette name (`cool`, `muted`), `bold`, `italic`,
`underline`, `reverse`, or `on:NAME` for a background. All text passes `visible`, and none of it is
ever parsed as markup, so a widget made of spans shows hostile names as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from rich.style import Style
from rich.text import Text
from textual.content import Content

from tui.core.safe_text import visible

Span = tuple[str, str]
Spans = Sequence[Span]

_PLAIN = {"bold", "italic", "underline", "reverse", "strike"}
GLYPHS = {
    "running": ("run", "●"),
    "pending": ("warn", "◐"),
    "stopping": ("warn", "◐"),
    "shutting-down": ("warn", "◐"),
    "stopped": ("muted", "○"),
    "terminated": ("dim", "✕"),
}


@lru_cache(maxsize=512)
def css_style(role: str) -> str:
    """A role as a Textual style: `bold cool` is `bold $sky-cool`."""
    words = []
    for word in role.split():
        if word in _PLAIN:
            words.append(word)
        elif word.startswith("on:"):
            words.append(f"on $sky-{word[3:]}")
        else:
            words.append(f"$sky-{word}")
    return " ".join(words)


def content(*spans: Span) -> Content:
    """Spans as Textual content, in the theme's colours."""
    return Content.assemble(*((visible(text), css_style(role)) for role, text in spans if text))


def lines(rows: Iterable[Spans]) -> Content:
    """Several lines of spans."""
    return Content("\n").join([content(*row) for row in rows])


def length(spans: Spans) -> int:
    """The width of spans in cells."""
    return content(*spans).cell_length


def pill(role: str, text: str) -> Span:
    """A solid label: ink on the role's colour."""
    return (f"bold ink on:{role}", f" {text} ")


def key_hint(key: str, verb: str) -> tuple[Span, Span]:
    """A key and what it does, as footers and dialogs show it."""
    return ("bold cool", key), ("muted", f" {verb}")


def bar(fraction: float, width: int, role: str = "cool") -> tuple[Span, Span]:
    """A progress bar of `width` cells, by halves of a cell."""
    halves = round(max(0.0, min(1.0, fraction)) * width * 2)
    full, half = divmod(halves, 2)
    done = "━" * full + ("╸" if half else "")
    return (role, done), ("line", "━" * (width - full - half))


class Painter:
    """Roles as Rich styles, for widgets that draw their own lines."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._styles: dict[str, Style] = {}

    def style(self, role: str) -> Style:
        """The role's style; kept, since a table asks for it on every cell."""
        style = self._styles.get(role)
        if style is None:
            style = self._styles[role] = self._made(role)
        return style

    def _made(self, role: str) -> Style:
        colour = background = None
        flags: dict[str, bool] = {}
        for word in role.split():
            if word in _PLAIN:
                flags[word] = True
            elif word.startswith("on:"):
                background = self._variables.get(f"sky-{word[3:]}")
            else:
                colour = self._variables.get(f"sky-{word}")
        return Style(color=colour, bgcolor=background, **flags)  # type: ignore[arg-type]

    def text(self, spans: Spans) -> Text:
        """Spans as Rich text, one line, never parsed as markup."""
        made = Text(no_wrap=True, overflow="crop", end="")
        for role, part in spans:
            made.append(visible(part), self.style(role))
        return made


def fitted(text: Text, width: int, align: str = "l") -> Text:
    """Cut `text` with … or pad it, to exactly `width` cells. The text may be changed."""
    if text.cell_len > width:
        text.truncate(width, overflow="ellipsis")
    space = width - text.cell_len
    if align == "r":
        text.pad_left(space)
    elif align == "c":
        text.pad_left(space // 2)
        text.pad_right(space - space // 2)
    else:
        text.pad_right(space)
    return text
