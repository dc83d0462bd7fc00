"""A loopback S3 that keeps what it is sent and gives back the same, at next to no CPU.

One thread, one `select` loop, no parsing beyond what transfers ask: PutObject, GetObject (ranges),
HeadObject, ListObjectsV2, multi-part uploads, If-Match, If-None-Match. Bodies go from the socket
straight into the memory that they are served from. Every answer waits for the latency, counted
from the end of the request. `GET /__stat` tells the requests and the most that were under way
since it was last asked, `GET /__sum/bucket/prefix` the objects, bytes and the sum of all CRC-32s,
`GET /__drop` forgets everything.

Run: ``python -m tests.bench.stub.transfers --latency-ms 30``; prints its port, ends with its stdin.
"""

from __future__ import annotations

import argparse
import heapq
import os
import re
import select
import socket
import sys
import threading
import time
from collections.abc import Callable

from tests.bench.stub.transfer_store import Requests, Store

READ_BYTES = 1 << 18
_LENGTH = re.compile(rb"\ncontent-length: *(\d+)", re.IGNORECASE)


class Connection:
    """One client's socket: a head, then a body straight into its own memory."""

    def __init__(self, server: Server, peer: socket.socket) -> None:
        self.server, self.peer = server, peer
        self.inbox = bytearray()
        self.head = b""
        self.body = memoryview(bytearray())
        self.filled = 0
        self.outbox: list[memoryview] = []
        self.waits = False  # for the latency: whoever sends already the next one has to wait

    def readable(self) -> None:
        """Take what has come."""
        try:
            if self.head:
                count = self.peer.recv_into(self.body[self.filled :])
                self.filled += count
            else:
                data = self.peer.recv(READ_BYTES)
                count = len(data)
                self.inbox += data
        except BlockingIOError:
            return
        except OSError:
            count = 0
        if not count:
            self.server.close(self)
            return
        self.advance()

    def advance(self) -> None:
        """Answer what is complete."""
        if not self.head:
            end = self.inbox.find(b"\r\n\r\n")
            if end < 0:
                return
            self.head = bytes(self.inbox[: end + 2])
            told = _LENGTH.search(self.head)
            length = int(told[1]) if told else 0
            self.body = self.server.store.buffer(length) if length else memoryview(bytearray())
            rest = memoryview(self.inbox)[end + 4 : end + 4 + length]
            self.body[: len(rest)] = rest
            self.filled = len(rest)
            rest.release()
            del self.inbox[: end + 4 + self.filled]
            if length and b"100-continue" in self.head:
                self.send([memoryview(b"HTTP/1.1 100 Continue\r\n\r\n")])
        if self.filled < len(self.body) or self.waits:
            return
        self.waits = True
        self.server.started()
        head = self.head
        own = head.startswith(b"GET /__")
        self.server.later(0.0 if own else self.server.latency, self.reply)

    def reply(self) -> None:
        """Send the answer, and go on with the next request."""
        head, body = self.head, self.body
        self.head, self.body, self.filled, self.waits = b"", memoryview(bytearray()), 0, False
        self.server.ended()
        if self.peer.fileno() < 0:
            return
        self.send(self.server.requests.answer(head, body))
        if self.inbox:
            self.advance()

    def send(self, pieces: list[memoryview]) -> None:
        """Send what the socket takes now, the rest when it takes more."""
        self.outbox += [piece for piece in pieces if len(piece)]
        self.writable()

    def writable(self) -> None:
        """Go on sending."""
        try:
            while self.outbox:
                piece = self.outbox[0]
                sent = self.peer.send(piece[: 1 << 20])
                if sent == len(piece):
                    self.outbox.pop(0)
                else:
                    self.outbox[0] = piece[sent:]
        except BlockingIOError:
            pass
        except OSError:
            self.server.close(self)
            return
        self.server.watch(self, bool(self.outbox))


class Server:
    """The loop."""

    def __init__(self, latency: float) -> None:
        self.latency = latency
        self.store = Store()
        self.requests = Requests(self.store)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.listener.setblocking(False)
        self.port: int = self.listener.getsockname()[1]
        self._poll = select.epoll() if hasattr(select, "epoll") else None
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._open: dict[int, Connection] = {}
        self._writing: set[int] = set()

    def started(self) -> None:
        """One request more is under way."""
        store = self.store
        store.requests += 1
        store.under_way += 1
        store.most = max(store.most, store.under_way)

    def ended(self) -> None:
        """One request less is under way."""
        self.store.under_way -= 1

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Do it after some time, or at once."""
        if not seconds:
            act()
            return
        self._count += 1
        heapq.heappush(self._timers, (time.monotonic() + seconds, self._count, act))

    def watch(self, connection: Connection, writing: bool) -> None:
        """Wake for a socket that takes more."""
        handle = connection.peer.fileno()
        if handle < 0 or writing == (handle in self._writing):
            return
        (self._writing.add if writing else self._writing.discard)(handle)
        assert self._poll is not None
        self._poll.modify(handle, select.EPOLLIN | (select.EPOLLOUT if writing else 0))

    def close(self, connection: Connection) -> None:
        """Let go of a client."""
        handle = connection.peer.fileno()
        if handle >= 0:
            self._open.pop(handle, None)
            self._writing.discard(handle)
            connection.peer.close()

    def run(self) -> None:
        """Serve for ever."""
        assert self._poll is not None, "this server needs Linux"
        self._poll.register(self.listener.fileno(), select.EPOLLIN)
        while True:
            wait = -1.0
            if self._timers:
                wait = max(0.0, self._timers[0][0] - time.monotonic())
            for handle, event in self._poll.poll(wait):
                if handle == self.listener.fileno():
                    self._accept()
                    continue
                connection = self._open.get(handle)
                if connection is not None and event & select.EPOLLOUT:
                    connection.writable()
                if connection is not None and event & ~select.EPOLLOUT:
                    connection.readable()
            now = time.monotonic()
            while self._timers and self._timers[0][0] <= now:
                heapq.heappop(self._timers)[2]()

    def _accept(self) -> None:
        assert self._poll is not None
        while True:
            try:
                peer, _ = self.listener.accept()
            except BlockingIOError:
                return
            peer.setblocking(False)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open[peer.fileno()] = Connection(self, peer)
            self._poll.register(peer.fileno(), select.EPOLLIN)


def main() -> None:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency-ms", type=float, default=0.0)
    server = Server(parser.parse_args().latency_ms / 1000)

    def watch() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    print(server.port, flush=True)
    server.run()


if __name__ == "__main__":
    main()
