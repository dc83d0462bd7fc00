"""Host keys: asked about once, compared with the console output, and never changed in silence."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.ssh.conftest import Connect
from tests.ssh.servers import Server, make_key
from tui.ssh.host_keys import HostKey, KnownHosts, fingerprint
from tui.ssh.target import HostKeyRefused


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
