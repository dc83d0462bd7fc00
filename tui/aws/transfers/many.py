"""Many items as one transfer: each fails alone, and the report says so."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, Protocol, TypeVar

from tui.aws.errors import explain
from tui.aws.transfers.engine import PART_BYTES, Engine
from tui.aws.transfers.lanes import Lanes, Pace
from tui.aws.transfers.meter import Meter
from tui.aws.transfers.plan import Skipped
from tui.core import format as texts
from tui.core.errors import JobCancelled, UserError
from tui.core.jobs import Progress


class Planned(Protocol):
    """One item of a plan."""

    @property
    def key(self) -> str:
        """What it is called."""

    @property
    def size_bytes(self) -> int:
        """How much there is to do."""


Item = TypeVar("Item", bound=Planned)

# What would fail for every other item too: it ends the whole job.
_FATAL = frozenset(
    {
        "NoSuchBucket",
        "ExpiredToken",
        "ExpiredTokenException",
        "NoCredentialsError",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "RequestTimeTooSkewed",
        "ProfileNotFound",
        "ReadOnly",
        "EndpointConnectionError",
        "ENOSPC",
        "EDQUOT",
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
    """

    files: int
    size_bytes: int
    seconds: float
    skipped: tuple[Skipped, ...] = ()
    failures: tuple[TransferFailure, ...] = ()
    word: str = "file"
    after: str = ""
    again: str = "retry to do all again"

    @property
    def failed(self) -> str:
        """How many failed, of how many."""
        many = len(self.failures)
        return f"{texts.count(many)} of {texts.count(many + self.files)} {self.word}s failed"

    def finish(self) -> str:
        """Return the job's last note ("12 files, 4.2 MB in 3s").

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
        note = f"{files}, {texts.size(self.size_bytes)} in {texts.duration(self.seconds)}"
        note = f"{note}, {texts.count(len(self.skipped))} left out" if self.skipped else note
        return f"{note}, {self.after}" if self.after else note


def _why(failure: TransferFailure) -> str:
    return failure.error.message or failure.error.title


@dataclass(eq=False)
class Many(Generic[Item]):
    """Does many items: small ones side by side on the part workers, big ones one by one.

    `one` does one item and returns its bytes; `operation` is "upload", "download" or another verb
    of the error texts. Items above `big_bytes` use the part workers for their own parts, those up
    to `lane_bytes` have lanes of their own (`lanes`), as many as `pace` allows.
    """

    operation: str
    one: Callable[[Item, Meter], int]
    progress: Progress
    engine: Engine
    big_bytes: int = PART_BYTES
    lane_bytes: int = -1
    pace: Pace = field(default_factory=Pace)
    _failures: list[TransferFailure] = field(default_factory=list)

    def run(self, items: Sequence[Item]) -> TransferReport:
        """Do the items and report; blocks, on a coordinator.

        Raises:
            UserError: what would fail for every other item too.
            JobCancelled: the job was cancelled; finished items stay.
        """
        began = time.monotonic()
        tiny = [item for item in items if item.size_bytes <= self.lane_bytes]
        small = [item for item in items if self.lane_bytes < item.size_bytes <= self.big_bytes]
        big = [item for item in items if item.size_bytes > self.big_bytes]
        done: list[int | None] = []
        Lanes(self.engine.lanes, self._paced(done.append), self.pace).run(tiny)
        self.engine.fast.rest()
        calls = (partial(self._attempt, item) for item in small)
        done += self.engine.each(calls, Meter(self.progress))
        done += [self._attempt(item) for item in big]
        sizes = [size for size in done if size is not None]
        seconds = time.monotonic() - began
        return TransferReport(len(sizes), sum(sizes), seconds, failures=tuple(self._failures))

    def _paced(self, done: Callable[[int | None], None]) -> Callable[[Item], None]:
        """What a lane does with an item; the lanes become fewer while the server is too busy."""
        fast = self.engine.fast

        def act(item: Item) -> None:
            refused = fast.refusals
            done(self._attempt(item))
            if fast.refusals != refused and self.pace.slow_down():
                self.progress.say(f"the server is busy: {self.pace.allowed} at a time")

        return act

    def _attempt(self, item: Item) -> int | None:
        """Do one item; return its bytes, or None where it failed alone."""
        meter = Meter(self.progress)
        self.progress.check()
        try:
            size = self.one(item, meter)
        except JobCancelled:
            meter.take_back()
            raise
        except Exception as error:
            meter.take_back()
            connection = self.engine.gateway.connection
            known = error if isinstance(error, UserError) else None
            sentence = known or explain(error, self.operation, item.key, connection)
            if sentence.code in _FATAL:
                raise sentence from error
            self._failures.append(TransferFailure(item.key, sentence))
            return None
        self.progress.advance(items=1)
        return size
