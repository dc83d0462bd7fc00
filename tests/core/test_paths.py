"""Typed paths looked at without an exception, and files written whole beside their place."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tui.core.errors import LocalError
from tui.core.local_names import PART_LIMIT_BYTES, shortened
from tui.core.paths import NO_HOME, beside, expanded, expanded_to_write, size_of, why
from tui.core.publish import add, holds_the_same


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_a_size_is_told_or_why_not(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("12345")
    assert size_of(tmp_path / "a") == 5
    with pytest.raises(LocalError, match=r"Can't read gone: there is no such file .* Press e\."):
        size_of(tmp_path / "gone", "Press e.")
    with pytest.raises(LocalError, match="that can't be a path"):
        size_of(tmp_path / "a\0b")


def test_nothing_is_written_under_the_name_of_nobodys_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expanded_to_write(Path("~/keys")) == expanded("~/keys") == tmp_path / "keys"
    with pytest.raises(LocalError, match=NO_HOME):
        expanded_to_write(Path("~nosuchuser/keys"))


def test_why_is_a_clause() -> None:
    assert why(PermissionError(errno.EACCES, "Permission denied")) == "permission denied"
    assert why(ValueError("embedded null byte")) == "that can't be a path"


def test_a_file_beside_replaces_its_target_whole(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_text("old")
    with beside(target) as fresh:
        fresh.path.write_text("new")
        assert target.read_text() == "old"
        fresh.replace()
    assert target.read_text() == "new"
    assert names(tmp_path) == ["a"]


def test_a_file_beside_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full_disk: Any
) -> None:
    target = tmp_path / "a"
    target.write_text("old")
    monkeypatch.setattr(os, "fsync", full_disk)
    for way in ("replace", "add"):
        with beside(target) as fresh:
            fresh.path.write_text("new")
            with pytest.raises(OSError, match="No space"):
                getattr(fresh, way)()
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a"]


def test_a_file_beside_is_gone_when_it_is_not_put_in_place(tmp_path: Path) -> None:
    with suppress(KeyError), beside(tmp_path / "a") as fresh:
        fresh.path.write_text("half")
        raise KeyError
    assert names(tmp_path) == []
    with pytest.raises(FileNotFoundError), beside(tmp_path / "missing" / "a"):
        pass


def test_two_write_beside_one_target(tmp_path: Path) -> None:
    with beside(tmp_path / "a") as one, beside(tmp_path / "a") as other:
        assert one.path != other.path


def test_a_long_name_has_a_file_beside_it(tmp_path: Path) -> None:
    target = tmp_path / ("\u00e9" * 127)
    with beside(target, 0o600) as fresh:
        assert fresh.path.stat().st_mode & 0o777 == 0o600
        fresh.add()
    assert target.exists()


@pytest.mark.parametrize("links", [True, False])
def test_adding_replaces_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    if not links:
        monkeypatch.setattr("os.link", no_links)
    new, target = tmp_path / "new", tmp_path / "a"
    new.write_text("new")
    target.write_text("theirs")
    (tmp_path / "link").symlink_to("nowhere")
    for taken in (target, tmp_path / "link"):
        with pytest.raises(FileExistsError):
            add(new, taken)
    assert target.read_text() == "theirs"
    add(new, tmp_path / "free")
    assert (tmp_path / "free").read_text() == "new"


def test_the_same_bytes_are_told_from_others(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 300_000)
    (tmp_path / "same").write_bytes(b"x" * 300_000)
    (tmp_path / "other").write_bytes(b"x" * 299_999 + b"y")
    (tmp_path / "link").symlink_to("same")
    checks: list[int] = []
    handle = os.open(tmp_path / "a", os.O_RDONLY)
    try:
        found = {
            name: holds_the_same(tmp_path / name, handle, lambda: checks.append(1))
            for name in ("same", "other", "link", "gone", ".")
        }
    finally:
        os.close(handle)
    assert found == {"same": True, "other": False, "link": False, "gone": False, ".": False}
    assert len(checks) == 4, "a cancel is seen at each chunk"


def test_a_name_is_shortened_to_what_is_asked() -> None:
    assert shortened("a" * PART_LIMIT_BYTES) == "a" * PART_LIMIT_BYTES
    short = shortened("a" * 252, 251)
    assert len(short) <= 251
    assert short.startswith("a" * 180 + "%~")
