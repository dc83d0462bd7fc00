"""What the tests of versions and of emptying share."""

from __future__ import annotations

from typing import Any

from tests.screens.s3_support import type_text
from tests.support import until
from tui.widgets.dialog import Confirm

BUCKET, HOSTILE = "acme-lake", "[@click=app.quit]x"


def switch(client: Any, status: str) -> None:
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": status})


def write(client: Any, key: str, *bodies: bytes) -> list[str]:
    return [client.put_object(Bucket=BUCKET, Key=key, Body=one)["VersionId"] for one in bodies]


def everything(client: Any, bucket: str = BUCKET) -> set[tuple[str, str]]:
    page = client.list_object_versions(Bucket=bucket)
    rows = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    return {(row["Key"], row["VersionId"]) for row in rows}


async def dialog(pilot: Any, app: Any, kind: type[Any]) -> Any:
    await until(pilot, lambda: isinstance(app.screen, kind) and app.screen.is_mounted)
    await pilot.pause()
    return app.screen


async def rows_of(pilot: Any, app: Any, kind: type[Any], many: int) -> Any:
    shown = await dialog(pilot, app, kind)
    await until(pilot, lambda: len(shown.table.view) == many)
    await pilot.pause()
    return shown


async def agreed(pilot: Any, app: Any) -> Any:
    """Type what a plan wants and agree; returns the plan."""
    question = await dialog(pilot, app, Confirm)
    if question.plan.typed:
        await type_text(pilot, question.plan.typed)
    await pilot.press("enter")
    return question.plan
