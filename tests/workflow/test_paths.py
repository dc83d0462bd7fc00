"""Typed paths: no text that one can type makes a judge raise."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tui.core.paths import NO_HOME, calm, exists, expanded, is_file, is_folder, nobodys
from tui.workflow.parameters import FIELDS, changed, defaults

HOSTILE = (
    "~nosuchuser",
    "~nosuchuser/data.csv",
    "~\ud800/x",
    "/" + "x" * 300,
    "/" + "x/" * 3000,
    "/tmp/a\0b",
    "\ud800",
    "9" * 5000,
    "",
    " ",
)


@pytest.mark.parametrize("name", sorted(FIELDS))
@pytest.mark.parametrize("text", HOSTILE)
def test_no_judge_raises(name: str, text: str) -> None:
    FIELDS[name].judge(text)


@pytest.mark.parametrize("name", ["source", "folder"])
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_paths_are_refused(name: str, text: str) -> None:
    assert FIELDS[name].judge(text)


def test_a_home_of_nobody_is_told() -> None:
    assert FIELDS["source"].judge("~nosuchuser/x.csv") == NO_HOME
    assert FIELDS["folder"].judge("~nosuchuser/work") == NO_HOME
    assert nobodys("~nosuchuser")
    assert not nobodys("~/x")
    assert str(expanded("~nosuchuser/x")) == "~nosuchuser/x"


def test_what_may_not_be_looked_at_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Path, **_: object) -> os.stat_result:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "stat", refused)
    monkeypatch.setattr("os.stat", lambda *_, **__: refused(Path()))
    for name in ("source", "folder"):
        assert FIELDS[name].judge("/nowhere/secret") == "permission denied"


@pytest.mark.parametrize("look", [is_file, is_folder, exists])
@pytest.mark.parametrize("text", HOSTILE[:6])
def test_a_look_never_raises(look: object, text: str) -> None:
    assert look(expanded(text)) is False  # type: ignore[operator]


@pytest.mark.parametrize("error", [OSError(), ValueError("x"), RuntimeError("no home")])
def test_a_judge_made_calm_tells_what_it_raised(error: Exception) -> None:
    def judge(_text: str) -> str | None:
        raise error

    assert calm(judge)("x")


def test_an_accepted_path_of_nobody_is_taken_as_it_is(tmp_path: Path) -> None:
    start = defaults(tmp_path, tmp_path, "1")
    assert changed(start, "source", "~nosuchuser/x.csv").source == Path("~nosuchuser/x.csv")
