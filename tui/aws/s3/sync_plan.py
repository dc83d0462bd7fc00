"""What a sync of a local folder and a place at S3 would do. Pure: two lists in, one plan out.

A name is a path below the folder and, with slashes, a key below the prefix. A name that one side
left out is never deleted at the other.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tui.aws.transfers.plan import Skipped

COPY, OVERWRITE, DELETE, SKIP, SAME = "copy", "overwrite", "delete", "skip", "same"
KINDS: Final = (COPY, OVERWRITE, DELETE, SKIP, SAME)
ARCHIVED: Final = frozenset({"GLACIER", "DEEP_ARCHIVE"})

Mark = tuple[int, int, int]  # bytes, modification time in ns, inode: one state of a file


@dataclass(frozen=True, slots=True)
class LocalFile:
    """One file below the folder."""

    name: str
    size_bytes: int
    mark: Mark

    @property
    def modified_second(self) -> int:
        """Whole seconds since 1970."""
        return self.mark[1] // 1_000_000_000


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One object below the prefix; `local_name` is the path that its key would have here."""

    name: str
    size_bytes: int
    modified_at: float
    etag: str
    storage_class: str = "STANDARD"
    local_name: str = ""


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """How to sync. `up` is from the folder to S3; `deletes` also removes what only the target has.

    A name counts if it matches a pattern of `include` (all do, where there is none) and none of
    `exclude`.
    """

    up: bool = True
    deletes: bool = False
    by_content: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def wants(self, name: str) -> bool:
        """Whether a name counts."""
        kept = not self.include or any(fnmatch.fnmatchcase(name, one) for one in self.include)
        return kept and not any(fnmatch.fnmatchcase(name, one) for one in self.exclude)


@dataclass(frozen=True, slots=True)
class SyncAction:
    """One name and what happens to it: a `kind` of `KINDS`, and why."""

    kind: str
    name: str
    size_bytes: int
    why: str = ""
    local: LocalFile | None = None
    remote: RemoteFile | None = None

    @property
    def key(self) -> str:
        """What it is called in reports."""
        return self.name


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """All names, and what happens to each."""

    folder: Path
    bucket: str
    prefix: str
    options: SyncOptions
    actions: tuple[SyncAction, ...]
    excluded: int = 0
    _kinds: dict[str, tuple[tuple[SyncAction, ...], int]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Sort by kind once, where the plan is made: a dialog asks many times."""
        for kind in KINDS:
            found = tuple(action for action in self.actions if action.kind == kind)
            self._kinds[kind] = found, sum(action.size_bytes for action in found)

    def of(self, *kinds: str) -> tuple[SyncAction, ...]:
        """The actions of some kinds, kind by kind."""
        if len(kinds) == 1:
            return self._kinds[kinds[0]][0]
        return tuple(action for kind in kinds for action in self._kinds[kind][0])

    def size_of(self, *kinds: str) -> int:
        """The bytes of some kinds."""
        return sum(self._kinds[kind][1] for kind in kinds)

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return any(self._kinds[kind][0] for kind in (COPY, OVERWRITE, DELETE))


Differs = Callable[[LocalFile, RemoteFile], str]
Same = Callable[[str], str]


def by_size_and_time(up: bool) -> Differs:
    """Return what says why a pair differs: by size, or a source that is newer, in whole seconds.

    As `aws s3 sync` does it.
    """

    def differs(local: LocalFile, remote: RemoteFile) -> str:
        if local.size_bytes != remote.size_bytes:
            return "another size"
        here, there = local.modified_second, int(remote.modified_at)
        newer = here > there if up else there > here
        return "newer" if newer else ""

    return differs


def plan_sync(
    local: Iterable[LocalFile],
    remote: Iterable[RemoteFile],
    options: SyncOptions,
    differs: Differs,
    left_out: Sequence[Skipped] = (),
    *,
    same_file: Same = str,
) -> tuple[tuple[SyncAction, ...], int]:
    """Return what happens to each name, in order, and how many the filters left out.

    `left_out` are names of the source that can't go, with the reason; `same_file` says which local
    names are one file to the disk.
    """
    every_here, every_there = list(local), list(remote)
    here = [one for one in every_here if options.wants(one.name)]
    there = [one for one in every_there if options.wants(one.name)]
    skipped = [one for one in left_out if options.wants(one.name)]
    # A filter leaves out the name of a folder that can't be read, but not what may lie in it.
    unknown = frozenset(one.name for one in left_out)
    excluded = len(every_here) - len(here) + len(every_there) - len(there)
    if options.up:
        actions = _up(here, {one.name: one for one in there}, options, differs, unknown)
    else:
        files = {same_file(one.name): one for one in here}
        actions = _down(files, there, options, differs, unknown, same_file)
    made = [*actions, *(SyncAction(SKIP, one.name, 0, one.reason) for one in skipped)]
    return tuple(sorted(made, key=lambda action: action.name)), excluded


def _up(
    here: Sequence[LocalFile],
    there: Mapping[str, RemoteFile],
    options: SyncOptions,
    differs: Differs,
    unknown: frozenset[str],
) -> list[SyncAction]:
    made = [_pair(one, there.get(one.name), one.size_bytes, one.name, differs) for one in here]
    known = {one.name for one in here}
    for name, extra in there.items():
        if name not in known and options.deletes and not _is_below(name, unknown):
            made.append(_extra(name, extra.size_bytes, "not in the folder", remote=extra))
    return made


def _down(  # noqa: PLR0917
    files: Mapping[str, LocalFile],
    there: Sequence[RemoteFile],
    options: SyncOptions,
    differs: Differs,
    unknown: frozenset[str],
    same_file: Same,
) -> list[SyncAction]:
    made: list[SyncAction] = []
    known = set()
    for one in there:
        if not one.local_name:
            continue  # it is among the skipped
        place = same_file(one.local_name)
        known.add(place)
        action = _pair(files.get(place), one, one.size_bytes, one.name, differs)
        if one.storage_class in ARCHIVED and action.kind != SAME:
            action = SyncAction(SKIP, one.name, one.size_bytes, "archived: restore it", remote=one)
        made.append(action)
    for place, extra in files.items():
        if place not in known and options.deletes and not _is_below(extra.name, unknown):
            made.append(_extra(extra.name, extra.size_bytes, "not at S3", local=extra))
    return made


def _pair(
    local: LocalFile | None, remote: RemoteFile | None, size: int, name: str, differs: Differs
) -> SyncAction:
    if local is None or remote is None:
        return SyncAction(COPY, name, size, "new", local, remote)
    why = differs(local, remote)
    return SyncAction(OVERWRITE if why else SAME, name, size, why, local, remote)


def _extra(
    name: str,
    size: int,
    why: str,
    *,
    local: LocalFile | None = None,
    remote: RemoteFile | None = None,
) -> SyncAction:
    return SyncAction(DELETE, name, size, why, local, remote)


def _is_below(name: str, unknown: frozenset[str]) -> bool:
    """Whether a name is one that was left out, or lies in a folder that could not be read."""
    if not unknown:
        return False
    ends = (at for at, sign in enumerate(name) if sign == "/")
    return name in unknown or any(name[:at] in unknown for at in ends)
