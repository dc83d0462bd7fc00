"""What may go wrong with one request, and for which requests it does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from tests.faults.wire import Ask, Head

Way = Literal["up", "down"]
_ERROR = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{0}</Code><Message>{0}</Message>'
    "<RequestId>FAULT</RequestId></Error>"
)


class HangUp(Exception):  # noqa: N818 - an order, not a failure
    """End the connection here, after some last bytes."""

    def __init__(self, *, reset: bool = False, last: bytes = b"") -> None:
        super().__init__()
        self.reset, self.last = reset, last


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the proxy's own."""

    status: int
    code: str
    headers: tuple[tuple[str, str], ...] = ()

    def encoded(self, method: str) -> bytes:
        """As it goes over the line."""
        body = b"" if method == "HEAD" else _ERROR.format(self.code).encode()
        head = Head(f"HTTP/1.1 {self.status} {self.code}", [*self.headers])
        head.set("Content-Type", "application/xml")
        head.set("Content-Length", str(len(body)))
        return head.encoded() + body


class Fault:
    """What happens to one request; this one lets it pass. Called on the connection's thread."""

    def arrived(self, ask: Ask) -> Reply | None:
        """The request's head is there; a reply goes out in the server's place."""
        return None

    def sent(self, ask: Ask, head: Head) -> None:
        """The head that the server is about to get; it may be changed."""

    def up(self, ask: Ask, at: int, data: bytes) -> bytes:
        """A piece of the request's body, which begins at byte `at`."""
        return data

    def forwarded(self, ask: Ask) -> None:
        """The server has it all, and has not answered."""

    def answered(self, ask: Ask, head: Head) -> None:
        """The answer's head is there, and may be changed."""

    def down(self, ask: Ask, at: int, data: bytes, size: int) -> bytes:
        """A piece of the answer's body of `size` bytes, which begins at byte `at`."""
        return data

    def passed(self, ask: Ask) -> None:
        """The whole answer has gone out."""


@dataclass(eq=False)
class Refuse(Fault):
    """The server is said to have refused: 503 SlowDown, 400 ExpiredToken, 500 InternalError."""

    status: int = 503
    code: str = "SlowDown"
    headers: tuple[tuple[str, str], ...] = ()

    def arrived(self, ask: Ask) -> Reply | None:
        return Reply(self.status, self.code, self.headers)


@dataclass(eq=False)
class Cut(Fault):
    """The connection ends after a share of the body; 0 is before its first byte."""

    way: Way = "down"
    share: float = 0.5
    reset: bool = False

    def up(self, ask: Ask, at: int, data: bytes) -> bytes:
        return self._cut("up", at, data, ask.head.size or 0)

    def down(self, ask: Ask, at: int, data: bytes, size: int) -> bytes:
        return self._cut("down", at, data, size)

    def _cut(self, way: Way, at: int, data: bytes, size: int) -> bytes:
        last = int(size * self.share)
        if way != self.way or at + len(data) <= last:
            return data
        raise HangUp(reset=self.reset, last=data[: max(0, last - at)])


class Lose(Fault):
    """The server acts on the request; its answer is lost."""

    def answered(self, ask: Ask, head: Head) -> None:
        raise HangUp


@dataclass(eq=False)
class Wait(Fault):
    """The server takes its time, or the line does: seconds before it is asked, bytes a second."""

    seconds: float = 0.0
    bytes_per_second: float = 0.0

    def arrived(self, ask: Ask) -> Reply | None:
        time.sleep(self.seconds)
        return None

    def up(self, ask: Ask, at: int, data: bytes) -> bytes:
        return self._slowly(data)

    def down(self, ask: Ask, at: int, data: bytes, size: int) -> bytes:
        return self._slowly(data)

    def _slowly(self, data: bytes) -> bytes:
        if self.bytes_per_second:
            time.sleep(len(data) / self.bytes_per_second)
        return data


@dataclass(eq=False)
class Spoil(Fault):
    """Bytes of a body are changed on the way; its length stays.

    Attributes:
        share: where, as a share of the body.
        kind: "flip" one bit; "zero" a run; "swap" two neighbouring runs; "stutter": a run comes
            twice, and all behind it is late.
    """

    way: Way = "down"
    share: float = 0.5
    kind: str = "flip"
    run: int = 16
    spoilt: bool = False  # it came to it
    _late: bytes = b""

    def up(self, ask: Ask, at: int, data: bytes) -> bytes:
        return self._spoil("up", at, data, ask.head.size or 0)

    def down(self, ask: Ask, at: int, data: bytes, size: int) -> bytes:
        return self._spoil("down", at, data, size)

    def _spoil(self, way: Way, at: int, data: bytes, size: int) -> bytes:
        if way != self.way or not data:
            return data
        if self._late:
            both = self._late + data
            self._late = both[len(data) :]
            return both[: len(data)]
        where = min(int(size * self.share), size - 1) - at
        if not 0 <= where < len(data):
            return data
        changed = self._changed(data, where)
        self.spoilt = self.spoilt or changed != data
        return changed

    def _changed(self, data: bytes, where: int) -> bytes:
        run = data[where : where + self.run]
        before, after = data[:where], data[where + len(run) :]
        if self.kind == "zero":
            return before + bytes(len(run)) + after
        if self.kind == "swap":
            half = len(run) // 2
            return before + run[half:] + run[:half] + after
        if self.kind == "stutter":
            longer = before + run + run + after
            self._late = longer[len(data) :]
            return longer[: len(data)]
        return before + bytes([run[0] ^ 1 << where % 8]) + run[1:] + after


@dataclass(eq=False)
class Shorten(Fault):
    """The answer's body ends early, and its length says that this is all of it."""

    share: float = 0.5
    _whole: int = 0

    def answered(self, ask: Ask, head: Head) -> None:
        if ask.method != "HEAD" and head.size:
            self._whole = head.size
            head.set("Content-Length", str(int(head.size * self.share)))

    def down(self, ask: Ask, at: int, data: bytes, size: int) -> bytes:
        last = int(self._whole * self.share) if self._whole else at + len(data)
        return data[: max(0, last - at)]


@dataclass(eq=False)
class Relabel(Fault):
    """A header of the answer is damaged: `change(its value)` is sent."""

    name: str
    change: Callable[[str], str]

    def answered(self, ask: Ask, head: Head) -> None:
        if told := head.get(self.name):
            head.set(self.name, self.change(told))


@dataclass(eq=False)
class Misread(Fault):
    """The server is asked for a neighbouring range, and the answer says what was wanted."""

    by: int = 7

    def sent(self, ask: Ask, head: Head) -> None:
        if span := head.get("range"):
            first, last = (int(text) for text in span.removeprefix("bytes=").split("-"))
            by = self.by if first < self.by else -self.by
            head.set("Range", f"bytes={first + by}-{last + by}")

    def answered(self, ask: Ask, head: Head) -> None:
        if (span := ask.head.get("range")) and (told := head.get("content-range")):
            size = told.rpartition("/")[2]
            head.set("Content-Range", f"bytes {span.removeprefix('bytes=')}/{size}")


@dataclass(eq=False)
class Act(Fault):
    """Something is done at one moment: "arrived", "forwarded", "answered", "passed", or "down",
    once a share of the answer's body is out.
    """

    do: Callable[[Ask], object]
    when: str = "arrived"
    share: float = 0.5
    _done: bool = False

    def _at(self, moment: str, ask: Ask) -> None:
        if moment == self.when:
            self.do(ask)

    def arrived(self, ask: Ask) -> Reply | None:
        self._at("arrived", ask)
        return None

    def forwarded(self, ask: Ask) -> None:
        self._at("forwarded", ask)

    def answered(self, ask: Ask, head: Head) -> None:
        self._at("answered", ask)

    def down(self, ask: Ask, at: int, data: bytes, size: int) -> bytes:
        if not self._done and at + len(data) >= size * self.share:
            self._done = True
            self._at("down", ask)
        return data

    def passed(self, ask: Ask) -> None:
        self._at("passed", ask)


@dataclass(eq=False)
class Rule:
    """Which requests meet a fault: by operation and key, `times` of them after `skip`.

    `make` makes a fault for each request: faults keep notes. `times` None is all of them.
    """

    make: Callable[[], Fault]
    operations: frozenset[str] = frozenset()
    key: str | None = None
    bucket: str | None = None
    times: int | None = 1
    skip: int = 0
    chance: Callable[[], bool] | None = None
    hits: int = 0
    faults: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fault_for(self, ask: Ask) -> Fault | None:
        """Return the fault that this request meets by this rule, or None."""
        if self.operations and ask.operation not in self.operations:
            return None
        if self.key is not None and ask.key != self.key:
            return None
        if self.bucket is not None and ask.bucket != self.bucket:
            return None
        with self._lock:
            if self.skip:
                self.skip -= 1
                return None
            if self.times is not None and self.hits >= self.times:
                return None
            if self.chance is not None and not self.chance():
                return None
            self.hits += 1
            fault = self.make()
            self.faults.append(fault)
            return fault
