"""Files beside a console: sent, fetched, listed, and replaced only after a yes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from tests.screens.console_support import launched, left, log_in
from tests.support import running, said, screen_text, until
from tui.app import SkydeckApp
from tui.sandbox import Sandbox
from tui.screens.console.files import FilesPanel
from tui.settings import Settings
from tui.widgets.dialog import Confirm
from tui.widgets.record_table import RecordTable


async def test_files_go_both_ways_and_arrive_whole(
    clean_sandbox: Sandbox, aws_client: Callable[..., Any], tmp_path: Path
) -> None:
    launched(clean_sandbox, aws_client, tmp_path)
    source = tmp_path / "data [x].bin"
    source.write_bytes(bytes(range(256)) * 4_000)
    back = tmp_path / "back"
    back.mkdir()
    settings = Settings(keys_folder=tmp_path, downloads=back)
    async with running(clean_sandbox, settings=settings) as (app, pilot):
        screen = await log_in(app, pilot)
        await pilot.press("ctrl+right_square_bracket")
        await until(pilot, lambda: "send a file" in screen_text(app))
        screen.action_send()
        await until(pilot, lambda: "Send a file" in screen_text(app))
        app.screen.query_one("#path-field").value = str(source)  # type: ignore[attr-defined]
        await pilot.press("enter")
        table = screen.query_one(FilesPanel).table
        await until(pilot, lambda: table.move_to_key(source.name))
        await until(pilot, lambda: "data [x].bin" in screen_text(app).split("sftp")[-1])
        screen.action_fetch()
        await until(pilot, lambda: "into a local folder" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, (back / source.name).exists)
    assert digest(back / source.name) == digest(source)


async def at_files(app: SkydeckApp, pilot: Pilot[None]) -> FilesPanel:
    """Leave the terminal and wait until the home folder is listed."""
    await left(app, pilot)
    panel = app.screen.query_one(FilesPanel)
    await until(pilot, lambda: panel.listed)
    return panel


async def answered(app: SkydeckApp, pilot: Pilot[None], title: str, key: str) -> None:
    """Wait for a plan and answer it."""
    await until(pilot, lambda: isinstance(app.screen, Confirm) and title in screen_text(app))
    await pilot.press(key)
    await until(pilot, lambda: not isinstance(app.screen, Confirm))


async def sent(app: SkydeckApp, pilot: Pilot[None], path: Path) -> None:
    """Answer the question which file to send."""
    await pilot.press("u")
    await until(pilot, lambda: app.screen.query("#path-field"))
    app.screen.query_one("#path-field", Input).value = str(path)
    await pilot.pause()
    await pilot.press("enter")


async def test_a_remote_file_is_replaced_only_after_a_yes(
    clean_sandbox: Sandbox, aws_client: Callable[..., Any], tmp_path: Path
) -> None:
    launched(clean_sandbox, aws_client, tmp_path)
    source = tmp_path / "notes.txt"
    source.write_text("from here")
    async with running(clean_sandbox, settings=Settings(keys_folder=tmp_path)) as (app, pilot):
        screen = await log_in(app, pilot)
        await at_files(app, pilot)
        session = screen.current and screen.current.session
        assert session is not None
        await session.run("echo theirs > notes.txt; mkdir dir")

        async def there() -> str:
            return (await session.run("cat notes.txt")).out.decode()

        await sent(app, pilot, source)
        await answered(app, pilot, "Replace notes.txt", "escape")
        assert await there() == "theirs\n"
        assert not app.jobs.snapshots()

        await sent(app, pilot, source)
        await answered(app, pilot, "Replace notes.txt", "enter")
        await until(pilot, lambda: app.jobs.snapshots() and not app.jobs.running)
        assert await there() == "from here"

        (tmp_path / "dir").write_text("a file")
        await sent(app, pilot, tmp_path / "dir")
        await until(pilot, lambda: "a folder of that name" in said(app))
        assert len(app.jobs.snapshots()) == 1


async def test_the_files_shown_are_those_of_the_path_shown(
    clean_sandbox: Sandbox, aws_client: Callable[..., Any], tmp_path: Path
) -> None:
    launched(clean_sandbox, aws_client, tmp_path)
    async with running(clean_sandbox, settings=Settings(keys_folder=tmp_path)) as (app, pilot):
        screen = await log_in(app, pilot)
        panel = await at_files(app, pilot)
        session = screen.current and screen.current.session
        assert session is not None

        def shown() -> list[str]:
            return [entry.name for entry in panel.table.records]

        await session.run("mkdir sub; touch sub/inside")
        await pilot.press("f7")
        await until(pilot, lambda: "sub" in shown())
        assert panel.shown == "~"
        home = panel.path
        before = shown()
        await session.run("mv sub gone")
        panel.table.move_to_key("sub")
        panel.table.post_message(RecordTable.Opened(panel.table, panel.table.record))
        await until(pilot, lambda: "no such file or folder" in said(app))
        assert (panel.path, shown()) == (home, before), "nothing has changed"
        assert panel.child("inside") == f"{home}/inside"

        screen._list_soon(panel.child("gone"))
        await until(pilot, lambda: shown() == ["..", "inside"])
        assert panel.shown == "~/gone"
        screen._list_soon(panel.child(".."))
        await until(pilot, lambda: panel.path == home)
        assert shown()[0] == "..", "there is a way up from home"
        screen._list_soon(panel.child(".."))
        await until(pilot, lambda: panel.path == str(Path(home).parent))
        assert Path(home).name in shown()


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
