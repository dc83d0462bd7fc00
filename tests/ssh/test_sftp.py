"""Files over SFTP: whole or not at all, hostile names, cancelling, and the limits of a disk."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.ssh.conftest import Connect
from tests.ssh.servers import Server
from tui.core.errors import JobCancelled, LocalError, SshError
from tui.ssh import sftp
from tui.ssh.session import SshSession


@pytest.fixture
async def session(server: Server, connect: Connect) -> SshSession:
    return await connect(server, shell=False)


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """A folder on the 'remote', which is this machine."""
    folder = tmp_path / "there"
    folder.mkdir()
    return folder


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))  # noqa: PTH208


@pytest.mark.parametrize("size", [0, 1, 255 * 1024, 255 * 1024 + 1, 20_000_003])
async def test_a_file_goes_there_and_back(
    session: SshSession, tmp_path: Path, there: Path, size: int
) -> None:
    local = tmp_path / "data.bin"
    local.write_bytes(os.urandom(size))
    local.chmod(0o750)
    os.utime(local, (1_600_000_000, 1_600_000_001))
    moved: list[int] = []
    path = await sftp.put(session, local, str(there), moved.append)
    assert Path(path) == there / "data.bin"
    assert sum(moved) == size
    back = await sftp.get(session, path, tmp_path / "back.bin", moved.append)
    assert sum(moved) == 2 * size
    digests = {hashlib.sha256(p.read_bytes()).digest() for p in (local, Path(path), back)}
    assert len(digests) == 1
    for copy in (Path(path), back):
        assert copy.stat().st_mode & 0o777 == 0o750
        assert int(copy.stat().st_mtime) == 1_600_000_001
    assert names(there) == ["data.bin"]


async def test_an_existing_target_is_replaced(
    session: SshSession, tmp_path: Path, there: Path
) -> None:
    local, target = tmp_path / "new", there / "old"
    local.write_text("new")
    target.write_text("old")
    await sftp.put(session, local, str(target))
    assert target.read_text() == "new"
    await sftp.get(session, str(target), local)
    assert names(there) == ["old"]


async def test_without_replace_what_is_there_is_kept(
    session: SshSession, tmp_path: Path, there: Path
) -> None:
    local, target = tmp_path / "new", there / "name"
    local.write_text("new")
    await sftp.put(session, local, str(target), replace=False)
    assert target.read_text() == "new"
    target.write_text("theirs")
    with pytest.raises(SshError, match="was kept"):
        await sftp.put(session, local, str(target), replace=False)
    (there / "link").symlink_to("nowhere")
    with pytest.raises(SshError, match="was kept"):
        await sftp.put(session, local, str(there / "link"), replace=False)
    assert target.read_text() == "theirs"
    assert names(there) == ["link", "name"]


async def test_a_file_that_appears_during_the_copy_is_kept(
    session: SshSession, tmp_path: Path, there: Path
) -> None:
    local, target = tmp_path / "new", there / "name"
    local.write_bytes(b"x" * 1_000_000)

    def meanwhile(_amount: int) -> None:
        target.write_text("theirs")

    with pytest.raises(SshError, match="was kept"):
        await sftp.put(session, local, str(target), meanwhile, replace=False)
    assert target.read_text() == "theirs"
    assert names(there) == ["name"]


async def test_what_stands_at_a_path_is_told(session: SshSession, there: Path) -> None:
    (there / "file").write_text("12345")
    (there / "sub").mkdir()
    (there / "to-sub").symlink_to("sub")
    (there / "to-nothing").symlink_to("nothing")
    found = {name: await sftp.look_up(session, f"{there}/{name}") for name in names(there)}
    file, folder, link = found["file"], found["sub"], found["to-nothing"]
    assert file is not None
    assert (file.name, file.size_bytes, file.is_folder) == ("file", 5, False)
    assert folder is not None
    assert folder.is_folder
    assert found["to-sub"] is not None
    assert found["to-sub"].is_folder, "a copy to it would go inside"
    assert link is not None
    assert stat.S_ISLNK(link.mode)
    assert await sftp.look_up(session, f"{there}/gone") is None


async def test_the_home_folder_has_its_names(
    small_server: Server, connect: Connect, tmp_path: Path
) -> None:
    session = await connect(small_server, shell=False)
    local = tmp_path / "at-home"
    local.write_text("x")
    for remote in ("", "~", "~/", "~/copy"):
        await sftp.put(session, local, remote)
    assert {"at-home", "copy"} <= set(names(small_server.home))
    assert any(entry.name == "copy" for entry in await sftp.listdir(session))
    assert (await sftp.home(session)).startswith("/")


async def test_a_listing_survives_names_that_are_not_utf8(
    session: SshSession, tmp_path: Path, there: Path
) -> None:
    (there / "sub").mkdir()
    (there / "plain").write_text("12345")
    Path(os.fsdecode(os.fsencode(there) + b"/bad\xff\xfe\x1b[31m")).write_text("x")
    (there / "link").symlink_to("sub")
    found = {entry.name: entry for entry in await sftp.listdir(session, str(there))}
    assert set(found) == {"sub", "plain", "bad\udcff\udcfe\x1b[31m", "link"}
    assert next(iter(found)) == "sub"
    assert found["sub"].is_folder
    assert stat.S_ISLNK(found["link"].mode)
    assert found["plain"].size_bytes == 5
    bad = await sftp.get(session, f"{there}/bad\udcff\udcfe\x1b[31m", tmp_path / "safe")
    assert bad.read_text() == "x"


async def test_folders_are_made_once(session: SshSession, there: Path) -> None:
    for _ in range(2):
        await sftp.make_folder(session, str(there / "out"))
    assert (there / "out").is_dir()


async def test_what_is_missing_is_told(session: SshSession, tmp_path: Path, there: Path) -> None:
    local = tmp_path / "f"
    with pytest.raises(SshError, match="no such file"):
        await sftp.get(session, str(there / "gone"), local)
    with pytest.raises(SshError, match="no such file"):
        await sftp.listdir(session, str(there / "gone"))
    with pytest.raises(SshError, match="not a file"):
        await sftp.get(session, str(there), local)
    with pytest.raises(LocalError, match="Can't read f"):
        await sftp.put(session, local, str(there))
    local.write_text("x")
    with pytest.raises(SshError, match="no such file"):
        await sftp.put(session, local, str(there / "no" / "folder"))
    with pytest.raises(LocalError, match="Can't write y"):
        await sftp.get(session, str(local), tmp_path / "missing" / "y")
    with pytest.raises(LocalError, match="not a file"):
        await sftp.put(session, Path("/dev/null"), str(there))


async def test_a_full_local_disk_leaves_the_old_file(
    session: SshSession,
    tmp_path: Path,
    there: Path,
    monkeypatch: pytest.MonkeyPatch,
    full_disk: Any,
) -> None:
    (there / "big").write_bytes(b"x" * 1_000_000)
    local = tmp_path / "kept"
    local.write_text("old")

    monkeypatch.setattr("tui.ssh.sftp_copy.os.pwrite", full_disk)
    with pytest.raises(LocalError, match="no space left"):
        await sftp.get(session, str(there / "big"), local)
    assert local.read_text() == "old"
    assert names(tmp_path) == [name for name in names(tmp_path) if not name.endswith(".part")]


async def test_a_source_that_changes_is_not_put_in_place(
    session: SshSession, tmp_path: Path, there: Path
) -> None:
    local = tmp_path / "growing"
    local.write_bytes(b"x" * 3_000_000)

    def grow(_amount: int) -> None:
        with local.open("ab") as file:
            file.write(b"more")

    with pytest.raises(LocalError, match="changed while it was read"):
        await sftp.put(session, local, str(there), grow)
    assert names(there) == []


@pytest.mark.parametrize("way", ["put", "get"])
async def test_a_cancelled_copy_leaves_nothing(
    session: SshSession, tmp_path: Path, there: Path, way: str
) -> None:
    source = (tmp_path if way == "put" else there) / "big"
    source.write_bytes(b"\0" * 30_000_000)
    for how in ("event", "raise", "task"):
        cancelled, begun = threading.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def progress(
            _amount: int,
            how: str = how,
            cancelled: threading.Event = cancelled,
            begun: asyncio.Event = begun,
            loop: asyncio.AbstractEventLoop = loop,
        ) -> None:
            loop.call_soon_threadsafe(begun.set)
            if how == "event":
                cancelled.set()
            if how == "raise":
                raise JobCancelled

        if way == "put":
            copy = sftp.put(session, source, str(there), progress, cancelled=cancelled)
        else:
            copy = sftp.get(session, str(source), tmp_path / "got", progress, cancelled=cancelled)  # type: ignore[assignment]
        task = asyncio.ensure_future(copy)
        await begun.wait()
        if how == "task":
            task.cancel()
        with pytest.raises((JobCancelled, asyncio.CancelledError)):
            await asyncio.wait_for(task, 10)
    left = names(there) + names(tmp_path)
    assert [name for name in left if name.endswith(".part") or name == "got"] == []
    assert (await sftp.listdir(session, str(there))) is not None


async def test_a_lost_connection_is_told_and_leaves_the_old_file(
    server: Server, connect: Connect, tmp_path: Path, there: Path
) -> None:
    session = await connect(server, shell=False)
    (there / "big").write_bytes(b"\0" * 30_000_000)
    local = tmp_path / "kept"
    local.write_text("old")

    def cut(_amount: int) -> None:
        session.transport.sock.close()

    with pytest.raises(SshError, match="Lost trainer-01"):
        await asyncio.wait_for(sftp.get(session, str(there / "big"), local, cut), 20)
    assert local.read_text() == "old"
    assert not [name for name in names(tmp_path) if name.endswith(".part")]


def test_a_closed_channel_is_not_the_servers_word() -> None:
    paramiko = pytest.importorskip("paramiko")
    channel = paramiko.Channel(1)
    channel.closed = True
    with pytest.raises(EOFError), sftp._explained("read", b"big"):
        channel.send(b"x")
    with pytest.raises(SshError, match="quota"), sftp._explained("read", b"big"):
        raise OSError("Quota exceeded")


async def test_copies_run_side_by_side(session: SshSession, tmp_path: Path, there: Path) -> None:
    files = []
    for number in range(6):
        file = tmp_path / f"f{number}"
        file.write_bytes(os.urandom(300_000))
        files.append(file)
    await asyncio.gather(*(sftp.put(session, file, str(there)) for file in files))
    assert names(there) == [file.name for file in files]
