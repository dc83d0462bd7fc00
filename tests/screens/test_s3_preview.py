"""The preview in the S3 pane: paging, summary, zoom, and why an object can't be shown."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.screens.s3_support import HOSTILE, fill, listed, s3_pane
from tests.support import said, screen_text, until
from tui.aws.s3.restore_header import Restore
from tui.core.errors import AwsError
from tui.core.records import S3Object
from tui.screens.s3 import reading
from tui.screens.s3.preview import Body, Previewed
from tui.screens.s3.unreadable import archived, may_be_paid, understood
from tui.widgets.dialog import Confirm
from tui.widgets.preview import PreviewBody
from tui.widgets.preview_data import TableData, TextData

ROWS = 30_000
TABLE = b"id,zone,fare\n" + b"".join(b"%d,z%d,%d.5\n" % (n, n % 7, n) for n in range(ROWS))


def table(body: PreviewBody) -> TableData:
    assert isinstance(body.shown, TableData)
    return body.shown


@pytest.fixture
def lake(clean_sandbox: Any, aws_client: Any) -> Any:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {"a.csv": TABLE, "b.txt": b"hello\n", "c.csv": b""})
    return client


async def test_paging_on_reads_the_next_rows_and_home_the_first(
    clean_sandbox: Any, lake: Any
) -> None:
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        body = screen.query_one(PreviewBody)
        await until(pilot, lambda: isinstance(body.shown, TableData))
        assert len(table(body).rows) == 1000
        await pilot.press("enter")
        assert app.focused is body
        for wanted in range(2, 9):
            await pilot.press("G", "pagedown")
            await until(pilot, lambda wanted=wanted: _last(body) == wanted * 1000 - 1)
        assert table(body).first == 2000  # the window lets the first pages go
        assert len(table(body).rows) == 6000
        await pilot.pause()
        assert f"rows 7,00{body.scroll_offset.y - 5000 + 1}–" in said(app)
        await pilot.press("g")
        await until(pilot, lambda: table(body).first == 0)
        assert body.scroll_y == 0
        assert "rows 1–" in screen_text(app)


def _last(body: PreviewBody) -> int:
    return int(table(body).rows[-1][0] or -1)


async def test_paging_back_keeps_the_row_in_sight(clean_sandbox: Any, lake: Any) -> None:
    async with s3_pane(clean_sandbox, "acme-lake") as (_app, pilot, screen):
        body = screen.query_one(PreviewBody)
        await until(pilot, lambda: isinstance(body.shown, TableData))
        await pilot.press("enter")
        for wanted in range(2, 9):
            await pilot.press("G", "pagedown")
            await until(pilot, lambda wanted=wanted: _last(body) == wanted * 1000 - 1)
        body.scroll_to(y=0, animate=False)
        await pilot.press("up")
        await until(pilot, lambda: table(body).first == 1000)
        seen = table(body).rows[round(body.scroll_y)][0]
        assert 1980 <= int(seen or 0) <= 2000


async def test_the_summary_takes_the_rows_place_and_gives_it_back(
    clean_sandbox: Any, lake: Any
) -> None:
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        body = screen.query_one(PreviewBody)
        await until(pilot, lambda: isinstance(body.shown, TableData))
        await pilot.press("enter", "w")
        await until(pilot, lambda: table(body).label == "summary")
        await pilot.pause()
        assert "over rows 1–1,000 only" in said(app)
        await pilot.press("z")
        await until(pilot, lambda: "top values" in screen_text(app))
        assert not screen.objects_table.is_on_screen or not screen.objects_table.size
        await pilot.press("w")
        await until(pilot, lambda: table(body).label == "csv")
        await pilot.press("escape")
        await until(pilot, lambda: not screen.has_class("-zoomed"))
        await pilot.press("left")
        assert app.focused is screen.objects_table


async def test_the_footer_has_the_previews_keys_while_one_reads(
    clean_sandbox: Any, lake: Any
) -> None:
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        body = screen.query_one(PreviewBody)
        await until(pilot, lambda: isinstance(body.shown, TableData))
        await pilot.press("enter")
        await until(pilot, lambda: "w summary" in said(app))
        await pilot.press("escape")
        await until(pilot, lambda: "w summary" not in said(app))


async def test_an_object_that_changes_meanwhile_is_shown_anew(
    clean_sandbox: Any, lake: Any
) -> None:
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        body = screen.query_one(PreviewBody)
        await until(pilot, lambda: isinstance(body.shown, TableData))
        await pilot.press("enter")
        lake.put_object(Bucket="acme-lake", Key="a.csv", Body=b"new,head\n" + TABLE)
        for _ in range(9):  # what was read ahead is still of the version before
            await pilot.press("G", "pagedown")
            await pilot.pause(0.1)
            if table(body).columns[0].name == "new":
                break
        await until(pilot, lambda: table(body).columns[0].name == "new")
        await until(pilot, lambda: "▲ changed" in said(app))
        assert "It was changed just now" in said(app)


async def test_a_late_answer_of_another_object_is_dropped(clean_sandbox: Any, lake: Any) -> None:
    async with s3_pane(clean_sandbox, "acme-lake") as (_app, pilot, screen):
        body = screen.query_one(PreviewBody)
        await until(pilot, lambda: isinstance(body.shown, TableData))
        old = screen.looked_at
        assert isinstance(old, S3Object)
        await pilot.press("down")
        await until(pilot, lambda: isinstance(body.shown, TextData))
        screen.post_message(Previewed(old, Body(TextData("txt", ("late",)), 4, True)))
        await pilot.pause()
        assert isinstance(body.shown, TextData)
        assert body.shown.lines[0] == "hello"


async def test_moving_on_asks_nothing_of_what_is_passed(
    clean_sandbox: Any, lake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    begin = reading.ObjectPreview.begin

    def noted(self: Any) -> Any:
        begun.append(self.row.key)
        return begin(self)

    async with s3_pane(clean_sandbox, "acme-lake") as (_app, pilot, screen):
        body = screen.query_one(PreviewBody)
        await until(pilot, lambda: isinstance(body.shown, TableData))
        monkeypatch.setattr(reading.ObjectPreview, "begin", noted)
        await pilot.press("down", "down", "up", "up")
        await asyncio.sleep(0.4)
        await pilot.pause()
        assert begun == ["a.csv"]


async def test_an_archived_object_says_so_and_a_restored_copy_is_read(
    clean_sandbox: Any, lake: Any
) -> None:
    lake.put_object(Bucket="acme-lake", Key="0.csv", Body=TABLE, StorageClass="GLACIER")
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        await until(pilot, lambda: "to restore it" in said(app))
        assert "✗ Archived" in screen_text(app)
        lake.restore_object(Bucket="acme-lake", Key="0.csv", RestoreRequest={"Days": 1})
        await pilot.press("r")
        await listed(pilot, screen)
        screen.look_at(screen.objects_table.record)
        body = screen.query_one(PreviewBody)
        await until(pilot, lambda: isinstance(body.shown, TableData) or "Being" in said(app))


ROW = S3Object("x", 9, datetime(2026, 3, 1, tzinfo=UTC), "GLACIER")


def test_every_reason_has_its_sentence_and_its_next_step() -> None:
    assert archived(ROW, Restore(ongoing=False)) is None
    ongoing = archived(ROW, Restore(ongoing=True))
    assert ongoing is not None
    assert "look again" in ongoing.hint

    def told(code: str, message: str, *, foreign: bool = False) -> str:
        error = AwsError("Can't read b/x", message, "h", code=code)
        return str(understood(error, ROW, foreign=foreign))

    assert "restore a copy" in told("InvalidObjectState", "the operation is not valid")
    assert "whether to pay" in told("AccessDenied", "access denied", foreign=True)
    assert "whether to pay" not in told("AccessDenied", "access denied")
    denied = AwsError("t", "access denied", code="AccessDenied")
    assert may_be_paid(denied, foreign=True)
    assert not may_be_paid(AwsError("t", "a KMS key", code="AccessDenied"), foreign=True)


async def test_a_denied_read_of_a_foreign_bucket_is_paid_for_only_if_one_agrees(
    clean_sandbox: Any, lake: Any
) -> None:
    lake.put_bucket_request_payment(
        Bucket="acme-lake", RequestPaymentConfiguration={"Payer": "Requester"}
    )
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        body = screen.query_one(PreviewBody)
        await until(pilot, lambda: isinstance(body.shown, TableData))
        client = await screen.services.gateway.client("s3")
        asked: list[str | None] = []

        def guard(params: Any, **_: Any) -> None:
            asked.append(params.get("RequestPayer"))
            if not params.get("RequestPayer"):
                raise AwsError("Can't read it", "access denied", "", code="AccessDenied")

        client.meta.events.register("before-parameter-build.s3.GetObject", guard)
        screen.buckets = ()
        await pilot.press("down", "up")
        await until(pilot, lambda: "asks whether to pay" in said(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("escape")
        await pilot.pause(0.3)
        assert set(asked) == {None}
        screen.objects_table.focus()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(body.shown, TableData))
        assert asked[-1] == "requester"


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_hostile_bodies_are_literal_and_quick(
    clean_sandbox: Any, aws_client: Any, size: tuple[int, int]
) -> None:
    names = ",".join(HOSTILE).replace("\t", "")
    bodies = {
        "a.csv": (names + "\n" + names + "\n").encode() * 50,
        "b.csv": b",".join(b"c%d" % n for n in range(10_000)) + b"\n" + b"1," * 9_999 + b"\n",
        "c.txt": b"\x1b]0;title\x07" + b"x" * 1_000_000,
        "d.json": ('{"\u202e[@click=app.quit]x[/]": "' + "y" * 400_000).encode(),
        "e.jsonl": b'{"a\x1b": "\xe2\x80\xae"}\n' * 10,
    }
    fill(aws_client(clean_sandbox, "s3"), "acme-hostile", bodies)
    async with s3_pane(clean_sandbox, "acme-hostile", size=size) as (app, pilot, screen):
        body = screen.query_one(PreviewBody)
        for _ in bodies:
            await until(pilot, lambda: body.display and body.shown is not None)
            await pilot.pause(0.1)
            text = screen_text(app)
            assert not any(ord(char) < 0x20 and char != "\n" for char in text)
            assert "\u202e" not in text
            await pilot.press("enter", "right", "pagedown", "escape", "down")
        assert app.is_running
