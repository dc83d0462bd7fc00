"""Plan a download: which object goes to which file, and what can't go anywhere.

Keys become local paths only by `tui.core.local_names`. Two keys never share a file: where they
would, or where one is a file and the other needs a folder there, the plan says which one it drops.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tui.aws.transfers.folding import one_file_each
from tui.aws.transfers.ground import Ground, Place
from tui.aws.transfers.planned import DownloadPlan, PlannedDownload, Skipped
from tui.core.local_names import UnsafeName, local_name, refuse_long
from tui.core.records import S3Object


def plan_downloads(objects: Iterable[S3Object], folder: Path, prefix: str = "") -> DownloadPlan:
    """Plan to download objects into `folder`; paths begin after the prefix's last slash. Blocks.

    Empty `name/` objects become folders.
    """
    base = prefix[: prefix.rfind("/") + 1]
    length = len(os.fsencode(folder))
    draft = _Draft(Ground(str(folder)))
    for entry in objects:
        name = entry.key.removeprefix(base)
        marker = not entry.size_bytes and (not name or name.endswith("/"))
        try:
            local = "" if marker and not name else local_name(name[:-1] if marker else name)
            refuse_long(length, local)
        except UnsafeName as error:
            draft.skipped.append(Skipped(entry.key, error.message))
            continue
        if marker:
            draft.folders.setdefault(local, entry.key)
        else:
            draft.add(entry, local)
    return draft.plan(folder)


@dataclass(frozen=True, slots=True)
class _File:
    """One wanted file: its name below the target, and the folder that it really goes into."""

    entry: S3Object
    name: str
    last: str
    above: Place

    @property
    def real(self) -> str:
        return f"{self.above.name}/{self.last}" if self.above.name else self.last


@dataclass(eq=False, slots=True)
class _Draft:
    """The wanted files, and the wanted folders as {name: key}; then what can't be."""

    ground: Ground
    files: list[_File] = field(default_factory=list)
    folders: dict[str, str] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)

    def add(self, entry: S3Object, name: str) -> None:
        above, _, last = name.rpartition("/")
        self.files.append(_File(entry, name, last, self.ground.place(above)))

    def plan(self, folder: Path) -> DownloadPlan:
        """Drop what can't be written beside the others, with a word for each."""
        self._drop_folders()
        above = self._above()
        same = one_file_each((*(one.real for one in self.files), *above), folder)
        needed = {same(name) for name in above}
        taken: dict[str, str] = {}
        items: list[PlannedDownload] = []
        for one in self.files:
            key, name = one.entry.key, same(one.real)
            if name in taken:
                reason = f"it would share a file with {taken[name]}"
            elif name in needed:
                reason = "a folder of that name is needed"
            else:
                reason = one.above.problem or self.ground.problem(one.above, one.last)
            taken.setdefault(name, key)
            if reason:
                self.skipped.append(Skipped(key, reason))
                continue
            there = bool(one.above.kind(one.last))
            items.append(PlannedDownload(key, folder / one.name, one.entry.size_bytes, there))
        made = tuple(folder / name if name else folder for name in self.folders)
        return DownloadPlan(folder, tuple(items), made, tuple(self.skipped))

    def _drop_folders(self) -> None:
        for name, key in list(self.folders.items()):
            if problem := self.ground.place(name).problem:
                self.skipped.append(Skipped(key, problem))
                del self.folders[name]

    def _above(self) -> set[str]:
        """The folders that are needed, by the names that keys give them and by their real ones."""
        named = {one.name[: -len(one.last) - 1] for one in self.files} | set(self.folders)
        names = named | {self.ground.place(name).name for name in named}
        return {above for name in names for above in _up(name)}


def _up(name: str) -> Iterator[str]:
    """Yield a folder's name and those of the folders above it, but not the target's own."""
    while name:
        yield name
        name = name.rpartition("/")[0]
