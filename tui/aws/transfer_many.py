"""Many items as one transfer: each fails alone, and the report says so."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

from tui.aws.errors import explain
from tui.aws.transfer_engine import PART_BYTES, Engine, Meter
from tui.aws.transfer_plan import PlannedDownload, PlannedUpload, Skipped
from tui.core import format as texts
from tui.core.errors import JobCancelled, UserError
from tui.core.jobs import Progress

Item = TypeVar("Item", PlannedUpload, PlannedDownload)

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


@dataclass(frozen=True, slots=True)
class TransferFailure:
    """One item that failed, with the sentence that says why."""

    name: str
    error: UserError


@dataclass(frozen=True, slots=True)
class TransferReport:
    """What a transfer did."""

    files: int
    size_bytes: int
    seconds: float
    skipped: tuple[Skipped, ...] = ()
    failures: tuple[TransferFailure, ...] = ()

    def finish(self) -> str:
        """Return the job's last note ("12 files, 4.2 MB in 3s").

        Raises:
            UserError: some items failed.
        """
        if self.failures:
            first, many = self.failures[0], len(self.failures)
            raise UserError(
                f"{texts.count(many)} of {texts.count(many + self.files)} files failed",
                f"{first.name}: {first.error.message or first.error.title}",
                "The others are done; retry to do all again.",
                code=first.error.code,
                retryable=True,
            )
        files = f"{texts.count(self.files)} file{'' if self.files == 1 else 's'}"
        note = f"{files}, {texts.size(self.size_bytes)} in {texts.duration(self.seconds)}"
        return f"{note}, {texts.count(len(self.skipped))} left out" if self.skipped else note


@dataclass(eq=False)
class Many(Generic[Item]):
    """Does many items: small ones side by side on the part workers, big ones one by one.

    `one` does one item and returns its bytes; `operation` is "upload" or "download".
    """

    operation: str
    one: Callable[[Item, Meter], int]
    progress: Progress
    engine: Engine
    _failures: list[TransferFailure] = field(default_factory=list)

    def run(self, items: Sequence[Item]) -> TransferReport:
        """Do the items and report; blocks, on a coordinator.

        Raises:
            UserError: what would fail for every other item too.
            JobCancelled: the job was cancelled; finished items stay.
        """
        began = time.monotonic()
        small = [item for item in items if item.size_bytes <= PART_BYTES]
        big = [item for item in items if item.size_bytes > PART_BYTES]
        calls = (partial(self._attempt, item) for item in small)
        done = self.engine.each(calls, Meter(self.progress))
        done += [self._attempt(item) for item in big]
        sizes = [size for size in done if size is not None]
        seconds = time.monotonic() - began
        return TransferReport(len(sizes), sum(sizes), seconds, failures=tuple(self._failures))

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
