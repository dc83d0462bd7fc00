"""A session at work: the shell under load, commands, and lines as they come."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from pathlib import Path

import pytest

from tests.ssh.conftest import Connect
from tests.ssh.servers import Server
from tests.ssh.session_support import Output
from tests.support import until
from tui.core.errors import JobCancelled
from tui.ssh.target import ConnectionLost


async def test_a_flood_waits_for_a_reader_that_pauses(sshd: Server, connect: Connect) -> None:
    session = await connect(sshd)
    output = Output(session)
    session.write(b"echo re''ady; yes floodfloodfloodflood\r")
    await output.until(b"ready")
    session.pause()
    await asyncio.sleep(0.5)
    paused_at = len(output.data)
    await asyncio.sleep(0.5)
    assert len(output.data) == paused_at
    assert len(session._shell._unread) <= 2 * 1024 * 1024  # type: ignore[union-attr]
    session.resume()
    await until(None, lambda: len(output.data) > paused_at + 3_000_000)
    session.write(b"\x03")
    session.write(b"echo do''ne\r")
    await output.until(b"done\r\n")


async def test_a_long_paste_arrives_whole(sshd: Server, connect: Connect) -> None:
    session = await connect(sshd)
    output = Output(session)
    session.write(b"stty -echo raw; echo rea''dy; head -c 1000000 | md5sum; echo en''d\r")
    await output.until(b"ready")
    assert session.write(b"z" * 1_000_000)
    data = await output.until(b"end")
    assert hashlib.md5(b"z" * 1_000_000).hexdigest().encode() in data


async def test_too_much_input_is_refused_not_kept(sshd: Server, connect: Connect) -> None:
    session = await connect(sshd)
    session.on_data = lambda _data: None
    session.write(b"sleep 30\r")
    results = [session.write(b"x" * 1_000_000) for _ in range(60)]
    assert results[0] is True
    assert results[-1] is False


async def test_a_command_has_status_and_both_streams(server: Server, connect: Connect) -> None:
    session = await connect(server, shell=False)
    result = await session.run("echo out; echo err >&2; exit 7")
    assert (result.status, result.out, result.err) == (7, b"out\n", b"err\n")
    assert (await session.run("cat", stdin=b"given")).out == b"given"


async def test_two_mebibytes_on_each_stream_do_not_deadlock(
    server: Server, connect: Connect
) -> None:
    session = await connect(server, shell=False)
    result = await asyncio.wait_for(
        session.run("head -c 2097152 /dev/zero >&2; head -c 2097152 /dev/zero"), 30
    )
    assert (result.status, len(result.out), len(result.err)) == (0, 2097152, 2097152)
    assert not result.cut


async def test_output_over_the_limit_is_cut(server: Server, connect: Connect) -> None:
    session = await connect(server, shell=False)
    result = await session.run("head -c 3000000 /dev/zero", limit_bytes=1000)
    assert (len(result.out), result.cut, result.status) == (1000, True, 0)


async def test_lines_stream_as_they_come(server: Server, connect: Connect, tmp_path: Path) -> None:
    session = await connect(server, shell=False)
    came: list[str] = []
    # The command goes on only once what it wrote was heard here.
    command = (
        f"heard() {{ while ! test -e {tmp_path}/$1; do sleep 0.02; done; }}; echo one; heard one; "
        "printf '1%%\\r2%%\\rtwo\\r\\n'; heard two; echo bad >&2; heard bad; printf last; exit 4"
    )

    def on_line(line: str) -> None:
        came.append(line)
        (tmp_path / line).touch()

    status = await asyncio.wait_for(session.stream(command, on_line), 30)
    assert status == 4
    assert came == ["one", "1%", "2%", "two", "bad", "last"]


async def test_a_flood_of_lines_leaves_the_loop_alive(server: Server, connect: Connect) -> None:
    session = await connect(server, shell=False)
    count = 0

    def on_line(_line: str) -> None:
        nonlocal count
        count += 1

    at_once, seen = 0, 0
    done = asyncio.ensure_future(session.stream("seq 300000", on_line))
    while not done.done():
        await asyncio.sleep(0)
        at_once, seen = max(at_once, count - seen), count
    assert await done == 0
    assert count == 300_000
    assert at_once < 100_000  # a turn of the loop takes what one read or two have brought


async def test_a_stream_is_cancelled_by_event_and_by_task(
    server: Server, connect: Connect, tmp_path: Path
) -> None:
    session = await connect(server, shell=False)
    cancelled = threading.Event()
    task = asyncio.ensure_future(
        session.stream("echo on; sleep 60", lambda _line: cancelled.set(), cancelled=cancelled)
    )
    with pytest.raises(JobCancelled):
        await asyncio.wait_for(task, 10)
    begun = asyncio.Event()
    task = asyncio.ensure_future(session.stream("echo on; sleep 60", lambda _line: begun.set()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)
    assert (await session.run("echo still")).out == b"still\n"


async def test_more_channels_than_a_server_allows_is_a_sentence(
    sshd: Server, connect: Connect, tmp_path: Path
) -> None:
    session = await connect(sshd, shell=False)
    held = f"touch {tmp_path}/$$; while ! test -e {tmp_path}/go; do sleep 0.05; done"
    tasks = [asyncio.ensure_future(session.run(held)) for _ in range(10)]
    await until(None, lambda: len(list(tmp_path.glob("[0-9]*"))) == 10)
    with pytest.raises(ConnectionLost, match="another channel"):
        await session.run("true")
    (tmp_path / "go").touch()
    await asyncio.gather(*tasks)
    assert (await session.run("echo fine")).out == b"fine\n"
