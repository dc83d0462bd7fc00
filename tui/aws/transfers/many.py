"""Many items as one transfer: each fails alone, and the report says so."""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, Protocol, TypeVar

from tui.aws.errors import explain
from tui.aws.transfers.crowd import CROWD_BYTES, Crowd, Errand, Quick
from tui.aws.transfers.engine import PART_BYTES, Engine
from tui.aws.transfers.fast import Ready
from tui.aws.transfers.lanes import Lanes, Pace
from tui.aws.transfers.meter import Meter
from tui.aws.transfers.patience import on_behalf
from tui.aws.transfers.plan import Skipped
from tui.core import format as texts
from tui.core.errors import JobCancelled, JobPaused, UserError
from tui.core.job_items import ItemState
from tui.core.ledger import ItemLedger, Ledger
from tui.core.progress import Progress


class Planned(Protocol):
    """One item of a plan."""

    @property
    def key(self) -> str:
        """What it is called."""

    @property
    def size_bytes(self) -> int:
        """How much there is to do."""


Item = TypeVar("Item", bound=Planned)

# What would fail for every other item too, and is no outage: it ends the whole job.
_FATAL = frozenset(
    {
        "NoSuchBucket",
        "NoCredentialsError",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "ProfileNotFound",
        "ReadOnly",
        "EndpointConnectionError",
        "EROFS",
    }
)


FAILURES_TOLD = 3  # by name; the sentence is a toast's


@dataclass(frozen=True, slots=True)
class TransferFailure:
    """One item that failed, with the sentence that says why."""

    name: str
    error: UserError


@dataclass(frozen=True, slots=True)
class TransferReport:
    """What a transfer did.

    Attributes:
        word: what one of its items is called.
        after: what else to say.
        again: what a retry of the job does.
        unchecked: how many objects gave nothing to check their bytes by.
        found_bytes: how many of the bytes an earlier run had done.
    """

    files: int
    size_bytes: int
    seconds: float
    skipped: tuple[Skipped, ...] = ()
    failures: tuple[TransferFailure, ...] = ()
    word: str = "file"
    after: str = ""
    again: str = "retry takes these again"
    unchecked: int = 0
    found_bytes: int = 0

    @property
    def failed(self) -> str:
        """How many failed, of how many."""
        many = len(self.failures)
        return f"{texts.count(many)} of {texts.count(many + self.files)} {self.word}s failed"

    def finish(self) -> str:
        """Return the job's last note ("1,204 files, 4.2 GB in 3m 2s, 23.1 MB/s").

        Raises:
            UserError: some items failed.
        """
        if self.failures:
            many = len(self.failures)
            told = [f"{one.name}: {_why(one)}" for one in self.failures[:FAILURES_TOLD]]
            told += [f"and {texts.count(many - len(told))} more"] if many > len(told) else []
            raise UserError(
                self.failed,
                "; ".join(told),
                f"The others are done; {self.again}. {self.after}".strip(),
                code=self.failures[0].error.code,
                retryable=True,
            )
        files = f"{texts.count(self.files)} {self.word}{'' if self.files == 1 else 's'}"
        moved = self.size_bytes - self.found_bytes
        amount = texts.size(self.size_bytes)
        if 0 < moved < self.size_bytes:  # the time is this run's alone
            amount += f", the last {texts.size(moved)}"
        note = f"{files}, {amount} in {texts.took(self.seconds)}"
        note += f", {texts.rate(moved / self.seconds)}" if moved > 0 and self.seconds >= 1 else ""
        note = f"{note}, {texts.count(len(self.skipped))} left out" if self.skipped else note
        if self.unchecked:
            note = f"{note}, {texts.count(self.unchecked)} without a checksum to check them by"
        return f"{note}, {self.after}" if self.after else note


def _why(failure: TransferFailure) -> str:
    return failure.error.message or failure.error.title


@dataclass(eq=False)
class Many(Generic[Item]):
    """Does many items: small ones side by side on the part workers, big ones one by one.

    `one` does one item and returns its bytes; `operation` is "upload", "download" or another verb
    of the error texts. Items above `big_bytes` use the part workers for their own parts, those up
    to `lane_bytes` have lanes of their own (`lanes`), as many as the job's limits allow.
    """

    operation: str
    one: Callable[[Item, Meter, ItemLedger], int]
    progress: Progress
    engine: Engine
    ledger: Ledger
    big_bytes: int = PART_BYTES
    lane_bytes: int = -1
    quick: Quick[Item] | None = None
    _failures: list[TransferFailure] = field(default_factory=list)
    _files: int = 0
    _size: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, items: Sequence[Item], first: int = 0) -> TransferReport:
        """Do the items that the ledger doesn't know to be done, and report on all; blocks.

        `first` is the ledger's number of the first one.

        Raises:
            UserError: what would fail for every other item too.
            JobPaused: an outage holds the job; finished items stay.
            JobCancelled: the job was cancelled, or paused; finished items stay.
        """
        began = time.monotonic()
        self.progress.say("")  # how the plan was made is of no interest any more
        tiny, small, big = self._sorted(items, first)
        attempt = partial(self._attempt, items, first)
        rest = self._crowd(items, first, tiny)
        pace = Pace(limits=self.progress.limits)
        Lanes(self.engine.lanes, attempt, pace).run(rest)
        self.engine.fast.rest()
        calls = (partial(attempt, number) for number in small)
        self.engine.each(calls, Meter(self.progress))
        for number in big:
            attempt(number)
        seconds = time.monotonic() - began
        return TransferReport(
            self._files,
            self._size,
            seconds,
            failures=tuple(self._failures),
            unchecked=self.ledger.unchecked,
            found_bytes=self.progress.before,
        )

    def _crowd(self, items: Sequence[Item], first: int, tiny: Sequence[int]) -> Sequence[int]:
        """Do what `quick` can do of the tiny ones; return the places of the others."""
        quick = self.quick
        if quick is None:
            return tiny

        def settle(finished: Sequence[tuple[int, int]]) -> None:
            quick.settle()
            self._through([(first + at, size) for at, size in finished])
            self.progress.advance(sum(size for _, size in finished))

        def ask(at: int) -> Ready:
            self.progress.items.set(first + at, ItemState.RUNNING)
            return quick.ask(items[at])

        errand = Errand(
            ask,
            quick.accept,
            lambda at, reply: quick.finish(items[at], reply, self.ledger.at(first + at)),
            settle,
        )
        engine = self.engine
        submit = partial(engine.submit, engine.lanes)
        crowd = Crowd(errand, engine.fast.lines, submit, self.progress)
        rest = [at for at in tiny if items[at].size_bytes > CROWD_BYTES]
        with quick.working():
            return rest + crowd.run(at for at in tiny if items[at].size_bytes <= CROWD_BYTES)

    def _sorted(
        self, items: Sequence[Item], first: int
    ) -> tuple[array[int], array[int], array[int]]:
        """The places of what is to be done: tiny, small and big ones. The others are counted."""
        tiny, small, big = array("L"), array("L"), array("L")
        for at, item in enumerate(items):
            if self.ledger.is_done(first + at):
                self._files, self._size = self._files + 1, self._size + item.size_bytes
            elif item.size_bytes <= self.lane_bytes:
                tiny.append(at)
            else:
                (small if item.size_bytes <= self.big_bytes else big).append(at)
        return tiny, small, big

    def _attempt(self, items: Sequence[Item], first: int, at: int) -> None:
        """Do one item, or note that it has failed alone."""
        meter, states = Meter(self.progress), self.progress.items
        item, number = items[at], first + at
        self.progress.check()
        states.set(number, ItemState.RUNNING)
        try:
            with on_behalf(meter, self.engine.gateway):
                size = self.one(item, meter, self.ledger.at(number))
            with self._lock:
                self.ledger.unchecked += meter.unchecked
        except (JobCancelled, JobPaused):
            meter.take_back()
            states.set(number, ItemState.WAITING)
            raise
        except Exception as error:
            meter.take_back()
            connection = self.engine.gateway.connection
            known = error if isinstance(error, UserError) else None
            sentence = known or explain(error, self.operation, item.key, connection)
            states.set(number, ItemState.FAILED, sentence)
            if sentence.code in _FATAL:
                raise sentence from error
            self._failures.append(TransferFailure(item.key, sentence))
            return
        self._through([(number, size)])

    def _through(self, done: Sequence[tuple[int, int]]) -> None:
        """Items are done: their numbers, and the bytes of each."""
        for number, size in done:
            self.ledger.done(number, size)
            self.progress.items.set(number, ItemState.DONE)
        with self._lock:
            self._files += len(done)
            self._size += sum(size for _, size in done)
        self.progress.limits.served()
        self.progress.advance(items=len(done))
