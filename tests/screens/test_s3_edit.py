"""New folders and text objects, and edits that never go over what somebody else wrote."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.screens.s3_support import fill, names, s3_pane
from tests.screens.s3_writing_support import (
    LAKE,
    answer,
    body_of,
    choose,
    drafts,
    editor,
    keys_of,
    put_cursor,
    shown,
)
from tests.support import said, screen_text, until
from tui.core.errors import UserError
from tui.screens.s3 import editor as s3_editor
from tui.screens.s3.diff import DiffConfirm, DiffShow, diff_rows
from tui.widgets.dialog import Ask, Choose, Confirm


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


async def test_a_folder_and_a_text_object_are_made_but_never_over_another(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, LAKE, {"raw/there.md": b"old"})
    async with s3_pane(clean_sandbox, LAKE, "raw/") as (app, pilot, screen):
        screen.run_editor = editor(lambda _: b"# new\n")
        await pilot.press("n")
        await choose(pilot, app, "folder")
        await answer(pilot, app, Ask, "x[/y]")
        await until(pilot, lambda: "raw/x[/y]/" in keys_of(client))
        await until(pilot, lambda: screen.objects_table.record is not None)
        await pilot.press("n")
        await choose(pilot, app, "text")
        await answer(pilot, app, Ask, "notes.md")
        await shown(pilot, app, DiffConfirm)
        assert "+# new" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: "raw/notes.md" in names(screen))
        await pilot.press("n")
        await choose(pilot, app, "text")
        await answer(pilot, app, Ask, "there.md")
        await shown(pilot, app, DiffConfirm)
        await pilot.press("enter")
        await choose(pilot, app, "keep")
        await until(pilot, lambda: app.screen is screen)
    assert body_of(client, "raw/there.md") == b"old"
    assert client.head_object(Bucket=LAKE, Key="raw/notes.md")["ContentType"] == "text/markdown"
    assert [path.read_bytes() for path in drafts()] == [b"# new\n"]


async def test_an_edited_object_is_put_back_with_all_it_had(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, LAKE, {})
    client.put_object(
        Bucket=LAKE,
        Key="a.txt",
        Body=b"one\ntwo\n",
        ContentType="text/x-mine",
        Metadata={"who": "dana"},
        Tagging="team=data",
        StorageClass="STANDARD_IA",
        CacheControl="no-cache",
    )
    async with s3_pane(clean_sandbox, LAKE) as (app, pilot, screen):
        screen.run_editor = editor(lambda data: data)
        await pilot.press("e")
        await until(pilot, lambda: "nothing was put" in screen_text(app))
        screen.run_editor = editor(lambda data: data.replace(b"two", b"[bold]2[/]"))
        await pilot.press("e")
        await shown(pilot, app, DiffConfirm)
        assert "-two" in screen_text(app)
        assert "+[bold]2[/]" in screen_text(app)
        await pilot.press("escape")
        await choose(pilot, app, "drop")
        await until(pilot, lambda: app.screen is screen)
        assert body_of(client, "a.txt") == b"one\ntwo\n"
        await pilot.press("e")
        await shown(pilot, app, DiffConfirm)
        await pilot.press("enter")
        await until(pilot, lambda: body_of(client, "a.txt") != b"one\ntwo\n")
        await until(pilot, lambda: not drafts())
    head = client.get_object(Bucket=LAKE, Key="a.txt")
    assert head["Body"].read() == b"one\n[bold]2[/]\n"
    kept = ("ContentType", "Metadata", "StorageClass", "CacheControl")
    assert [head[name] for name in kept] == [
        *("text/x-mine", {"who": "dana"}, "STANDARD_IA", "no-cache")
    ]
    tags = client.get_object_tagging(Bucket=LAKE, Key="a.txt")["TagSet"]
    assert tags == [{"Key": "team", "Value": "data"}]


async def test_an_edit_never_goes_over_what_somebody_else_wrote_meanwhile(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, LAKE, {"a.txt": b"old\n"})
    async with s3_pane(clean_sandbox, LAKE) as (app, pilot, screen):

        def change(_: bytes) -> bytes:
            client.put_object(Bucket=LAKE, Key="a.txt", Body=b"theirs\n")
            return b"mine\n"

        screen.run_editor = editor(change)
        await pilot.press("e")
        await shown(pilot, app, DiffConfirm)
        await pilot.press("enter")
        await choose(pilot, app, "theirs")
        await shown(pilot, app, DiffShow)
        assert "-theirs" in screen_text(app)
        assert "+mine" in screen_text(app)
        await pilot.press("escape")
        await choose(pilot, app, "over")
        question = await shown(pilot, app, Confirm)
        assert question.plan.typed == "a.txt"
        await pilot.press("escape")
        await choose(pilot, app, "new")
        await shown(pilot, app, Ask)
        await pilot.press("enter")
        await until(pilot, lambda: keys_of(client) == ["a-mine.txt", "a.txt"])
        await until(pilot, lambda: not drafts())
    assert body_of(client, "a.txt") == b"theirs\n"
    assert body_of(client, "a-mine.txt") == b"mine\n"


async def test_a_window_that_is_still_open_keeps_its_file(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, LAKE, {"in/a": b"old"})
    async with s3_pane(clean_sandbox, LAKE, "in/") as (app, pilot, screen):
        screen.run_editor = editor(lambda data: data, seconds=0.1)
        await pilot.press("e")
        await shown(pilot, app, Choose)
        await pilot.press("escape")
        await until(pilot, lambda: "What you wrote is in" in said(app))
        assert len(drafts()) == 1
        await pilot.press("e")
        await shown(pilot, app, Choose)
        await pilot.press("enter")
        await until(pilot, lambda: "It is as it was" in said(app))
        assert len(drafts()) == 1  # the other edit's
    assert body_of(client, "in/a") == b"old"


async def test_what_was_written_is_kept_when_it_cannot_be_put(
    clean_sandbox: Any, aws_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.core.errors import AwsError

    client = aws_client(clean_sandbox, "s3")
    fill(client, LAKE, {"a.txt": b"old\n", "b.bin": b"\0\xff"})

    async def denied(*_: Any, **__: Any) -> str:
        raise AwsError("Can't write a.txt", "access denied", code="AccessDenied")

    async with s3_pane(clean_sandbox, LAKE) as (app, pilot, screen):
        screen.run_editor = editor(lambda _: b"mine\n")
        monkeypatch.setattr("tui.aws.s3.text.write", denied)
        await pilot.press("e")
        await shown(pilot, app, DiffConfirm)
        await pilot.press("enter")
        await until(pilot, lambda: "What you wrote is in" in screen_text(app))
        await put_cursor(pilot, screen, "b.bin")
        await pilot.press("e")
        await until(pilot, lambda: "This is no text" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
    assert [path.read_bytes() for path in drafts()] == [b"mine\n"]
    assert not s3_editor.left_drafts()  # this app lives
    about = drafts()[0].parent / ".skydeck.json"
    about.write_text(about.read_text().replace(str(os.getpid()), "4194304"))
    assert s3_editor.left_drafts() == [(f"s3://{LAKE}/a.txt", drafts()[0])]
    async with s3_pane(clean_sandbox, LAKE) as (app, pilot, screen):
        screen.run_editor = editor(lambda data: data)
        await pilot.press("e")
        await until(pilot, lambda: "An edit was left" in screen_text(app))


def test_the_editor_is_the_users_own_or_one_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "my editor"
    mine.write_text("#!/bin/sh\n")
    mine.chmod(0o755)
    assert s3_editor.editor_command({"EDITOR": f"'{mine}' -w"}) == [str(mine), "-w"]
    with pytest.raises(UserError, match="Can't open your editor"):
        s3_editor.editor_command({"VISUAL": "no-such-editor-here"})
    monkeypatch.setenv("PATH", str(tmp_path))
    assert s3_editor.editor_command({}) is None
    (tmp_path / "vi").write_text("#!/bin/sh\n")
    (tmp_path / "vi").chmod(0o755)
    assert s3_editor.editor_command({}) == ["vi"]


@pytest.mark.parametrize("name", ["../../x.py", "a\x1b[31m.csv", "-rf", "é" * 400, "dir/"])
def test_a_draft_is_private_and_stays_in_its_folder(name: str) -> None:
    draft = s3_editor.make_draft(LAKE, f"in/{name}", b"1")
    assert draft.path.parent.parent == s3_editor.drafts_folder()
    assert draft.path.stat().st_mode & 0o777 == 0o600
    assert draft.path.name.isprintable()
    draft.remove()
    assert drafts() == []


def test_a_line_of_megabytes_is_not_shown_whole() -> None:
    rows = diff_rows(b"a" * 5_000_000, b"a" * 5_000_000 + b"b")
    assert all(sum(len(text) for _, text in row) < 600 for row in rows)
    assert rows[-1][1][1] == "… and 4,999,502 characters more"


def test_a_difference_of_big_texts_is_told_at_once() -> None:
    old = "\n".join(f"line {number}" for number in range(100_000)).encode()
    rows = diff_rows(old, old.replace(b"line 77777\n", b"other\n"))
    assert [row[0][1] for row in rows] == [
        "@@ -77775,7 +77775,7 @@",
        *(f" line {number}" for number in (77774, 77775, 77776)),
        "-line 77777",
        "+other",
        *(f" line {number}" for number in (77778, 77779, 77780)),
    ]
    assert "100,000 lines became" in diff_rows(old, old.replace(b"line", b"row"))[0][0][1]
