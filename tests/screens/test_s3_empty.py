"""Deleting and emptying: exactly what was shown goes, and what stays is told and tried again."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.screens.s3_support import fill, idle_jobs, s3_pane, type_text
from tests.screens.versions_support import (
    BUCKET,
    HOSTILE,
    agreed,
    dialog,
    everything,
    switch,
    write,
)
from tests.support import running, screen_text, until
from tui.core.jobs import JobState
from tui.core.kept_plan import KeptPlan
from tui.screens.s3.delete_bucket import plans_folder
from tui.screens.s3.failures import Failures
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


async def test_a_bucket_is_emptied_of_all_that_was_counted_and_goes(
    clean_sandbox: Any, client: Any
) -> None:
    write(client, "k", b"1", b"2")
    client.delete_object(Bucket=BUCKET, Key="k")
    client.create_multipart_upload(Bucket=BUCKET, Key="big")
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        await pilot.press("x")
        await dialog(pilot, app, Choose)
        assert "2 older versions, 1 delete marker, 1 unfinished upload" in " ".join(
            screen_text(app).split()
        )
        await pilot.press("enter")
        plan = await agreed(pilot, app)
        assert plan.typed == BUCKET
        await idle_jobs(pilot, app)
        assert app.jobs.snapshots()[0].state is JobState.DONE
        await until(pilot, lambda: screen.buckets == ())
    assert client.list_buckets()["Buckets"] == []
    assert not list(plans_folder().iterdir())


async def test_a_bucket_with_newcomers_stays_and_they_are_named(
    clean_sandbox: Any, client: Any
) -> None:
    write(client, "k", b"1")
    async with s3_pane(clean_sandbox) as (app, pilot, _screen):
        await pilot.press("x")
        await dialog(pilot, app, Choose)
        await pilot.press("enter")
        await dialog(pilot, app, Confirm)
        write(client, "late/comer", b"1")
        await agreed(pilot, app)
        await idle_jobs(pilot, app)
        job = app.jobs.snapshots()[0]
        assert job.state is JobState.FAILED
        assert "late/comer" in job.note
    assert {key for key, _ in everything(client)} == {"late/comer"}


async def test_declining_the_plan_leaves_bucket_and_disk_as_they_were(
    clean_sandbox: Any, client: Any
) -> None:
    write(client, "k", b"1")
    async with s3_pane(clean_sandbox) as (app, pilot, _screen):
        await pilot.press("x")
        await dialog(pilot, app, Choose)
        await pilot.press("enter")
        await dialog(pilot, app, Confirm)
        await pilot.press("escape")
        await until(pilot, lambda: not list(plans_folder().iterdir()))
        assert not app.jobs.snapshots()
    assert len(everything(client)) == 1


async def test_escape_stops_the_counting_and_nothing_is_planned(
    clean_sandbox: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    from tui.aws.s3 import empty
    from tui.core.versions import VersionPage

    async def endless(*_: Any) -> Any:
        while True:
            await asyncio.sleep(0.02)
            yield VersionPage(())

    monkeypatch.setattr(empty, "version_pages", endless)
    async with s3_pane(clean_sandbox) as (app, pilot, _screen):
        await pilot.press("x")
        await until(pilot, lambda: "nothing yet" in screen_text(app))
        assert list(plans_folder().iterdir())
        await pilot.press("escape")
        await until(pilot, lambda: not list(plans_folder().iterdir()))
        await until(pilot, lambda: "nothing yet" not in screen_text(app))
        assert not app.jobs.snapshots()


async def test_what_is_locked_is_listed_saved_and_offered_again_at_the_next_start(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    client = aws_client(clean_sandbox, "s3")
    client.create_bucket(Bucket="acme-locked", ObjectLockEnabledForBucket=True)
    client.put_object(Bucket="acme-locked", Key="free", Body=b"1")
    held = client.put_object(
        Bucket="acme-locked", Key=HOSTILE, Body=b"1", ObjectLockMode="GOVERNANCE",
        ObjectLockRetainUntilDate=datetime(2090, 1, 1, tzinfo=UTC),
    )["VersionId"]  # fmt: skip
    target = tmp_path / "list.csv"
    async with s3_pane(clean_sandbox) as (app, pilot, _screen):
        await pilot.press("x")
        await dialog(pilot, app, Choose)
        await pilot.press("enter")
        await agreed(pilot, app)
        failures = await dialog(pilot, app, Failures)
        assert [(one.key, one.version_id) for one in failures.failures] == [(HOSTILE, held)]
        assert "locked" in screen_text(app)
        await pilot.press("s")
        await dialog(pilot, app, AskPath)
        await type_text(pilot, str(target))
        await pilot.press("enter")
        await until(pilot, target.exists)
    rows = list(csv.reader(target.read_text().splitlines()))
    assert rows[1][:3] == [HOSTILE, held, "AccessDenied"]
    assert everything(client, "acme-locked") == {(HOSTILE, held)}
    client.delete_object(
        Bucket="acme-locked", Key=HOSTILE, VersionId=held, BypassGovernanceRetention=True
    )
    async with running(clean_sandbox) as (app, pilot):
        await dialog(pilot, app, Choose)
        assert "half emptied" in screen_text(app)
        await pilot.press("enter")
        plan = await agreed(pilot, app)
        assert {fact.label: fact.value for fact in plan.facts}["left"] == "about 1"
        await idle_jobs(pilot, app)
        await until(pilot, lambda: not client.list_buckets()["Buckets"])
    assert not list(plans_folder().iterdir())


async def test_keys_that_stayed_are_listed_and_alone_tried_again_by_choice(
    clean_sandbox: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        write(client, f"k{number}", b"1")
    async with s3_pane(clean_sandbox, BUCKET) as (app, pilot, _screen):
        assert app.services is not None
        gateway, asked = app.services.gateway, []
        call = gateway.call

        async def refusing(service: str, operation: str, /, **params: Any) -> Any:
            if operation != "delete_objects":
                return await call(service, operation, **params)
            wanted = params["Delete"]["Objects"]
            asked.append([one["Key"] for one in wanted])
            if len(asked) > 1:
                return await call(service, operation, **params)
            allowed = [one for one in wanted if one["Key"] != "k2"]
            await call(service, operation, **(params | {"Delete": {"Objects": allowed}}))
            return {"Errors": [{"Key": "k2", "Code": "InternalError", "Message": "We failed."}]}

        monkeypatch.setattr(gateway, "call", refusing)
        await pilot.press("a", "x")
        await agreed(pilot, app)
        await dialog(pilot, app, Failures)
        assert "k2" in screen_text(app)
        await pilot.press("r")
        await until(pilot, lambda: len(app.jobs.snapshots()) == 2)
        await idle_jobs(pilot, app)
        assert asked == [["k0", "k1", "k2", "k3"], ["k2"]]
        # The list is done: a retry of the first job must not add markers once more.
        first = app.jobs.snapshots()[-1]
        app.jobs.retry(first.id)
        await idle_jobs(pilot, app)
        assert len(asked) == 2
    assert len(everything(client)) == 8


async def test_an_object_written_anew_while_one_read_the_plan_stays(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-plain", {"a": b"1", "b": b"2"})
    async with s3_pane(clean_sandbox, "acme-plain") as (app, pilot, _screen):
        await pilot.press("a", "x")
        await dialog(pilot, app, Confirm)
        client.put_object(Bucket="acme-plain", Key="b", Body=b"written anew")
        await agreed(pilot, app)
        failures = await dialog(pilot, app, Failures)
        assert [one.key for one in failures.failures] == ["b"]
        assert "written anew since it was listed" in " ".join(screen_text(app).split())
        await pilot.press("r")  # it is still another object than the one that was shown
        await until(pilot, lambda: len(app.jobs.snapshots()) == 2)
        await idle_jobs(pilot, app)
    assert [row["Key"] for row in client.list_objects_v2(Bucket="acme-plain")["Contents"]] == ["b"]
