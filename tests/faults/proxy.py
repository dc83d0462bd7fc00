"""A loopback proxy that does to S3 requests what lines and servers do on bad days.

One thread a connection; bodies stream through. Rules (`rules`) say which requests meet which
fault; a strict check (`strict`) stands in for what the server behind does not refuse.
"""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress

from tests.faults.rules import Fault, HangUp, Reply, Rule
from tests.faults.strict import Strict
from tests.faults.wire import Ask, Ended, Head, Line

KEPT_REQUESTS = 20_000
BACKLOG = 512
PASS = Fault()


class FaultProxy:
    """Stands before the server at (host, port) while the block lasts; `url` is its own address.

    Attributes:
        seen: (operation, key) of the last requests.
        errors: what went wrong in the proxy itself.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = host, port
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._lines: set[Line] = set()
        self._under_way: dict[int, str] = {}  # buckets, by the request's number
        self._strict = Strict()
        self.seen: deque[tuple[str, str]] = deque(maxlen=KEPT_REQUESTS)
        self.errors: list[Exception] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        self._port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> FaultProxy:
        self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Be gone: nobody listens, and all connections end."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def come_back(self) -> None:
        """Listen again, at the same address."""
        self._listener = socket.create_server(("127.0.0.1", self._port), backlog=BACKLOG)
        self._listen()

    def _listen(self) -> None:
        serve, listener = self._serve, self._listener
        threading.Thread(target=serve, args=(listener,), name="fault-proxy", daemon=True).start()

    def add(
        self,
        make: Callable[[], Fault],
        *operations: str,
        key: str | None = None,
        bucket: str | None = None,
        times: int | None = 1,
        skip: int = 0,
        chance: Callable[[], bool] | None = None,
    ) -> Rule:
        """Have requests meet a fault from now on; see `Rule`."""
        rule = Rule(make, frozenset(operations), key, bucket, times, skip, chance)
        with self._lock:
            self._rules.append(rule)
        return rule

    def drop(self, *rules: Rule) -> None:
        """Forget rules; without any, all."""
        with self._lock:
            self._rules = [rule for rule in self._rules if rules and rule not in rules]

    def hang_up(self) -> None:
        """End all connections."""
        with self._lock:
            lines = tuple(self._lines)
        for line in lines:
            with suppress(OSError):
                line.sock.shutdown(socket.SHUT_RDWR)

    def settle(self, bucket: str, seconds: float = 20.0) -> bool:
        """Wait until no request about a bucket is under way; False where one stays."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with self._lock:
                if bucket not in self._under_way.values():
                    return True
            time.sleep(0.005)
        return False

    def count(self, *operations: str) -> int:
        """How many requests of some operations came."""
        return sum(operation in operations for operation, _ in tuple(self.seen))

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(Line(sock),), daemon=True).start()

    def _talk(self, client: Line) -> None:
        """Serve one client's connection until it ends."""
        reset = False
        with self._lock:
            self._lines.add(client)
        try:
            while self._one(client):
                pass
        except HangUp as order:
            reset = order.reset
        except (Ended, OSError):
            pass
        except Exception as error:  # a defect of the proxy is no fault to be tested by
            self.errors.append(error)
        finally:
            with self._lock:
                self._lines.discard(client)
            with suppress(OSError):
                client.close(reset=reset)

    def _one(self, client: Line) -> bool:
        """Serve one request; False where the connection can't take another."""
        head = client.head()
        method, target, _ = head.first.split(" ", 2)
        ask = Ask(next(self._numbers), method, target, head)
        self.seen.append((ask.operation, ask.key))
        fault = self._fault(ask)
        if head.get("expect"):
            head.drop("expect")
            client.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = client.body(head, to_the_end=False)
        with self._lock:
            self._under_way[ask.number] = ask.bucket
        try:
            if (reply := fault.arrived(ask) or self._strict.refusal(ask)) is not None:
                return self._replied(client, ask, reply, body)
            return self._forwarded(client, ask, fault, body)
        finally:
            with self._lock:
                del self._under_way[ask.number]

    def _fault(self, ask: Ask) -> Fault:
        with self._lock:
            rules = tuple(self._rules)
        for rule in rules:
            if (fault := rule.fault_for(ask)) is not None:
                return fault
        return PASS

    def _replied(self, client: Line, ask: Ask, reply: Reply, body: Iterable[bytes]) -> bool:
        for _ in body:
            pass
        client.send(reply.encoded(ask.method))
        return True

    def _forwarded(self, client: Line, ask: Ask, fault: Fault, body: Iterable[bytes]) -> bool:
        server = Line(socket.create_connection(self._server, timeout=60))
        try:
            self._send_up(server, ask, fault, body)
            fault.forwarded(ask)
            answer = server.head()
            while answer.first.split(" ")[1] == "100":
                answer = server.head()
            return self._send_down(server, client, ask, fault, answer)
        finally:
            server.close()

    def _send_up(self, server: Line, ask: Ask, fault: Fault, body: Iterable[bytes]) -> None:
        head = Head(ask.head.first, list(ask.head.rows))
        head.set("Connection", "close")
        fault.sent(ask, head)
        server.send(head.encoded())
        at = 0
        if not ask.head.size:
            fault.up(ask, 0, b"")
        for piece in body:
            try:
                changed = fault.up(ask, at, piece)
            except HangUp as order:
                server.send(order.last)
                raise
            at += len(piece)
            self._strict.up(ask, changed)
            server.send(changed)
        self._strict.ended(ask)

    def _send_down(self, server: Line, client: Line, ask: Ask, fault: Fault, answer: Head) -> bool:
        answer.drop("connection")
        status = answer.first.split(" ")[1]
        empty = ask.method == "HEAD" or status in ("204", "304")
        bounded = empty or answer.chunked or answer.size is not None
        if not bounded:
            answer.set("Connection", "close")
        told = Head(answer.first, list(answer.rows))
        fault.answered(ask, told)
        client.send(told.encoded())
        if not empty:
            self._pipe(server, client, ask, fault, answer)
        fault.passed(ask)
        return bounded

    def _pipe(self, server: Line, client: Line, ask: Ask, fault: Fault, answer: Head) -> None:
        size, at = answer.size or 0, 0
        if not size:
            fault.down(ask, 0, b"", 0)
        for piece in server.body(answer, to_the_end=True):
            try:
                changed = fault.down(ask, at, piece, size)
            except HangUp as order:
                client.send(order.last)
                raise
            at += len(piece)
            if changed:
                client.send(changed)
