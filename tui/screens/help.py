"""The help screen: every key by room, made from the key map."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from tui import keymap
from tui.widgets.dialog import Dialog
from tui.widgets.line import Block, Line
from tui.widgets.paint import Spans, key_hint

COLUMN = 16


class HelpScreen(Dialog[None]):
    """Keys of the room one is in first, then the rest."""

    def __init__(self, room: str) -> None:
        super().__init__()
        self._room = room

    def inner(self) -> ComposeResult:
        """Title and the scrolling list."""
        yield Line((("bold bright", "Keys"),), key_hint("esc", "close"))
        with VerticalScroll(id="help-scroll"):
            yield Block(help_lines(self._room), id="help-lines")

    def on_mount(self) -> None:
        """Arrows scroll."""
        self.query_one("#help-scroll").focus()


def help_lines(here: str) -> list[Spans]:
    """The key map as lines: the room one is in, tables, everywhere, then the others."""
    order = [here, "app", "table", *(r for r in keymap.ROOMS if r not in (here, "app", "table"))]
    rows: list[Spans] = []
    for room in dict.fromkeys(order):
        keys = keymap.room_in_use(room)
        if keys:
            rows += [(), (("bold text", keymap.ROOMS[room]),)]
        for key in keys:
            shown = keymap.shown_all(key.key)
            rows.append((("bold cool", f"  {shown:<{COLUMN}}"), ("muted", key.tooltip)))
    rows += [(), (("bold text", "In a terminal"),)]
    rows.append(
        (
            ("bold cool", f"  {'^]':<{COLUMN}}"),
            ("muted", "Leave the terminal; all other keys are the remote's"),
        )
    )
    return rows
