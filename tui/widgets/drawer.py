"""What drawers say to the screen under them; apart from the drawers, which are imported late."""

from __future__ import annotations

from textual.message import Message


class Closed(Message):
    """A drawer was closed by its key."""


class ExportSession(Message):
    """The user wants the whole session as a file."""
