"""Local paths as people type them, looked at without an exception; and files written whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tui.core import publish
from tui.core.errors import LocalError

NO_HOME = "nobody here has a home folder of that name"

Judge = Callable[[str], str | None]
"""Says what is wrong with a typed text, or None."""


def expanded(text: str | Path) -> Path:
    """A path as typed, with `~` for the home folder; `~name` stays where nobody has that name."""
    try:
        return Path(os.path.expanduser(text))  # noqa: PTH111 - Path's own raises
    except ValueError:  # a user's name that none can have, of surrogates or with a NUL
        return Path(text)


def expanded_to_write(path: Path) -> Path:
    """A folder of the settings, expanded.

    Raises:
        LocalError: it is in the home of nobody here, and would be made under its `~name`.
    """
    if nobodys(str(path)):
        hint = "Name another folder in the settings."
        raise LocalError(f"Can't write into {path}", NO_HOME, hint)
    return expanded(path)


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


def size_of(path: Path, hint: str = "") -> int:
    """Return a file's bytes. Blocks.

    Raises:
        LocalError: it cannot be looked at; `hint` says what to do then.
    """
    try:
        return path.stat().st_size
    except (OSError, ValueError) as error:
        raise LocalError(f"Can't read {path.name}", why(error), hint) from error


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


@dataclass(frozen=True, slots=True)
class Fresh:
    """A file that is being written beside the place where it belongs."""

    path: Path
    target: Path

    def replace(self) -> None:
        """Put it in its place, over what is there, once the disk has all of it."""
        self._sync()
        self.path.replace(self.target)
        publish.sync_folder(self.target.parent)

    def add(self) -> None:
        """Put it in its place if that is free.

        Raises:
            FileExistsError: something stands there; it is kept.
        """
        self._sync()
        publish.add(self.path, self.target)
        publish.sync_folder(self.target.parent)

    def _sync(self) -> None:
        handle = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def beside(target: Path, mode: int = 0o666) -> Iterator[Fresh]:
    """An empty file of a name of its own beside `target`, gone at the end unless put in place.

    So a target is the old or the new file, never half of one. What the disk refuses is an
    OSError.
    """
    path = target.with_name(f".{target.name[:40]}.{os.urandom(4).hex()}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    os.close(os.open(path, flags, mode))
    try:
        yield Fresh(path, target)
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
