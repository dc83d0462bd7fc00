"""Many small requests at once from one thread: what a crowd of threads would fight over.

A small download is a dozen short steps between waits. Threads hand the interpreter over at each
of them, which costs several times the work itself; here one thread asks the system which answers
have come, and deals with those. Only the plain success is dealt with: whatever else an item meets,
it is handed back, to be done by itself (`lanes`).
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from tui.aws.transfers.crowd_wire import CROWD_BYTES, Peer, Reply
from tui.aws.transfers.fast_sign import Unsure
from tui.aws.transfers.lanes import Growth, Hands, files_for, hands_off
from tui.core.errors import JobCancelled, JobPaused
from tui.core.progress import Progress

if TYPE_CHECKING:
    from tui.aws.transfers.fast import Ready
    from tui.aws.transfers.fast_wire import Line, Lines
    from tui.core.ledger import ItemLedger

__all__ = ["CROWD_BYTES", "Crowd", "Errand", "Quick"]

MOST_AT_ONCE: Final = 256
FIRST_AT_ONCE: Final = 16
SETTLED_TOGETHER: Final = 64
_OPENING: Final = 32  # connections opened at a time
_BAD_OPENINGS: Final = 8
_MISSES: Final = 8  # files in a row that could not be written, after which none is fetched
_FAR_SECONDS: Final = 0.01  # a server that takes longer is waited for most of the time
_PATROL_SECONDS: Final = 0.1
_SLOW_SECONDS: Final = 0.001  # a disk that takes longer for a file is waited for by other threads
_UNFINISHED: Final = 64

Item = TypeVar("Item")
GivenT_contra = TypeVar("GivenT_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Errand(Generic[Item]):
    """What to do with each item. What one of these raises hands the item back, to be done alone.

    Attributes:
        ask: makes the request.
        accept: judges the answer, before the next request.
        finish: does the rest with the answer's body, and returns the item's bytes; may wait, and
            be called by several threads.
        settle: hears of (item, bytes) that are finished, some at a time.
    """

    ask: Callable[[Item], Ready]
    accept: Callable[[Ready, Reply], None]
    finish: Callable[[Item, Reply], int]
    settle: Callable[[Sequence[tuple[Item, int]]], None]


class Quick(Protocol[GivenT_contra]):
    """One kind of small items, for `Many` to make an errand of."""

    def working(self) -> AbstractContextManager[None]:
        """All else is called inside."""

    def ask(self, item: GivenT_contra) -> Ready:
        """Return an item's request."""

    def accept(self, ready: Ready, reply: Reply) -> None:
        """Raise unless it was a plain success."""

    def finish(self, item: GivenT_contra, reply: Reply, kept: ItemLedger) -> int:
        """Do the rest; return the item's bytes."""

    def settle(self) -> None:
        """Have on the disk what is finished; the items count as done then."""


class Crowd(Generic[Item]):
    """One job's small items. Blocks: `run` is called once, on a coordinator."""

    def __init__(
        self,
        errand: Errand[Item],
        lines: Lines,
        submit: Callable[[Callable[[], None]], Future[None]],
        progress: Progress,
    ) -> None:
        """`submit` has another thread do what has to wait."""
        self._errand, self._lines, self._submit, self._progress = errand, lines, submit, progress
        self._todo: Iterator[Item] = iter(())
        self._left: list[Item] = []
        self._where: tuple[Any, str] | None = None
        self._peers: set[Peer[Item]] = set()
        self._selector = selectors.DefaultSelector()
        self._arrived: SimpleQueue[Line | None] = SimpleQueue()
        self._bell, self._ear = socket.socketpair()
        self._opening = self._bad_openings = self._misses = 0
        self._most = files_for(MOST_AT_ONCE, 1)
        self._growth = Growth()
        self._wanted = FIRST_AT_ONCE
        self._quickest = 60.0  # seconds that an answer took
        self._finished: list[tuple[Item, int]] = []
        self._unfinished: set[Future[None]] = set()
        self._taken, self._seconds = 0, 0.0  # finished by this thread, and how long that took
        self._dry = self._over = False  # nothing is left to do; nobody waits any more
        self._lock = threading.Lock()
        self._hands = Hands()

    def run(self, items: Iterable[Item]) -> list[Item]:
        """Do the items; return those that are to be done by themselves.

        Raises:
            JobCancelled, JobPaused: the job is to end; what was finished is settled.
        """
        self._todo = iter(items)
        self._bell.setblocking(False)
        self._ear.setblocking(False)
        self._selector.register(self._ear, selectors.EVENT_READ)
        with ExitStack() as stack:
            stack.callback(self._close)
            stack.enter_context(self._progress.waking(self._ring))
            stack.enter_context(self._hands)
            self._open()
            patrolled = time.monotonic()
            while self._peers or (self._opening and not self._dry):
                self._progress.check()
                with hands_off():
                    events = self._selector.select(_PATROL_SECONDS)
                for key, _ in events:
                    if key.data is None:
                        self._take_in()
                    elif key.data in self._peers:
                        self._serve(key.data)
                now = time.monotonic()
                if now - patrolled > _PATROL_SECONDS:
                    patrolled = now
                    self._patrol(now)
            self._await_unfinished(0)
            self._settle()
        self._left += self._todo
        return self._left

    # -- connections ---------------------------------------------------------------------------

    @property
    def _allowed(self) -> int:
        limits = self._progress.limits
        if limits.bytes_per_second is not None or self._misses >= _MISSES:
            return 0  # lanes can wait for their turn, and tell what is wrong with the disk
        return limits.allowed(min(self._wanted, self._most))

    def _open(self) -> None:
        """Have as many connections opened as there may be; others wait for the server's hello."""
        if self._where is None and not self._look_ahead():
            return
        assert self._where is not None
        if self._dry or self._bad_openings >= _BAD_OPENINGS:
            return
        missing = self._allowed - len(self._peers) - self._opening
        for _ in range(min(missing, _OPENING - self._opening)):
            self._opening += 1
            self._submit(partial(self._opened, *self._where))

    def _look_ahead(self) -> bool:
        """Ask for the first item to learn where to; False where none can be asked for."""
        for item in self._todo:
            ready = self._asked(item)
            if ready is not None:
                self._where = ready.session, ready.origin
                self._todo = _before(item, self._todo)
                return True
        return False

    def _opened(self, session: Any, origin: str) -> None:
        """Runs on another thread."""
        line = None
        with suppress(Unsure):
            line = self._lines.take(session, origin)
        with self._lock:
            if self._over:
                if line is not None:
                    self._lines.give_back(session, origin, line)
                return
            self._arrived.put(line)
        self._ring()

    def _ring(self) -> None:
        with suppress(OSError):
            self._bell.send(b"!")

    def _take_in(self) -> None:
        """Give each connection that was opened its first request."""
        with suppress(OSError):
            self._ear.recv(4096)
        with suppress(Empty):
            while True:
                line = self._arrived.get_nowait()
                self._opening -= 1
                if line is None:
                    self._bad_openings += 1
                    continue
                peer = Peer[Item](line)
                self._peers.add(peer)
                self._selector.register(line.sock, selectors.EVENT_READ, peer)
                self._next(peer)
        self._progress.limits.at_work = len(self._peers)

    def _next(self, peer: Peer[Item]) -> None:
        """Send the next request, or let go of the connection."""
        if len(self._peers) <= self._allowed:
            for item in self._todo:
                ready = self._asked(item)
                if ready is None:
                    continue
                if not peer.begin(item, ready):
                    self._break(peer)
                elif peer.out:
                    self._selector.modify(peer.line.sock, _BOTH, peer)
                return
            self._dry = True
        self._part(peer, good=True)

    def _asked(self, item: Item) -> Ready | None:
        try:
            ready = self._errand.ask(item)
        except (JobCancelled, JobPaused):
            raise
        except Exception:  # who does it alone meets it too, and can tell it
            self._left.append(item)
            return None
        if self._where in (None, (ready.session, ready.origin)):
            return ready
        self._left.append(item)
        return None

    def _part(self, peer: Peer[Item], *, good: bool) -> None:
        """Let go of a connection; what was under way on it is handed back."""
        self._peers.discard(peer)
        self._selector.unregister(peer.line.sock)
        if peer.item is not None:
            self._left.append(peer.item[0])
        if good:
            assert self._where is not None
            peer.line.wait_as_before()
            self._lines.give_back(*self._where, peer.line)
        else:
            peer.line.close()

    def _break(self, peer: Peer[Item]) -> None:
        if peer.ready is not None:
            peer.ready.broke()
        self._part(peer, good=False)
        self._open()

    # -- answers -------------------------------------------------------------------------------

    def _serve(self, peer: Peer[Item]) -> None:
        """Go on with what came on a connection."""
        if peer.out:
            if not peer.send():
                self._break(peer)
            elif not peer.out:
                self._selector.modify(peer.line.sock, selectors.EVENT_READ, peer)
            return
        try:
            reply = peer.receive()
        except (OSError, ValueError, Unsure):
            self._break(peer)
            return
        if reply is None:
            return
        assert peer.item is not None
        assert peer.ready is not None
        item, peer.item, good = peer.item[0], None, True
        self._quickest = min(self._quickest, peer.age)
        try:
            self._errand.accept(peer.ready, reply)
        except (JobCancelled, JobPaused):
            raise
        except Exception:
            good = False
            self._left.append(item)
        if not reply.keeps:
            self._part(peer, good=False)
            self._open()
        else:
            self._next(peer)  # the server works while this thread does
        if good:
            self._finish(item, reply)
        self._grow()

    def _finish(self, item: Item, reply: Reply) -> None:
        """Do the rest here, or have it done where the disk is slow."""
        if self._seconds > _SLOW_SECONDS * max(self._taken, 8):
            self._await_unfinished(_UNFINISHED)
            copy = reply.kept()
            self._unfinished.add(self._submit(partial(self._done_elsewhere, item, copy)))
        else:
            began = time.monotonic()
            self._done_with(item, reply)
            self._taken, self._seconds = self._taken + 1, self._seconds + time.monotonic() - began
        if len(self._finished) >= SETTLED_TOGETHER:
            self._settle()

    def _done_with(self, item: Item, reply: Reply) -> None:
        try:
            size = self._errand.finish(item, reply)
            with self._lock:  # or it may be added to a list that was settled meanwhile
                self._finished.append((item, size))
            self._misses = 0
        except (JobCancelled, JobPaused):
            raise
        except Exception:
            self._misses += 1
            self._left.append(item)

    def _done_elsewhere(self, item: Item, reply: Reply) -> None:
        with self._hands:
            self._done_with(item, reply)

    def _await_unfinished(self, most: int) -> None:
        while len(self._unfinished) > most:
            self._progress.check()
            with hands_off():
                ended, self._unfinished = wait(self._unfinished, 0.1, FIRST_COMPLETED)
            for future in ended:
                future.result()

    def _settle(self) -> None:
        with self._lock:
            finished, self._finished = self._finished, []
        if finished:
            self._errand.settle(finished)

    # -- now and then --------------------------------------------------------------------------

    def _grow(self) -> None:
        if self._growth.helps(len(self._peers)):
            times = 4 if self._quickest > _FAR_SECONDS else 2
            self._wanted = max(self._wanted, min(MOST_AT_ONCE, times * len(self._peers)))
            self._open()

    def _patrol(self, now: float) -> None:
        """Report what is done, and give up on servers that have fallen silent."""
        self._settle()
        for peer in [peer for peer in self._peers if peer.silent(now)]:
            self._break(peer)
        self._open()

    def _close(self) -> None:
        """Let go of everything; also after a failure, so that threads and connections end."""
        for peer in tuple(self._peers):
            self._part(peer, good=False)
        with self._lock:
            self._over = True
        with suppress(Empty):
            while True:
                if (line := self._arrived.get_nowait()) is not None and self._where is not None:
                    self._lines.give_back(*self._where, line)
        wait(self._unfinished)
        with suppress(Exception):
            self._settle()
        self._selector.close()
        self._bell.close()
        self._ear.close()


_BOTH: Final = selectors.EVENT_READ | selectors.EVENT_WRITE


def _before(first: Item, rest: Iterator[Item]) -> Iterator[Item]:
    yield first
    yield from rest
