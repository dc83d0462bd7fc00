"""The S3 pane: listing, moving, filtering, selecting, against the sandbox."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.screens.s3_support import HOSTILE, fill, listed, names, s3_pane
from tests.support import running, screen_text, until
from tui.core.errors import AwsError
from tui.core.records import ObjectPage, ObjectQuery, S3Object
from tui.core.safe_text import visible
from tui.screens.s3.messages import ListingEnded, ObjectsListed
from tui.widgets.notice import Notice
from tui.widgets.preview import PreviewBody
from tui.widgets.preview_data import TableData

CSV = b"pickup,zone,km\n" + b"2026-03-01 00:04,Harlem,2.41\n2026-03-01 00:05,,8\n" * 40
LAKE = {
    "raw/trips/2026/part-0.csv": CSV,
    "raw/trips/2026/part-1.csv": CSV,
    "raw/trips/2025/old.json": b'{"a": 1}',
    "raw/events/e.jsonl": b'{"a": 1}\n{"a": 2}\n',
    "clean/x.bin": bytes(range(256)),
    "note.txt": b"hello\n",
}


def an_object(key: str) -> S3Object:
    return S3Object(key, 1, datetime(2026, 3, 1, tzinfo=UTC))


async def test_enter_goes_down_and_backspace_comes_back_to_the_same_row(
    clean_sandbox: Any, aws_client: Any
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", LAKE)
    async with s3_pane(clean_sandbox) as (_app, pilot, screen):
        await pilot.press("enter")
        await listed(pilot, screen)
        assert names(screen) == ["clean/", "raw/", "note.txt"]  # folders first
        await pilot.press("j", "enter")
        await listed(pilot, screen)
        assert screen.place is not None
        assert screen.place.prefix == "raw/"
        await pilot.press("j", "l")
        await listed(pilot, screen)
        assert names(screen) == ["raw/trips/2025/", "raw/trips/2026/"]
        await pilot.press("backspace")
        await listed(pilot, screen)
        assert screen.place.prefix == "raw/"
        assert screen.objects_table.record.key == "raw/trips/"
        await pilot.press("h")
        await listed(pilot, screen)
        await pilot.press("left")
        assert screen.place is None
        assert screen.buckets_table.has_focus


async def test_a_late_page_of_an_old_place_is_dropped(clean_sandbox: Any, aws_client: Any) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", LAKE)
    async with s3_pane(clean_sandbox, "acme-lake", "clean/") as (_app, pilot, screen):
        same_place_asked_before = ObjectQuery("acme-lake", "clean/")
        page = ObjectPage((an_object("clean/late"),))
        screen.post_message(ObjectsListed(same_place_asked_before, page))
        screen.post_message(ListingEnded(same_place_asked_before, AwsError("late")))
        await pilot.pause()
        assert names(screen) == ["clean/x.bin"]
        assert screen.listing is not None
        assert screen.listing.state == "done"


async def test_pages_show_as_they_come_with_folders_first_and_escape_stops_them(
    clean_sandbox: Any, aws_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", {})
    go_on = asyncio.Event()
    asked = []

    async def objects(query: ObjectQuery) -> Any:
        yield ObjectPage((an_object("b"), an_object("c")), ("a/",))
        await go_on.wait()
        yield ObjectPage((an_object("x"),), ("m/",))
        asked.append("third")
        await asyncio.Event().wait()
        yield ObjectPage((an_object("never"),))

    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        monkeypatch.setattr(app.services.s3, "objects", objects)
        screen.open_place("acme-lake")
        await until(pilot, lambda: names(screen) == ["a/", "b", "c"])
        assert "3 loaded, loading…" in screen_text(app)
        screen.objects_table.move_to(1)
        go_on.set()
        await until(pilot, lambda: names(screen) == ["a/", "m/", "b", "c", "x"])
        assert screen.objects_table.record.key == "b"  # the cursor stays on its row
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert screen.listing is not None
        assert screen.listing.state == "stopped"
        assert "5 loaded, stopped" in screen_text(app)
        assert asked == ["third"]


async def test_an_error_stays_in_the_pane_with_what_may_help(
    clean_sandbox: Any, aws_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-prod", {})

    async def objects(query: ObjectQuery) -> Any:
        raise AwsError("Can't list acme-prod", "access denied", "Ask.", code="AccessDenied")
        yield

    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        good = app.services.s3.objects
        monkeypatch.setattr(app.services.s3, "objects", objects)
        await pilot.press("enter")
        await listed(pilot, screen)
        text = screen_text(app)
        assert "You may not list this bucket." in text
        assert "arn:aws:s3:::acme-prod" in text
        assert "access denied" in text
        assert "not allowed" in text
        assert "use another profile" in text
        assert "acme-prod ✗" in text
        monkeypatch.setattr(app.services.s3, "objects", good)
        await pilot.press("r")
        await listed(pilot, screen)
        assert "This bucket is empty." in screen_text(app)
        assert "acme-prod ✗" not in screen_text(app)


async def test_an_account_without_buckets_says_what_to_do(clean_sandbox: Any) -> None:
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        await pilot.pause()
        assert screen.query_one("#s3-notice", Notice).display
        assert "create the first bucket" in screen_text(app)


async def test_the_first_bucket_of_an_account_is_opened_by_enter_at_once(
    clean_sandbox: Any, aws_client: Any
) -> None:
    """The table had no focus while it was hidden."""
    async with s3_pane(clean_sandbox) as (_app, pilot, screen):
        fill(aws_client(clean_sandbox, "s3"), "acme-lake", LAKE)
        await pilot.press("r")
        await until(pilot, lambda: len(screen.buckets_table.records) == 1)
        await until(pilot, lambda: screen.focused is not None)
        await pilot.press("enter")
        await until(pilot, lambda: screen.listing is not None)


async def test_the_filter_narrows_as_typed_and_escape_drops_it(
    clean_sandbox: Any, aws_client: Any
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", [f"part-{n}.csv" for n in range(12)])
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        await pilot.press("slash", *"T-1")
        assert names(screen) == ["part-1.csv", "part-10.csv", "part-11.csv"]
        assert "3 of 12" in screen_text(app)
        await pilot.press("enter")
        assert screen.objects_table.has_focus
        await pilot.press("escape")
        assert len(names(screen)) == 12
        await pilot.press("slash", *"*-?.csv")
        assert len(names(screen)) == 10


async def test_select_all_and_one_by_one_counts_bytes(clean_sandbox: Any, aws_client: Any) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", {f"k{n}": b"12345" for n in range(4)})
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        await pilot.press("space", "space")
        assert [row.key for row in screen.chosen_rows] == ["k0", "k1"]
        assert "2 selected · 10 B" in screen_text(app)
        await pilot.press("a")
        assert len(screen.chosen_rows) == 4
        await pilot.press("escape")
        assert len(screen.chosen_rows) == 1


async def test_sorting_keeps_folders_first(clean_sandbox: Any, aws_client: Any) -> None:
    keys = {"z/1": b"1", "big": b"x" * 900, "mid": b"x" * 90, "small": b"x"}
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", keys)
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        await pilot.press("o", "down", "down", "enter")
        await until(pilot, lambda: screen.order.id == "size")
        assert names(screen) == ["z/", "big", "mid", "small"]
        await pilot.press("r")
        await listed(pilot, screen)
        assert names(screen) == ["z/", "big", "mid", "small"]
        assert "↓ size" in screen_text(app)


async def test_a_csv_previews_as_a_table_with_the_types_of_pandas(
    clean_sandbox: Any, aws_client: Any
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", LAKE)
    async with s3_pane(clean_sandbox, "acme-lake", "raw/trips/2026/") as (app, pilot, screen):
        body = screen.query_one(PreviewBody)
        await until(pilot, lambda: isinstance(body.shown, TableData))
        assert [(c.name, c.kind) for c in body.shown.columns] == [
            ("pickup", "datetime"),
            ("zone", "str"),
            ("km", "f64"),
        ]
        await until(pilot, lambda: "keeping it" in screen_text(app))
        text = screen_text(app)
        assert "Harlem" in text
        assert "null" in text
        assert "/month" in text
        notes = [entry for entry in app.services.log.entries() if getattr(entry, "pandas", "")]
        assert "pd.read_csv" in notes[-1].pandas
        compile(notes[-1].pandas, "note", "exec")


async def test_json_text_and_bytes_preview_as_what_they_are(
    clean_sandbox: Any, aws_client: Any
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", LAKE)
    async with s3_pane(clean_sandbox, "acme-lake", "raw/trips/2025/") as (app, pilot, screen):
        await until(pilot, lambda: '"a": 1' in screen_text(app))
        screen.open_place("acme-lake", "clean/")
        await until(pilot, lambda: "00 01 02 03" in screen_text(app))


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_hostile_keys_show_literally(
    clean_sandbox: Any, aws_client: Any, size: tuple[int, int]
) -> None:
    keys = {f"h/{key.replace('/', '|')}": b"a,b\n1,[@click=app.quit]x[/]\n" for key in HOSTILE}
    fill(aws_client(clean_sandbox, "s3"), "acme-hostile", keys)
    async with s3_pane(clean_sandbox, "acme-hostile", "h/", size=size) as (app, pilot, screen):
        assert set(names(screen)) == set(keys)
        text = screen_text(app)
        for key in keys:
            shown = visible(key.removeprefix("h/"))
            assert shown[:12] in text
        for row in range(len(keys)):
            screen.objects_table.move_to(row)
            await pilot.pause(0.2)
        assert not any(ord(char) < 0x20 and char != "\n" for char in screen_text(app))
        assert "\u202e" not in screen_text(app)
        assert app.is_running


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 16), (30, 8), (200, 60)])
async def test_every_size_paints(
    clean_sandbox: Any, aws_client: Any, size: tuple[int, int]
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", LAKE)
    async with s3_pane(clean_sandbox, size=size) as (app, pilot, screen):
        assert "acme-lake" in screen_text(app)
        screen.open_place("acme-lake", "raw/trips/2026/")
        await listed(pilot, screen)
        await pilot.pause(0.4)
        assert "part-0" in screen_text(app)


async def test_a_new_connection_begins_at_its_own_buckets(
    clean_sandbox: Any, aws_client: Any
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", LAKE)
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        app.connect_to(app.wish)
        await until(pilot, lambda: screen.place is None and screen.buckets)
        assert len(screen.buckets_table.records) == 1
        assert not names(screen)


async def test_an_endpoint_that_refuses_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    endpoint = "http://127.0.0.1:9"
    async with running(endpoint_url=endpoint, region="us-east-1") as (app, pilot):
        await until(pilot, lambda: app.connect_error is not None, 60)
        await pilot.pause()
        assert "127.0.0.1:9" in screen_text(app)
