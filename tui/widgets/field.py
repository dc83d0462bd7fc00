"""A text field that shows what stands in it, character by character."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Input

# One character for one, so that the cursor stays where it is; `VisibleLines` does the rest.
_PICTURES = {**{code: chr(0x2400 + code) for code in range(0x20)}, 0x7F: "\u2421"}


class Field(Input):
    """An `Input` in which tabs, line ends and bells (a pasted text, a file's name) are seen.

    Rich would leave some of them out and read others as space.
    """

    @property
    def _value(self) -> Text:
        if self.password or self.value.isprintable():
            return super()._value
        return Text(self.value.translate(_PICTURES), no_wrap=True, overflow="ignore", end="")
