"""One of a crowd's connections: a request at a time, without ever waiting for it."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from tui.aws.transfers.fast_sign import Unsure
from tui.aws.transfers.fast_wire import HEAD_LIMIT, body_length, parsed_head

if TYPE_CHECKING:
    from tui.aws.transfers.fast import Ready
    from tui.aws.transfers.fast_wire import Line

CROWD_BYTES: Final = 256 * 1024  # the largest item that is done in a crowd
_ROOM_BYTES: Final = 24 * 1024  # for an answer whose length is not known yet
_NOT_YET: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is all there. Its body is good until the connection's next one comes."""

    status: int
    headers: dict[str, str]
    body: memoryview

    @property
    def keeps(self) -> bool:
        """Whether the server keeps the connection."""
        return self.headers.get("connection", "").lower() != "close"

    def kept(self) -> Reply:
        """One that stays good."""
        return Reply(self.status, self.headers, memoryview(bytes(self.body)))


class Peer(Generic[Item]):
    """A connection and what is under way on it.

    Attributes:
        item: what is asked for, in a tuple.
        out: what is still to be sent.
    """

    def __init__(self, line: Line) -> None:
        line.sock.setblocking(False)
        self.line = line
        self.item: tuple[Item] | None = None
        self.ready: Ready | None = None
        self.out = memoryview(b"")
        self._room = bytearray(_ROOM_BYTES)
        self._view = memoryview(self._room)
        self._head: tuple[int, dict[str, str], int] | None = None  # status, headers, its bytes
        self._filled = self._end = 0
        self._since = time.monotonic()

    def begin(self, item: Item, ready: Ready) -> bool:
        """Send a request, or as much as goes; False where the connection is broken."""
        self.item, self.ready, self.out = (item,), ready, memoryview(ready.head)
        self._head, self._filled, self._end = None, 0, 0
        return self.send()

    def send(self) -> bool:
        """Go on sending; False where the connection is broken."""
        self._since = time.monotonic()
        try:
            self.out = self.out[self.line.sock.send(self.out) :]
        except _NOT_YET:
            pass
        except (OSError, ValueError):
            return False
        return True

    def receive(self) -> Reply | None:
        """Take what has come; return the answer once it is all there.

        Raises:
            Unsure, OSError, ValueError: it broke, or is none that is understood.
        """
        while True:
            try:
                count = self.line.sock.recv_into(self._view[self._filled :])
            except _NOT_YET:
                return None
            if not count:
                raise Unsure
            self._filled += count
            if self._head is None and not self._read_head():
                if self.line.plain:
                    return None
                continue
            if self._filled == self._end:
                status, headers, start = self._head or (0, {}, 0)
                return Reply(status, headers, self._view[start : self._end])
            if self._filled > self._end:
                raise Unsure
            if self.line.plain:
                return None
            # TLS may hold back more, of which the system knows nothing.

    def _read_head(self) -> bool:
        end = self._room.find(b"\r\n\r\n", 0, self._filled)
        if end < 0:
            if self._filled >= min(HEAD_LIMIT, len(self._room)):
                raise Unsure
            return False
        status, headers = parsed_head(self._room[:end])
        self._head = status, headers, end + 4
        self._end = end + 4 + body_length(headers)
        if self._end > CROWD_BYTES + HEAD_LIMIT:
            raise Unsure
        if self._end > len(self._room):
            room = bytearray(self._end)
            room[: self._filled] = self._view[: self._filled]
            self._room, self._view = room, memoryview(room)
        return True

    @property
    def age(self) -> float:
        """Seconds since the request was sent."""
        return time.monotonic() - self._since

    def silent(self, now: float) -> bool:
        """Whether nothing was sent for longer than a server may take."""
        timeout = self.line.timeout
        return timeout is not None and now - self._since > timeout
