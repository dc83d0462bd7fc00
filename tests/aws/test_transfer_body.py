from __future__ import annotations

import asyncio
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tui.aws.calls import CallLog
from tui.aws.gateway import Connection, Gateway
from tui.aws.s3.service import S3
from tui.aws.transfers.body import MeteredBody
from tui.aws.transfers.meter import Meter
from tui.aws.transfers.service import Transfers
from tui.core.jobs import JobCancelled, Progress


def test_only_what_leaves_is_counted() -> None:
    meter = Meter(Progress())
    body = MeteredBody(b"x" * 1000, meter)
    assert bytes(body.read(600)) == b"x" * 600  # signing
    assert meter.counted == 0
    body.seek(0)
    body.begin()
    body.read()
    assert meter.counted == 1000
    body.seek(0)  # a retry
    assert meter.counted == 0
    body.read()
    assert meter.counted == 0
    body.seek(0)
    body.begin()
    body.read(10)
    body.finish()
    assert meter.counted == 1000


def test_a_body_is_whole_however_it_is_read() -> None:
    data = bytes(range(256)) * 4000
    body = MeteredBody(data, Meter(Progress()))
    assert len(body) == len(data)
    body.begin()
    assert b"".join(iter(lambda: bytes(body.read(16_384)), b"")) == data
    assert body.tell() == len(data)
    assert body.seek(-4, 2) == len(data) - 4
    assert bytes(body.read(2)) == data[-4:-2]


def test_a_cancelled_body_ends() -> None:
    progress = Progress()
    body = MeteredBody(b"x", Meter(progress))
    progress.cancelled.set()
    for act in (body.read, body.begin):
        with pytest.raises(JobCancelled):
            act()


@pytest.fixture
def slow_server() -> Any:
    """A server that takes a request's body at about 200 kB a second, and never answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stopping = threading.Event()

    def serve(connection: socket.socket) -> None:
        asked_on = False
        with connection:
            while not stopping.is_set():
                data = connection.recv(4096)
                if b"100-continue" in data and not asked_on:
                    asked_on = True
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                if not data:
                    return
                time.sleep(0.02)

    def accept() -> None:
        while not stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    stopping.set()
    listener.close()


async def test_on_a_slow_line_progress_moves_and_a_cancel_is_quick(
    slow_server: str, tmp_path: Path
) -> None:
    gateway = Gateway(Connection("", "us-east-1", slow_server, "AKIAEXAMPLE", "s3cr3t"), CallLog())
    transfers = Transfers(gateway, S3(gateway))
    (tmp_path / "a").write_bytes(bytes(16_000_000))
    progress = Progress()
    task = asyncio.create_task(transfers.upload("b", "k", tmp_path / "a", progress))
    for _ in range(100):
        await asyncio.sleep(0.05)
        if progress.done:
            break
    assert 0 < progress.done < 16_000_000
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert progress.done < 16_000_000  # sending the rest would have taken a minute
    transfers.close()
    gateway.close()
