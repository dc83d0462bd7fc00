"""A crowd: plain successes are done side by side by one thread, all else is handed back."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tui.aws.calls import CallLog
from tui.aws.gateway import Connection, Gateway
from tui.aws.transfers import crowd as crowd_module
from tui.aws.transfers.crowd import FIRST_AT_ONCE, Crowd, Errand
from tui.aws.transfers.crowd_wire import CROWD_BYTES, Reply
from tui.aws.transfers.engine import Engine, Remote
from tui.aws.transfers.fast import Ready
from tui.core.errors import JobCancelled
from tui.core.progress import Progress

SILENT = b"silent"


def good(body: bytes = b"0123456789") -> bytes:
    tag = hashlib.md5(body, usedforsecurity=False).hexdigest()
    return (
        f'HTTP/1.1 200 OK\r\nETag: "{tag}"\r\nContent-Length: {len(body)}\r\n\r\n'.encode() + body
    )


class Server:
    """Answers each key as `answer` says, after a moment; counts the most requests at a time."""

    def __init__(self) -> None:
        self.answer: Callable[[int], bytes] = lambda number: good(str(number).encode())
        self.seconds = 0.002
        self.asked: list[int] = []
        self.most = self._now = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with peer, contextlib.suppress(OSError):
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while head := peer.recv(65536):
                number = int(head.split(b" ", 2)[1].rpartition(b"/")[2])
                with self._lock:
                    self.asked.append(number)
                    self._now += 1
                    self.most = max(self.most, self._now)
                time.sleep(self.seconds)
                answer = self.answer(number)
                with self._lock:
                    self._now -= 1
                if answer == SILENT:
                    peer.recv(1)
                    return
                half = len(answer) // 2  # never all at once
                peer.sendall(answer[:half])
                peer.sendall(answer[half:])
                if not answer or b"Connection: close" in answer:
                    return

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@dataclass
class Work:
    """An errand that notes what it did."""

    engine: Engine
    progress: Progress = field(default_factory=Progress)
    bodies: dict[int, bytes] = field(default_factory=dict)
    settled: list[int] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    broken: Callable[[int], bool] = lambda number: False

    def ask(self, number: int) -> Ready:
        return self.engine.fast.ready(Remote("lake", str(number)))

    def accept(self, ready: Ready, reply: Reply) -> None:
        ready.judge(reply.status, self.progress)

    def finish(self, number: int, reply: Reply) -> int:
        self.threads.add(threading.get_ident())
        if self.broken(number):
            raise OSError
        self.bodies[number] = bytes(reply.body)
        return len(reply.body)

    def settle(self, done: Sequence[tuple[int, int]]) -> None:
        assert all(size == len(self.bodies[number]) for number, size in done)
        self.settled += [number for number, _ in done]

    def run(self, count: int) -> list[int]:
        errand = Errand(self.ask, self.accept, self.finish, self.settle)
        engine = self.engine
        crowd = Crowd(
            errand,
            engine.fast.lines,
            lambda call: engine.submit(engine.lanes, call),
            self.progress,
        )
        return sorted(crowd.run(range(count)))


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def work(server: Server) -> Iterator[Work]:
    connection = Connection(
        region="us-east-1", endpoint_url=server.url, access_key_id="A", secret_access_key="b"
    )
    gateway = Gateway(connection, CallLog())
    engine = Engine(gateway)
    yield Work(engine)
    engine.close()
    gateway.close()


def test_all_are_done_once_by_one_thread_and_more_at_a_time_as_it_helps(
    work: Work, server: Server
) -> None:
    server.seconds = 0.03
    assert work.run(600) == []
    assert work.bodies == {number: str(number).encode() for number in range(600)}
    assert sorted(work.settled) == sorted(server.asked) == list(range(600))
    assert work.threads == {threading.get_ident()}
    assert server.most > FIRST_AT_ONCE


def test_larger_answers_come_whole(work: Work, server: Server) -> None:
    server.answer = lambda number: good(bytes([number]) * (number * 9_000))
    assert work.run(29) == []
    assert work.bodies == {number: bytes([number]) * (number * 9_000) for number in range(29)}


ODD = {
    "missing": b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno!",
    "busy": b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n",
    "redirect": b"HTTP/1.1 307 Elsewhere\r\nContent-Length: 0\r\n\r\n",
    "hung up": b"",
    "broken off": good().replace(b"\r\nETag", b"\r\nConnection: close\r\nETag")[:-3],
    "too long": good() + b"more",
    "chunked": good().replace(b"Content-Length: 10", b"Transfer-Encoding: chunked"),
    "no http": b"x" * 70_000,
    "larger than planned": good(bytes(2 * CROWD_BYTES)),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_plain_success_is_handed_back_alone(
    name: str, work: Work, server: Server
) -> None:
    work.progress.limits.at_once = 1
    odd = 30
    server.answer = lambda number: ODD[name] if number == odd else good(str(number).encode())
    left = work.run(60)
    assert odd in left
    assert set(left) | set(work.bodies) == set(range(60))
    assert not set(left) & set(work.bodies)
    if name != "redirect":  # the bucket is botocore's for a while then
        assert left == [odd]


def test_a_connection_that_the_server_ends_politely_costs_nothing(
    work: Work, server: Server
) -> None:
    server.answer = lambda number: good(b"x").replace(b"\r\nETag", b"\r\nConnection: close\r\nETag")
    assert work.run(100) == []
    assert len(work.bodies) == 100


def test_a_busy_server_is_asked_less_at_a_time(work: Work, server: Server) -> None:
    server.seconds = 0.02
    server.answer = lambda number: ODD["busy"] if number == 100 else good()
    assert work.run(200) == [100]
    assert work.progress.limits.lowered_to is not None


def test_a_silent_server_is_given_up_and_its_item_handed_back(work: Work, server: Server) -> None:
    server.answer = lambda number: SILENT if number == 3 else good()
    first = work.engine.fast.lines.take
    lines: list[Any] = []

    def impatient(session: Any, origin: str) -> Any:
        line = first(session, origin)
        line.timeout = 0.2
        lines.append(line)
        return line

    work.engine.fast.lines.take = impatient  # type: ignore[method-assign]
    assert work.run(40) == [3]
    assert len(work.settled) == 39


def test_a_cancel_ends_it_at_once_and_what_is_done_is_settled(work: Work, server: Server) -> None:
    server.answer = lambda number: SILENT if number >= 20 else good()

    def cancel() -> None:
        while len(work.bodies) < 20:
            time.sleep(0.005)
        work.progress.cancel()

    waiting = threading.Thread(target=cancel)
    waiting.start()
    with pytest.raises(JobCancelled):
        work.run(100)
    waiting.join()
    assert sorted(work.settled) == list(range(20))


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_at_a_time_than_the_user_allows(most: int, work: Work, server: Server) -> None:
    work.progress.limits.at_once = most
    assert work.run(40) == []
    assert server.most == most


def test_a_limited_bandwidth_is_left_to_who_can_wait(work: Work, server: Server) -> None:
    work.progress.limits.bytes_per_second = 10_000_000
    assert work.run(40) == list(range(40))
    assert not server.asked


def test_a_limit_that_is_set_midway_is_kept_from_then_on(work: Work, server: Server) -> None:
    def answer(number: int) -> bytes:
        if number == 50:
            work.progress.limits.bytes_per_second = 10_000_000
        return good()

    server.answer = answer
    left = work.run(500)
    assert left
    assert sorted([*left, *work.bodies]) == list(range(500))


def test_a_slow_disk_is_waited_for_by_other_threads(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd_module, "_SLOW_SECONDS", -1.0)
    assert work.run(300) == []
    assert sorted(work.settled) == list(range(300))
    assert work.bodies == {number: str(number).encode() for number in range(300)}
    assert threading.get_ident() not in work.threads


def test_where_no_file_can_be_written_nothing_more_is_fetched(work: Work, server: Server) -> None:
    work.broken = lambda number: number >= 40
    left = work.run(2_000)
    assert left == list(range(40, 2_000))
    assert len(server.asked) < 500


def test_a_server_that_is_away_leaves_all_to_others(work: Work, server: Server) -> None:
    work.ask(0)  # the pattern is known
    server.close()
    assert work.run(30) == list(range(30))


def test_a_failure_of_the_job_itself_is_raised_and_nothing_stays_open(
    work: Work, server: Server
) -> None:
    def refuse(number: int, reply: Reply) -> int:
        raise JobCancelled

    work.finish = refuse  # type: ignore[method-assign]
    with pytest.raises(JobCancelled):
        work.run(100)
    assert not work.settled
