"""Changing properties, classes and links in the S3 pane, by keys, checked from outside."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest
from textual.widgets import Input

from tests.screens.s3_support import HOSTILE, fill, idle_jobs, s3_pane, type_text
from tests.support import said, screen_text, until
from tui.core.jobs import JobState
from tui.core.safe_text import visible
from tui.screens.s3.link import LinkForm, LinkReady, seconds_of
from tui.screens.s3.pairs import AskPair, EditPairs
from tui.screens.s3.properties import EditHeaders
from tui.widgets.dialog import Ask, Choose, Confirm
from tui.widgets.record_table import RecordTable


async def dialog(pilot: Any, app: Any, kind: type, *, after: Any = None) -> Any:
    """Wait for a dialog of this kind, and not `after`, to be there."""

    def there() -> bool:
        screen = app.screen
        return isinstance(screen, kind) and screen is not after and bool(app.screen.is_mounted)

    await until(pilot, there)
    await pilot.pause()
    return app.screen


async def change(pilot: Any, app: Any, what: str) -> None:
    """E, and a choice by its id."""
    await pilot.press("E")
    choose = await dialog(pilot, app, Choose)
    choose.dismiss(what)


async def set_pair(pilot: Any, app: Any, name: str, value: str) -> None:
    await pilot.press("n")
    await dialog(pilot, app, AskPair)
    await type_text(pilot, name)
    await pilot.press("enter")
    await type_text(pilot, value)
    await pilot.press("enter")
    await dialog(pilot, app, EditPairs)


def metadata_of(client: Any, key: str) -> dict[str, str]:
    found: dict[str, str] = client.head_object(Bucket="acme-lake", Key=key)["Metadata"]
    return found


def facts_of(plan: Any) -> dict[str, str]:
    return {fact.label: fact.value for fact in plan.facts}


async def test_metadata_is_set_and_dropped_on_a_folder_and_an_object(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", ["top.txt"])
    for key in ("raw/a.csv", "raw/deep/b.csv"):
        client.put_object(
            Bucket="acme-lake",
            Key=key,
            Body=b"1",
            ContentType="text/csv",
            Metadata={"owner": "dana", "origin": "lab"},
        )
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        screen.objects_table.select_all()
        await change(pilot, app, "metadata")
        await dialog(pilot, app, EditPairs)
        await set_pair(pilot, app, "Owner", "[bold]kim[/]")
        await pilot.press("d")
        await dialog(pilot, app, Ask)
        await type_text(pilot, "origin")
        await pilot.press("enter")
        await dialog(pilot, app, EditPairs)
        await pilot.press("s")
        plan = (await dialog(pilot, app, Confirm)).plan
        told = facts_of(plan)
        assert told["objects"] == "3"
        assert told["set"] == "owner = [bold]kim[/]"
        assert told["drop"] == "origin"
        assert "[bold]kim[/]" in screen_text(app)
        client.put_object(Bucket="acme-lake", Key="raw/late.csv", Body=b"")
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        job = app.jobs.snapshots()[0]
        assert (job.state, job.note) == (JobState.DONE, "3 objects changed")
    for key in ("top.txt", "raw/a.csv", "raw/deep/b.csv"):
        assert metadata_of(client, key) == {"owner": "[bold]kim[/]"}
    assert client.head_object(Bucket="acme-lake", Key="raw/a.csv")["ContentType"] == "text/csv"
    assert metadata_of(client, "raw/late.csv") == {}


async def test_one_object_s_metadata_is_edited_where_it_stands(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", [])
    kept = {"note": "[@click=app.quit]x[/]", "city": "=?UTF-8?B?WsO8cmljaA==?=", "gone": "1"}
    client.put_object(Bucket="acme-lake", Key=HOSTILE[1], Body=b"1", Metadata=kept)
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, _screen):
        await change(pilot, app, "metadata")
        edit = await dialog(pilot, app, EditPairs)
        await until(pilot, lambda: "gone" in screen_text(app))
        shown = screen_text(app)
        assert "Zürich" in shown
        assert kept["note"] in shown
        await pilot.press("s")  # nothing changed
        assert app.screen is edit
        edit.query_one("#pairs-table", RecordTable).move_to_key("gone")
        await pilot.press("x")
        assert "dropped" in screen_text(app)
        await pilot.press("s")
        await dialog(pilot, app, Confirm)
        await pilot.press("escape")
        await pilot.pause()
        assert not app.jobs.snapshots()
        assert metadata_of(client, HOSTILE[1]) == kept
        await change(pilot, app, "metadata")
        (await dialog(pilot, app, EditPairs)).query_one("#pairs-table", RecordTable).move_to_key(
            "gone"
        )
        await pilot.press("x", "s")
        await dialog(pilot, app, Confirm)
        await pilot.press("enter")
        await idle_jobs(pilot, app)
    assert metadata_of(client, HOSTILE[1]) == {k: v for k, v in kept.items() if k != "gone"}


async def test_headers_are_judged_as_they_are_typed(clean_sandbox: Any, aws_client: Any) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", ["a", "b"])
    async with s3_pane(clean_sandbox, "acme-lake", size=(80, 24)) as (app, pilot, screen):
        screen.objects_table.select_all()
        await change(pilot, app, "headers")
        edit = await dialog(pilot, app, EditHeaders)
        await type_text(pilot, "csv")
        assert "a type looks like text/csv" in said(app)
        await pilot.press("enter")
        assert app.screen is edit
        await type_text(pilot, "text/csv")
        await pilot.press("enter")
        plan = (await dialog(pilot, app, Confirm)).plan
        assert facts_of(plan)["Content-Type"] == "text/csv"
        await pilot.press("enter")
        await idle_jobs(pilot, app)
    types = [client.head_object(Bucket="acme-lake", Key=key)["ContentType"] for key in "ab"]
    assert types == ["text/csv"] * 2


async def test_tags_of_many_have_a_result_for_each(clean_sandbox: Any, aws_client: Any) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", ["free", "full"])
    ten = [{"Key": f"k{n}", "Value": ""} for n in range(10)]
    client.put_object_tagging(Bucket="acme-lake", Key="full", Tagging={"TagSet": ten})
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        screen.objects_table.select_all()
        await change(pilot, app, "tags")
        await dialog(pilot, app, EditPairs)
        await set_pair(pilot, app, "team", "data")
        await pilot.press("s")
        await dialog(pilot, app, Confirm)
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        job = app.jobs.snapshots()[0]
        assert job.state is JobState.FAILED
        assert "1 object of 2 did not change" in job.note
        assert "full: it would have 11 tags" in job.note
        assert "1 object changed" in job.note
    found = client.get_object_tagging(Bucket="acme-lake", Key="free")["TagSet"]
    assert found == [{"Key": "team", "Value": "data"}]


async def test_a_move_to_another_class_says_its_cost_and_leaves_archives_out(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {"big": b"x" * 1_000_000, "small": b"x"})
    for key, kind in (("cold", "GLACIER"), ("there", "STANDARD_IA")):
        client.put_object(Bucket="acme-lake", Key=key, Body=b"x", StorageClass=kind)
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        screen.objects_table.select_all()
        await pilot.press("E")
        first = await dialog(pilot, app, Choose)
        assert "1 archived" in screen_text(app)
        first.dismiss("class")
        choose = await dialog(pilot, app, Choose, after=first)
        assert "at least 30 days" in screen_text(app)
        choose.dismiss("STANDARD_IA")
        plan = (await dialog(pilot, app, Confirm)).plan
        told = facts_of(plan)
        assert told["objects"] == "2, 1.0 MB"
        assert told["left alone"] == "1 in that class already"
        assert told["left out"] == "1 archived object: restore first"
        assert "30 days are paid" in told["least time"]
        assert told["small"] == "1 object under 128 KB, billed as 128 KB"
        assert "2025-10-28" in told["prices"]
        assert {"now", "in infrequent", "requests"} <= set(told)
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        assert app.jobs.snapshots()[0].state is JobState.DONE
    listed = client.list_objects_v2(Bucket="acme-lake")["Contents"]
    assert {row["Key"]: row["StorageClass"] for row in listed} == {
        "big": "STANDARD_IA",
        "small": "STANDARD_IA",
        "cold": "GLACIER",
        "there": "STANDARD_IA",
    }


async def test_on_a_versioned_bucket_the_plan_says_that_old_ones_stay(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", ["a"])
    client.put_bucket_versioning(Bucket="acme-lake", VersioningConfiguration={"Status": "Enabled"})
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, _screen):
        await change(pilot, app, "encryption")
        choose = await dialog(pilot, app, Choose)
        choose.dismiss("aws:kms")
        plan = (await dialog(pilot, app, Confirm)).plan
        assert "the old ones stay" in facts_of(plan)["versions"]
        await pilot.press("enter")
        await idle_jobs(pilot, app)
    assert client.head_object(Bucket="acme-lake", Key="a")["ServerSideEncryption"] == "aws:kms"


async def test_only_archived_objects_are_restored_after_wait_and_cost_are_said(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", ["warm"])
    for key, kind in (("ice", "GLACIER"), ("deep", "DEEP_ARCHIVE")):
        client.put_object(Bucket="acme-lake", Key=key, Body=b"x", StorageClass=kind)
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        screen.objects_table.select_all()
        await pilot.press("E")
        first = await dialog(pilot, app, Choose)
        first.dismiss("restore")
        speeds = await dialog(pilot, app, Choose, after=first)
        shown = screen_text(app)
        assert "1–5 minutes" in shown
        assert "without 1 deep" in shown
        speeds.dismiss("Bulk")
        await dialog(pilot, app, Ask)
        await type_text(pilot, "0")
        await pilot.press("enter")
        assert isinstance(app.screen, Ask)
        await type_text(pilot, "3")
        await pilot.press("enter")
        told = facts_of((await dialog(pilot, app, Confirm)).plan)
        assert told["ready"] == "5–12 hours (glacier), within 48 hours (deep archive)"
        assert told["left alone"] == "1 not archived"
        assert {"requests", "retrieval", "copies, 3 days", "prices"} <= set(told)
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        assert app.jobs.snapshots()[0].note.startswith("2 objects asked for; ready 5–12 hours")
    for key in ("ice", "deep"):
        assert "expiry-date" in client.head_object(Bucket="acme-lake", Key=key)["Restore"]


async def test_restore_is_not_offered_for_what_is_not_archived(
    clean_sandbox: Any, aws_client: Any
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", ["warm"])
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, _screen):
        await pilot.press("E")
        await dialog(pilot, app, Choose)
        assert "restore" not in screen_text(app).split("Change 1 object")[1].split("esc")[0]


# -- links


async def made_link(pilot: Any, app: Any) -> LinkReady:
    await dialog(pilot, app, LinkForm)
    await pilot.press("enter")
    ready: LinkReady = await dialog(pilot, app, LinkReady)
    return ready


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_a_link_is_seen_and_copied_only_when_asked_for(
    size: tuple[int, int], clean_sandbox: Any, aws_client: Any, tmp_path: Any
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", {HOSTILE[3]: b"secret bytes"})
    async with s3_pane(clean_sandbox, "acme-lake", size=size) as (app, pilot, screen):
        await pilot.press("p")
        await made_link(pilot, app)
        assert visible(HOSTILE[3]) in screen_text(app)
        assert "X-Amz" not in screen_text(app)
        assert app.clipboard == ""
        await pilot.press("v")
        await pilot.pause()
        assert "X-Amz-Algorithm" in screen_text(app)
        await pilot.press("v")
        await pilot.pause()
        assert "X-Amz" not in screen_text(app)
        await pilot.press("y")
        with urllib.request.urlopen(app.clipboard, timeout=10) as answer:
            assert answer.read() == b"secret bytes"
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is screen
        assert app.services is not None
        written = repr(app.services.log.entries()) + screen_text(app)
        assert "generate_presigned_url" in written
        assert "Signature" not in written
        assert not app.jobs.snapshots()


async def test_an_upload_link_asks_for_the_name_and_how_long(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", ["in/a"])
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, _screen):
        await pilot.press("p")  # on the folder
        form = await dialog(pilot, app, LinkForm)
        await pilot.press("enter")
        assert app.screen is form  # a folder is no name
        form.query_one("#field-key Input", Input).focus()
        await pilot.pause()
        await type_text(pilot, "in/new.csv")
        ready = await made_link(pilot, app)
        assert ready._link.wish.only_new
        await pilot.press("w")
        await pilot.pause()
        assert "curl --fail --upload-file new.csv" in said(app)
        wish, url = ready._link.wish, ready._link.url
        headers = wish.headers | {"Content-Type": "text/csv"}
        request = urllib.request.Request(url, b"1", headers, method="PUT")
        urllib.request.urlopen(request, timeout=10).close()
    assert client.get_object(Bucket="acme-lake", Key="in/new.csv")["Body"].read() == b"1"


async def test_read_only_mode_offers_no_upload_link(clean_sandbox: Any, aws_client: Any) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", ["in/a"])
    async with s3_pane(clean_sandbox, "acme-lake", read_only=True) as (app, pilot, _screen):
        await pilot.press("p")
        form = await dialog(pilot, app, LinkForm)
        assert "Read-only mode makes no upload links" in said(app)
        await pilot.press("enter")
        assert app.screen is form


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15m", 900),
        ("36 h", 129_600),
        ("7d", 604_800),
        ("8d", None),
        ("0m", None),
        ("", None),
        ("1", None),
        ("९h", None),
    ],
)
def test_a_typed_time_is_read_or_refused(text: str, seconds: int | None) -> None:
    assert seconds_of(text) == seconds
