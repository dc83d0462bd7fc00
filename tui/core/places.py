"""Bookmarks and recent places of each account, kept in one JSON file.

Keys are kept as they are, byte by byte: JSON escapes whatever is not plain. The file is read anew
before every change, so that two Skydecks on one machine do not undo each other's bookmarks. All of
it blocks; call it in a thread.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tui.core import paths
from tui.core.errors import LocalError

VERSION = 1
RECENT_AT_MOST = 50
BOOKMARKS_AT_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket and a prefix; `at` is when it was bookmarked or last open, UTC."""

    bucket: str
    prefix: str = ""
    at: datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What makes it this place."""
        return self.bucket, self.prefix


@dataclass(frozen=True, slots=True)
class Places:
    """What one account has: bookmarks in the order they were made, recent ones newest first."""

    bookmarks: tuple[Place, ...] = ()
    recent: tuple[Place, ...] = ()

    def is_marked(self, key: tuple[str, str]) -> bool:
        """True for a bookmark."""
        return any(place.key == key for place in self.bookmarks)

    def visited(self, place: Place) -> Places:
        """With this as the most recent place."""
        rest = tuple(old for old in self.recent if old.key != place.key)
        return Places(self.bookmarks, (place, *rest)[:RECENT_AT_MOST])

    def marked(self, place: Place) -> Places:
        """With this bookmark, at the end."""
        if self.is_marked(place.key):
            return self
        return Places((*self.bookmarks, place)[-BOOKMARKS_AT_MOST:], self.recent)

    def unmarked(self, key: tuple[str, str]) -> Places:
        """Without this bookmark."""
        return Places(tuple(old for old in self.bookmarks if old.key != key), self.recent)

    def forgotten(self, key: tuple[str, str]) -> Places:
        """Without this recent place."""
        return Places(self.bookmarks, tuple(old for old in self.recent if old.key != key))


class PlaceFile:
    """The file, as one account sees it."""

    def __init__(self, path: Path, account: str) -> None:
        self.path, self.account = path, account

    def load(self) -> Places:
        """What is kept of this account; nothing where there is no file, or one that is broken."""
        found = self._accounts().get(self.account)
        if not isinstance(found, dict):
            return Places()
        return Places(_places(found.get("bookmarks")), _places(found.get("recent")))

    def visit(self, place: Place) -> Places:
        """Note a place as the most recent one; as `mark` otherwise."""
        return self._save(self.load().visited(place))

    def mark(self, place: Place) -> Places:
        """Bookmark a place.

        Raises:
            LocalError: it could not be written.
        """
        return self._save(self.load().marked(place))

    def unmark(self, key: tuple[str, str]) -> Places:
        """Drop a bookmark; as `mark` otherwise."""
        return self._save(self.load().unmarked(key))

    def forget(self, key: tuple[str, str]) -> Places:
        """Drop a recent place; as `mark` otherwise."""
        return self._save(self.load().forgotten(key))

    def _save(self, places: Places) -> Places:
        accounts = self._accounts()
        accounts[self.account] = {
            "bookmarks": [_entry(place) for place in places.bookmarks],
            "recent": [_entry(place) for place in places.recent],
        }
        text = json.dumps({"version": VERSION, "accounts": accounts}, indent=1)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._keep_broken()
            with paths.beside(self.path, 0o600) as fresh:
                fresh.path.write_text(text, encoding="ascii")
                fresh.replace()
        except OSError as error:
            hint = "Bookmarks and recent places last until Skydeck ends."
            raise LocalError(f"Can't write {self.path.name}", paths.why(error), hint) from error
        return places

    def _accounts(self) -> dict[str, Any]:
        found = self._read()
        return found if found is not None else {}

    def _read(self) -> dict[str, Any] | None:
        """All accounts; None where the file is not ours to understand."""
        try:
            found = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(found, dict) or found.get("version") != VERSION:
            return None
        accounts = found.get("accounts")
        return accounts if isinstance(accounts, dict) else None

    def _keep_broken(self) -> None:
        """Put what could not be read aside: somebody's bookmarks may be in it."""
        if self._read() is None:
            with contextlib.suppress(OSError):
                self.path.replace(self.path.with_name(self.path.name + ".broken"))


def _entry(place: Place) -> list[str]:
    return [place.bucket, place.prefix, place.at.isoformat() if place.at else ""]


def _places(found: object) -> tuple[Place, ...]:
    """The whole entries, each once; others are left out."""
    made: dict[tuple[str, str], Place] = {}
    for entry in found if isinstance(found, list) else ():
        place = _place(entry)
        if place is not None:
            made.setdefault(place.key, place)
    return tuple(made.values())


def _place(entry: object) -> Place | None:
    if not isinstance(entry, list) or len(entry) != 3:
        return None
    if not all(isinstance(part, str) for part in entry) or not entry[0]:
        return None
    bucket, prefix, at = entry
    try:
        moment = datetime.fromisoformat(at) if at else None
    except ValueError:
        moment = None
    if moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return Place(bucket, prefix, moment)
