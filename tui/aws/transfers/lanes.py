"""Many small items side by side: threads that each take the next one, without a future an item.

A small item waits for the server nearly all of its time, so there are more lanes than part workers;
each holds at most one item's bytes. More lanes open as long as this process is idle, or the last
ones have helped: next door to a server, more threads would only fight for the interpreter, and
hold up the event loop.
"""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Final, Generic, TypeVar

from tui.aws.threads import DaemonPool
from tui.core.limits import Limits

MOST_LANES: Final = 128
FIRST_LANES: Final = 16
LANE_BYTES: Final = 1024 * 1024  # the largest item that a lane takes
_LOOK_SECONDS: Final = 0.02
_IDLE: Final = 0.4  # of one core: there is time to spare
JOBS: Final = 4  # that run at a time
_OTHER_FILES: Final = 128  # of the rest of the app
_FILES: Final = 4096  # enough for all
_BUSY: Final = 0.85  # of one core, about all that an interpreter can use
_HELPED: Final = 1.15

HANDS: Final = 1  # more would fight for the interpreter at every system call

Item = TypeVar("Item")


class _Hand(threading.local):
    """What lets this thread work, where it is one of a crowd."""

    of: SimpleQueue[None] | None = None


_HAND = _Hand()


class _HandsOff:
    """See `hands_off`; a generator would cost four times as much."""

    def __enter__(self) -> None:
        if (hands := _HAND.of) is not None:
            hands.put(None)

    def __exit__(self, *_: object) -> None:
        if (hands := _HAND.of) is not None:
            hands.get()


_HANDS_OFF: Final = _HandsOff()


class Hands:
    """What lets a few threads of a crowd work at a time; see `hands_off`."""

    def __init__(self, count: int = HANDS) -> None:
        self._free: SimpleQueue[None] = SimpleQueue()  # much quicker than a semaphore
        for _ in range(count):
            self._free.put(None)

    def __enter__(self) -> None:
        self._free.get()
        _HAND.of = self._free

    def __exit__(self, *_: object) -> None:
        _HAND.of = None
        self._free.put(None)


def hands_off() -> _HandsOff:
    """Wait inside, for a server or a disk: another lane works meanwhile.

    A hundred threads that all want the interpreter hand it over at every system call, which costs
    more than the work itself; so only a few work at a time, and the others wait in here.
    """
    return _HANDS_OFF


def allow_files() -> None:
    """Raise this process's limit of open files, as far as the system lets it.

    It is 256 on macOS and 1,024 on most of Linux, for the sake of programs that use `select`; four
    jobs that wait for a far server have more connections than that.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # then there are fewer lanes
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def lanes_at_most() -> int:
    """As many as the limit of open files lets all jobs have: three files for each lane."""
    return files_for(MOST_LANES, 3)


def files_for(most: int, files: int) -> int:
    """How many may be at work in each of `JOBS`, that need so many open files each."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return most
    return max(FIRST_LANES, min(most, (soft - _OTHER_FILES) // (JOBS * files)))


class Growth:
    """Whether more side by side would help: this process is idle, or the last ones have helped."""

    def __init__(self) -> None:
        self._looked = time.monotonic(), time.process_time()
        self._done = 0  # since one looked
        self._rate = 0.0  # items a second when there were last made more

    def helps(self, at_work: int) -> bool:
        """One more item is done, of so many that are under way: whether there should be more."""
        self._done += 1
        if self._done < at_work:
            return False
        now, (then, used) = time.monotonic(), self._looked
        if now - then < _LOOK_SECONDS:
            return False
        cpu = time.process_time()
        busy, rate = (cpu - used) / (now - then), self._done / (now - then)
        self._looked, self._done = (now, cpu), 0
        if busy < _IDLE or (busy < _BUSY and rate > _HELPED * self._rate):
            self._rate = rate
            return True
        return False


class Pace:
    """How many lanes one job may have open; may be set, and lowered, while they run.

    Attributes:
        most: as many as there may be at all.
    """

    def __init__(self, most: int | None = None, limits: Limits | None = None) -> None:
        self.most = lanes_at_most() if most is None else most
        self.limits = limits or Limits()

    @property
    def allowed(self) -> int:
        """The limit for now: the user's, a slow line's, or a busy server's."""
        return self.limits.allowed(self.most)

    def slow_down(self) -> bool:
        """Halve it, at most once a second: the server is too busy. False where it stays."""
        return self.limits.slow_down(self.limits.at_work or self.allowed)


@dataclass(eq=False)
class Lanes(Generic[Item]):
    """One job's lanes. `act` does one item; what it raises ends them all and is raised by `run`."""

    pool: DaemonPool
    act: Callable[[Item], None]
    pace: Pace
    _items: Iterator[Item] = field(default_factory=lambda: iter(()))
    _open: int = 0
    _failure: BaseException | None = None
    _futures: list[Future[None]] = field(default_factory=list)
    _growth: Growth = field(default_factory=Growth)
    _hands: Hands = field(default_factory=Hands)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def run(self, items: Iterable[Item]) -> None:
        """Do all items; returns, or raises, once no lane runs any more."""
        self._items = iter(items)
        self._growth = Growth()
        self._add(FIRST_LANES)
        seen = 0
        while seen < len(self._futures):  # lanes open lanes
            waited = self._futures[seen:]
            wait(waited)
            seen += len(waited)
        if self._failure is not None:
            raise self._failure

    def _add(self, count: int) -> None:
        with self._lock:
            for _ in range(min(count, max(1, self.pace.allowed) - self._open)):
                try:
                    self._futures.append(self.pool.submit(self._lane))
                except RuntimeError as error:  # the pool is shut down: the app ends
                    self._failure = error
                    return
                self._open += 1
            self.pace.limits.at_work = self._open

    def _lane(self) -> None:
        try:
            with self._hands:
                while (item := self._next()) is not None:
                    self.act(item[0])
                    self._look()
        except BaseException as error:
            with self._lock:
                self._open -= 1
                self._failure = self._failure or error

    def _next(self) -> tuple[Item] | None:
        """The next item, in a tuple; None where this lane closes, and is counted no more."""
        with self._lock:
            if self._failure is None and self._open <= max(1, self.pace.allowed):
                for item in self._items:
                    return (item,)
            self._open -= 1
            return None

    def _look(self) -> None:
        """Open as many lanes again where that may help."""
        with self._lock:
            if self._growth.helps(self._open):
                self._add(self._open)
