"""Hostile keys and names of files in the S3 pane: shown literally, kept in their folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from tests.app.hostile_support import ALL, MOMENT, SHARP, SOME, begins, chunks, literal, unharmed
from tests.screens.s3_support import idle_jobs, s3_pane
from tests.support import screen_text, until
from tui.core.jobs import JobState
from tui.core.local_names import UnsafeName, local_path
from tui.core.records import ObjectQuery, S3Object
from tui.core.safe_text import visible
from tui.core.versions import Versioning
from tui.screens.s3 import delete as s3_delete
from tui.screens.s3.bucket_form import NewBucket
from tui.screens.s3.rows import Folder, name_in
from tui.settings import Settings
from tui.widgets.ask_path import AskPath
from tui.widgets.dialog import Confirm

BUCKET = "acme-hostile"


CLASHES = {"clash": b"a file", "clash/below": b"a folder is needed"}


@pytest.fixture(scope="module")
def hostile_bucket(sandbox: Any) -> Iterator[dict[str, bytes]]:
    """A bucket of all names; what it holds, by key."""
    from tests.clients import make_client

    sandbox.reset()
    client = make_client(sandbox, "s3")
    client.create_bucket(Bucket=BUCKET)
    held: dict[str, bytes] = {}
    for key, body in {**{name: name.encode() for name in ALL}, **CLASHES}.items():
        try:
            client.put_object(Bucket=BUCKET, Key=key, Body=body)
        except client.exceptions.ClientError:
            assert "\n" in key  # the sandbox's web server does not route a line end
        else:
            held[key] = body
    assert len(held) > len(ALL) * 0.99
    yield held
    sandbox.reset()


async def test_every_key_shows_literally_in_the_listing(
    sandbox: Any, hostile_bucket: dict[str, bytes]
) -> None:
    async with s3_pane(sandbox, BUCKET) as (app, pilot, screen), unharmed(app):
        table = screen.objects_table
        rows = [row.key for row in table.view]
        folders = {key.partition("/")[0] + "/" for key in hostile_bucket if "/" in key}
        assert set(rows) == folders | {key for key in hostile_bucket if "/" not in key}
        seen: set[str] = set()
        at = -1
        while table.cursor != at:
            at = table.cursor
            shown = "\n".join(literal(app))
            seen |= {key for key in rows if begins(key) in shown}
            await pilot.press("pagedown")
        assert not set(rows) - seen


async def test_every_sharp_key_shows_literally_in_the_preview(
    sandbox: Any, hostile_bucket: dict[str, bytes]
) -> None:
    async with s3_pane(sandbox, BUCKET) as (app, pilot, screen), unharmed(app):
        for key in SOME:
            row = Folder(key) if key.endswith("/") else S3Object(key, 9, MOMENT)
            screen.look_at(row)
            await pilot.pause()
            assert visible(key).startswith(begins(key))
            head = str(screen.query_one("#preview-name").render())  # type: ignore[attr-defined]
            assert visible(key)[:10].rstrip("/") in head or key.count("/")
            literal(app)


async def test_hostile_contents_preview_literally(sandbox: Any, aws_client: Any) -> None:
    client = aws_client(sandbox, "s3")
    client.create_bucket(Bucket="acme-contents")
    plain = [name for name in SHARP if not any(ord(letter) < 32 for letter in name)]
    text = "\n".join(["x[/y]", *plain]).encode()
    client.put_object(Bucket="acme-contents", Key="a.txt", Body=text)
    client.put_object(
        Bucket="acme-contents", Key="b", Body=b"x", ContentType="x/[@click=app.quit]y",
        Metadata={"note": "[bold]x[/y]"},
    )  # fmt: skip
    async with s3_pane(sandbox, "acme-contents") as (app, pilot, _screen), unharmed(app):
        await until(pilot, lambda: "x[/y]" in screen_text(app))
        literal(app)
        await pilot.press("down")
        await until(pilot, lambda: "[@click=app.quit]y" in screen_text(app))
        assert "[bold]x[/y]" in "".join(literal(app))


async def test_plans_show_names_literally(sandbox: Any) -> None:
    async with s3_pane(sandbox) as (app, pilot, screen), unharmed(app):
        book = screen.services.book
        for several in chunks(SHARP, 6):
            place = ObjectQuery(BUCKET, several[0])
            frozen = s3_delete.Frozen(place, (Folder(several[-1]),))
            for key in several:
                frozen.targets.add(key)
                frozen.sums.add(key, 9, MOMENT, "STANDARD")
            plan = s3_delete.delete_plan(frozen, Versioning(), book, "us-east-1")
            app.push_screen(Confirm(plan))
            await until(pilot, lambda: isinstance(app.screen, Confirm) and app.screen.is_mounted)
            await pilot.pause()
            shown = "\n".join(literal(app))
            for key in several[1:]:
                assert begins(name_in(key, place.prefix)) in shown
            assert "to go on:" in shown
            assert len(plan.typed) < 64  # a page of text is typed by nobody
            assert "esc" in shown  # the way out is never pushed off
            await pilot.press("escape")
            assert not isinstance(app.screen, Confirm)


async def test_all_keys_come_down_into_one_folder_and_nowhere_else(
    sandbox: Any, hostile_bucket: dict[str, bytes], tmp_path: Path
) -> None:
    target = tmp_path / "in" / "got"
    (tmp_path / "bystander").write_text("untouched")
    before = {path.name for path in Path("/etc").iterdir()}
    settings = Settings(downloads=target)
    async with s3_pane(sandbox, BUCKET, settings=settings) as (app, pilot, _screen), unharmed(app):
        await pilot.press("a", "d")
        await until(pilot, lambda: isinstance(app.screen, AskPath))
        await until(pilot, lambda: "it will be created" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.pause()
        question = app.screen
        assert isinstance(question, Confirm)
        told = dict(question.plan.items)
        shown = "\n".join(literal(app))
        assert "refused" in shown
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        ended = app.jobs.snapshots()[0]
        assert ended.state is JobState.DONE, ended.error
        literal(app)
        note = ended.note
    wanted: dict[Path, bytes] = {}
    refused: set[str] = set()
    for key, body in hostile_bucket.items():
        try:
            wanted[local_path(target, key)] = body
        except UnsafeName:
            refused.add(key)
    folders = {parent for path in wanted for parent in path.parents}
    refused |= {key for key in hostile_bucket if local_path(target, key) in folders}
    assert "clash" in refused
    assert refused <= set(told)
    assert "left out" in note or "skipped" in note or "refused" in note, note
    kept = {path: body for path, body in wanted.items() if path not in folders}
    found = {path for path in (tmp_path / "in").rglob("*") if not path.is_dir()}
    assert found == set(kept)
    for path, body in kept.items():
        assert path.is_file()
        assert not path.is_symlink()
        assert path.read_bytes() == body
    assert {path.name for path in tmp_path.iterdir()} == {"in", "bystander"}
    assert {path.name for path in Path("/etc").iterdir()} == before


async def test_a_bucket_name_is_judged_and_shown_character_by_character(sandbox: Any) -> None:
    async with s3_pane(sandbox) as (app, pilot, _screen), unharmed(app):
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, NewBucket))
        field = app.screen.query_one(Input)
        for name in SOME:
            field.value = ""
            field.insert_text_at_cursor(name)
            field.action_home()
            await pilot.pause()
            shown = "\n".join(literal(app))
            if len(visible(name)) < 30:
                assert visible(name).rstrip() in shown
            assert "✗" in shown
            await pilot.press("enter")
            assert isinstance(app.screen, NewBucket)
        await pilot.press("escape")
        assert not app.jobs.snapshots()


async def test_local_files_of_any_name_can_be_chosen_and_go_up(
    sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "up"
    folder.mkdir()
    fit = [name for name in SHARP if "/" not in name and len(name.encode()) < 200]
    fit = [name for name in fit if name not in (".", "..") and "\n" not in name]
    for name in fit:
        (folder / name).write_bytes(name.encode())
    odd = os.fsencode(folder) + b"/not-\xff-utf8"
    Path(os.fsdecode(odd)).write_bytes(b"x")
    client = aws_client(sandbox, "s3")
    client.create_bucket(Bucket="acme-up")
    async with s3_pane(sandbox, "acme-up") as (app, pilot, _screen), unharmed(app):
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, AskPath))
        field = app.screen.query_one(Input)
        for name in fit[:40]:
            field.value = f"{folder}/{name}"
            await until(pilot, lambda: "a file of" in screen_text(app))
            literal(app)
        field.value = f"{folder}/not-"
        await pilot.press("tab")
        await until(pilot, lambda: field.value.encode(errors="surrogateescape") == odd)
        await until(pilot, lambda: "a file of" in screen_text(app))
        literal(app)
        for wrong in (f"{folder}/nul\x00", "~nobody-here", "x" * 5_000, f"{folder}/\ud800"):
            field.value = wrong
            await pilot.press("enter")
            await until(pilot, lambda: "✗" in screen_text(app))
            literal(app)
            assert isinstance(app.screen, AskPath)
        field.value = str(folder)
        await until(pilot, lambda: "a folder" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.pause()
        assert "not UTF-8" in "\n".join(literal(app))
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        assert app.jobs.snapshots()[0].state is JobState.DONE, app.jobs.snapshots()[0].error
    found = client.list_objects_v2(Bucket="acme-up", MaxKeys=1000)["Contents"]
    assert {one["Key"] for one in found} == {f"up/{name}" for name in fit}
