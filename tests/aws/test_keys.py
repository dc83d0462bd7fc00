from __future__ import annotations

import asyncio
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.aws.ec2 import keys
from tui.aws.ec2.keys import create_and_save, fill, key_file, reserve
from tui.aws.ec2.service import Ec2
from tui.core.errors import AwsError, LocalError
from tui.core.records import NewKeyPair

KEY = NewKeyPair("dev", "key-1", "aa:bb", "-----BEGIN PRIVATE KEY-----\nx\n-----END-----")


def saved(key: NewKeyPair, folder: Path) -> Path:
    """Write a key as a launch does: its file first."""
    path = reserve(folder, key.name)
    fill(path, key)
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_key_is_its_owners_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        path = saved(KEY, tmp_path / "keys")
    finally:
        os.umask(old)
    assert path == tmp_path / "keys" / "dev.pem"
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700
    assert path.read_text() == KEY.private_key + "\n"


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "dev.pem").write_text("precious")
    with pytest.raises(LocalError) as caught:
        saved(KEY, tmp_path)
    assert "a file of that name exists" in str(caught.value)
    assert (tmp_path / "dev.pem").read_text() == "precious"


def test_a_link_in_the_keys_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "dev.pem").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LocalError):
        saved(KEY, tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_key_that_cannot_be_written_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full_disk: Any
) -> None:
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(LocalError) as caught:
        saved(KEY, tmp_path)
    assert "the disk is full" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../up", "a/b", "..", "a\\b", "/etc/x", "x" * 300])
def test_a_key_pairs_name_never_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    assert key_file(tmp_path, name).parent == tmp_path


@pytest.mark.parametrize("name", ["x" * 251, "x" * 252, "x" * 253, "x" * 255, "/" * 255])
def test_a_long_name_keeps_its_ending(name: str, tmp_path: Path) -> None:
    path = key_file(tmp_path, name)
    assert path.suffix == ".pem"
    path.touch()  # a name that the disk takes


def test_an_ordinary_name_is_the_files_name() -> None:
    assert key_file(Path("k"), "Dev key_1.b").name == "Dev key_1.b.pem"


NAMES = st.text(st.characters(codec="ascii"), min_size=1, max_size=255) | st.text(
    st.sampled_from("a/\\_%2F5C~."), min_size=1, max_size=8
)


@settings(deadline=None)  # the machine may be busy
@given(several=st.lists(NAMES, min_size=2, max_size=20, unique=True))
def test_no_two_key_pairs_share_a_file(several: list[str]) -> None:
    several += ["a/b", "a_b", "a\\b", "a%2Fb", "a%252Fb", "x" * 252, "x" * 253]
    files = {key_file(Path("k"), name) for name in several}
    assert len(files) == len(set(several))
    assert {path.suffix for path in files} == {".pem"}


def test_the_secret_is_not_in_the_repr() -> None:
    assert "PRIVATE" not in repr(KEY)


async def test_a_new_key_pair_is_on_the_disk_and_at_aws(ec2: Ec2, tmp_path: Path) -> None:
    key, path = await create_and_save(ec2, "dev", "ed25519", tmp_path)
    assert path.read_text().strip() == key.private_key.strip()
    assert "PRIVATE KEY" in key.private_key
    assert [(pair.name, pair.kind) for pair in await ec2.key_pairs()] == [("dev", "ed25519")]


async def test_a_taken_name_leaves_no_file(ec2: Ec2, tmp_path: Path) -> None:
    await ec2.create_key_pair("dev", "rsa")
    with pytest.raises(AwsError) as caught:
        await create_and_save(ec2, "dev", "ed25519", tmp_path)
    assert "a key pair of that name exists" in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    assert len(await ec2.key_pairs()) == 1


async def test_a_file_in_the_way_makes_no_key_pair(ec2: Ec2, tmp_path: Path) -> None:
    (tmp_path / "dev.pem").write_text("precious")
    with pytest.raises(LocalError):
        await create_and_save(ec2, "dev", "ed25519", tmp_path)
    assert await ec2.key_pairs() == ()


async def test_a_full_disk_makes_no_key_pair(
    ec2: Ec2, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full_disk: Any
) -> None:
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(LocalError):
        await create_and_save(ec2, "dev", "ed25519", tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert await ec2.key_pairs() == ()


async def test_a_cancel_while_aws_is_asked_leaves_neither_file_nor_key_pair(
    ec2: Ec2, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ec2.create_key_pair
    asked, go_on, made = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(*arguments: Any) -> NewKeyPair:
        asked.set()
        await go_on.wait()
        key = await real(*arguments)
        made.set()
        return key

    monkeypatch.setattr(ec2, "create_key_pair", slow)
    task = asyncio.create_task(create_and_save(ec2, "dev", "ed25519", tmp_path))
    await asked.wait()
    task.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(made.wait(), 10)
    assert list(tmp_path.iterdir()) == []
    assert await ec2.key_pairs() == ()


class Held:
    """A function that runs in a thread, held until it is let go."""

    def __init__(self, real: Callable[..., Any]) -> None:
        self.real = real
        self.begun, self.go_on, self.ended = (threading.Event() for _ in range(3))

    def __call__(self, *arguments: Any) -> Any:
        self.begun.set()
        assert self.go_on.wait(10)
        try:
            return self.real(*arguments)
        finally:
            self.ended.set()


@pytest.mark.parametrize("step", ["reserve", "fill"])
@pytest.mark.parametrize("cancels", [1, 2])
async def test_a_cancel_at_any_step_leaves_neither_file_nor_key_pair(
    step: str, cancels: int, ec2: Ec2, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(getattr(keys, step))
    monkeypatch.setattr(keys, step, held)
    task = asyncio.create_task(create_and_save(ec2, "dev", "ed25519", tmp_path))
    assert await asyncio.to_thread(held.begun.wait, 10)
    for _ in range(cancels):
        task.cancel()
        await asyncio.sleep(0.05)
    held.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(held.ended.wait, 10)
    for _ in range(100):  # after a second cancel it is undone behind our back
        if not list(tmp_path.iterdir()) and await ec2.key_pairs() == ():
            break
        await asyncio.sleep(0.05)
    assert list(tmp_path.iterdir()) == []
    assert await ec2.key_pairs() == ()


async def test_a_key_pair_that_stays_behind_is_told(
    ec2: Ec2, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full_disk: Any
) -> None:
    async def denied(name: str) -> None:
        raise AwsError("Can't delete", "access denied")

    monkeypatch.setattr(os, "fsync", full_disk)
    monkeypatch.setattr(ec2, "delete_key_pair", denied)
    with pytest.raises(LocalError) as caught:
        await create_and_save(ec2, "dev", "ed25519", tmp_path)
    assert "the disk is full" in str(caught.value)
    assert "Key pair dev is left at AWS: delete it." in caught.value.hint
    assert list(tmp_path.iterdir()) == []
