"""What the tests share that copy, edit and sync in the S3 pane."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.screens.s3_support import type_text
from tests.support import until
from tui.screens.s3 import editor as s3_editor
from tui.widgets.dialog import Choose

LAKE = "acme-lake"


def keys_of(client: Any, bucket: str = LAKE) -> list[str]:
    return [row["Key"] for row in client.list_objects_v2(Bucket=bucket).get("Contents", ())]


def body_of(client: Any, key: str, bucket: str = LAKE) -> bytes:
    data: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    return data


async def shown(pilot: Any, app: Any, kind: type) -> Any:
    await until(pilot, lambda: type(app.screen) is kind and app.screen.is_mounted)
    await pilot.pause()
    return app.screen


async def answer(pilot: Any, app: Any, kind: type, text: str) -> None:
    await shown(pilot, app, kind)
    await type_text(pilot, text)
    await pilot.press("enter")


async def choose(pilot: Any, app: Any, choice: str) -> None:
    dialog = await shown(pilot, app, Choose)
    assert dialog.query_one("#choose-table").move_to_key(choice)
    await pilot.press("enter")


async def put_cursor(pilot: Any, screen: Any, key: str) -> None:
    assert screen.objects_table.move_to_key(key)
    await pilot.pause()


def editor(change: Callable[[bytes], bytes], seconds: float = 9.0) -> Any:
    """What stands in for the user's editor."""

    async def run(_app: Any, path: Path) -> float:
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
        path.write_bytes(change(path.read_bytes()))
        return seconds

    return run


def drafts() -> list[Path]:
    folder = s3_editor.drafts_folder()
    return [path for path in folder.rglob("*") if path.is_file() and path.name != ".skydeck.json"]
