"""What goes wrong ends in one clear sentence, and leaves nothing half-done."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.app.bad_input_support import sentence
from tests.screens.ec2_support import at_ec2, launched, settled
from tests.screens.ec2_support import listed as instances_listed
from tests.screens.s3_support import fill, idle_jobs, s3_pane, type_text
from tests.support import said, screen_text, until
from tui.aws.calls import Call
from tui.core.errors import UserError
from tui.core.jobs import JobState
from tui.screens.s3.bucket_form import NewBucket
from tui.settings import Settings
from tui.widgets.ask_path import AskPath
from tui.widgets.dialog import Confirm

CHANGING = ("Create", "Put", "Delete", "Run", "Terminate", "Upload", "Modify")


# -- S3 ------------------------------------------------------------------------------------


async def test_an_object_that_vanished_is_told_wherever_it_is_met(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {"a": b"1", "gone": b"2"})
    settings = Settings(downloads=tmp_path / "got")
    async with s3_pane(clean_sandbox, "acme-lake", settings=settings) as (app, pilot, screen):
        client.delete_object(Bucket="acme-lake", Key="gone")
        await pilot.press("down")
        await until(pilot, lambda: "it isn't there any more" in screen_text(app))
        assert "Press r to refresh" in screen_text(app)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, AskPath))
        await until(pilot, lambda: "it will be created" in screen_text(app))
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        ended = app.jobs.snapshots()[0]
        assert ended.state is JobState.FAILED
        assert "it isn't there any more" in str(ended.error)
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]
        client.delete_bucket_policy(Bucket="acme-lake")
        client.delete_object(Bucket="acme-lake", Key="a")
        client.delete_bucket(Bucket="acme-lake")
        await pilot.press("r")
        await until(pilot, lambda: "there is no such bucket" in screen_text(app))
        sentence(app, "Can't list acme-lake", "go back")
        await pilot.press("backspace")
        await until(pilot, lambda: screen.place is None)


@pytest.mark.parametrize(
    ("code", "words"),
    [("AccessDenied", "You may not list this bucket."), ("NoSuchBucket", "there is no such")],
)
async def test_a_bucket_that_is_not_ours_is_told_in_the_pane(
    clean_sandbox: Any, aws_client: Any, monkeypatch: pytest.MonkeyPatch, code: str, words: str
) -> None:
    from tui.aws.errors import explain

    class RefusedError(Exception):
        response = {"Error": {"Code": code, "Message": "no"}}  # noqa: RUF012

    async def objects(query: Any) -> Any:
        raise explain(RefusedError(), "list_objects_v2", query.bucket)
        yield

    fill(aws_client(clean_sandbox, "s3"), "acme-lake", {"a": b"1"})
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        monkeypatch.setattr(app.services.s3, "objects", objects)
        screen.open_place("somebody-elses")
        await until(pilot, lambda: words in screen_text(app))
        sentence(app, words)
        await pilot.press("backspace")
        await until(pilot, lambda: screen.place is None)


async def test_a_full_disk_pauses_a_download_and_keeps_the_old_file(
    clean_sandbox: Any,
    aws_client: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    full_disk: Any,
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", {"a": b"1", "dir/b": b"2"})
    (tmp_path / "got").mkdir()
    (tmp_path / "got" / "a").write_bytes(b"old")
    settings = Settings(downloads=tmp_path / "got")
    async with s3_pane(clean_sandbox, "acme-lake", settings=settings) as (app, pilot, _screen):
        with monkeypatch.context() as disk:
            disk.setattr("tui.aws.transfers.download.os.pwrite", full_disk)
            await pilot.press("a", "d")
            await until(pilot, lambda: isinstance(app.screen, AskPath))
            await until(pilot, lambda: "it is there" in screen_text(app))
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, Confirm))
            await pilot.press("enter")
            await idle_jobs(pilot, app)
        paused = app.jobs.snapshots()[0]
        assert paused.state is JobState.PAUSED
        assert "is full" in paused.note
        assert "Free some space, then resume." in paused.note
        assert "fault" not in screen_text(app)
        assert files_in(tmp_path) == {"a": b"old"}
        assert app.jobs.resume(paused.id)
        await idle_jobs(pilot, app)
        assert app.jobs.snapshots()[0].state is JobState.DONE
    assert files_in(tmp_path) == {"a": b"1", "b": b"2"}


def files_in(folder: Path) -> dict[str, bytes]:
    """All files below, by name."""
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_a_file_that_cannot_be_read_sends_nothing(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {})
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "big").write_bytes(bytes(20_000_000))
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, _screen):
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, AskPath))
        await type_text(pilot, str(tmp_path / "pipe"))
        await pilot.press("enter")
        await until(pilot, lambda: "neither a file nor a folder" in screen_text(app))
        await type_text(pilot, str(tmp_path / "big"))
        await until(pilot, lambda: "a file of" in screen_text(app))

        async def vanishing(*arguments: Any) -> Any:
            (tmp_path / "big").unlink(missing_ok=True)
            return await upload(*arguments)

        transfers = app.services.transfers
        upload = transfers.upload
        object.__setattr__(transfers, "upload", vanishing)
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        ended = app.jobs.snapshots()[0]
        assert ended.state is JobState.FAILED
        assert "there is no such file" in str(ended.error)
    assert "Contents" not in client.list_objects_v2(Bucket="acme-lake")
    assert "Uploads" not in client.list_multipart_uploads(Bucket="acme-lake")


async def test_a_taken_bucket_name_is_asked_for_again(clean_sandbox: Any, aws_client: Any) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", {})
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        for name in ("test", "acme-lake"):
            await pilot.press("n")
            await until(pilot, lambda: isinstance(app.screen, NewBucket))
            first = app.screen
            await type_text(pilot, name)
            await pilot.press("enter")
            await until(pilot, lambda first=first: app.screen is not first)
            await until(
                pilot, lambda: isinstance(app.screen, NewBucket) or screen.place is not None
            )
            await pilot.pause()
            shown = " ".join(screen_text(app).split())
            if name == "test":
                assert "taken by someone else" in shown
            await pilot.press("escape")
            await pilot.pause()
    names = [one["Name"] for one in aws_client(clean_sandbox, "s3").list_buckets()["Buckets"]]
    assert names == ["acme-lake"]


# -- read-only -----------------------------------------------------------------------------


async def test_read_only_refuses_in_a_sentence_before_anything_is_sent(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    s3, ec2 = aws_client(clean_sandbox, "s3"), aws_client(clean_sandbox, "ec2")
    fill(s3, "acme-lake", {"a": b"1"})
    (tmp_path / "new").write_bytes(b"new")
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        made = await launched(app, "box")
        await instances_listed(app, pilot, 1)
        await settled(app, pilot, made.id, "running")
    async with s3_pane(clean_sandbox, read_only=True) as (app, pilot, screen):

        async def refused() -> None:
            await until(pilot, lambda: "Skydeck is in read-only mode" in said(app))
            assert "Start it without --read-only" in said(app)
            app.clear_notifications()
            await until(pilot, lambda: "Skydeck is in read-only mode" not in said(app))

        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, NewBucket))
        await type_text(pilot, "acme-new")
        await pilot.press("enter")
        await refused()
        screen.open_place("acme-lake")
        await until(pilot, lambda: screen.listing is not None and screen.listing.state == "done")
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, AskPath))
        await type_text(pilot, str(tmp_path / "new"))
        await pilot.press("enter")
        await refused()
        await pilot.press("2")
        await instances_listed(app, pilot, 1)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await type_text(pilot, "box")
        await pilot.press("enter")
        await refused()
        assert app.services is not None
        calls = [entry for entry in app.services.log.entries() if isinstance(entry, Call)]
        changing = [call for call in calls if call.operation.startswith(CHANGING)]
        assert not [call for call in changing if call.outcome.isdigit()]  # an HTTP status
        with pytest.raises(UserError, match="read-only mode"):
            await app.services.ec2.run({"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1})
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["acme-lake"]
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="acme-lake")["Contents"]] == ["a"]
    (found,) = ec2.describe_instances()["Reservations"][0]["Instances"]
    assert found["State"]["Name"] == "running"
