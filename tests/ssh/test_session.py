"""Sessions against real servers: logging in, waiting for a machine, and every way to fail."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.ssh.conftest import Connect, target_of, yes
from tests.ssh.servers import Server, asyncssh_server, free_port, make_key
from tests.ssh.session_support import Output, splice, transports
from tests.support import until
from tui.core.errors import SshError
from tui.ssh.host_keys import HostKey
from tui.ssh.keys import KeyTooOpen
from tui.ssh.target import ConnectionLost, LoginRefused, NotReachable

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
    await until(None, lambda: not transports())


# --- the end


async def test_a_closed_session_says_so(server: Server, connect: Connect) -> None:
    session = await connect(server)
    await session.close()
    assert session.reason == "closed"
    with pytest.raises(ConnectionLost):
        await session.run("true")
    await until(None, lambda: not transports())


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
