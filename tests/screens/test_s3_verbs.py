"""What one does in the S3 pane, by keys, checked from outside with boto3 and the disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from tests.screens.s3_support import (
    HOSTILE,
    fill,
    idle_jobs,
    listed,
    names,
    s3_pane,
    type_text,
)
from tests.support import screen_text, until
from tui.core.jobs import JobState
from tui.core.local_names import local_path
from tui.screens.s3.bucket_form import NewBucket
from tui.settings import Settings
from tui.widgets.ask_path import AskPath
from tui.widgets.dialog import Choose, Confirm

NAMES = Path(__file__).parents[1] / "data" / "names" / "blns.json"


def keys_of(client: Any, bucket: str) -> list[str]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [row["Key"] for page in pages for row in page.get("Contents", ())]


async def dialog(pilot: Any, app: Any, kind: type) -> Any:
    await until(pilot, lambda: isinstance(app.screen, kind) and app.screen.is_mounted)
    await pilot.pause()
    return app.screen


async def test_a_bucket_is_created_with_its_name_judged_as_typed(
    clean_sandbox: Any, aws_client: Any
) -> None:
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        await pilot.press("n")
        await dialog(pilot, app, NewBucket)
        await type_text(pilot, "No_Good")
        assert "lower case only" in screen_text(app)
        await pilot.press("enter")
        assert isinstance(app.screen, NewBucket)  # refused
        await type_text(pilot, "acme-new-lake")
        await pilot.press("enter")
        await until(pilot, lambda: screen.place is not None)
        await listed(pilot, screen)
        assert screen.place.bucket == "acme-new-lake"
        assert "This bucket is empty." in screen_text(app)
        assert screen.objects_table.has_focus
    found = aws_client(clean_sandbox, "s3").list_buckets()["Buckets"]
    assert [bucket["Name"] for bucket in found] == ["acme-new-lake"]


async def test_a_taken_name_is_said_clearly_and_asked_for_again(
    clean_sandbox: Any, aws_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.aws.errors import explain

    class TakenError(Exception):
        response = {"Error": {"Code": "BucketAlreadyExists", "Message": "taken"}}  # noqa: RUF012

    async def create_bucket(name: str, region: str = "") -> None:
        raise explain(TakenError(), "create_bucket", name)

    async with s3_pane(clean_sandbox) as (app, pilot, _screen):
        monkeypatch.setattr(app.services.s3, "create_bucket", create_bucket)
        await pilot.press("n")
        first = await dialog(pilot, app, NewBucket)
        await type_text(pilot, "taken-by-others")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, NewBucket) and app.screen is not first)
        await pilot.pause()
        text = screen_text(app)
        assert "taken-by-others" in text
        assert "taken by someone else" in " ".join(text.split())
        assert app.screen.query_one(Input).value == "taken-by-others"


async def test_a_file_goes_up_and_the_list_shows_it(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {"raw/old": b"old"})
    (tmp_path / "new [red].csv").write_bytes(b"a,b\n1,2\n")
    async with s3_pane(clean_sandbox, "acme-lake", "raw/") as (app, pilot, screen):
        await pilot.press("u")
        await dialog(pilot, app, AskPath)
        await type_text(pilot, str(tmp_path / "new"))
        await until(pilot, lambda: "new [red].csv" in screen_text(app))
        await pilot.press("tab")
        await until(pilot, lambda: "a file of 8 B" in screen_text(app))
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        await until(pilot, lambda: "raw/new [red].csv" in names(screen))
        causes = [entry.cause for entry in app.services.log.entries()]
        assert any(cause.startswith("Upload new [red].csv") for cause in causes)
    body = client.get_object(Bucket="acme-lake", Key="raw/new [red].csv")["Body"].read()
    assert body == b"a,b\n1,2\n"


async def test_a_folder_goes_up_and_overwriting_is_asked_about(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {"set/a.txt": b"old"})
    folder = tmp_path / "set"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("new")
    (folder / "deep" / "b.txt").write_text("b")
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, _screen):
        await pilot.press("u")
        await dialog(pilot, app, AskPath)
        await type_text(pilot, str(folder))
        await until(pilot, lambda: "a folder: 2 files" in screen_text(app))
        await pilot.press("enter")
        question = await dialog(pilot, app, Confirm)
        assert [item[0] for item in question.plan.items] == ["set/a.txt"]
        await pilot.press("escape")
        await pilot.pause(0.3)
        assert not app.jobs.snapshots()
        assert client.get_object(Bucket="acme-lake", Key="set/a.txt")["Body"].read() == b"old"
        await pilot.press("u")
        await dialog(pilot, app, AskPath)
        await type_text(pilot, str(folder))
        await pilot.press("enter")
        await dialog(pilot, app, Confirm)
        await pilot.press("enter")
        await idle_jobs(pilot, app)
    assert keys_of(client, "acme-lake") == ["set/a.txt", "set/deep/b.txt"]
    assert client.get_object(Bucket="acme-lake", Key="set/a.txt")["Body"].read() == b"new"


async def test_a_path_that_is_not_there_is_not_taken(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", {})
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, _screen):
        await pilot.press("u")
        await dialog(pilot, app, AskPath)
        await type_text(pilot, str(tmp_path / "missing"))
        await pilot.press("enter")
        await until(pilot, lambda: "there is no such file or folder" in screen_text(app))
        assert isinstance(app.screen, AskPath)
        await pilot.press("escape")


async def test_one_object_comes_down_to_the_folder_of_the_settings(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", {"raw/a.csv": b"1,2\n"})
    settings = Settings(downloads=tmp_path / "got")
    pane = s3_pane(clean_sandbox, "acme-lake", "raw/", settings=settings)
    async with pane as (app, pilot, _screen):
        await pilot.press("d")
        await dialog(pilot, app, AskPath)
        await until(pilot, lambda: "it will be created" in screen_text(app))
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        assert app.jobs.snapshots()[0].state is JobState.DONE
    assert (tmp_path / "got" / "a.csv").read_bytes() == b"1,2\n"


async def test_hostile_keys_come_down_inside_the_folder_or_are_refused(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    strings = json.loads(NAMES.read_text(encoding="utf-8"))
    keys = {f"h/{text}" for text in (*strings[:120], *HOSTILE, "../../escaped", "..") if text}
    wanted = {key for key in keys if len(key.encode()) <= 1024 and "\n" not in key}
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-hostile", {})
    for key in sorted(wanted):
        try:
            client.put_object(Bucket="acme-hostile", Key=key, Body=key.encode())
        except client.exceptions.ClientError:
            wanted.discard(key)  # the sandbox's server refuses it, as a proxy might
    stored = keys_of(client, "acme-hostile")
    settings = Settings(downloads=tmp_path / "in" / "got")
    async with s3_pane(clean_sandbox, "acme-hostile", settings=settings) as (app, pilot, _screen):
        await pilot.press("d")
        await dialog(pilot, app, AskPath)
        await pilot.press("enter")
        question = await dialog(pilot, app, Confirm)
        refused = {item[0] for item in question.plan.items if "files" not in item[1]}
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        snapshot = app.jobs.snapshots()[0]
        assert snapshot.state is JobState.DONE, snapshot.error
    assert len(stored) > 100
    outside = [path for path in tmp_path.rglob("*") if not path.is_relative_to(tmp_path / "in")]
    assert not outside
    got = 0
    for key in stored:
        path = local_path(tmp_path / "in" / "got", key)
        if path.is_file():
            assert path.read_bytes() == key.encode()
            got += 1
    assert got + len([k for k in stored if k.removeprefix("h/") in refused or k in refused]) >= got
    assert got >= len(stored) * 0.9


async def test_a_delete_acts_on_the_frozen_list_and_nothing_else(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {f"old/{n:02d}": b"12345" for n in range(15)} | {"keep": b"k"})
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        await pilot.press("x")
        question = await dialog(pilot, app, Confirm)
        facts = {fact.label: fact.value for fact in question.plan.facts}
        assert facts["objects"] == "15"
        assert facts["bytes"] == "75 B"
        assert "off" in facts["versions kept"]
        assert "month" in facts["no longer paid"]
        assert question.plan.typed == "old/"
        client.put_object(Bucket="acme-lake", Key="old/appeared-later", Body=b"x")
        await pilot.press("enter")
        assert isinstance(app.screen, Confirm)  # nothing was typed
        await type_text(pilot, "old/")
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        await until(pilot, lambda: screen.listing.state == "done")
    assert keys_of(client, "acme-lake") == ["keep", "old/appeared-later"]


async def test_hostile_keys_are_deleted_byte_exactly(clean_sandbox: Any, aws_client: Any) -> None:
    client = aws_client(clean_sandbox, "s3")
    chosen, kept = "[@click=app.quit]x", "[@click=app.quit]y"
    fill(client, "acme-hostile", {chosen: b"1", kept: b"2", "a\x1b[31m": b"3"})
    async with s3_pane(clean_sandbox, "acme-hostile") as (app, pilot, screen):
        screen.objects_table.move_to_key(chosen)
        await pilot.press("x")
        await dialog(pilot, app, Confirm)
        assert chosen in screen_text(app)
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        await until(pilot, lambda: chosen not in names(screen))
        screen.objects_table.move_to_key("a\x1b[31m")
        await pilot.press("x")
        await dialog(pilot, app, Confirm)
        assert "a␛[31m" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: names(screen) == [kept])
    assert keys_of(client, "acme-hostile") == [kept]


async def test_a_failed_listing_deletes_nothing(
    clean_sandbox: Any, aws_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.core.errors import AwsError

    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {"d/1": b"1", "d/2": b"2"})

    async def objects(query: Any) -> Any:
        raise AwsError("Can't list acme-lake/d/", "access denied", code="AccessDenied")
        yield

    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, _screen):
        monkeypatch.setattr(app.services.s3, "objects", objects)
        await pilot.press("x")
        await until(pilot, lambda: "Can't list acme-lake/d/" in screen_text(app))
        assert not app.jobs.snapshots()
    assert keys_of(client, "acme-lake") == ["d/1", "d/2"]


async def test_a_versioned_bucket_says_that_versions_stay(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {})
    client.put_bucket_versioning(Bucket="acme-lake", VersioningConfiguration={"Status": "Enabled"})
    client.put_object(Bucket="acme-lake", Key="k", Body=b"1")
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, _screen):
        await pilot.press("x")
        question = await dialog(pilot, app, Confirm)
        assert "delete marker" in question.plan.warning
        facts = {fact.label: fact.value for fact in question.plan.facts}
        assert facts["no longer paid"].startswith("nothing")


async def test_a_bucket_is_deleted_only_when_empty_and_its_name_was_typed(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-empty", {})
    fill(client, "acme-full", {"k": b"1"})
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        screen.buckets_table.move_to_key("acme-full")
        await pilot.press("x")
        await dialog(pilot, app, Choose)
        assert "is not empty" in screen_text(app)
        await pilot.press("escape")
        await pilot.pause()
        screen.buckets_table.move_to_key("acme-empty")
        await pilot.press("x")
        question = await dialog(pilot, app, Confirm)
        assert question.plan.typed == "acme-empty"
        await type_text(pilot, "acme-empty")
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        await until(pilot, lambda: [b.name for b in screen.buckets] == ["acme-full"])
    assert [b["Name"] for b in client.list_buckets()["Buckets"]] == ["acme-full"]


async def test_a_bucket_with_old_versions_alone_is_not_called_empty(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {})
    client.put_bucket_versioning(Bucket="acme-lake", VersioningConfiguration={"Status": "Enabled"})
    client.put_object(Bucket="acme-lake", Key="k", Body=b"1")
    client.delete_object(Bucket="acme-lake", Key="k")
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        screen.buckets_table.move_to_key("acme-lake")
        await pilot.press("x")
        await dialog(pilot, app, Choose)
        assert "1 older version, 1 delete marker" in screen_text(app)
        assert not app.jobs.snapshots()


async def test_read_only_changes_nothing(clean_sandbox: Any, aws_client: Any) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {"k": b"1"})
    async with s3_pane(clean_sandbox, "acme-lake", read_only=True) as (app, pilot, _screen):
        await pilot.press("x")
        await dialog(pilot, app, Confirm)
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        assert app.jobs.snapshots()[0].state is JobState.FAILED
        assert "read-only" in screen_text(app)
    assert keys_of(client, "acme-lake") == ["k"]


async def test_y_copies_the_address(clean_sandbox: Any, aws_client: Any) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", {"raw/a b.csv": b"1"})
    async with s3_pane(clean_sandbox, "acme-lake", "raw/") as (app, pilot, _screen):
        await pilot.press("y")
        assert app.clipboard == "s3://acme-lake/raw/a b.csv"
