"""What deleting must not do: in another account, by half a list, twice, or ended by another key."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.screens.s3_support import fill, idle_jobs, s3_pane
from tests.screens.versions_support import BUCKET, agreed, dialog, everything, switch, write
from tests.support import said, screen_text, until
from tui.aws.s3 import empty, versions
from tui.core.kept_plan import KeptPlan
from tui.core.versions import VersionPage
from tui.screens.s3 import empty_job
from tui.screens.s3.delete_bucket import plans_folder
from tui.screens.s3.uploads import UploadsDialog
from tui.screens.s3.versions import VersionsOfKey
from tui.widgets.dialog import Choose, Confirm


class Elsewhere:
    """Another connection, which nothing may be asked of."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"another account was asked: {name}")


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


def connect_elsewhere(app: Any) -> None:
    nobody: Any = Elsewhere()
    app.services = replace(app.services, s3=nobody, gateway=nobody, transfers=nobody)


async def test_versions_go_only_where_they_were_listed(clean_sandbox: Any, client: Any) -> None:
    write(client, "k", b"1", b"2")
    async with s3_pane(clean_sandbox, BUCKET) as (app, pilot, _screen):
        await pilot.press("v")
        shown = await dialog(pilot, app, VersionsOfKey)
        await until(pilot, lambda: shown.whole)
        connect_elsewhere(app)
        await pilot.press("x")
        plan = await agreed(pilot, app)
        assert {fact.label: fact.value for fact in plan.facts}["object"] == "k"
        await idle_jobs(pilot, app)
        await until(pilot, lambda: len(everything(client)) == 1)


async def test_a_bucket_is_emptied_only_where_it_was_counted(
    clean_sandbox: Any, client: Any
) -> None:
    write(client, "k", b"1")
    async with s3_pane(clean_sandbox) as (app, pilot, _screen):
        await pilot.press("x")
        await dialog(pilot, app, Choose)
        connect_elsewhere(app)
        await pilot.press("enter")
        await agreed(pilot, app)
        await idle_jobs(pilot, app)
        assert client.list_buckets()["Buckets"] == []


async def test_a_plan_without_versions_says_that_what_is_written_anew_goes_too(
    clean_sandbox: Any, client: Any
) -> None:
    fill(client, "acme-plain", {"k": b"1"})
    write(client, "k", b"1")
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        for bucket, told in (("acme-plain", True), (BUCKET, False)):
            screen.buckets_table.move_to_key(bucket)
            await pilot.press("x")
            await dialog(pilot, app, Choose)
            await pilot.press("enter")
            question = await dialog(pilot, app, Confirm)
            assert ("written anew" in question.plan.intro) is told
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is screen)


async def test_uploads_are_aborted_only_where_they_were_listed(
    clean_sandbox: Any, client: Any
) -> None:
    client.create_multipart_upload(Bucket=BUCKET, Key="big")
    async with s3_pane(clean_sandbox, BUCKET) as (app, pilot, _screen):
        await pilot.press("U")
        shown = await dialog(pilot, app, UploadsDialog)
        await until(pilot, lambda: shown.rows and not shown._state)
        connect_elsewhere(app)
        await pilot.press("x")
        await agreed(pilot, app)
        await idle_jobs(pilot, app)
        assert "Uploads" not in client.list_multipart_uploads(Bucket=BUCKET)


async def test_a_new_connection_ends_what_was_being_found_out(
    clean_sandbox: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(empty, "version_pages", _endless)
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        await pilot.press("x")
        await until(pilot, lambda: "nothing yet" in screen_text(app))
        screen.connected()
        await until(pilot, lambda: not list(plans_folder().iterdir()))
        assert app.screen is screen


async def test_another_key_does_not_end_the_counting(
    clean_sandbox: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(empty, "version_pages", _endless)
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        await pilot.press("x")
        await until(pilot, lambda: "nothing yet" in screen_text(app))
        await pilot.press("v")
        await until(pilot, lambda: "Still acme-lake" in said(app))
        assert list(plans_folder().iterdir())
        assert app.screen is screen
        await pilot.press("escape")
        await until(pilot, lambda: not list(plans_folder().iterdir()))


async def test_a_bucket_that_is_being_emptied_gets_no_second_plan(
    clean_sandbox: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(empty_job, "_running", {BUCKET})
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        await pilot.press("x")
        await until(pilot, lambda: "being emptied already" in said(app))
        assert app.screen is screen


async def test_half_a_list_of_versions_is_no_ground_to_delete_on(
    clean_sandbox: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(client, "k", b"1", b"2", b"3")
    pages = versions.of_key

    async def hanging(*asked: Any) -> Any:
        async for page in pages(*asked):
            yield VersionPage(page.versions[:1])
            await asyncio.Event().wait()

    monkeypatch.setattr(versions, "of_key", hanging)
    async with s3_pane(clean_sandbox, BUCKET) as (app, pilot, _screen):
        await pilot.press("v")
        shown = await dialog(pilot, app, VersionsOfKey)
        await until(pilot, lambda: shown.versions)
        for key in ("x", "u"):
            await pilot.press(key)
            await until(pilot, lambda: "Can't tell what would be left" in screen_text(app))
            assert not isinstance(app.screen, Confirm)


async def _endless(*_: Any) -> Any:
    while True:
        await asyncio.sleep(0.02)
        yield VersionPage(())
