"""Servers to log in to, and a way to connect in one line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ssh.servers import SSHD, Server, asyncssh_server, openssh_server
from tui.ssh.host_keys import HostKey
from tui.ssh.session import SshSession
from tui.ssh.target import Target

Connect = Callable[..., Awaitable[SshSession]]


@pytest.fixture(scope="session", params=["sshd", "asyncssh"])
def server(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Server]:
    """Both kinds of server in turn."""
    folder: Path = tmp_path_factory.mktemp(request.param)
    if request.param == "sshd":
        if SSHD is None:
            pytest.skip("OpenSSH's sshd is not installed")
        with openssh_server(folder) as running:
            yield running
    else:
        with asyncssh_server(folder) as running:
            yield running


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: Any) -> Iterator[Server]:
    """OpenSSH's own server."""
    if SSHD is None:
        pytest.skip("OpenSSH's sshd is not installed")
    with openssh_server(tmp_path_factory.mktemp("only-sshd")) as running:
        yield running


@pytest.fixture(scope="session")
def small_server(tmp_path_factory: Any) -> Iterator[Server]:
    """The small server."""
    with asyncssh_server(tmp_path_factory.mktemp("only-small")) as running:
        yield running


def target_of(server: Server, **changes: Any) -> Target:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.port,
        "user": server.user,
        "key_path": server.key_path,
        "label": "trainer-01",
        "host_key_id": "i-0123456789abcdef0",
        "host_key_aliases": ("203.0.113.57",),
    }
    return Target(**(values | changes))


async def yes(_key: HostKey) -> bool:
    return True


@pytest.fixture
async def connect(tmp_path: Path) -> AsyncIterator[Connect]:
    """`await connect(server, ...)`: a session that is closed at the end of the test."""
    made: list[SshSession] = []

    async def go(server: Server, target: Target | None = None, **options: Any) -> SshSession:
        values: dict[str, Any] = {
            "columns": 80,
            "rows": 24,
            "confirm_host_key": yes,
            "on_step": lambda _step: None,
            "known_hosts": tmp_path / "known_hosts",
            "deadline_seconds": 10,
        }
        session = await SshSession.connect(target or target_of(server), **(values | options))
        made.append(session)
        return session

    yield go
    for session in made:
        await session.close()
