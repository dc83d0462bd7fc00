"""A file that appears here while one is fetched is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ssh.conftest import Connect
from tests.ssh.servers import Server
from tui.core.errors import LocalError
from tui.ssh import sftp


async def test_without_replace_a_local_file_is_kept(
    small_server: Server, connect: Connect, tmp_path: Path
) -> None:
    session = await connect(small_server, shell=False)
    remote, folder = tmp_path / "remote", tmp_path / "here"
    remote.write_bytes(b"x" * 600_000)
    folder.mkdir()
    local = folder / "name"

    def meanwhile(_amount: int) -> None:
        local.write_text("theirs")

    with pytest.raises(LocalError, match="a file appeared meanwhile"):
        await sftp.get(session, str(remote), local, meanwhile, replace=False)
    assert local.read_text() == "theirs"
    (folder / "link").symlink_to("nowhere")
    with pytest.raises(LocalError, match="a file appeared meanwhile"):
        await sftp.get(session, str(remote), folder / "link", replace=False)
    assert sorted(one.name for one in folder.iterdir()) == ["link", "name"]

    await sftp.get(session, str(remote), local, replace=True)
    await sftp.get(session, str(remote), local, replace=False)  # a retry finds its own bytes
    await sftp.get(session, str(remote), folder / "free", replace=False)
    assert local.read_bytes() == (folder / "free").read_bytes() == remote.read_bytes()
    assert sorted(one.name for one in folder.iterdir()) == ["free", "link", "name"]
