"""The script's file: whole or not there, never overwritten by the template."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tui.core.errors import LocalError
from tui.workflow import local
from tui.workflow.local import ensure_script, read_script, save_script, template


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_the_script_is_written_once_and_then_the_users(tmp_path: Path) -> None:
    script = tmp_path / "new" / "fares.py"
    assert ensure_script(script) == "new"
    assert script.read_text() == template()
    assert ensure_script(script) == "as written"
    script.write_text("mine")
    assert ensure_script(script) == "edited"
    assert script.read_text() == "mine"
    assert names(script.parent) == ["fares.py"]


def test_a_full_disk_leaves_no_half_a_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "fares.py"
    monkeypatch.setattr("os.fsync", full)  # where a full disk is often told first
    with pytest.raises(LocalError, match="no space left"):
        ensure_script(script)
    assert names(tmp_path) == []
    monkeypatch.undo()
    assert ensure_script(script) == "new"


def test_a_write_that_fails_half_way_leaves_no_half_a_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "template", lambda: "x = 1\n" * 10 + "\ud800")  # half is written
    with pytest.raises((LocalError, UnicodeEncodeError)):
        ensure_script(tmp_path / "fares.py")
    assert names(tmp_path) == []


def test_a_script_that_appears_meanwhile_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, fsync = tmp_path / "fares.py", os.fsync

    def meanwhile(descriptor: int) -> None:
        script.write_text("theirs")
        fsync(descriptor)

    monkeypatch.setattr("os.fsync", meanwhile)
    assert ensure_script(script) == "edited"
    assert script.read_text() == "theirs"
    assert names(tmp_path) == ["fares.py"]


def test_a_file_system_without_links_gets_its_script_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", no_links)
    assert ensure_script(tmp_path / "fares.py") == "new"
    assert names(tmp_path) == ["fares.py"]


def test_saving_keeps_the_mode_and_on_a_full_disk_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "fares.py"
    script.write_text("old")
    script.chmod(0o750)
    save_script(script, "new")
    assert (script.read_text(), script.stat().st_mode & 0o777) == ("new", 0o750)
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(LocalError, match="no space left"):
        save_script(script, "newer")
    assert script.read_text() == "new"
    assert names(tmp_path) == ["fares.py"]


def test_saving_through_a_link_keeps_the_link(tmp_path: Path) -> None:
    (tmp_path / "real.py").write_text("old")
    (tmp_path / "fares.py").symlink_to("real.py")
    save_script(tmp_path / "fares.py", "new")
    assert (tmp_path / "fares.py").is_symlink()
    assert (tmp_path / "real.py").read_text() == "new"


def test_what_would_not_survive_the_editor_is_not_opened_in_it(tmp_path: Path) -> None:
    (tmp_path / "fares.py").write_bytes(b"# caf\xe9\n")
    with pytest.raises(LocalError, match="not UTF-8"):
        read_script(tmp_path / "fares.py")
