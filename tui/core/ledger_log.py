"""Lines of JSON appended to a file by many threads that share one fsync: a group commit."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

LAZY_SECONDS: Final = 0.25  # how long a record may wait for others that nobody waits for
WAIT_SECONDS: Final = 30.0  # a disk that is slower than this counts as broken

Record = Mapping[str, Any]


class GroupLog:
    """An open file that grows by records. Every method may be called from any thread.

    A thread of its own writes what came together since it last did, and waits for the disk; it
    ends while there is nothing to do. What the disk refuses ends the writing, not the caller.

    Attributes:
        failure: why nothing is written any more.
    """

    def __init__(
        self, handle: int, on_failure: Callable[[OSError], None] = lambda error: None
    ) -> None:
        self._handle = handle
        self._size = os.fstat(handle).st_size
        self._on_failure = on_failure
        self._changed = threading.Condition()
        self._lines: list[bytes] = []
        self._done: list[int] = []
        self._done_bytes = 0
        self._asked = self._written = 0
        self._urgent = self._closed = False
        self._thread: threading.Thread | None = None
        self.failure: OSError | None = None

    def add(self, record: Record, *, wait: bool = False) -> None:
        """Append a record; with `wait`, return once the disk has it (or refused it)."""
        line = line_of(record)
        with self._changed:
            if self._ended():
                return
            self._lines.append(line)
            self._stir()
        if wait:
            self.flush()

    def add_done(self, number: int, size_bytes: int) -> None:
        """Append that an item is done; many come as one record."""
        with self._changed:
            if self._ended():
                return
            self._done.append(number)
            self._done_bytes += size_bytes
            self._stir()

    def flush(self) -> None:
        """Wait until the disk has all that was added, or has refused it."""
        with self._changed:
            asked = self._asked
            if self._ended() or self._written >= asked:
                return
            self._urgent = True
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._ended() or self._written >= asked, timeout=WAIT_SECONDS
            )

    def close(self) -> None:
        """Write what is left and close the file; whoever has its lock lets go."""
        self.flush()
        self.drop()

    def drop(self) -> None:
        """Close the file; what is not written yet is not."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            thread = self._thread
            self._changed.notify_all()
        if thread is not None:
            thread.join(WAIT_SECONDS)
        with suppress(OSError):
            os.close(self._handle)

    def _ended(self) -> bool:
        return self._closed or self.failure is not None

    def _stir(self) -> None:
        self._asked += 1
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="skydeck-ledger", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._urgent or self._closed, LAZY_SECONDS)
                asked, lines = self._asked, self._gathered()
                if not lines or self._closed:
                    self._thread = None
                    return
            failure = self._appended(b"".join(lines))
            with self._changed:
                self._written, self.failure = asked, failure
                if failure is not None:
                    self._thread = None
                self._changed.notify_all()
            if failure is not None:
                self._on_failure(failure)
                return

    def _gathered(self) -> list[bytes]:
        lines, self._lines, self._urgent = self._lines, [], False
        if self._done:
            record = {"done": ranges(self._done), "bytes": self._done_bytes}
            lines.append(line_of(record))
            self._done, self._done_bytes = [], 0
        return lines

    def _appended(self, data: bytes) -> OSError | None:
        try:
            append(self._handle, data)
        except OSError as error:
            with suppress(OSError):  # half a record must not swallow the next
                os.ftruncate(self._handle, self._size)
            return error
        self._size += len(data)
        return None


def append(handle: int, data: bytes) -> None:
    """Write to the end of an open file and wait for the disk.

    Raises:
        OSError: the disk refused; a part of it may be there.
    """
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
    # The file's size goes along, its times need not.
    getattr(os, "fdatasync", os.fsync)(handle)


def line_of(record: Record) -> bytes:
    """A record as one line; half of a surrogate pair, of an odd file name, is escaped."""
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def records(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the whole records; what a crash tore is left out."""
    for line in lines:
        if not line.endswith(b"\n"):
            continue
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            yield record


def ranges(numbers: Iterable[int]) -> list[list[int]]:
    """Numbers as [first, last] pairs, in order."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number <= found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found
