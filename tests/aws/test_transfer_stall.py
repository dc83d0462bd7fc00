"""A server that falls silent holds up neither a cancel nor the way out, and leaves no file."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tui.aws.calls import CallLog
from tui.aws.gateway import Connection, Gateway
from tui.aws.s3.service import S3
from tui.aws.transfers import runs as transfers_module
from tui.aws.transfers.engine import PART_BYTES, Engine
from tui.aws.transfers.meter import Meter
from tui.aws.transfers.service import Transfers
from tui.core.errors import AwsError, JobCancelled
from tui.core.jobs import Job, JobManager, JobState, Progress

SMALL, BIG = 1_000_000, 3 * PART_BYTES
SENT = 300_000


class SilentServer:
    """Answers HEAD, sends the beginning of what GET asks for (or not even that), then nothing.

    PUT and POST are read and never answered, but for the beginning and the end of an upload.
    """

    def __init__(self, size: int, sent: int | None = SENT) -> None:
        self.size, self.sent = size, sent
        self.asked: list[str] = []
        self.silent = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):  # the other side may hang up at any time
            while head := self._head(connection):
                method, path = head.split(" ")[:2]
                self.asked.append(f"{method} {path}")
                if not self._answer(connection, method, path, head):
                    self.silent.set()
                    while connection.recv(65536):  # until the other side hangs up
                        pass
                    return

    def _head(self, connection: socket.socket) -> str:
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return ""
            data += more
        return data.decode("latin-1")

    def _answer(self, connection: socket.socket, method: str, path: str, head: str) -> bool:
        tag = 'ETag: "5d41402abc4b2a76b9719d911017c592"\r\nLast-Modified: '
        tag += "Wed, 01 Jan 2026 00:00:00 GMT\r\n"
        if method == "HEAD":
            self._say(connection, "200 OK", f"{tag}Content-Length: {self.size}\r\n")
        elif method == "DELETE":
            time.sleep(2.5)  # longer than who quits waits for anything else
            self._say(connection, "204 No Content", "")
        elif method == "POST" and "uploads" in path:
            body = "<InitiateMultipartUploadResult><UploadId>u1</UploadId>"
            body += "</InitiateMultipartUploadResult>"
            self._say(connection, "200 OK", f"Content-Length: {len(body)}\r\n", body)
        elif method == "GET" and self.sent is not None:
            found = re.search(r"range: bytes=(\d+)-(\d+)", head, re.IGNORECASE)
            first, last = (int(found[1]), int(found[2])) if found else (0, self.size - 1)
            span = f"Content-Range: bytes {first}-{last}/{self.size}\r\n" if found else ""
            status = "206 Partial Content" if found else "200 OK"
            self._say(connection, status, f"{tag}{span}Content-Length: {last - first + 1}\r\n")
            connection.sendall(bytes(min(self.sent, last - first)))
            return False
        else:
            return False
        return True

    def _say(self, connection: socket.socket, status: str, headers: str, body: str = "") -> None:
        connection.sendall(f"HTTP/1.1 {status}\r\n{headers}\r\n{body}".encode())


@pytest.fixture
def silent(request: pytest.FixtureRequest) -> Iterator[SilentServer]:
    server = SilentServer(*getattr(request, "param", (SMALL,)))
    yield server
    server.close()


@pytest.fixture
def stalled(silent: SilentServer) -> Iterator[Transfers]:
    connection = Connection("", "us-east-1", silent.url, "AKIAEXAMPLE", "s3cr3t")
    gateway = Gateway(connection, CallLog())
    made = Transfers(gateway, S3(gateway))
    yield made
    made.close()
    gateway.close()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancelled transfer that is not woken is never given up in time."""
    monkeypatch.setattr(transfers_module, "PATIENCE_SECONDS", 600)


def downloading(transfers: Transfers, target: Path) -> Callable[[Job], Awaitable[str]]:
    """The body of a job that downloads an object."""

    async def body(job: Job) -> str:
        return (await transfers.download("b", "k", target, job.progress)).finish()

    return body


async def begun(server: SilentServer) -> None:
    for _ in range(400):
        if server.silent.is_set():
            await asyncio.sleep(0.2)  # the reader waits by now
            return
        await asyncio.sleep(0.025)
    raise AssertionError("nothing was asked")


def files(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("silent", [(SMALL,), (BIG,)], indirect=True)
async def test_a_cancel_ends_a_download_whose_server_fell_silent(
    silent: SilentServer, stalled: Transfers, tmp_path: Path
) -> None:
    jobs = JobManager()
    job = jobs.start("download", "k", downloading(stalled, tmp_path / "k"))
    await begun(silent)
    assert files(tmp_path)  # the temporary one
    jobs.cancel(job.id)
    ended = await asyncio.wait_for(job.wait(), 20)
    assert ended.state is JobState.CANCELLED
    assert files(tmp_path) == []
    asked = len(silent.asked)
    await asyncio.sleep(0.5)
    assert len(silent.asked) == asked  # and nothing is asked again


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("silent", [(SMALL,), (SMALL, None), (BIG, None)], indirect=True)
async def test_who_quits_leaves_no_temporary_file(
    silent: SilentServer, stalled: Transfers, tmp_path: Path
) -> None:
    jobs = JobManager()
    job = jobs.start("download", "k", downloading(stalled, tmp_path / "k"))
    await begun(silent)
    await asyncio.wait_for(jobs.close(), 20)
    assert job.state is JobState.CANCELLED
    assert files(tmp_path) == []


@pytest.mark.parametrize("silent", [(SMALL, None)], indirect=True)
async def test_a_cancelled_download_that_gets_no_answer_is_given_up(
    silent: SilentServer, stalled: Transfers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers_module, "PATIENCE_SECONDS", 0.3)
    task = asyncio.create_task(stalled.download("b", "k", tmp_path / "k", Progress()))
    await begun(silent)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=5)
    assert done
    assert task.cancelled()
    assert files(tmp_path) == []


@pytest.mark.usefixtures("patient")
async def test_many_stalled_downloads_end_together(
    silent: SilentServer, stalled: Transfers, tmp_path: Path
) -> None:
    from tui.aws.transfers.service import DownloadPlan, PlannedDownload

    items = tuple(PlannedDownload(f"k{n}", tmp_path / f"k{n}", SMALL) for n in range(20))
    progress = Progress()
    plan = DownloadPlan(tmp_path, items)
    task = asyncio.create_task(stalled.download_planned("b", plan, progress))
    await begun(silent)
    task.cancel()
    await asyncio.wait([task], timeout=20)
    assert task.cancelled()
    assert files(tmp_path) == []


async def test_closing_removes_the_temporary_files_that_are_left(
    silent: SilentServer, stalled: Transfers, tmp_path: Path
) -> None:
    progress = Progress()
    task = asyncio.create_task(stalled.download("b", "k", tmp_path / "k", progress))
    await begun(silent)
    assert files(tmp_path)
    stalled.close()
    assert files(tmp_path) == []
    task.cancel()
    await asyncio.wait([task], timeout=10)


@pytest.mark.parametrize("silent", [(BIG, None)], indirect=True)
async def test_a_cancelled_upload_is_aborted_before_the_app_leaves(
    silent: SilentServer, stalled: Transfers, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(bytes(BIG))
    jobs = JobManager()

    async def body(job: Job) -> str:
        return (await stalled.upload("b", "k", tmp_path / "a", job.progress)).finish()

    job = jobs.start("upload", "a", body)
    for _ in range(400):
        await asyncio.sleep(0.025)
        if job.progress.owes:
            break
    assert job.progress.owes
    await jobs.close()
    assert job.state is JobState.CANCELLED
    assert any(line.startswith("DELETE /b/k?uploadId=u1") for line in silent.asked)
    assert not job.progress.owes  # it was waited for


def test_a_closed_engine_takes_nothing_in_a_sentence(gateway: Gateway, tmp_path: Path) -> None:
    engine, progress = Engine(gateway), Progress()
    engine.close()
    with pytest.raises(AwsError, match="That connection is closed"):
        engine.each([lambda: 1], Meter(progress))
    with (
        pytest.raises(AwsError, match="That connection is closed"),
        engine.temporary(tmp_path / "x", progress),
    ):
        raise AssertionError("a file would stay")


@pytest.mark.parametrize("verb", ["upload", "download", "upload_folder", "download_prefix"])
async def test_a_retry_after_the_connection_was_closed_says_what_to_do(
    verb: str, gateway: Gateway, transfers: Transfers, bucket: str, outside: Any, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"x")
    outside.put_object(Bucket=bucket, Key="k", Body=b"x")
    jobs = JobManager()

    async def body(job: Job) -> str:
        path = tmp_path if "_" in verb else tmp_path / "a"
        return str((await getattr(transfers, verb)(bucket, "k", path, job.progress)).finish())

    job = jobs.start(verb, "a", body)
    jobs.cancel(job.id)
    await job.wait()
    transfers.close()  # as when the profile or the region was switched
    gateway.close()
    again = jobs.retry(job.id)
    assert again is not None
    ended = await again.wait()
    assert ended.state is JobState.FAILED
    assert str(ended.error) == "That connection is closed. Start it again here."


def test_a_pause_before_another_try_ends_with_the_job() -> None:
    progress, told = Progress(), []

    def pause() -> None:
        try:
            Meter(progress).pause(600)
        except JobCancelled as error:
            told.append(error)

    pausing = threading.Thread(target=pause, daemon=True)
    pausing.start()
    threading.Timer(0.1, progress.cancel).start()
    pausing.join(20)
    assert len(told) == 1
