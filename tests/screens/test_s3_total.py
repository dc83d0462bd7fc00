"""Totals in the S3 pane: counted as a job, walked through like folders, kept."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.screens.s3_support import HOSTILE, fill, idle_jobs, listed, s3_pane
from tests.support import said, screen_text, until
from tui.core.safe_text import visible
from tui.screens.s3.total_view import TotalDialog

LAKE = {
    "raw/big/a.csv": b"x" * 4000,
    "raw/big/deep/b.csv": b"x" * 2000,
    "raw/small/c.csv": b"x" * 500,
    "raw/d.csv": b"x" * 1000,
    "note": b"x",
}


def rows(app: Any) -> list[tuple[str, str]]:
    return [(row.entry.kind, row.entry.key) for row in app.screen.query_one("#total-table").view]


async def shown(pilot: Any, app: Any) -> None:
    await until(pilot, lambda: isinstance(app.screen, TotalDialog) and app.screen.is_mounted)
    await pilot.pause()


async def test_a_total_is_walked_through_and_leads_back_to_the_list(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", LAKE)
    client.put_object(Bucket="acme-lake", Key="raw/big/e", Body=b"y" * 9000, StorageClass="GLACIER")
    async with s3_pane(clean_sandbox, "acme-lake", "raw/") as (app, pilot, screen):
        await pilot.press("t")
        await shown(pilot, app)
        assert rows(app) == [
            ("folder", "raw/big/"),
            ("object", "raw/d.csv"),
            ("folder", "raw/small/"),
        ]
        assert "5 objects · 16.5 KB" in said(app)
        assert "glacier" in said(app)
        assert "under a day" in said(app)
        assert "a month" in said(app)
        await pilot.press("enter")
        await until(pilot, lambda: ("folder", "raw/big/deep/") in rows(app))
        assert "3 objects · 15.0 KB" in said(app)
        await pilot.press("backspace")
        await until(pilot, lambda: ("folder", "raw/big/") in rows(app))
        await pilot.press("s", "s")  # by name
        assert rows(app)[0] == ("folder", "raw/big/")
        await pilot.press("enter", "j", "o")  # shows what the cursor is on
        await until(pilot, lambda: app.screen is screen)
        await listed(pilot, screen)
        assert screen.place is not None
        assert screen.place.prefix.startswith("raw/big/")


async def test_a_total_is_kept_until_it_is_counted_again(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", LAKE)
    async with s3_pane(clean_sandbox) as (app, pilot, screen):  # at the root: the bucket
        await pilot.press("t")
        await shown(pilot, app)
        assert "5 objects" in said(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        client.put_object(Bucket="acme-lake", Key="more", Body=b"x")
        jobs = len(app.jobs.snapshots())
        await pilot.press("t")
        await shown(pilot, app)
        assert "5 objects" in said(app)
        assert "counted" in said(app)
        assert len(app.jobs.snapshots()) == jobs
        await pilot.press("r")
        await until(pilot, lambda: len(app.jobs.snapshots()) == jobs + 1)
        await until(pilot, lambda: "6 objects" in said(app) and isinstance(app.screen, TotalDialog))


async def test_only_what_is_selected_is_counted(clean_sandbox: Any, aws_client: Any) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", LAKE)
    async with s3_pane(clean_sandbox, "acme-lake", "raw/", size=(80, 24)) as (app, pilot, _screen):
        await pilot.press("j", "space", "space", "t")  # small/ and d.csv
        await shown(pilot, app)
        assert rows(app) == [("object", "raw/d.csv"), ("folder", "raw/small/")]
        assert "2 objects" in said(app)
        assert "2 chosen items" in said(app)
        assert "esc close" in screen_text(app)  # all of it fits a small terminal


async def test_hostile_names_are_shown_and_gone_to_byte_by_byte(
    clean_sandbox: Any, aws_client: Any
) -> None:
    folders = [f"{name}/k" for name in HOSTILE if len(name) < 100]
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", folders)
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        await pilot.press("t")
        await shown(pilot, app)
        assert visible("a\x1b[31mred.txt/") in screen_text(app)
        table = app.screen.query_one("#total-table")
        table.move_to_key(("folder", "abc\u202excod.exe/"))
        await pilot.press("o")
        await until(pilot, lambda: app.screen is screen)
        assert screen.place is not None
        assert screen.place.prefix == "abc\u202excod.exe/"


async def test_a_cancelled_total_is_none_and_can_be_begun_again(
    clean_sandbox: Any, aws_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", LAKE)
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        real = type(screen.services.s3).objects

        async def stuck(_self: Any, _query: Any) -> Any:
            await asyncio.sleep(60)
            yield None

        monkeypatch.setattr(type(screen.services.s3), "objects", stuck)
        await pilot.press("t")
        await until(pilot, lambda: app.jobs.running)
        await pilot.press("t")
        await until(pilot, lambda: "It is being counted" in said(app))
        assert len(app.jobs.snapshots()) == 1
        app.jobs.cancel(app.jobs.running[0].id)
        await idle_jobs(pilot, app)
        monkeypatch.setattr(type(screen.services.s3), "objects", real)
        await pilot.press("t")
        await shown(pilot, app)
        assert "5 objects" in said(app)


async def test_what_a_cancelled_total_counted_is_kept_as_not_all(
    clean_sandbox: Any, aws_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", LAKE)
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        real = type(screen.services.s3).objects

        async def stuck(self: Any, query: Any) -> Any:
            async for page in real(self, query):
                yield page
            await asyncio.sleep(60)

        monkeypatch.setattr(type(screen.services.s3), "objects", stuck)
        await pilot.press("t")
        await until(pilot, lambda: app.jobs.running and app.jobs.running[0].items_done == 5)
        app.jobs.cancel(app.jobs.running[0].id)
        await idle_jobs(pilot, app)
        monkeypatch.setattr(type(screen.services.s3), "objects", real)
        await until(pilot, lambda: "5 objects counted by then" in said(app))
        await pilot.press("t")
        await shown(pilot, app)
        assert "≥ 5 objects" in said(app)
        assert "there is more than this" in said(app)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, TotalDialog) and "≥" not in said(app))
