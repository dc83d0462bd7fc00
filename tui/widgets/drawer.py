"""What drawers say to the screen under them; apart from the drawers, which are imported late."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message


class Closed(Message):
    """A drawer was closed by its key."""


class ExportSession(Message):
    """The user wants the whole session as a file."""


@dataclass
class LimitsWanted(Message):
    """The user wants to limit a job."""

    job_id: int


@dataclass
class ItemsWanted(Message):
    """The user wants to look into a job."""

    job_id: int


@dataclass
class CancelWanted(Message):
    """The user wants a job to end whose cancel is not to be taken back."""

    job_id: int
