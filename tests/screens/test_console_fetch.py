"""Paths asked for a copy beside a console: judged off the loop; nothing here replaced unasked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from tests.screens.console_support import launched, left, log_in
from tests.support import running, screen_text, until
from tui.core.errors import LocalError
from tui.core.jobs import JobState
from tui.core.paths import NO_HOME
from tui.sandbox import Sandbox
from tui.screens.console import copy as console_copy
from tui.screens.console.copy import look_at_file, look_at_folder, overwrite_plan
from tui.screens.console.files import FilesPanel
from tui.settings import Settings
from tui.ssh import sftp
from tui.widgets.ask_path import AskPath, Verdict
from tui.widgets.dialog import Confirm

HOSTILE = ("", " ", "~nosuchuser/x", "/" + "x" * 300, "/tmp/a\0b", "\ud800", "/nowhere/x")


@pytest.mark.parametrize("look", [look_at_file, look_at_folder])
@pytest.mark.parametrize("text", HOSTILE)
def test_no_path_that_one_can_type_makes_a_look_raise(
    look: Callable[[str], Verdict], text: str
) -> None:
    assert look(text).problem


def test_a_path_is_judged_by_what_stands_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("12345")
    assert look_at_file(str(tmp_path / "a")) == Verdict(told="a file of 5 B")
    assert look_at_folder(str(tmp_path)) == Verdict(told="it is there")
    assert "folder: send one file" in look_at_file(str(tmp_path)).problem
    assert look_at_folder(str(tmp_path / "a")).problem == "that is not a folder"
    assert look_at_folder(str(tmp_path / "b")).problem == "there is no such folder"
    assert look_at_file("/dev/null").problem == "that is not a file"
    assert look_at_file("~nosuchuser/x").problem == NO_HOME


def test_what_is_in_the_way_of_a_fetch_is_asked_about_or_told(tmp_path: Path) -> None:
    assert overwrite_plan(tmp_path / "free", 5) is None
    (tmp_path / "a").write_text("12345")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("a", "link"):
        plan = overwrite_plan(tmp_path / name, 5)
        assert plan is not None
        assert plan.title == f"Replace {name}"
    (tmp_path / "sub").mkdir()
    with pytest.raises(LocalError, match="a folder of that name"):
        overwrite_plan(tmp_path / "sub", 5)


async def test_a_path_to_send_is_completed_and_judged_off_the_loop(
    clean_sandbox: Sandbox,
    aws_client: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    launched(clean_sandbox, aws_client, tmp_path)
    (tmp_path / "notes.txt").write_text("from here")
    looked: list[threading.Thread] = []

    def watched(text: str) -> Verdict:
        looked.append(threading.current_thread())
        return look_at_file(text)

    monkeypatch.setattr(console_copy, "look_at_file", watched)
    async with running(clean_sandbox, settings=Settings(keys_folder=tmp_path)) as (app, pilot):
        await log_in(app, pilot)
        await left(app, pilot)
        panel = app.screen.query_one(FilesPanel)
        await until(pilot, lambda: panel.listed)
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, AskPath) and app.screen.focused)
        field = app.screen.query_one("#path-field", Input)
        field.value = str(tmp_path / "note")
        await pilot.press("tab")
        await until(pilot, lambda: field.value == str(tmp_path / "notes.txt"))
        await until(pilot, lambda: "a file of 9 B" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: panel.table.move_to_key("notes.txt"))
    assert threading.main_thread() not in looked


async def test_a_file_that_appears_while_one_is_fetched_is_kept_until_a_yes(
    clean_sandbox: Sandbox,
    aws_client: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    launched(clean_sandbox, aws_client, tmp_path)
    back, get = tmp_path / "back", sftp.get
    back.mkdir()

    async def late(*args: Any, **options: Any) -> Path:
        (back / "notes.txt").write_text("mine")  # after it was looked whether it is there
        return await get(*args, **options)

    settings = Settings(keys_folder=tmp_path, downloads=back)
    async with running(clean_sandbox, settings=settings) as (app, pilot):
        screen = await log_in(app, pilot)
        session = screen.current and screen.current.session
        assert session is not None
        await session.run("echo theirs > notes.txt")
        await left(app, pilot)
        panel = screen.query_one(FilesPanel)
        await until(pilot, lambda: panel.listed)
        await panel.show_folder(session)

        async def fetched() -> None:
            panel.table.move_to_key("notes.txt")
            screen.action_fetch()
            await until(pilot, lambda: isinstance(app.screen, AskPath) and app.screen.focused)
            await pilot.press("enter")

        monkeypatch.setattr(sftp, "get", late)
        await fetched()
        await until(pilot, lambda: app.jobs.snapshots() and not app.jobs.running)
        job = app.jobs.snapshots()[0]
        assert job.state is JobState.FAILED
        assert "a file appeared meanwhile" in str(job.error)
        assert [(one.name, one.read_text()) for one in back.iterdir()] == [("notes.txt", "mine")]

        monkeypatch.setattr(sftp, "get", get)
        await fetched()
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("enter")
        await until(pilot, lambda: (back / "notes.txt").read_text() == "theirs\n")
