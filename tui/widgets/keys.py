"""The key map as Textual bindings."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from tui import keymap


def bindings(room: str, *, priority: bool = False) -> list[BindingType]:
    """The bindings of one room of the key map; with `priority`, before those of its widgets."""
    return [
        Binding(
            key.key,
            key.action,
            key.verb,
            id=key.id,
            tooltip=key.tooltip,
            show=key.hint,
            priority=priority,
        )
        for key in keymap.room(room)
    ]
