"""What the tests of a bucket's settings share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.screens.s3_support import fill, s3_pane
from tests.support import screen_text, until
from tui.aws.bucket.policy_templates import TEMPLATES, arn_of, with_statement
from tui.screens.s3.bucket_view import BucketView

BUCKET = "acme-lake"


async def dialog(pilot: Any, app: Any, kind: type) -> Any:
    await until(pilot, lambda: type(app.screen) is kind and app.screen.is_mounted)
    await pilot.pause()
    return app.screen


async def settled(pilot: Any, view: BucketView) -> None:
    """Wait until the view is on top and nothing is asked for any more."""
    await until(pilot, lambda: pilot.app.screen is view and not view._turns and not view._working)
    await pilot.pause()


async def press(pilot: Any, *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


async def to_section(pilot: Any, view: BucketView, name: str) -> None:
    view.action_sections()
    view.query_one("#bucket-sections").move_to_key(name)  # type: ignore[attr-defined]
    await pilot.pause()


def section(app: Any) -> str:
    """The words at the right of the list of sections."""
    return " ".join(" ".join(line[41:] for line in screen_text(app).split("\n")).split())


@asynccontextmanager
async def settings_of(
    sandbox: Any, client: Any, at: str = "overview", **options: Any
) -> AsyncIterator[tuple[Any, Any, BucketView]]:
    """The app with the settings of BUCKET open, all answered."""
    if BUCKET not in {row["Name"] for row in client.list_buckets()["Buckets"]}:
        fill(client, BUCKET, ())
    async with s3_pane(sandbox, **options) as (app, pilot, _screen):
        await pilot.press("comma")
        view = await dialog(pilot, app, BucketView)
        await settled(pilot, view)
        await to_section(pilot, view, at)
        yield app, pilot, view


def public(bucket: str = BUCKET) -> str:
    return with_statement("", TEMPLATES[0].make(arn_of(bucket), ""))
