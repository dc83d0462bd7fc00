"""Finding in the S3 pane: go to, back and forward, places, searches."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.screens.s3_support import HOSTILE, fill, listed, names, s3_pane, type_text
from tests.support import said, screen_text, until
from tui.core.places import PlaceFile
from tui.core.safe_text import visible
from tui.screens.s3 import places
from tui.screens.s3.ask_address import AskAddress
from tui.screens.s3.places import PlacesDialog, account_of
from tui.screens.s3.screen import S3Screen
from tui.screens.s3.search import hit_name
from tui.settings import state_folder
from tui.widgets.dialog import Ask
from tui.widgets.filter_field import FilterField

LAKE = ("raw/trips/2026/a.csv", "raw/trips/2026/b.csv", "raw/trips/old.json", "raw/x.CSV", "note")


@pytest.fixture(autouse=True)
def no_places(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is remembered, and what is opened is remembered at once."""
    monkeypatch.setattr(places, "VISITED_AFTER_SECONDS", 0.05)
    (state_folder() / "places.json").unlink(missing_ok=True)
    yield
    (state_folder() / "places.json").unlink(missing_ok=True)


def kept(screen: S3Screen) -> Any:
    """What the file has."""
    return PlaceFile(state_folder() / "places.json", account_of(screen.services)).load()


def searches(screen: S3Screen) -> int:
    """How often S3 was asked for a search's keys."""
    return sum(entry.cause.startswith("Find ") for entry in screen.services.log.entries())


async def go(pilot: Any, address: str) -> None:
    await pilot.press("colon")
    await until(pilot, lambda: isinstance(pilot.app.screen, AskAddress))
    await type_text(pilot, address)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, S3Screen))


async def find(pilot: Any, screen: S3Screen, text: str) -> None:
    await pilot.press("f")
    await until(pilot, lambda: isinstance(pilot.app.screen, Ask))
    await type_text(pilot, text)
    await pilot.press("enter")
    await until(pilot, lambda: screen.search is not None)
    await listed(pilot, screen)


async def test_back_and_forward_restore_the_row(clean_sandbox: Any, aws_client: Any) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", LAKE)
    async with s3_pane(clean_sandbox, "acme-lake", "raw/trips/") as (_app, pilot, screen):
        await pilot.press("j", "h")  # the cursor is on old.json, then up
        await listed(pilot, screen)
        await pilot.press("left_square_bracket")
        await listed(pilot, screen)
        assert screen.place is not None
        assert screen.place.prefix == "raw/trips/"
        assert screen.objects_table.record.key == "raw/trips/old.json"
        await pilot.press("left_square_bracket")
        assert screen.place is None
        await pilot.press("left_square_bracket")  # there is nothing before
        assert screen.place is None
        await pilot.press("right_square_bracket", "right_square_bracket")
        await listed(pilot, screen)
        assert screen.place.prefix == "raw/"
        assert screen.objects_table.record.key == "raw/trips/"


async def test_go_to_opens_folders_objects_and_other_buckets(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", LAKE)
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        await go(pilot, "s3://acme-lake/raw/trips/2026/b.csv")
        await until(pilot, lambda: screen.place is not None)
        await listed(pilot, screen)
        assert screen.place is not None
        assert screen.place.prefix == "raw/trips/2026/"
        assert screen.objects_table.record.key == "raw/trips/2026/b.csv"
        fill(client, "not-in-the-list", ["deep/x"])
        await go(pilot, "arn:aws:s3:::not-in-the-list/deep")
        await until(pilot, lambda: screen.place.bucket == "not-in-the-list")
        await listed(pilot, screen)
        assert names(screen) == ["deep/x"]
        await go(pilot, "acme-lake/nothing-of-the-kind")
        await until(pilot, lambda: "no object and no folder" in said(app))
        assert screen.place.bucket == "not-in-the-list"
        await go(pilot, "no-such-bucket-7421/x")
        await until(pilot, lambda: "There is no bucket" in said(app) or "✗" in screen_text(app))
        assert screen.place.bucket == "no-such-bucket-7421"


async def test_an_address_is_completed_and_judged_as_typed(
    clean_sandbox: Any, aws_client: Any
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", (*LAKE, *HOSTILE))
    async with s3_pane(clean_sandbox) as (app, pilot, _screen):
        await pilot.press("colon")
        await until(pilot, lambda: isinstance(app.screen, AskAddress))
        field = app.screen.query_one("#address-field")
        await type_text(pilot, "s3://acme")
        await pilot.press("tab")
        await until(pilot, lambda: field.value == "s3://acme-lake/")
        await until(pilot, lambda: "raw/" in said(app))
        assert visible("a\x1b[31mred.txt") in said(app)
        await type_text(pilot, "s3://acme-lake/r")
        await until(pilot, lambda: "tab completes it" in said(app))
        await pilot.press("tab")
        await until(pilot, lambda: field.value == "s3://acme-lake/raw/")
        await until(pilot, lambda: "✓ a folder" in said(app))
        await type_text(pilot, "gs://acme/x")
        await until(pilot, lambda: "gs:// is not S3's" in said(app))
        await pilot.press("enter")
        assert isinstance(app.screen, AskAddress)


async def test_a_search_lists_hits_that_act_like_any_rows(
    clean_sandbox: Any, aws_client: Any
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", LAKE)
    async with s3_pane(clean_sandbox, "acme-lake", "raw/") as (app, pilot, screen):
        await find(pilot, screen, "*.csv")
        assert names(screen) == ["raw/trips/2026/a.csv", "raw/trips/2026/b.csv", "raw/x.CSV"]
        assert "Find *.csv" in said(app)
        assert "3 found of 4" in said(app)
        await pilot.press("space", "space")
        assert [row.key for row in screen.chosen_rows] == names(screen)[:2]
        await pilot.press("escape", "enter")  # unselects; then to the hit
        await until(pilot, lambda: screen.search is None)
        await listed(pilot, screen)
        assert screen.place is not None
        assert screen.place.prefix == "raw/"
        assert screen.objects_table.record.key == "raw/x.CSV"
        await pilot.press("left_square_bracket")  # to the hits, the cursor where it was
        await listed(pilot, screen)
        assert screen.search is not None
        assert screen.objects_table.record.key == "raw/x.CSV"
        assert "3 found of 4" in said(app)
        assert searches(screen) == 1  # nothing was looked through again
        await pilot.press("r")
        await listed(pilot, screen)
        assert len(names(screen)) == 3
        assert searches(screen) == 2
        await pilot.press("backspace")
        await listed(pilot, screen)
        assert screen.search is None
        assert screen.place.prefix == "raw/"


async def test_a_search_without_hits_says_how_much_it_looked_at_and_escape_leaves(
    clean_sandbox: Any, aws_client: Any
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", LAKE)
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        await find(pilot, screen, "[bold]no/such")
        assert "Found no [bold]no/such" in said(app)
        assert "5 keys below it" in said(app)
        await pilot.press("escape")
        await until(pilot, lambda: screen.search is None)
        await listed(pilot, screen)
        assert names(screen) == ["raw/", "note"]


async def test_a_search_can_be_stopped_keeps_what_it_found_and_goes_on(
    clean_sandbox: Any, aws_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", LAKE)
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        listing, real = screen.services.s3.objects, type(screen.services.s3).objects
        ended = asyncio.Event()

        async def slow(query: Any, *args: Any, **named: Any) -> Any:
            async for page in listing(query, *args, **named):
                yield page
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()

        monkeypatch.setattr(
            type(screen.services.s3), "objects", lambda _self, *a, **n: slow(*a, **n)
        )
        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await type_text(pilot, "json")
        await pilot.press("enter")
        await until(pilot, lambda: screen.search is not None and screen.search.scanned == 5)
        assert "1 found of 5, looking" in said(app)
        await pilot.press("escape")
        await until(pilot, ended.is_set)
        assert names(screen) == ["raw/trips/old.json"]
        assert "1 found of 5, stopped" in said(app)
        monkeypatch.setattr(type(screen.services.s3), "objects", real)
        fill_more = {"raw/trips/new.json", "zebra.json"}  # before and behind where it stopped
        for key in fill_more:
            aws_client(clean_sandbox, "s3").put_object(Bucket="acme-lake", Key=key, Body=b"x")
        await pilot.press("r")
        await until(pilot, lambda: screen.search.state == "done")
        await pilot.pause()
        assert names(screen) == ["raw/trips/old.json", "zebra.json"]
        assert "2 found of 6" in said(app)


async def test_places_are_remembered_marked_and_gone_back_to(
    clean_sandbox: Any, aws_client: Any
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", (*LAKE, "[@click=app.quit]x[/]/\x1b/k"))
    hostile = "[@click=app.quit]x[/]/"
    async with s3_pane(clean_sandbox, "acme-lake", hostile) as (_app, pilot, screen):
        await until(pilot, lambda: screen.places.recent)
        await pilot.press("B")
        await until(pilot, lambda: kept(screen).bookmarks)
        screen.open_place("acme-lake", "raw/")
        await until(pilot, lambda: len(kept(screen).recent) == 2)
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        await until(pilot, lambda: screen.places.bookmarks)
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, PlacesDialog))
        await until(pilot, lambda: f"s3://acme-lake/{hostile}" in said(app))
        await pilot.press("enter")
        await until(pilot, lambda: screen.place is not None)
        assert screen.place is not None
        assert screen.place.prefix == hostile
        await listed(pilot, screen)
        assert names(screen) == [f"{hostile}\x1b/"]


async def test_places_are_filtered_and_removed(clean_sandbox: Any, aws_client: Any) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", LAKE)
    async with s3_pane(clean_sandbox, size=(80, 24)) as (app, pilot, screen):
        for prefix in ("raw/", "raw/trips/", ""):
            screen.open_place("acme-lake", prefix)
            await until(pilot, lambda: screen.places.recent[:1] and not screen._place_lock.locked())
            await until(pilot, lambda p=prefix: screen.places.recent[0].prefix == p)
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, PlacesDialog))
        table = app.screen.query_one("#places-table")
        await pilot.press("slash")
        app.screen.query_one(FilterField).query_one("Input").value = "TRIPS"
        await until(pilot, lambda: len(table.view) == 1)
        await pilot.press("enter", "x")
        await until(pilot, lambda: len(kept(screen).recent) == 2)
        assert "trips" not in "".join(place.prefix for place in screen.places.recent)
        await pilot.press("slash", "escape", "B")  # no filter; the first row becomes a bookmark
        await until(pilot, lambda: [p.prefix for p in kept(screen).bookmarks] == [""])
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)


@pytest.mark.parametrize(
    ("path", "room", "shown"),
    [
        ("a/b/c.csv", 40, "a/b/c.csv"),
        ("folder/deep/c.csv", 14, "…/deep/c.csv"[-12:]),
        ("folder/long-name.csv", 8, "…long-name.csv"),
        ("c.csv", 4, "c.csv"),
    ],
)
def test_a_hits_folder_gives_way_to_its_name(path: str, room: int, shown: str) -> None:
    assert "".join(text for _, text in hit_name(path, room)).strip() == shown
