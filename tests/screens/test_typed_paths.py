"""Paths typed for S3 and for the work flow: whatever is typed, a verdict or a sentence."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tui.core.errors import LocalError
from tui.core.paths import NO_HOME
from tui.screens.s3 import download, upload
from tui.screens.workflow.dialogs import _told
from tui.widgets.ask_path import completions

HOSTILE = ("~nosuchuser/x", "/" + "x" * 300, "/tmp/a\0b", "\ud800", "~\0")


@pytest.mark.parametrize("text", [*HOSTILE, "/nowhere/x"])
def test_a_path_to_upload_is_refused_in_a_sentence(text: str) -> None:
    assert upload._look(text, "raw/").problem
    with pytest.raises(LocalError, match="Can't"):
        upload._planned(text, "raw/")


def test_why_a_path_is_no_good_is_told() -> None:
    with pytest.raises(LocalError, match="that can't be a path"):
        upload._planned("/tmp/a\0b", "")
    with pytest.raises(LocalError, match=NO_HOME):
        upload._planned("~nosuchuser/x", "")
    assert upload._look("/nowhere/x", "").problem == "there is no such file or folder"
    assert upload._look("/dev/null", "").problem == "this is neither a file nor a folder"


def test_what_is_there_is_planned(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,2")
    path, folder, plan = upload._planned(str(tmp_path), "raw/")
    assert (path, folder) == (tmp_path.resolve(), True)
    assert [item.key for item in plan.items] == [f"raw/{tmp_path.name}/a.csv"]
    path, folder, plan = upload._planned(str(tmp_path / "a.csv"), "raw/")
    assert (path, folder, [item.key for item in plan.items]) == (
        tmp_path / "a.csv", False, ["raw/a.csv"],
    )  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_a_folder_to_download_to_is_refused(text: str) -> None:
    assert download._look(text).problem


def test_a_folder_that_is_not_there_yet_is_made(tmp_path: Path) -> None:
    assert download._look(str(tmp_path / "new" / "er")).told == "it will be created"
    assert download._look(str(tmp_path)).told == "it is there"
    (tmp_path / "file").touch()
    assert "a folder is needed" in download._look(str(tmp_path / "file")).problem
    assert "cannot be written to" in download._look(str(tmp_path / "file" / "x")).problem


def test_a_folder_that_may_not_be_looked_into_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> os.stat_result:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "stat", refused)
    assert upload._look(str(tmp_path / "x"), "").problem == "permission denied"


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_completes_what_is_no_path(text: str) -> None:
    assert completions(text) == []


def test_a_parameters_path_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("12345")
    assert _told(tmp_path / "a") == "a file of 5 B"
    assert _told(tmp_path) == "it is there"
    assert _told(tmp_path / "gone") == "it is made when it is needed"
