"""What an instance's process says to the daemon, taken with no trust at all.

A shell on the instance runs as the same user as the process that speaks here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

EVENT_BYTES = 1 << 16
CONSOLE_LINE = 8192
"""Characters."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The SSH server answers on this port."""

    port: int


@dataclass(frozen=True, slots=True)
class Said:
    """A line for the console."""

    text: str


def parse(line: bytes) -> Ready | Said | None:
    """The event that a line holds; None for whatever is none."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict):
        return None
    if isinstance(text := event.get("console"), str):
        return Said(text[:CONSOLE_LINE])
    port = event.get("port")
    if event.get("ready") is True and type(port) is int and 0 < port < 65536:
        return Ready(port)
    return None
