"""What the command line asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """The arguments of one start."""

    sandbox: bool = False
    keep: Path | None = None
    profile: str = ""
    region: str = ""
    endpoint_url: str = field(default="", repr=False)  # it may hold a password
    read_only: bool = False
    fast: bool = False  # the sandbox's state changes take no time (tests)
