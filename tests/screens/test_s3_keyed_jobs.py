"""Jobs over many keys: each that failed is shown, and tried again by choice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from tests.screens.s3_support import fill, idle_jobs, s3_pane
from tests.screens.s3_writing_support import LAKE, answer, body_of, choose, keys_of, shown
from tests.support import said, screen_text, until
from tui.core.jobs import JobState
from tui.screens.s3.ask_address import AskAddress
from tui.screens.s3.failures import Failures
from tui.widgets.dialog import Confirm


async def test_what_did_not_move_is_listed_key_by_key_and_only_that_is_tried_again(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, LAKE, [f"in/{at}" for at in range(6)])
    async with s3_pane(clean_sandbox, LAKE, "in/") as (app, pilot, _screen):
        await pilot.press("a", "m")
        await answer(pilot, app, AskAddress, f"s3://{LAKE}/out/")
        await shown(pilot, app, Confirm)
        late = [f"out/{at}" for at in range(1, 6)]
        for key in late:
            client.put_object(Bucket=LAKE, Key=key, Body=b"theirs")
        await pilot.press("enter")
        dialog = await shown(pilot, app, Failures)
        assert [one.key for one in dialog.failures] == [f"in/{at}" for at in range(1, 6)]
        assert "5 of 6 objects failed" in screen_text(app)
        assert "appeared there meanwhile" in screen_text(app)
        assert all(body_of(client, key) == b"theirs" for key in late)
        for key in late:
            client.delete_object(Bucket=LAKE, Key=key)
        await pilot.press("r")
        await until(pilot, lambda: app.jobs.snapshots()[0].state is JobState.DONE)
        assert "6 objects" in app.jobs.snapshots()[0].note  # the first is done since before
        await idle_jobs(pilot, app)
    assert keys_of(client) == [f"out/{at}" for at in range(6)]


async def test_of_many_changes_only_what_failed_is_tried_again(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, LAKE, [f"in/{at}" for at in range(3)])
    async with s3_pane(clean_sandbox, LAKE, "in/") as (app, pilot, _screen):
        await pilot.press("a", "E")
        await choose(pilot, app, "class")
        await choose(pilot, app, "STANDARD_IA")
        await shown(pilot, app, Confirm)
        client.put_object(Bucket=LAKE, Key="in/1", Body=b"another by now")
        await pilot.press("enter")
        dialog = await shown(pilot, app, Failures)
        assert [one.key for one in dialog.failures] == ["in/1"]
        assert "1 object of 3 did not change" in screen_text(app)
        client.put_object(Bucket=LAKE, Key="in/0", Body=b"another too")  # it is through
        await pilot.press("r")
        await until(pilot, lambda: "1 object of 1" in str(app.jobs.snapshots()[0].error))
        assert len(app.jobs.snapshots()) == 1  # the same job, once more
    heads = [client.head_object(Bucket=LAKE, Key=f"in/{at}") for at in range(3)]
    assert [head.get("StorageClass") for head in heads] == [None, None, "STANDARD_IA"]


async def test_a_verb_goes_on_with_the_connection_that_it_began_with(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, LAKE, ["in/a"])
    async with s3_pane(clean_sandbox, LAKE, "in/") as (app, pilot, screen):
        asked, go = asyncio.Event(), asyncio.Event()
        seen = []

        async def verb() -> None:
            seen.append(screen.services)
            asked.set()
            await go.wait()
            seen.append(screen.services)
            screen.run_worker(of_the_pane())

        async def of_the_pane() -> None:
            seen.append(screen.services)

        screen.run_worker(screen.guarded(verb()))
        await asked.wait()
        first, app.services = app.services, replace(app.services)
        go.set()
        await until(pilot, lambda: len(seen) == 3)
        assert seen[0] is first
        assert seen[1] is first
        assert seen[2] is app.services is screen.services


async def test_the_app_may_end_while_a_verb_asks(clean_sandbox: Any, aws_client: Any) -> None:
    fill(aws_client(clean_sandbox, "s3"), LAKE, ["in/a"])
    async with s3_pane(clean_sandbox, LAKE, "in/") as (app, pilot, screen):
        await pilot.press("c")
        await shown(pilot, app, AskAddress)
        verb = next(worker for worker in screen.workers if worker.group == "verb")
    assert verb.is_cancelled
    assert isinstance(verb.error, asyncio.CancelledError)


async def test_read_only_mode_says_so_before_anything_is_asked(
    clean_sandbox: Any, aws_client: Any
) -> None:
    fill(aws_client(clean_sandbox, "s3"), LAKE, ["in/a"])
    async with s3_pane(clean_sandbox, LAKE, "in/", read_only=True) as (app, pilot, screen):
        for key, what in (("c", "copy objects"), ("m", "move objects"), ("E", "change objects")):
            await pilot.press(key)
            await until(pilot, lambda what=what: f"Can't {what}" in said(app))
            assert app.screen is screen
