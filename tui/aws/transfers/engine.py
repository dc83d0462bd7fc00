"""What uploads and downloads share: part workers, temporary files, the sizes of parts."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

from tui.aws.errors import explain_local
from tui.aws.gateway import TRANSFER_THREADS, Gateway
from tui.aws.threads import DaemonPool
from tui.aws.transfers.fast import Fast
from tui.aws.transfers.lanes import JOBS, MOST_LANES, allow_files
from tui.aws.transfers.meter import Meter
from tui.aws.transfers.patience import behalf
from tui.core.errors import AwsError, UserError
from tui.core.progress import Progress

PART_BYTES: Final = 16 * 1024 * 1024
CHUNK_BYTES: Final = 256 * 1024  # a cancel is seen after each
MEBIBYTE: Final = 1024 * 1024
MAX_PARTS: Final = 10_000
BODY_TRIES: Final = 4  # botocore retries requests, but not a body that breaks off

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Remote:
    """One object at S3, or one version of it to read; region None is the gateway's own."""

    bucket: str
    key: str
    region: str | None = None
    version_id: str = ""

    @property
    def params(self) -> dict[str, str]:
        """How boto3 names it."""
        named = {"Bucket": self.bucket, "Key": self.key}
        return named | {"VersionId": self.version_id} if self.version_id else named

    def __str__(self) -> str:
        return f"{self.bucket}/{self.key}"


def closed_error() -> AwsError:
    """Say that the profile or region was switched, or the app is about to end."""
    return AwsError("That connection is closed", hint="Start it again here.", code="Closed")


class Engine:
    """The threads of all transfers of one gateway.

    Beginners make a job's plan and ledger. Coordinators run one job each and never do a part's
    work; part workers never wait for each other. So none can starve another, nor the gateway's own
    calls.
    """

    def __init__(self, gateway: Gateway) -> None:
        allow_files()
        self.gateway = gateway
        self.beginners = DaemonPool(8, "begin")
        self.coordinators = DaemonPool(JOBS, "transfer")
        self.parts = DaemonPool(TRANSFER_THREADS, "part")
        self.lanes = DaemonPool(2 * MOST_LANES, "lane")  # of two jobs at their most
        self.fast = Fast(self)
        self.conditional = True  # until the server says that it can't write on a condition
        self._closed = False
        self._lock = threading.Lock()
        self._temporaries: dict[Path, tuple[Progress, Callable[[], object]]] = {}

    def client(self, region: str | None) -> Any:
        """Return the S3 client; blocks, so only in a thread."""
        return self.gateway.client_now("s3", region)

    def submit(self, pool: DaemonPool, call: Callable[[], T]) -> Future[T]:
        """Queue a call. Raises `AwsError` once the connection is closed."""
        try:
            return pool.submit(call)
        except RuntimeError as error:
            raise closed_error() from error

    def refuse_closed(self) -> None:
        """Raise `AwsError` once the connection is closed."""
        if self._closed:
            raise closed_error()

    @contextmanager
    def temporary(
        self,
        path: Path,
        progress: Progress,
        stays: Callable[[], bool] = lambda: False,
        remove: Callable[[], object] | None = None,
    ) -> Iterator[None]:
        """A file that is gone after the block, if it still has this name; or at the latest when
        the job, or the app, no longer waits for the block to end.

        It stays where what has ended the block was a pause, and `stays()` says so. `remove` is
        how it goes, where its path is not to be trusted.
        """
        kept = False
        with self._lock:
            self.refuse_closed()
            self._temporaries[path] = progress, remove or path.unlink
        try:
            yield
        except BaseException:
            kept = stays()
            raise
        finally:
            if not kept:
                with suppress(OSError):
                    (remove or path.unlink)()
            with self._lock:
                self._temporaries.pop(path, None)

    def sweep(self, progress: Progress | None = None) -> None:
        """Remove the temporary files of a job that nobody waits for any more, or all."""
        with self._lock:
            left = [
                remove
                for owner, remove in self._temporaries.values()
                if progress in (None, owner) and not owner.suspended
            ]
        for remove in left:
            with suppress(OSError):
                remove()

    def each(
        self,
        calls: Iterable[Callable[[], T]],
        meter: Meter,
        window: int = TRANSFER_THREADS + 2,
        *,
        sends: bool = True,
    ) -> list[T]:
        """Run calls on the part workers, at most `window` queued; return results in order.

        `sends` says that bytes pass here, so that a limit of bandwidth counts.

        The job's limits may change meanwhile. Requests are made on its behalf (`patience`).
        The first failure stops the rest; it is raised once nothing of this transfer runs.
        """
        waiting, limits = enumerate(calls), meter.progress.limits
        allowed_of = limits.parts if sends else limits.allowed
        running: dict[Future[T], int] = {}
        results: dict[int, T] = {}  # a million futures would be 2 GB
        try:
            while True:
                meter.check()
                allowed = allowed_of(TRANSFER_THREADS)
                room = (window if allowed >= TRANSFER_THREADS else allowed) - len(running)
                for number, call in islice(waiting, max(0, room)):
                    ours = behalf(call, meter, self.gateway, moves=True)
                    running[self.submit(self.parts, ours)] = number
                limits.at_work = min(len(running), TRANSFER_THREADS)
                if not running:
                    return [results[number] for number in range(len(results))]
                ended, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in ended:
                    results[running.pop(future)] = future.result()
        except BaseException:
            meter.stop()
            for future in running:
                future.cancel()
            wait(running)
            raise

    def close(self) -> None:
        """Take no more transfers; those under way see their job's cancel.

        Their temporary files go at once: the threads may not live to remove them.
        """
        with self._lock:
            self._closed = True
        for pool in (self.beginners, self.coordinators, self.parts, self.lanes):
            pool.shutdown(wait=False, cancel_futures=True)
        self.fast.close()
        self.sweep()


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
