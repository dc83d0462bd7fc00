"""The key map as Textual bindings."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from tui import keymap


def bindings(room: str) -> list[BindingType]:
    """The bindings of one room of the key map."""
    return [
        Binding(key.key, key.action, key.verb, id=key.id, tooltip=key.tooltip, show=key.hint)
        for key in keymap.room(room)
    ]
