"""What the flow itself wrote, so that it never replaces a file of the user's unasked.

The marks of its files are kept beside them, in `.skydeck-written.json` of the work folder. A file
that has no mark there, or another one by now, is the user's.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tui.core import format as fmt
from tui.core.errors import LocalError
from tui.core.paths import beside
from tui.core.plans import Plan, Risk, facts
from tui.workflow.context import Context
from tui.workflow.steps import StepBlocked

RECORD_NAME = ".skydeck-written.json"


def mark_of(path: Path) -> str:
    """Return what tells this file from what it may become, or "" where nothing stands. Blocks."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return ""
    return f"{status.st_size} bytes at {status.st_mtime_ns}"


class Written:
    """The marks of what was written, in a file of the work folder. Every method blocks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def knows(self, name: str, mark: str) -> bool:
        """Whether the flow wrote what now has this mark under this name."""
        return bool(mark) and self._read().get(name) == mark

    def keep(self, name: str, mark: str) -> None:
        """Remember a mark; where the disk is full it is forgotten, and asked about next time."""
        marks = self._read() | {name: mark}
        with contextlib.suppress(OSError), beside(self._folder / RECORD_NAME) as fresh:
            fresh.path.write_text(json.dumps(marks, indent=1), encoding="utf-8")
            fresh.replace()

    def wrote(self, path: Path) -> None:
        """Remember a file that was just written."""
        self.keep(self._name(path), mark_of(path))

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._folder))

    def _read(self) -> dict[str, str]:
        try:
            marks = json.loads((self._folder / RECORD_NAME).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return marks if isinstance(marks, dict) else {}


@dataclass(frozen=True, slots=True)
class Cleared:
    """Files that may be written, each only while it is as it was when that was settled."""

    marks: Mapping[Path, str]

    def check(self, path: Path) -> None:
        """Look once more, just before the file is replaced. Blocks.

        Raises:
            LocalError: it appeared, or was changed, meanwhile.
        """
        if mark_of(path) not in ("", self.marks[path]):
            raise LocalError(
                f"Didn't replace {path.name}",
                "it was changed by someone else meanwhile, and kept",
                "Run the step again.",
            )


async def clear_to_write(context: Context, paths: Sequence[Path]) -> Cleared:
    """Settle that these files may be written: what the flow did not write is asked about.

    Raises:
        StepBlocked: the user keeps them.
        LocalError: one of them cannot be looked at.
    """
    folder, ports = context.parameters.folder, context.ports
    cleared: Cleared
    cleared, foreign = await ports.threaded(_looked_at, folder, paths)
    if foreign and not await ports.confirm(_plan(folder, foreign)):
        one = len(foreign) == 1
        kept = f"{foreign[0][0]} was" if one else f"{len(foreign)} files were"
        raise StepBlocked(
            f"Wrote nothing into {folder.name}",
            f"{kept} there already and kept",
            "Press e to choose another folder.",
        )
    return cleared


def _looked_at(folder: Path, paths: Sequence[Path]) -> tuple[Cleared, list[tuple[str, str]]]:
    """The marks of the paths, and (name, what it is) of those that are not ours."""
    written = Written(folder)
    try:
        cleared = Cleared({path: mark_of(path) for path in paths})
        foreign = [
            (str(path.relative_to(folder)), _told(path))
            for path, mark in cleared.marks.items()
            if mark and not written.knows(str(path.relative_to(folder)), mark)
        ]
    except OSError as error:
        raise LocalError(
            f"Can't look into {folder.name}",
            (error.strerror or "unknown").lower(),
            "Press e to choose another folder.",
        ) from error
    return cleared, foreign


def _told(path: Path) -> str:
    status = path.lstat()
    age = fmt.age(datetime.fromtimestamp(status.st_mtime, UTC), datetime.now(UTC))
    return f"{fmt.size(status.st_size)}, {age} old"


def _plan(folder: Path, foreign: Sequence[tuple[str, str]]) -> Plan:
    many = foreign[0][0] if len(foreign) == 1 else f"{len(foreign)} files"
    return Plan(
        title=f"Replace {many}",
        verb=f"Replace {many}",
        intro="The work flow did not write what is there now, or it was changed since.",
        risk=Risk.CAREFUL,
        facts=facts((("folder", str(folder)),)),
        items=tuple(foreign),
        warning="What is there now is lost.",
        keep="keep it" if len(foreign) == 1 else "keep them",
    )
