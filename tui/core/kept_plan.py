"""A plan to empty a bucket, kept on disk row by row, so that a crash or a cancel loses nothing.

Three files of one name: `.rows` is the frozen list, a JSON array a line; `.json` says whose it is
and is written last, when the user agreed; `.done` grows by a line for every batch that was
answered. A million versions cost disk, not memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

from tui.core.frozen import Target
from tui.core.journal import Journal
from tui.core.paths import beside

VERSION, UPLOAD = "v", "u"
ABANDONED_SECONDS = 24 * 3600  # a list that nobody agreed to within a day


@dataclass(frozen=True, slots=True)
class PlanHead:
    """Whose plan it is, and what it adds up to. Times are ISO texts."""

    bucket: str
    account: str
    place: str  # "aws", "sandbox", or an endpoint
    made_at: str
    bucket_made_at: str = ""
    keep_bucket: bool = False
    objects: int = 0
    older: int = 0  # versions that are not current
    markers: int = 0
    uploads: int = 0
    size_bytes: int = 0
    plain: bool = False  # the server lists no versions
    nameless: bool = False  # some have no id of their own: what is written anew takes their place

    @property
    def rows(self) -> int:
        """All that is to be deleted or aborted."""
        return self.objects + self.older + self.markers + self.uploads


@dataclass(frozen=True, slots=True)
class Stayed:
    """One row that was refused, with the reason."""

    key: str
    version_id: str
    code: str
    message: str


class KeptPlan:
    """One plan. All methods but `head` block: call them off the event loop."""

    def __init__(self, folder: Path, name: str, head: PlanHead | None = None) -> None:
        self._stem = folder / name
        self.head = head
        self.answered: set[int] = set()
        self.stayed: dict[tuple[str, str], Stayed] = {}
        self._journal = Journal(self._path("done"))
        self._out: IO[str] | None = None

    def _path(self, kind: str) -> Path:
        return self._stem.with_name(f"{self._stem.name}.{kind}")

    # -- making it -------------------------------------------------------------------------

    @classmethod
    def begin(cls, folder: Path) -> KeptPlan:
        """Begin a list.

        Raises:
            OSError: it can't be written there.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        plan = cls(folder, f"{time.time_ns():x}-{os.urandom(3).hex()}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        plan._out = os.fdopen(os.open(plan._path("rows"), flags, 0o600), "w", encoding="ascii")
        return plan

    def add(self, kind: str, rows: Iterable[tuple[str, str]]) -> None:
        """Append rows: a key and its version's or upload's id."""
        assert self._out is not None
        self._out.writelines(f"{json.dumps([kind, key, own_id])}\n" for key, own_id in rows)

    def freeze(self) -> None:
        """End the list; the disk has all of it."""
        assert self._out is not None
        self._out.flush()
        os.fsync(self._out.fileno())
        self._out.close()
        self._out = None

    def agree(self, head: PlanHead) -> None:
        """The user agreed: from now on the plan is there also after a crash."""
        self.head = head
        with beside(self._path("json"), 0o600) as fresh:
            fresh.path.write_text(json.dumps(asdict(head)), encoding="utf-8")
            fresh.replace()

    # -- finding it again ------------------------------------------------------------------

    @classmethod
    def all(cls, folder: Path) -> list[KeptPlan]:
        """The plans that were agreed to and have not ended, oldest first; sweeps the rest."""
        plans: list[KeptPlan] = []
        try:
            names = sorted(path.stem for path in folder.glob("*.rows"))
        except OSError:
            return []
        for name in names:
            plan = cls(folder, name)
            with contextlib.suppress(OSError, ValueError, TypeError):
                text = plan._path("json").read_text(encoding="utf-8")
                plan.head = PlanHead(**json.loads(text))
                plan._replay()
                plans.append(plan)
                continue
            plan._sweep()
        return plans

    def _replay(self) -> None:
        for record in self._journal.records():
            self._take(record)

    def _take(self, record: dict[str, Any]) -> None:
        if isinstance(record.get("batch"), int) and record["batch"] >= 0:
            self.answered.add(record["batch"])
        for key, version_id in record.get("gone", ()):
            self.stayed.pop((key, version_id), None)
        for row in record.get("stayed", ()):
            one = Stayed(*row)
            self.stayed[one.key, one.version_id] = one

    def _sweep(self) -> None:
        with contextlib.suppress(OSError):
            if time.time() - self._path("rows").stat().st_mtime > ABANDONED_SECONDS:
                self.drop()

    # -- doing it --------------------------------------------------------------------------

    def targets(self) -> Iterator[Target]:
        """The versions, as they were frozen."""
        return (Target(key, own_id) for kind, key, own_id in self._rows() if kind == VERSION)

    def uploads(self) -> Iterator[tuple[str, str]]:
        """(key, upload id) of the uploads, as they were frozen."""
        return ((key, own_id) for kind, key, own_id in self._rows() if kind == UPLOAD)

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        with self._path("rows").open(encoding="ascii") as lines:
            for line in lines:
                kind, key, own_id = json.loads(line)
                yield kind, key, own_id

    def note(self, batch: int, stayed: Iterable[Stayed] = (), gone: Iterable[Target] = ()) -> None:
        """A batch was answered; what of it stayed. The disk has it before this returns.

        `batch` is negative for what is tried once more: then `gone` says what went.
        """
        record: dict[str, Any] = {"batch": batch}
        if rows := [[one.key, one.version_id, one.code, one.message] for one in stayed]:
            record["stayed"] = rows
        if gone_rows := [[one.key, one.version_id] for one in gone]:
            record["gone"] = gone_rows
        self._take(record)
        self._journal.append(record)

    def keeping(self, keep_bucket: bool) -> PlanHead:
        """The head, with what is to become of the bucket itself."""
        assert self.head is not None
        return replace(self.head, keep_bucket=keep_bucket)

    def drop(self) -> None:
        """Forget the plan."""
        if self._out is not None:
            self._out.close()
            self._out = None
        for kind in ("json", "done", "rows"):  # without a head it is no plan any more
            with contextlib.suppress(OSError):
                self._path(kind).unlink(missing_ok=True)
