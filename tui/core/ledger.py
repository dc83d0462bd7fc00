"""The ledger of a transfer job: what it is to do, what it has begun and what is done; on disk.

Two files of one name: `.rows` is the frozen plan, a JSON array a line; `.jsonl` grows by a record
a step and begins with the intent. Who works on a job holds a lock on the second, which the system
lets go of with the process, however that ends; so no two ever work on one job.

What must be on the disk before a step is taken is waited for (an upload's id, before its parts);
all else may be lost with a crash and is found out again. No secret is ever in a ledger.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tui.core.ledger_log import GroupLog, Record
from tui.core.ledger_state import (
    Mark,
    OpenDownload,
    OpenUpload,
    Part,
    State,
    creating_record,
    fetching_record,
    part_record,
)

__all__ = [
    "SANDBOX",
    "Intent",
    "Interrupted",
    "ItemLedger",
    "Ledger",
    "Mark",
    "OpenDownload",
    "OpenUpload",
    "Owner",
    "Part",
    "State",
    "dies_with_its_app",
    "temporary_name",
    "unlink",
]

SANDBOX: Final = "sandbox:"  # begins the places that are a sandbox; a kept one's folder follows


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose jobs a connection may go on with. `place` is "aws", an endpoint or a sandbox."""

    account: str = ""
    place: str = "aws"
    profile: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """What a job is to do, beside the rows of its plan.

    Attributes:
        kind: which of the transfers it is, for whoever makes a plan of its rows again.
        about: what else that one wants to know.
        made_at: ISO text, with its zone.
        payers: the buckets whose requests the user has agreed to pay for.
    """

    id: str
    kind: str
    verb: str
    subject: str
    bucket: str
    items: int
    size_bytes: int
    about: dict[str, Any] = field(default_factory=dict)
    owner: Owner = field(default_factory=Owner)
    made_at: str = ""
    payers: tuple[str, ...] = ()

    def fits(self, other: Intent) -> bool:
        """Whether this is the same work; who and when do not count."""
        return self._bare() == other._bare()

    def _bare(self) -> Intent:
        return replace(self, id="", owner=Owner(), made_at="", payers=())


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A job that nobody works on, and that has not ended.

    Attributes:
        mine: it belongs to this connection's account and place: only then it can be gone on with.
    """

    id: str
    verb: str
    subject: str
    bucket: str
    account: str
    place: str
    profile: str
    region: str
    begun_at: datetime
    items_done: int
    items_total: int
    bytes_done: int
    bytes_total: int
    mine: bool


class Ledger:
    """One job's ledger, held by this process. Every method may be called from any thread.

    Attributes:
        plan: the job's plan, for who goes on with it in this process.
        reopened: whether another process has worked on it: its files may be anywhere.
        resumed: whether an earlier run has worked on it: it may have done what is not known here.
        settled: whether the job has failed: let go of, it is forgotten if nothing of it is begun.
        unwanted: whether the job was cancelled: an earlier run that still ends clears it away.
        unchecked: how many downloads nothing could check, since the job was begun or resumed.
        turn: held by the run that works on it: one that was given up may still be ending.
        complain: hears, once, that the ledger can't be written; the job goes on without.
    """

    def __init__(
        self,
        intent: Intent,
        state: State | None = None,
        stem: Path | None = None,
        handle: int | None = None,
    ) -> None:
        """`stem` is the files' name without its ending; None keeps all in memory."""
        self.intent = intent
        self.plan: Any = None
        self.reopened = False
        self.resumed = False
        self.settled = False
        self.unwanted = False
        self.unchecked = 0
        self.turn = threading.Lock()
        self.complain: Callable[[OSError], None] = lambda error: None
        self.state = state if state is not None else State(intent.items)
        self._stem = stem
        self._lock = threading.Lock()
        self._log = None if handle is None else GroupLog(handle, self._failed)
        self._ended = False

    @property
    def id(self) -> str:
        """What it is called."""
        return self.intent.id

    @property
    def alive(self) -> bool:
        """False once it was dropped or released."""
        return not self._ended

    @property
    def kept_bytes(self) -> int:
        """How much is done, in whole parts."""
        with self._lock:
            return self.state.bytes_done + self.state.open_bytes

    @property
    def kept(self) -> bool:
        """Whether it is on the disk, and whether what it tells of will outlive this process."""
        written = self._log is not None and self._log.failure is None
        return self.alive and written and not dies_with_its_app(self.intent.owner.place)

    @property
    def clean(self) -> bool:
        """Whether nothing is begun that would have to be cleaned up."""
        return not self.state.uploads and not self.state.downloads

    def is_done(self, number: int) -> bool:
        """Whether an item is done."""
        return bool(self.state.done[number])

    def done(self, number: int, size_bytes: int) -> None:
        """An item is done; the disk hears of it before long."""
        with self._lock:
            self.state.finish(number, number, size_bytes)
        if self._log is not None:
            self._log.add_done(number, size_bytes)

    def at(self, number: int) -> ItemLedger:
        """What concerns one item."""
        return ItemLedger(self, number)

    def note(self, record: Record, *, wait: bool = False) -> None:
        """Take a record, and have it on the disk before long; or, with `wait`, before this ends."""
        with self._lock:
            self.state.take(record)
        if self._log is not None:
            self._log.add(record, wait=wait)

    def flush(self) -> None:
        """Wait until the disk has all of it, or has refused it."""
        if self._log is not None:
            self._log.flush()

    def release(self) -> None:
        """Let go of it: it stays on the disk, for this or another app to go on with.

        That of a job that has failed is forgotten where nothing of it is begun.
        """
        if self._ended:
            return
        if self.settled and self.clean:
            self.drop()
            return
        self._ended = True
        if self._log is not None:
            self._log.close()

    def drop(self) -> None:
        """Forget the job."""
        if self._ended:
            return
        self._ended = True
        if self._stem is not None:
            unlink(self._stem)  # while the lock is held
        if self._log is not None:
            self._log.drop()

    def drop_if_clean(self) -> bool:
        """Forget the job where nothing of it is begun, else let go of it; True where forgotten."""
        clean = self.clean
        if clean:
            self.drop()
        else:
            self.release()
        return clean

    def mend(self) -> None:
        """Try again to write, after the disk has refused; what is known is written once more."""
        log = self._log
        if log is None or log.failure is None or self._ended:
            return
        log.failure = None
        with self._lock:
            known = list(self.state.snapshot())
        for record in known:
            log.add(record)
        log.flush()

    def _failed(self, error: OSError) -> None:
        self.complain(error)


@dataclass(frozen=True, slots=True)
class ItemLedger:
    """One item's share of a ledger."""

    ledger: Ledger
    number: int

    @property
    def temporary_name(self) -> str:
        """The file that it is downloaded to, in its target's folder."""
        return temporary_name(self.ledger.id, self.number)

    @property
    def upload(self) -> OpenUpload | None:
        """The multi-part upload that is begun."""
        return self.ledger.state.uploads.get(self.number)

    @property
    def download(self) -> OpenDownload | None:
        """The download in parts that is begun."""
        return self.ledger.state.downloads.get(self.number)

    def creating(self, bucket: str, key: str, region: str, mark: Mark, part_bytes: int) -> None:
        """A multi-part upload is about to be asked for; the disk knows before this ends."""
        begun = OpenUpload(bucket, key, region, mark, part_bytes, time.time())
        self.ledger.note(creating_record(self.number, begun), wait=True)

    def created(self, upload_id: str) -> None:
        """It has an id; the disk knows before this ends, and so before its first part."""
        self.ledger.note({"upload": self.number, "id": upload_id}, wait=True)

    def fetching(self, etag: str, size_bytes: int, part_bytes: int, crc_kind: str) -> None:
        """A download in parts begins."""
        begun = OpenDownload(etag, size_bytes, part_bytes, crc_kind)
        self.ledger.note(fetching_record(self.number, begun))

    def part(self, part: Part) -> None:
        """A part is there."""
        self.ledger.note(part_record(self.number, part))

    def over(self) -> None:
        """What was begun is gone: completed, aborted or removed."""
        if self.upload is not None or self.download is not None:
            self.ledger.note({"over": self.number})


def dies_with_its_app(place: str) -> bool:
    """Whether a place is a sandbox that is not kept: its ledgers only name local files."""
    return place.startswith(SANDBOX) and "://" in place


def temporary_name(ledger_id: str, number: int) -> str:
    """The name of an item's temporary file."""
    return f".skydeck-{ledger_id}-{number}.part"


def unlink(stem: Path) -> None:
    """Remove a ledger's files; without the first there is none any more."""
    for ending in (".jsonl", ".rows"):
        with suppress(OSError):
            stem.with_name(stem.name + ending).unlink(missing_ok=True)
