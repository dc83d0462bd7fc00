"""Sessions against real servers: logging in, the shell, commands, and every way to fail."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.ssh.conftest import Connect, target_of, yes
from tests.ssh.servers import Server, asyncssh_server, free_port, make_key
from tui.core.errors import JobCancelled, SshError
from tui.ssh.host_keys import HostKey, KnownHosts, fingerprint
from tui.ssh.keys import KeyTooOpen
from tui.ssh.session import SshSession
from tui.ssh.target import ConnectionLost, HostKeyRefused, LoginRefused, NotReachable


class Output:
    """Collects what a shell prints."""

    def __init__(self, session: SshSession) -> None:
        self.data = bytearray()
        session.on_data = self.data.extend

    async def until(self, wanted: bytes, seconds: float = 10) -> bytes:
        deadline = time.monotonic() + seconds
        while wanted not in self.data:
            assert time.monotonic() < deadline, bytes(self.data[-300:])
            await asyncio.sleep(0.01)
        return bytes(self.data)


# --- logging in


async def test_a_shell_types_prints_and_knows_its_size(server: Server, connect: Connect) -> None:
    steps: list[str] = []
    session = await connect(server, columns=91, rows=17, on_step=steps.append)
    output = Output(session)
    session.write(b"echo size $(stty size) term $TERM\r")
    await output.until(b"size 17 91 term xterm-256color")
    session.resize(120, 40)
    session.write(b"echo size $(stty size)\r")
    await output.until(b"size 40 120")
    assert "checking the host key" in steps
    assert steps[-1] == "opening a shell"


async def test_the_shells_end_is_told(server: Server, connect: Connect) -> None:
    session = await connect(server)
    told: list[str] = []
    session.on_closed = told.append
    session.on_data = lambda _data: None
    session.write(b"exit 3\r")
    await asyncio.wait_for(session.closed.wait(), 10)
    assert session.exit_status == 3
    assert told == ["the shell ended with status 3"]
    assert session.write(b"x") is False


async def test_connecting_never_holds_up_the_loop(small_server: Server, connect: Connect) -> None:
    loop = asyncio.get_running_loop()
    heard: list[bool] = []

    def relay(listener: socket.socket) -> None:
        client, _ = listener.accept()
        upstream = socket.create_connection(("127.0.0.1", small_server.port))
        threading.Thread(target=splice, args=(client, upstream), daemon=True).start()
        with contextlib.suppress(OSError, RuntimeError):  # the session, or the loop, has ended
            while data := upstream.recv(65536):
                # What the server says is handed on only once the loop has turned: whoever waits
                # for the server on the loop waits in vain.
                turned = threading.Event()
                loop.call_soon_threadsafe(turned.set)
                heard.append(turned.wait(5))
                client.sendall(data)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=relay, args=(listener,), daemon=True).start()
        session = await connect(
            small_server, target_of(small_server, port=listener.getsockname()[1])
        )
        assert (await session.run("echo up")).out == b"up\n"
    assert len(heard) > 3
    assert all(heard)


async def test_a_wrong_key_and_a_wrong_user_are_refused(
    server: Server, connect: Connect, tmp_path: Path
) -> None:
    other = make_key(tmp_path / "other")
    with pytest.raises(LoginRefused, match="does not take this key") as refused:
        await connect(server, target_of(server, key_path=other))
    assert "login user" in refused.value.hint
    with pytest.raises(LoginRefused):
        await connect(server, target_of(server, user="nobody-here"))


async def test_an_open_key_file_is_refused_before_dialling(
    small_server: Server, connect: Connect, tmp_path: Path
) -> None:
    key = make_key(tmp_path / "open")
    key.chmod(0o644)
    with pytest.raises(KeyTooOpen):
        await connect(small_server, target_of(small_server, key_path=key, port=1))


async def test_a_machine_that_boots_is_waited_for(small_server: Server, connect: Connect) -> None:
    port = free_port()
    steps: list[str] = []

    def forward() -> None:
        time.sleep(1.2)
        with socket.create_server(("127.0.0.1", port)) as listener:
            client, _ = listener.accept()
            upstream = socket.create_connection(("127.0.0.1", small_server.port))
            threading.Thread(target=splice, args=(client, upstream), daemon=True).start()
            splice(upstream, client)

    threading.Thread(target=forward, daemon=True).start()
    session = await connect(small_server, target_of(small_server, port=port), on_step=steps.append)
    assert (await session.run("echo up")).out == b"up\n"
    assert any(f"port {port} is closed" in step for step in steps)


def splice(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        sink.close()


async def test_a_deadline_ends_the_patience(small_server: Server, connect: Connect) -> None:
    with pytest.raises(NotReachable, match="is closed, after 2 s"):
        await connect(small_server, target_of(small_server, port=free_port()), deadline_seconds=2)


async def test_a_port_that_is_no_ssh_server_is_told(connect: Connect, small_server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = target_of(small_server, port=silent.getsockname()[1])
        with pytest.raises(NotReachable, match="Can't reach trainer-01"):
            await connect(small_server, target, deadline_seconds=1.5)


async def test_an_unknown_name_is_asked_for_once(
    connect: Connect, small_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def nobody(host: str, *_: object, **__: object) -> object:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with pytest.raises(NotReachable, match="no machine is known as"):
        await connect(small_server, target_of(small_server, host="no-such-host.invalid"))
    assert asked == ["no-such-host.invalid"]


async def test_a_cancelled_connect_leaves_nothing_open(
    connect: Connect, small_server: Server
) -> None:
    asked = asyncio.Event()

    async def never(_key: HostKey) -> bool:
        asked.set()
        await asyncio.sleep(60)
        return True

    task = asyncio.ensure_future(connect(small_server, confirm_host_key=never))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await wait_until(lambda: not transports())


def transports() -> list[str]:
    return [t.name for t in threading.enumerate() if type(t).__name__ == "Transport"]


async def wait_until(holds: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


# --- host keys


async def test_an_unknown_host_key_is_asked_once(
    server: Server, connect: Connect, tmp_path: Path
) -> None:
    asked: list[HostKey] = []

    async def confirm(key: HostKey) -> bool:
        asked.append(key)
        return True

    for _ in range(2):
        await connect(server, confirm_host_key=confirm)
    blob = base64.b64decode(server.host_public_key.split()[1])
    assert [key.fingerprint for key in asked] == [fingerprint(blob)]
    assert asked[0].matches is None
    assert asked[0].address == "203.0.113.57"


async def test_the_console_output_confirms_or_contradicts(
    small_server: Server, connect: Connect, tmp_path: Path
) -> None:
    seen: list[bool | None] = []

    async def note(key: HostKey) -> bool:
        seen.append(key.matches)
        return False

    other = make_key(tmp_path / "other").with_suffix(".pub").read_text()
    for text in (small_server.host_public_key, other):

        async def output(text: str = text) -> str:
            return f"-----BEGIN SSH HOST KEY KEYS-----\n{text}\n-----END SSH HOST KEY KEYS-----"

        with pytest.raises(HostKeyRefused, match="not confirmed"):
            await connect(small_server, confirm_host_key=note, console_output=output)
    assert seen == [True, False]


async def test_a_changed_host_key_is_a_hard_stop(
    server: Server, connect: Connect, tmp_path: Path
) -> None:
    stale = make_key(tmp_path / "stale").with_suffix(".pub").read_text().split()[1]
    known = KnownHosts(tmp_path / "known_hosts")
    known.add(["203.0.113.57"], "ssh-ed25519", base64.b64decode(stale))

    async def never(_key: HostKey) -> bool:
        raise AssertionError("not to be asked")

    with pytest.raises(HostKeyRefused, match="not the one on file") as refused:
        await connect(server, confirm_host_key=never)
    assert "gives addresses away again" in refused.value.hint
    assert "line 1" in refused.value.hint


# --- the shell under load


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
    await wait_until(lambda: len(output.data) > paused_at + 3_000_000)
    session.write(b"\x03")
    session.write(b"echo do''ne\r")
    await output.until(b"done\r\n")


async def test_a_long_paste_arrives_whole(sshd: Server, connect: Connect) -> None:
    session = await connect(sshd)
    output = Output(session)
    session.write(b"stty -echo raw; head -c 1000000 | md5sum; echo en''d\r")
    await asyncio.sleep(0.5)
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


# --- commands


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
    sshd: Server, connect: Connect
) -> None:
    session = await connect(sshd, shell=False)
    tasks = [asyncio.ensure_future(session.run("sleep 3")) for _ in range(10)]
    await asyncio.sleep(1)
    with pytest.raises(ConnectionLost, match="another channel"):
        await session.run("true")
    await asyncio.gather(*tasks)
    assert (await session.run("echo fine")).out == b"fine\n"


# --- the end


async def test_a_closed_session_says_so(server: Server, connect: Connect) -> None:
    session = await connect(server)
    await session.close()
    assert session.reason == "closed"
    with pytest.raises(ConnectionLost):
        await session.run("true")
    await wait_until(lambda: not transports())


async def test_a_server_that_dies_is_told(connect: Connect, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, asyncssh_server(tmp_path) as server:
        port = listener.getsockname()[1]
        pair: list[socket.socket] = []

        def relay() -> None:
            client, _ = listener.accept()
            upstream = socket.create_connection(("127.0.0.1", server.port))
            pair.extend((client, upstream))
            threading.Thread(target=splice, args=(client, upstream), daemon=True).start()
            splice(upstream, client)

        threading.Thread(target=relay, daemon=True).start()
        session = await connect(server, target_of(server, port=port))
        session.on_data = lambda _data: None
        with contextlib.suppress(OSError):  # the other end is closed by then
            for end in pair:
                end.shutdown(socket.SHUT_RDWR)
        await asyncio.wait_for(session.closed.wait(), 10)
        assert "lost" in session.reason
        with pytest.raises(ConnectionLost) as lost:
            await session.run("true")
        assert lost.value.retryable


async def test_a_frozen_peer_is_noticed(
    connect: Connect, small_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.ssh.session.KEEPALIVE_SECONDS", 0.3)
    monkeypatch.setattr("tui.ssh.session.ANSWER_SECONDS", 1.0)
    frozen = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def relay() -> None:
            client, _ = listener.accept()
            upstream = socket.create_connection(("127.0.0.1", small_server.port))
            threading.Thread(target=splice, args=(client, upstream), daemon=True).start()
            with contextlib.suppress(OSError):
                while data := upstream.recv(65536):
                    if frozen.is_set():
                        time.sleep(30)
                    client.sendall(data)

        threading.Thread(target=relay, daemon=True).start()
        session = await connect(
            small_server, target_of(small_server, port=listener.getsockname()[1])
        )
        session.on_data = lambda _data: None
        await asyncio.sleep(1.6)
        assert not session.closed.is_set()
        frozen.set()
        await asyncio.wait_for(session.closed.wait(), 5)
        assert "no answer" in session.reason


def test_no_secret_shows_in_a_repr(small_server: Server) -> None:
    from tui.ssh.connecting import Ways

    ways = Ways(Path("k"), yes, print, passphrase="hunter2")
    assert "hunter2" not in repr(replace(ways))


async def test_an_agentless_login_without_a_key_is_a_sentence(
    small_server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(SshError, match="no SSH agent"):
        await connect(small_server, target_of(small_server, key_path=None))
