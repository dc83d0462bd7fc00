"""Versions, undeleting, unfinished uploads and emptying buckets, as one does it by keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.screens.s3_support import fill, idle_jobs, listed, names, s3_pane, type_text
from tests.screens.versions_support import (
    BUCKET,
    HOSTILE,
    agreed,
    dialog,
    everything,
    rows_of,
    switch,
    write,
)
from tests.support import screen_text, until
from tui.aws.s3 import running_uploads
from tui.core.kept_plan import KeptPlan
from tui.screens.s3.delete_bucket import plans_folder
from tui.screens.s3.uploads import UploadsDialog
from tui.screens.s3.versions import VersionsOfKey
from tui.screens.s3.versions_below import VersionsBelow
from tui.widgets.ask_path import AskPath
from tui.widgets.dialog import Choose, Confirm


@pytest.fixture(autouse=True)
def _no_plans_left() -> Iterator[None]:
    """A plan that a test leaves behind would be offered to the next one."""
    yield
    for plan in KeptPlan.all(plans_folder()):
        plan.drop()


@pytest.fixture
def client(clean_sandbox: Any, aws_client: Any) -> Any:
    made = aws_client(clean_sandbox, "s3")
    fill(made, BUCKET, {})
    switch(made, "Enabled")
    return made


async def test_an_older_version_is_restored_and_one_is_deleted_for_good(
    clean_sandbox: Any, client: Any
) -> None:
    first, second = write(client, HOSTILE, b"the first", b"the second one")
    async with s3_pane(clean_sandbox, BUCKET) as (app, pilot, _screen):
        await pilot.press("v")
        shown = await rows_of(pilot, app, VersionsOfKey, 2)
        assert [one.version_id for one in shown.table.view] == [second, first]
        await until(pilot, lambda: "the second one" in screen_text(app))
        await pilot.press("r")  # it is the current one
        await until(pilot, lambda: "current version already" in screen_text(app))
        await pilot.press("down", "r")
        plan = await agreed(pilot, app)
        assert {fact.label: fact.value for fact in plan.facts}["version"] == first
        await rows_of(pilot, app, VersionsOfKey, 3)
        body = client.get_object(Bucket=BUCKET, Key=HOSTILE)["Body"].read()
        assert body == b"the first"
        shown.table.move_to_key(second)
        await pilot.press("x")
        question = await dialog(pilot, app, Confirm)
        assert question.plan.typed == HOSTILE
        await pilot.press("enter")
        assert isinstance(app.screen, Confirm)  # nothing was typed
        await agreed(pilot, app)
        await rows_of(pilot, app, VersionsOfKey, 2)
    assert second not in {own_id for _, own_id in everything(client)}


async def test_a_deleted_object_is_found_and_comes_back(clean_sandbox: Any, client: Any) -> None:
    for key in ("raw/a", "raw/b", "raw/kept"):
        write(client, key, b"12", b"345")
    for key in ("raw/a", "raw/b", "raw/a"):  # one of them twice
        client.delete_object(Bucket=BUCKET, Key=key)
    async with s3_pane(clean_sandbox, BUCKET) as (app, pilot, screen):
        await pilot.press("v")  # on the folder
        shown = await rows_of(pilot, app, VersionsBelow, 3)
        assert [(row.key, row.deleted) for row in shown.table.view] == [
            ("raw/a", True),
            ("raw/b", True),
            ("raw/kept", False),
        ]
        await pilot.press("t")
        assert len(shown.table.view) == 2
        await pilot.press("a", "u")
        plan = await agreed(pilot, app)
        facts = {fact.label: fact.value for fact in plan.facts}
        assert (facts["objects"], facts["taken away"]) == ("2", "3 delete markers")
        await idle_jobs(pilot, app)
        await until(pilot, lambda: not shown.table.view)
        await pilot.press("escape")
        screen.open_place(BUCKET, "raw/")
        await listed(pilot, screen)
        assert names(screen) == ["raw/a", "raw/b", "raw/kept"]


async def test_only_what_is_hidden_of_a_key_is_deleted_for_good(
    clean_sandbox: Any, client: Any
) -> None:
    ids = write(client, "k", b"1", b"2", b"3")
    other = write(client, "kk", b"1", b"2")
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        screen.buckets_table.move_to_key(BUCKET)
        await pilot.press("v")
        await rows_of(pilot, app, VersionsBelow, 2)
        await pilot.press("x")
        await dialog(pilot, app, Choose)
        await pilot.press("enter")
        plan = await agreed(pilot, app)
        assert "current objects stay" in {fact.value.split(",")[0] for fact in plan.facts}
        await idle_jobs(pilot, app)
    assert everything(client) == {("k", ids[2]), ("kk", other[0]), ("kk", other[1])}


async def test_a_bucket_that_keeps_nothing_says_so_and_where_to_change_it(
    clean_sandbox: Any, aws_client: Any
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-plain", {"k": b"1"})
    async with s3_pane(clean_sandbox, "acme-plain") as (app, pilot, _screen):
        await pilot.press("v")
        await dialog(pilot, app, VersionsOfKey)
        await until(pilot, lambda: "versioning is off" in screen_text(app))
        assert "null" in screen_text(app)


async def test_restoring_where_versioning_is_suspended_names_what_is_lost(
    clean_sandbox: Any, client: Any
) -> None:
    [kept] = write(client, "k", b"old")
    switch(client, "Suspended")
    client.put_object(Bucket=BUCKET, Key="k", Body=b"null now")
    async with s3_pane(clean_sandbox, BUCKET) as (app, pilot, _screen):
        await pilot.press("v")
        shown = await rows_of(pilot, app, VersionsOfKey, 2)
        await until(pilot, lambda: shown.versioning is not None)
        await pilot.press("down", "r")
        question = await dialog(pilot, app, Confirm)
        assert "null version is replaced for good" in question.plan.warning
        assert question.plan.typed == "k"
        await agreed(pilot, app)
        await idle_jobs(pilot, app)
    assert everything(client) == {("k", kept), ("k", "null")}
    assert client.get_object(Bucket=BUCKET, Key="k")["Body"].read() == b"old"


async def test_a_version_is_downloaded_to_a_new_file(
    clean_sandbox: Any, client: Any, tmp_path: Path
) -> None:
    write(client, "k.txt", b"old", b"new")
    target = tmp_path / "k.old.txt"
    async with s3_pane(clean_sandbox, BUCKET) as (app, pilot, _screen):
        await pilot.press("v")
        await rows_of(pilot, app, VersionsOfKey, 2)
        await pilot.press("down", "d")
        await dialog(pilot, app, AskPath)
        await type_text(pilot, str(target))
        await pilot.press("enter")
        await idle_jobs(pilot, app)
    assert target.read_bytes() == b"old"


async def test_unfinished_uploads_are_added_up_and_exactly_the_shown_are_aborted(
    clean_sandbox: Any, client: Any
) -> None:
    ids = {}
    for key in ("raw/a", HOSTILE, "mine"):
        ids[key] = client.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
        client.upload_part(Bucket=BUCKET, Key=key, UploadId=ids[key], PartNumber=1, Body=b"x" * 700)
    with running_uploads.running(ids["mine"]):
        async with s3_pane(clean_sandbox, BUCKET) as (app, pilot, _screen):
            await pilot.press("U")
            await rows_of(pilot, app, UploadsDialog, 3)
            await until(pilot, lambda: "2.1 KB hidden" in screen_text(app))
            assert "running here" in screen_text(app)
            assert HOSTILE in screen_text(app)
            await pilot.press("a", "x")
            question = await dialog(pilot, app, Confirm)
            facts = {fact.label: fact.value for fact in question.plan.facts}
            assert (facts["uploads"], facts["bytes"]) == ("2", "1.4 KB")
            assert "1 that run here" in facts["left out"]
            later = client.create_multipart_upload(Bucket=BUCKET, Key="later")["UploadId"]
            await agreed(pilot, app)
            await idle_jobs(pilot, app)
            await rows_of(pilot, app, UploadsDialog, 2)
    left = client.list_multipart_uploads(Bucket=BUCKET)["Uploads"]
    assert {row["UploadId"] for row in left} == {ids["mine"], later}


async def test_mfa_delete_is_said_before_anything_is_asked(
    clean_sandbox: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.aws.s3 import versions
    from tui.core.versions import Versioning

    write(client, "k", b"1", b"2")

    async def versioning(*_: Any) -> Versioning:
        return Versioning("Enabled", mfa_delete=True)

    monkeypatch.setattr(versions, "versioning", versioning)
    async with s3_pane(clean_sandbox, BUCKET) as (app, pilot, _screen):
        await pilot.press("v")
        shown = await rows_of(pilot, app, VersionsOfKey, 2)
        await until(pilot, lambda: shown.versioning is not None)
        await pilot.press("x")
        await until(pilot, lambda: "one-time code" in screen_text(app))
        assert app.screen is shown
    assert len(everything(client)) == 2
