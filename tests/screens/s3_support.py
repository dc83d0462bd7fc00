"""What the tests of the S3 pane share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from tests.support import running, until
from tui.app import SkydeckApp
from tui.screens.s3.screen import S3Screen

HOSTILE = (
    "x[/y].txt",
    "a[bold]b.csv",
    "[@click=app.quit]x[/]",
    "a\x1b[31mred.txt",
    "abc\u202excod.exe",
    "tab\there",
    "zero\u200bwidth",
    "ends in space ",
    "%2e%2e%2f",
    "é" * 509 + "abcd",
)


def fill(client: Any, bucket: str, objects: Mapping[str, bytes] | Iterable[str]) -> None:
    """Make a bucket of these keys; a bare key holds its own UTF-8 bytes."""
    client.create_bucket(Bucket=bucket)
    pairs = objects.items() if isinstance(objects, Mapping) else ((k, k.encode()) for k in objects)
    for key, body in pairs:
        client.put_object(Bucket=bucket, Key=key, Body=body)


@asynccontextmanager
async def s3_pane(
    sandbox: Any, bucket: str = "", prefix: str = "", **options: Any
) -> AsyncIterator[tuple[SkydeckApp, Pilot[None], S3Screen]]:
    """The app on the S3 pane, its buckets listed, a place opened and listed to its end."""
    async with running(sandbox, **options) as (app, pilot):
        await until(pilot, lambda: getattr(app.screen, "buckets", None) is not None)
        screen = app.screen
        assert isinstance(screen, S3Screen)
        if bucket:
            screen.open_place(bucket, prefix)
            await listed(pilot, screen)
        yield app, pilot, screen


async def listed(pilot: Pilot[Any], screen: S3Screen) -> None:
    """Wait until the listing came to its end."""
    await until(pilot, lambda: screen.listing is not None and screen.listing.state != "loading")
    await pilot.pause()


async def type_text(pilot: Pilot[Any], text: str) -> None:
    """Put text into the focused field, as a paste would."""
    from textual.widgets import Input

    field = pilot.app.screen.focused
    assert isinstance(field, Input)
    field.value = ""
    field.insert_text_at_cursor(text)
    await pilot.pause()


def names(screen: S3Screen) -> list[str]:
    """The keys that the table shows, in its order."""
    return [row.key for row in screen.objects_table.view]


async def idle_jobs(pilot: Pilot[Any], app: SkydeckApp) -> None:
    """Wait until a job was started and none runs any more."""
    await until(pilot, lambda: app.jobs.snapshots() and not app.jobs.running)
    await pilot.pause()
