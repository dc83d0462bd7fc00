"""What uploads and downloads share: part workers, a meter for progress, retries of a cut body."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, TypeVar

from tui.aws.errors import explain_local
from tui.aws.gateway import TRANSFER_THREADS, Gateway
from tui.aws.threads import DaemonPool
from tui.core.errors import JobCancelled, UserError
from tui.core.jobs import Progress

PART_BYTES: Final = 16 * 1024 * 1024
CHUNK_BYTES: Final = 256 * 1024  # a cancel is seen after each
MEBIBYTE: Final = 1024 * 1024
MAX_PARTS: Final = 10_000
BODY_TRIES: Final = 4  # botocore retries requests, but not a body that breaks off

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Remote:
    """One object at S3; the region is None for the gateway's own."""

    bucket: str
    key: str
    region: str | None = None

    @property
    def params(self) -> dict[str, str]:
        """How boto3 names it."""
        return {"Bucket": self.bucket, "Key": self.key}

    def __str__(self) -> str:
        return f"{self.bucket}/{self.key}"


@dataclass(eq=False)
class Meter:
    """Counts one transfer's bytes into its job, so that they can be taken back.

    `stopped` ends this transfer's other parts once one has failed.
    """

    progress: Progress
    counted: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def advance(self, amount: int) -> None:
        """Count bytes. Raises `JobCancelled` when the job, or this transfer, is to end."""
        self.check()
        with self._lock:
            self.counted += amount
        self.progress.advance(amount)

    def check(self) -> None:
        """Raise `JobCancelled` when the job, or this transfer, is to end."""
        if self.stopped.is_set():
            raise JobCancelled
        self.progress.check()

    def take_back(self, amount: int | None = None) -> None:
        """Uncount bytes that have to be sent again, or all of them; never raises."""
        with self._lock:
            amount = self.counted if amount is None else amount
            self.counted -= amount
        with suppress(JobCancelled):
            self.progress.advance(-amount)


class Engine:
    """The threads of all transfers of one gateway.

    Coordinators run one job each and never do a part's work; part workers never wait for each
    other. So neither can starve the other, nor the gateway's own calls.
    """

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.coordinators = DaemonPool(4, "transfer")
        self.parts = DaemonPool(TRANSFER_THREADS, "part")

    def client(self, region: str | None) -> Any:
        """Return the S3 client; blocks, so only in a thread."""
        return self.gateway.client_now("s3", region)

    def each(
        self, calls: Iterable[Callable[[], T]], meter: Meter, window: int = TRANSFER_THREADS + 2
    ) -> list[T]:
        """Run calls on the part workers, at most `window` queued; return results in order.

        The first failure stops the rest; it is raised once nothing of this transfer runs.
        """
        waiting = iter(calls)
        running: set[Future[T]] = set()
        started: list[Future[T]] = []
        try:
            while True:
                meter.check()
                for call in islice(waiting, window - len(running)):
                    future = self.parts.submit(call)
                    running.add(future)
                    started.append(future)
                if not running:
                    return [future.result() for future in started]
                ended, running = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in ended:
                    future.result()
        except BaseException:
            meter.stopped.set()
            for future in running:
                future.cancel()
            wait(running)
            raise

    def close(self) -> None:
        """Take no more transfers; those under way see their job's cancel."""
        for pool in (self.coordinators, self.parts):
            pool.shutdown(wait=False, cancel_futures=True)


def part_size(size_bytes: int) -> int:
    """Return the bytes of each part: 16 MiB, or whole MiB more where 10,000 would not do."""
    least = -(-size_bytes // MAX_PARTS)
    return max(PART_BYTES, -(-least // MEBIBYTE) * MEBIBYTE)


def spans(size_bytes: int, part_bytes: int) -> Iterator[tuple[int, int, int]]:
    """Yield (number from 1, start, length) of each part."""
    for number, start in enumerate(range(0, size_bytes, part_bytes), 1):
        yield number, start, min(part_bytes, size_bytes - start)


def breaks_off(error: BaseException) -> bool:
    """Say whether a body broke off on the way, so that asking again may help."""
    kinds = {
        "IncompleteReadError",
        "ResponseStreamingError",
        "ReadTimeoutError",
        "ConnectionClosedError",
        "HTTPClientError",
        "ProtocolError",
        "FlexibleChecksumError",
    }
    return any(kind.__name__ in kinds for kind in type(error).__mro__)


@contextmanager
def local_file(verb: str, path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn a file system's errors into sentences; nothing of the network may run inside."""
    try:
        yield
    except UserError:
        raise
    except OSError as error:
        raise explain_local(error, verb, path) from error
