"""What a dialog of the S3 pane has shown is what happens, whatever changes meanwhile."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.screens.s3_support import fill, idle_jobs, s3_pane, type_text
from tests.support import screen_text, until
from tui.core.jobs import JobState
from tui.settings import Settings
from tui.widgets.ask_path import AskPath
from tui.widgets.dialog import Confirm


def keys_of(client: Any, bucket: str) -> list[str]:
    return [row["Key"] for row in client.list_objects_v2(Bucket=bucket).get("Contents", ())]


def body_of(client: Any, key: str) -> bytes:
    data: bytes = client.get_object(Bucket="acme-lake", Key=key)["Body"].read()
    return data


async def asked_for(pilot: Any, app: Any, key: str, text: str) -> None:
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, AskPath) and app.screen.is_mounted)
    await pilot.pause()
    if text:
        await type_text(pilot, text)
    await pilot.press("enter")


async def question(pilot: Any, app: Any) -> Any:
    await until(pilot, lambda: isinstance(app.screen, Confirm) and app.screen.is_mounted)
    await pilot.pause()
    return app.screen


@pytest.mark.parametrize("way", ["link", "set/deep/..", "set/"])
@pytest.mark.parametrize("files", [1, 2])
async def test_a_folder_by_any_way_to_it_asks_before_it_overwrites(
    way: str, files: int, clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {"set/a.txt": b"old"})
    (tmp_path / "set" / "deep").mkdir(parents=True)
    (tmp_path / "set" / "a.txt").write_text("new")
    if files > 1:
        (tmp_path / "set" / "deep" / "b.txt").write_text("b")
    (tmp_path / "link").symlink_to("set")
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, _screen):
        await asked_for(pilot, app, "u", f"{tmp_path}/{way}")
        dialog = await question(pilot, app)
        assert [item[0] for item in dialog.plan.items] == ["set/a.txt"]
        await pilot.press("escape")
        await pilot.pause(0.2)
        assert not app.jobs.snapshots()
        assert body_of(client, "set/a.txt") == b"old"
        await asked_for(pilot, app, "u", f"{tmp_path}/{way}")
        await question(pilot, app)
        await pilot.press("enter")
        await idle_jobs(pilot, app)
    assert body_of(client, "set/a.txt") == b"new"
    assert keys_of(client, "acme-lake") == ["set/a.txt", "set/deep/b.txt"][:files]


@pytest.mark.parametrize("folder", [True, False])
async def test_an_upload_replaces_nothing_that_its_plan_did_not_show(
    folder: bool, clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {"set/a.txt": b"old", "set/shown": b"shown"})
    (tmp_path / "set").mkdir()
    for name in ("a.txt", "fresh"):
        (tmp_path / "set" / name).write_text("new")
    key, prefix = ("set/fresh", "") if folder else ("set/a.txt", "set/")
    async with s3_pane(clean_sandbox, "acme-lake", prefix) as (app, pilot, _screen):
        await asked_for(pilot, app, "u", str(tmp_path / ("set" if folder else "set/a.txt")))
        await question(pilot, app)
        client.put_object(Bucket="acme-lake", Key=key, Body=b"of someone else")
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        ended = app.jobs.snapshots()[0]
        assert ended.state is JobState.FAILED
        assert "meanwhile" in str(ended.error)
    assert body_of(client, key) == b"of someone else"
    assert body_of(client, "set/a.txt") == (b"new" if folder else b"of someone else")


async def test_a_download_replaces_nothing_that_its_plan_did_not_show(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", {"a.csv": b"new"})
    pane = s3_pane(clean_sandbox, "acme-lake", settings=Settings(downloads=tmp_path))
    async with pane as (app, pilot, _screen):
        download = app.services.transfers.download

        async def late(*arguments: Any) -> Any:
            (tmp_path / "a.csv").write_bytes(b"my own work")
            return await download(*arguments)

        monkeypatch.setattr(app.services.transfers, "download", late)
        await asked_for(pilot, app, "d", "")
        await idle_jobs(pilot, app)
        ended = app.jobs.snapshots()[0]
        assert ended.state is JobState.FAILED
        assert "a file appeared meanwhile" in str(ended.error)
    assert (tmp_path / "a.csv").read_bytes() == b"my own work"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="other systems refuse the name")
async def test_a_file_whose_name_is_not_utf_8_is_refused_in_a_sentence(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {})
    bad = tmp_path / os.fsdecode(b"caf\xe9")
    bad.write_bytes(b"x")
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, _screen):
        await asked_for(pilot, app, "u", str(bad))
        await until(pilot, lambda: "its name is not UTF-8" in screen_text(app))
        assert not app.jobs.snapshots()
    assert keys_of(client, "acme-lake") == []


@pytest.mark.parametrize("text", ["/tmp/" + "x" * 300, "~nobody-of-that-name/x"])
async def test_a_path_that_cannot_be_is_told_as_typed(
    text: str, clean_sandbox: Any, aws_client: Any
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", {"k": b"1"})
    for key in ("u", "d"):
        async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, _screen):
            await asked_for(pilot, app, key, text)
            wanted = "too long" if "xxx" in text else "nobody here has a home folder"
            await until(pilot, lambda wanted=wanted: wanted in screen_text(app).lower())
            assert isinstance(app.screen, AskPath)


async def test_a_cancelled_delete_shows_how_many_are_gone(
    clean_sandbox: Any, aws_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {"a": b"1"})
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, _screen):
        call = app.services.gateway.call

        async def cancelling(service: str, operation: str, /, **options: Any) -> Any:
            if operation == "delete_objects":
                app.jobs.cancel(app.jobs.running[0].id)
            return await call(service, operation, **options)

        monkeypatch.setattr(app.services.gateway, "call", cancelling)
        await pilot.press("x")
        await question(pilot, app)
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        ended = app.jobs.snapshots()[0]
        assert ended.state is JobState.CANCELLED
        assert ended.note == "cancelled, 1 of 1 deleted"
    assert keys_of(client, "acme-lake") == []
