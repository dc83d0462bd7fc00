"""Selecting, going on, and the rows of a long listing in the S3 pane."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.screens.s3_support import fill, listed, names, s3_pane, type_text
from tests.support import screen_text, until
from tui.core.records import ObjectPage, ObjectQuery, S3Object
from tui.screens.s3 import arranger, arranging
from tui.screens.s3.rows import ORDERS

PARTS = [*(f"part-{n}.csv" for n in range(6)), "notes.TXT", "deep/x"]
LARGEST = next(order for order in ORDERS if order.id == "size")


@pytest.fixture(params=["at once", "in a thread"])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same must hold where the rows are few and where they are many."""
    if request.param == "in a thread":
        monkeypatch.setattr(arranger, "FEW", 0)
        monkeypatch.setattr(arranging, "FEW", 0)


def an_object(key: str, size: int = 1) -> S3Object:
    return S3Object(key, size, datetime(2026, 3, 1, tzinfo=UTC))


async def test_rows_are_selected_by_pattern_and_the_selection_inverted(
    clean_sandbox: Any, aws_client: Any
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", dict.fromkeys(PARTS, b"12345"))
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        await pilot.press("asterisk")
        await until(pilot, lambda: len(app.screen_stack) > 1)
        await type_text(pilot, "*.csv")
        await pilot.press("enter")
        await until(pilot, lambda: len(screen.objects_table.selected) == 6)
        assert "6 selected · 30 B" in screen_text(app)
        await until(pilot, lambda: "6 of 8 rows match" in screen_text(app))
        await pilot.press("I")
        assert [row.key for row in screen.chosen_rows] == ["deep/", "notes.TXT"]
        assert "2 selected · 5 B" in screen_text(app)
        await pilot.press("escape")
        assert len(screen.objects_table.selected) == 0
        await pilot.press("asterisk")
        await until(pilot, lambda: len(app.screen_stack) > 1)
        await pilot.press("escape")
        await pilot.pause()
        assert len(screen.objects_table.selected) == 0


@pytest.mark.usefixtures("few")
async def test_a_refresh_keeps_cursor_selection_order_and_filter(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {f"k{n}": b"x" * n for n in range(8)})
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        table = screen.objects_table
        screen.sort_by(LARGEST)
        await until(pilot, lambda: names(screen)[0] == "k7")
        table.move_to_key("k5")
        table.toggle()
        table.move_to_key("k3")
        client.delete_object(Bucket="acme-lake", Key="k6")
        client.put_object(Bucket="acme-lake", Key="k9", Body=b"x" * 99)
        await pilot.press("r")
        await until(pilot, lambda: names(screen)[0] == "k9")
        assert names(screen) == ["k9", "k7", "k5", "k4", "k3", "k2", "k1", "k0"]
        assert table.record.key == "k3"
        assert list(table.selected) == ["k5"]
        screen.filter_by("k4")
        await until(pilot, lambda: names(screen) == ["k4"])
        assert "1 selected · 5 B" in screen_text(app)
        screen.filter_by("")
        await until(pilot, lambda: len(names(screen)) == 8)
        assert names(screen)[:2] == ["k9", "k7"]


async def test_a_stopped_listing_goes_on_behind_its_last_row(
    clean_sandbox: Any, aws_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", {})
    asked: list[str] = []

    async def objects(query: ObjectQuery, after: str = "") -> AsyncIterator[ObjectPage]:
        asked.append(after)
        if after:
            yield ObjectPage((an_object("y"), an_object("z")))
            return
        yield ObjectPage((an_object("b"), an_object("x")), ("m/",))
        await asyncio.Event().wait()

    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        monkeypatch.setattr(app.services.s3, "objects", objects)
        screen.open_place("acme-lake")
        await until(pilot, lambda: names(screen) == ["m/", "b", "x"])
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert "stopped · r goes on" in screen_text(app)
        await pilot.press("r")
        await listed(pilot, screen)
        assert names(screen) == ["m/", "b", "x", "y", "z"]
        assert asked == ["", "x"]
        assert "1 folder, 4 objects" in screen_text(app)


@pytest.mark.usefixtures("few")
async def test_rows_that_still_come_are_filtered_and_sorted_at_the_end(
    clean_sandbox: Any, aws_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", {})
    go_on = asyncio.Event()

    async def objects(query: ObjectQuery) -> AsyncIterator[ObjectPage]:
        yield ObjectPage((an_object("a1", 1), an_object("a2", 2)), ("fa/",))
        await go_on.wait()
        yield ObjectPage((an_object("b1", 9), an_object("a3", 5)), ("fb/",))

    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        monkeypatch.setattr(app.services.s3, "objects", objects)
        screen.open_place("acme-lake")
        await until(pilot, lambda: names(screen) == ["fa/", "a1", "a2"])
        screen.sort_by(LARGEST)
        screen.filter_by("a")
        await until(pilot, lambda: names(screen) == ["fa/", "a2", "a1"])
        go_on.set()
        await listed(pilot, screen)
        await until(pilot, lambda: names(screen) == ["fa/", "a3", "a2", "a1"])
        assert "4 of 6" in screen_text(app)


async def test_a_place_of_very_many_rows_selects_and_counts_them_at_once(
    clean_sandbox: Any, aws_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", {})

    async def objects(query: ObjectQuery) -> AsyncIterator[ObjectPage]:
        for page in range(60):
            yield ObjectPage([an_object(f"k{page:02}{n:03}", 2) for n in range(1000)])

    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        monkeypatch.setattr(app.services.s3, "objects", objects)
        screen.open_place("acme-lake")
        await listed(pilot, screen)
        await pilot.press("a")
        await pilot.pause()
        assert "60,000 selected · 120.0 KB" in screen_text(app)
        await pilot.press("G", "space")
        await pilot.pause()
        assert "59,999 selected" in screen_text(app)
        assert len(screen.chosen_rows) == 59_999
        screen.filter_by("k59")
        await until(pilot, lambda: len(names(screen)) == 1000)
        await pilot.press("I")
        await pilot.pause()
        assert "59,001 selected" in screen_text(app)
