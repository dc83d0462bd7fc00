"""What stands in a download's target folder now, asked as seldom as can be.

A folder that isn't there has nothing in it. One that is there is asked for a few names, and read as
a whole when there are more: a hundred thousand questions to a network disk would take minutes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tui.aws.transfers.folding import folded
from tui.core.local_names import READ_ONLY, is_inside

FOLDER, LINK, FILE, OTHER = "folder", "link", "file", "other"
FEW: Final = 16  # names that are asked for one by one


@dataclass(eq=False, slots=True)
class Place:
    """One folder below the target, as it is.

    Attributes:
        name: where it really is below the target, links followed; "" is the target itself.
        path: its real path; "" where it isn't there.
        problem: why nothing can be written into it, or "".
    """

    name: str
    path: str = ""
    problem: str = ""
    _asked: int = 0
    _kinds: Mapping[str, str] | None = None
    _alike: frozenset[str] = field(default_factory=frozenset)

    def kind(self, name: str) -> str:
        """What stands there under a name: one of the constants, "" for nothing."""
        if not self.path:
            return ""
        if self._kinds is None:
            self._asked += 1
            if self._asked <= FEW or not self._read():
                return _kind_of(f"{self.path}/{name}")
        assert self._kinds is not None
        if (kind := self._kinds.get(name)) is not None:
            return kind
        # The disk itself knows best which names are one to it.
        return _kind_of(f"{self.path}/{name}") if folded(name) in self._alike else ""

    def _read(self) -> bool:
        try:
            with os.scandir(self.path) as listing:
                kinds = {entry.name: _kind_listed(entry) for entry in listing}
        except OSError:  # one may write into it, and not list it
            return False
        self._kinds, self._alike = kinds, frozenset(map(folded, kinds))
        return True


class Ground:
    """The folders below one target, each looked at once. Blocks."""

    def __init__(self, root: str) -> None:
        self._real = os.path.realpath(root)
        there = os.path.isdir(self._real)  # noqa: PTH112
        blocked = not there and os.path.lexists(self._real)
        problem = "a file stands where its folder is needed" if blocked else ""
        self._out = f"a symbolic link in {root} leads out of it"
        self._places = {"": Place("", self._real if there else "", problem)}

    def place(self, name: str) -> Place:
        """A folder, by its name below the target."""
        place = self._places.get(name)
        if place is None:
            above, _, last = name.rpartition("/")
            place = self._places[name] = self._below(self.place(above), last)
        return place

    def problem(self, place: Place, name: str) -> str:
        """Why no file of that name can be written in a place, as a clause, or ""."""
        kind = place.kind(name)
        if kind == FOLDER:
            return "a folder of that name stands there"
        if kind == OTHER:
            return "what stands there is no plain file"
        path = f"{place.path}/{name}"
        if kind == FILE and not os.access(path, os.W_OK):
            return READ_ONLY
        if kind == LINK:
            if self._inside(path) is None:
                return self._out
            return "a link to a folder stands there" if os.path.isdir(path) else ""  # noqa: PTH112
        return ""

    def _below(self, above: Place, last: str) -> Place:
        name = f"{above.name}/{last}" if above.name else last
        kind = above.kind(last) if not above.problem else ""
        if above.problem or not kind:
            return Place(name, "", above.problem)
        path = f"{above.path}/{last}"
        if kind == LINK:
            inside = self._inside(path)
            if inside is None:
                return Place(name, "", self._out)
            if inside != name:
                return self._followed(path, inside)
        if not os.path.isdir(path):  # noqa: PTH112
            return Place(name, "", "a file stands where its folder is needed")
        return Place(name, path)

    def _followed(self, path: str, inside: str) -> Place:
        """The folder that a link leads to, which has a name of its own."""
        if not os.path.isdir(path):  # noqa: PTH112
            return Place(inside, "", "a file stands where its folder is needed")
        return self.place(inside)

    def _inside(self, path: str) -> str | None:
        """Where a link leads, below the target; None for out of it."""
        real = os.path.realpath(path)
        if not is_inside(self._real, real):
            return None
        return real[len(self._real) :].lstrip(os.sep)


def _kind_of(path: str) -> str:
    try:
        mode = os.lstat(path).st_mode
    except (OSError, ValueError):  # what one may not see, the write will tell
        return ""
    if stat.S_ISREG(mode):
        return FILE
    if stat.S_ISDIR(mode):
        return FOLDER
    return LINK if stat.S_ISLNK(mode) else OTHER


def _kind_listed(entry: os.DirEntry[str]) -> str:
    if entry.is_file(follow_symlinks=False):
        return FILE
    if entry.is_dir(follow_symlinks=False):
        return FOLDER
    return LINK if entry.is_symlink() else OTHER
