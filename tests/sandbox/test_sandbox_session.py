"""One instance's SSH server in this process, and clients that leave it in a bad moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest

from tui.sandbox.guest.server import SshHost
from tui.sandbox.guest.session import ShellSession
from tui.sandbox.hosts.keys import new_host_key
from tui.sandbox.records import GuestConfig

SECONDS = 60


def config_in(root: Path) -> GuestConfig:
    return GuestConfig(
        instance_id="i-1",
        user="ec2-user",
        hostname="ip-172-31-0-4",
        root=str(root),
        bind="127.0.0.1",
        port=0,
        ssh_open=True,
        inside=False,
        shims=str(root / "bin"),
        user_data="#!/bin/sh\nPASSWORD=hunter2\n",
        host_key_pem=new_host_key().pem,
        environment={"AWS_SECRET_ACCESS_KEY": "s3cret"},
    )


def test_secrets_are_not_in_the_repr_of_an_instances_settings(tmp_path: Path) -> None:
    text = repr(config_in(tmp_path))
    for secret in ("hunter2", "s3cret", "PRIVATE KEY"):
        assert secret not in text


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[SshHost]:
    """A server that lets `tmp_path/key` in."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(tmp_path / "key")
    ssh = tmp_path / "home" / "ec2-user" / ".ssh"
    ssh.mkdir(parents=True)
    key.write_public_key(ssh / "authorized_keys")
    made = SshHost(config_in(tmp_path))
    yield made
    await made.stop()


@pytest.mark.parametrize("term", [None, "xterm"])
async def test_a_client_that_drops_while_its_output_waits_leaves_nothing_behind(
    host: SshHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, term: str | None
) -> None:
    waits, pause = asyncio.Event(), ShellSession.pause_writing

    def pause_writing(session: ShellSession) -> None:
        pause(session)
        waits.set()

    monkeypatch.setattr(ShellSession, "pause_writing", pause_writing)
    client = await asyncssh.connect(
        "127.0.0.1",
        await host.start(),
        username="ec2-user",
        client_keys=[str(tmp_path / "key")],
        known_hosts=None,
        config=None,
    )
    await client.create_process("yes", encoding=None, term_type=term)  # nobody reads
    async with asyncio.timeout(SECONDS):
        await waits.wait()
        assert len(host.processes) == 1
        client.abort()
        while host.processes:
            await asyncio.sleep(0.05)
