"""Local paths as people type them: expanded and looked at without an exception."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

NO_HOME = "nobody here has a home folder of that name"

Judge = Callable[[str], str | None]
"""Says what is wrong with a typed text, or None."""


def expanded(text: str) -> Path:
    """A path as typed, with `~` for the home folder; `~name` stays where nobody has that name."""
    try:
        return Path(os.path.expanduser(text))  # noqa: PTH111 - Path's own raises
    except ValueError:  # a user's name that none can have, of surrogates or with a NUL
        return Path(text)


def nobodys(text: str) -> bool:
    """True for the home folder of someone who is not known here."""
    return text.startswith("~") and str(expanded(text)).startswith("~")


def is_file(path: Path) -> bool:
    """True for a file; no for what cannot be looked at, where Path's own may raise."""
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: Path) -> bool:
    """True for a folder; no for what cannot be looked at."""
    return os.path.isdir(path)  # noqa: PTH112


def exists(path: Path) -> bool:
    """True for anything; no for what cannot be looked at."""
    return os.path.exists(path)  # noqa: PTH110


def why(error: Exception) -> str:
    """What a failed look at a path means, as a clause."""
    if isinstance(error, RuntimeError):
        return NO_HOME
    if isinstance(error, FileNotFoundError):
        return "there is no such file or folder"
    told = getattr(error, "strerror", None) or "that can't be a path"
    return str(told).lower()


def calm(judge: Judge) -> Judge:
    """Return the judge with what it may raise made a verdict: a dialog asks it at every key."""

    def judged(text: str) -> str | None:
        try:
            return judge(text)
        except (OSError, ValueError, RuntimeError) as error:
            return why(error)

    return judged
