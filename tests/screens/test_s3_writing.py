"""Copy, move and sync by keys, checked from outside with boto3 and the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.screens.s3_support import HOSTILE, fill, idle_jobs, names, s3_pane, type_text
from tests.screens.s3_writing_support import (
    LAKE,
    answer,
    body_of,
    choose,
    keys_of,
    put_cursor,
    shown,
)
from tests.support import said, screen_text, until
from tui.core.jobs import JobState
from tui.screens.s3.ask_address import AskAddress
from tui.screens.s3.sync_dialogs import SyncForm, SyncReview
from tui.widgets.ask_path import AskPath
from tui.widgets.dialog import Confirm


async def test_a_folder_is_renamed_with_all_below_it(clean_sandbox: Any, aws_client: Any) -> None:
    client = aws_client(clean_sandbox, "s3")
    inside = [name for name in HOSTILE if len(name.encode()) < 1000]
    fill(client, LAKE, [*(f"raw/2025/{name}" for name in inside), "raw/other"])
    async with s3_pane(clean_sandbox, LAKE, "raw/") as (app, pilot, screen):
        await put_cursor(pilot, screen, "raw/2025/")
        await pilot.press("m")
        dialog = await shown(pilot, app, AskAddress)
        assert dialog.focused.value == f"s3://{LAKE}/raw/2025/"
        await type_text(pilot, f"s3://{LAKE}/raw/2026")
        await pilot.press("enter")
        question = await shown(pilot, app, Confirm)
        facts = {fact.label: fact.value for fact in question.plan.facts}
        assert facts["objects"] == str(len(inside))
        assert facts["to"] == f"s3://{LAKE}/raw/2026/"
        assert "deleted" in facts["originals"]
        assert "regions" not in facts
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        assert app.jobs.snapshots()[0].state is JobState.DONE
        await until(pilot, lambda: names(screen) == ["raw/2026/", "raw/other"])
        notes = [entry for entry in app.services.log.entries() if hasattr(entry, "cli")]
        assert any(str(getattr(one, "cli", "")).startswith("aws s3 mv") for one in notes)
    assert keys_of(client) == sorted(["raw/other", *(f"raw/2026/{name}" for name in inside)])
    assert all(
        body_of(client, f"raw/2026/{name}") == f"raw/2025/{name}".encode() for name in inside
    )


async def test_what_is_there_is_left_or_overwritten_by_choice_and_only_as_it_was_seen(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, LAKE, {"in/a": b"mine", "in/b": b"mine"})
    client.create_bucket(
        Bucket="acme-eu", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    client.put_object(Bucket="acme-eu", Key="in/a", Body=b"theirs")
    async with s3_pane(clean_sandbox, LAKE, "in/") as (app, pilot, _screen):
        for choice in ("skip", "replace"):
            await pilot.press("a", "c")
            await answer(pilot, app, AskAddress, "s3://acme-eu/in/")
            await choose(pilot, app, choice)
            question = await shown(pilot, app, Confirm)
            text = screen_text(app)
            assert "us-east-1 to eu-west-1" in text
            assert "the price is unknown" in text
            if choice == "replace":
                assert [item[0] for item in question.plan.items[:2]] == ["in/a", "in/b"]
                client.put_object(Bucket="acme-eu", Key="in/b", Body=b"newer")
            await pilot.press("enter")
            await idle_jobs(pilot, app)
            assert body_of(client, "in/a", "acme-eu") == b"theirs" if choice == "skip" else b"mine"
        ended = app.jobs.snapshots()[0]
        assert ended.state is JobState.FAILED
        assert "changed meanwhile" in str(ended.error)
    assert body_of(client, "in/b", "acme-eu") == b"newer"
    assert keys_of(client) == ["in/a", "in/b"]


async def test_a_target_is_judged_as_it_is_typed_and_a_missing_bucket_is_told(
    clean_sandbox: Any, aws_client: Any
) -> None:
    fill(aws_client(clean_sandbox, "s3"), LAKE, {"raw/deep/a": b"1", "b": b"2"})
    async with s3_pane(clean_sandbox, LAKE, size=(80, 24)) as (app, pilot, screen):
        await put_cursor(pilot, screen, "b")
        await pilot.press("c")
        await shown(pilot, app, AskAddress)
        await until(pilot, lambda: "that is where it is" in screen_text(app))
        await type_text(pilot, f"s3://{LAKE}/raw/")
        await until(pilot, lambda: f"it becomes s3://{LAKE}/raw/b" in screen_text(app))
        await until(pilot, lambda: "deep/" in screen_text(app))  # offered for completion
        await type_text(pilot, "ftp://raw/")
        await until(pilot, lambda: "is not S3's" in screen_text(app))
        await type_text(pilot, "s3://acme-missing-bucket/x")
        await pilot.press("enter")
        await until(pilot, lambda: "there is no such bucket" in said(app))
        assert app.screen is screen
        assert not app.jobs.snapshots()


async def test_a_sync_shows_all_it_would_do_and_deletes_only_after_the_typed_name(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, LAKE, {"in/extra[/]": b"1", "in/a.csv": b"old", "out": b"1"})
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.csv").write_bytes(b"newer and longer")
    (data / "b.csv").write_bytes(b"b")
    (data / "b.log").write_bytes(b"no")
    async with s3_pane(clean_sandbox, LAKE, "in/", size=(80, 24)) as (app, pilot, screen):
        for agrees in (False, True):
            await pilot.press("S")
            await answer(pilot, app, AskPath, str(data))
            form = await shown(pilot, app, SyncForm)
            form.query_one("#field-extra").focus()
            await pilot.press("right")
            form.query_one("#field-exclude Input").focus()
            await pilot.pause()
            await type_text(pilot, "*.log")
            await pilot.press("enter")
            review = await shown(pilot, app, SyncReview)
            kinds = {action.name: action.kind for action in review.plan.actions}
            assert kinds == {"a.csv": "overwrite", "b.csv": "copy", "extra[/]": "delete"}
            text = screen_text(app)
            for told in ("1 copied", "1 replaced", "1 deleted", "extra[/]", "1 name filtered out"):
                assert told in text
            await pilot.press("tab")
            assert "b.csv" in screen_text(app)
            assert "extra[/]" not in screen_text(app)
            await pilot.press("enter")
            question = await shown(pilot, app, Confirm)
            assert question.plan.typed == "in/"
            await pilot.press("enter")
            assert app.screen is question  # the name is not typed yet
            if not agrees:
                await pilot.press("escape")
                await until(pilot, lambda: app.screen is screen)
                assert not app.jobs.snapshots()
                continue
            await type_text(pilot, "in/")
            await pilot.press("enter")
            await idle_jobs(pilot, app)
            assert app.jobs.snapshots()[0].state is JobState.DONE, app.jobs.snapshots()[0].error
    assert keys_of(client) == ["in/a.csv", "in/b.csv", "out"]
    assert body_of(client, "in/a.csv") == b"newer and longer"


async def test_a_sync_down_into_a_new_folder_and_again_has_nothing_to_do(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, LAKE, [f"in/{name}" for name in HOSTILE if len(name.encode()) < 1000])
    async with s3_pane(clean_sandbox, LAKE, "in/") as (app, pilot, screen):
        for number in (1, 2):
            await pilot.press("S")
            await answer(pilot, app, AskPath, str(tmp_path / "new"))
            form = await shown(pilot, app, SyncForm)
            if number == 2:
                form.query_one("#field-way").focus()
                await pilot.press("right")
            await pilot.press("enter")
            review = await shown(pilot, app, SyncReview)
            assert review.plan.changes == (number == 1)
            await pilot.press("enter")
            await until(pilot, lambda: app.screen is screen)
            await idle_jobs(pilot, app)
        assert len(app.jobs.snapshots()) == 1
    found = [path for path in (tmp_path / "new").rglob("*") if path.is_file()]
    assert {path.read_bytes().decode() for path in found} == set(keys_of(client))
