"""Transfers that an earlier run of the app has left: offered at the start, never twice at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.screens.s3_support import fill
from tests.support import running, said, screen_text, until
from tui.app import SkydeckApp
from tui.core.errors import UserError
from tui.core.jobs import JobState, Progress
from tui.core.ledger import Interrupted, Owner
from tui.core.ledger_folder import LedgerFolder, new_intent
from tui.screens.jobs.interrupted import InterruptedDialog, where_to
from tui.screens.leaving import leaving_plan
from tui.settings import state_folder
from tui.widgets import unasked
from tui.widgets.dialog import Confirm
from tui.widgets.jobs_drawer import JobsDrawer

LAKE = "acme-lake"


@pytest.fixture(autouse=True)
def ledgers() -> Iterator[Path]:
    """The folder of all ledgers, empty before and after."""
    folder = state_folder() / "transfers"

    def clear() -> None:
        for file in folder.glob("*"):
            file.unlink()

    clear()
    yield folder
    clear()


@pytest.fixture
def lake(clean_sandbox: Any, aws_client: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A bucket's client; its sandbox outlives the app, and so may a transfer."""
    monkeypatch.setattr(type(clean_sandbox), "kept", property(lambda _: True))
    client = aws_client(clean_sandbox, "s3")
    fill(client, LAKE, ())
    return client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """40 files, of which a few go at a time."""
    made = tmp_path / "up"
    made.mkdir()
    for number in range(40):
        (made / f"part-{number:02}.csv").write_bytes(b"x" * 50_000)
    return made


async def left_behind(app: SkydeckApp, pilot: Pilot[None], folder: Path) -> None:
    """Upload so slowly that the app ends midway."""
    services = app.services
    assert services is not None

    async def body(job: Any) -> str:
        job.progress.limits.bytes_per_second = 400_000
        return (await services.transfers.upload_folder(LAKE, "in/", folder, job.progress)).finish()

    job = app.jobs.start("upload", "up/", body, pausable=True, group=services.group)
    await until(pilot, lambda: job.progress.items_done >= 2)


@asynccontextmanager
async def offered(sandbox: Any) -> AsyncIterator[tuple[SkydeckApp, Pilot[None]]]:
    async with running(sandbox) as (app, pilot):
        await until(pilot, lambda: asks(app))
        await until(pilot, lambda: "1 transfer did not end" in screen_text(app))
        yield app, pilot


def asks(app: SkydeckApp) -> bool:
    """Whether the question takes keys."""
    return isinstance(app.screen, InterruptedDialog) and app.screen.begun


def keys(client: Any) -> list[str]:
    return [one["Key"] for one in client.list_objects_v2(Bucket=LAKE).get("Contents", ())]


async def test_what_quitting_left_is_offered_at_the_next_start_and_goes_on(
    clean_sandbox: Any, lake: Any, folder: Path, ledgers: Path
) -> None:
    async with running(clean_sandbox) as (app, pilot):
        await left_behind(app, pilot, folder)
    done = len(keys(lake))
    assert 0 < done < 40
    async with offered(clean_sandbox) as (app, pilot):
        assert f"upload to {LAKE}/in/" in said(app)
        assert " of 40" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.jobs.snapshots()[0].state is JobState.DONE)
        assert app.jobs.snapshots()[0].items_done == 40
    assert len(keys(lake)) == 40
    assert list(ledgers.iterdir()) == []


async def test_what_was_left_can_be_cleaned_up_at_once(
    clean_sandbox: Any, lake: Any, folder: Path, ledgers: Path
) -> None:
    async with running(clean_sandbox) as (app, pilot):
        await left_behind(app, pilot, folder)
    async with offered(clean_sandbox) as (app, pilot):
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("escape")  # and back to the question
        await until(pilot, lambda: asks(app))
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("enter")
        await until(pilot, lambda: app.jobs.snapshots()[0].state is JobState.CANCELLED)
    assert list(ledgers.iterdir()) == []


async def test_an_enter_for_what_was_below_has_nothing_go_on(
    clean_sandbox: Any, lake: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(clean_sandbox) as (app, pilot):
        await left_behind(app, pilot, folder)
    monkeypatch.setattr(unasked, "STILL_SECONDS", 600.0)
    async with running(clean_sandbox) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, InterruptedDialog))
        await pilot.press("enter", "x", "escape")
        await pilot.pause()
        assert isinstance(app.screen, InterruptedDialog)
        assert [job.state for job in app.jobs.snapshots()] == [JobState.PAUSED]


async def test_where_the_place_ends_with_the_app_nothing_half_done_stays(
    clean_sandbox: Any, lake: Any, folder: Path, ledgers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(clean_sandbox), "kept", property(lambda _: False))
    async with running(clean_sandbox) as (app, pilot):
        await left_behind(app, pilot, folder)
    assert list(ledgers.iterdir()) == []


async def test_later_leaves_it_among_the_jobs_and_at_the_start_after(
    clean_sandbox: Any, lake: Any, folder: Path
) -> None:
    async with running(clean_sandbox) as (app, pilot):
        await left_behind(app, pilot, folder)
    async with offered(clean_sandbox) as (app, pilot):
        await pilot.press("escape")
        await until(pilot, lambda: "1 paused" in screen_text(app))
        await pilot.press("J")
        await until(pilot, lambda: app.screen.query(JobsDrawer))
        await until(pilot, lambda: "not ended" in screen_text(app))
        app.connect_to(app.wish)  # as another region does: asked once only, shown once only
        await until(pilot, lambda: app.services is None)
        await until(pilot, lambda: app.services is not None)
        await until(pilot, lambda: len(app.jobs.paused) == 1)
        await pilot.pause()
        assert not isinstance(app.screen, InterruptedDialog)
    async with offered(clean_sandbox) as (app, pilot):
        await pilot.press("escape")


async def test_what_another_app_has_cleaned_up_can_be_cleaned_up(
    clean_sandbox: Any, lake: Any, folder: Path, ledgers: Path
) -> None:
    async with running(clean_sandbox) as (app, pilot):
        await left_behind(app, pilot, folder)
    async with offered(clean_sandbox) as (app, pilot):
        await pilot.press("escape")
        for file in ledgers.iterdir():
            file.unlink()
        (job,) = app.jobs.snapshots()
        app.jobs.cancel(job.id)
        await until(pilot, lambda: app.jobs.snapshots()[0].state is JobState.CANCELLED)
        assert "another Skydeck" in app.jobs.snapshots()[0].note


async def test_what_could_not_be_cleaned_up_is_shown_once_after_another_connection(
    clean_sandbox: Any, lake: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(clean_sandbox) as (app, pilot):
        await left_behind(app, pilot, folder)
    async with offered(clean_sandbox) as (app, pilot):
        await pilot.press("escape")

        async def refuse(*_: Any) -> None:
            raise UserError("Can't abort the upload", "no network")

        monkeypatch.setattr(app.services.transfers, "discard", refuse)
        (first,) = app.jobs.snapshots()
        app.jobs.cancel(first.id)
        await until(pilot, lambda: "no network" in app.jobs.snapshots()[0].note)
        app.connect_to(app.wish)
        await until(pilot, lambda: [one.id for one in app.jobs.snapshots()] != [first.id])
        assert len(app.jobs.snapshots()) == 1


async def test_a_second_app_does_not_see_what_the_first_works_on(
    clean_sandbox: Any, lake: Any, folder: Path
) -> None:
    async with running(clean_sandbox) as (app, pilot):
        await left_behind(app, pilot, folder)
        async with running(clean_sandbox) as (second, other):
            assert second.services is not None
            assert await second.services.transfers.interrupted() == ()
            await other.pause()
            assert second.jobs.snapshots() == ()


def begun(ledgers: Path, owner: Owner, subject: str) -> None:
    """A ledger that nobody works on."""
    intent = new_intent("upload", "upload", subject, LAKE, 2, 10)
    LedgerFolder(ledgers, owner).begin(intent, [["a"], ["b"]]).release()


async def test_what_belongs_elsewhere_is_shown_and_what_died_with_its_sandbox_is_swept_away(
    clean_sandbox: Any, lake: Any, ledgers: Path
) -> None:
    begun(ledgers, Owner("123456789012", "aws", "prod"), "to prod")
    begun(ledgers, Owner("000000000000", "sandbox:http://127.0.0.1:1"), "to a dead sandbox")
    async with running(clean_sandbox) as (app, pilot):
        await until(pilot, app.jobs.snapshots)
        await until(pilot, lambda: len(list(ledgers.glob("*.jsonl"))) == 1)
        assert not isinstance(app.screen, InterruptedDialog)
        shown = app.jobs.snapshots()
        assert [(one.subject, one.state, one.resumable) for one in shown] == [
            ("to prod", JobState.PAUSED, False)
        ]
        assert "connect as prod to go on" in shown[0].note
        await pilot.press("J")
        await until(pilot, lambda: "connect as prod" in screen_text(app))
        await pilot.press("p", "x")
        await pilot.pause()
        assert app.jobs.snapshots()[0].state is JobState.PAUSED


def test_each_place_says_how_one_gets_there() -> None:
    def at(place: str, profile: str = "") -> str:
        now = datetime.now(UTC)
        one = Interrupted(
            "1", "upload", "x", LAKE, "1234", place, profile, "", now, 0, 1, 0, 1, mine=False
        )
        return where_to(one)

    assert at("aws", "prod") == "connect as prod"
    assert at("aws") == "connect to account 1234"
    assert at("http://minio:9000") == "connect to http://minio:9000"
    assert at("sandbox:/home/me/keep") == "start the sandbox with --keep /home/me/keep"


@pytest.mark.parametrize("kept", [True, False])
async def test_quitting_says_what_is_kept_and_what_ends(
    clean_sandbox: Any, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(clean_sandbox) as (app, _pilot):
        monkeypatch.setattr(type(clean_sandbox), "kept", property(lambda _: kept))
        sleeping: Callable[[Any], Any] = lambda _: asyncio.sleep(3600, "")  # noqa: E731
        app.jobs.start("upload", "big.csv", sleeping, pausable=True)
        app.jobs.start("launch", "x", sleeping)
        plan = leaving_plan(app)
        assert plan is not None
        assert ("The transfer is kept: offered at the next start." in plan.intro) is kept
        assert "are cancelled; nothing half-done stays." in plan.intro
        told = {fact.value for fact in plan.facts}
        assert ("upload big.csv, kept" in told) is kept
        assert "launch x" in told


async def test_leaving_with_nothing_but_paused_transfers_asks_only_where_they_would_be_lost(
    clean_sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(clean_sandbox) as (app, _pilot):

        async def body(_: Any) -> str:
            return ""

        app.jobs.adopt("upload", "x", body, body, Progress(), "not ended")
        assert leaving_plan(app) is not None
        monkeypatch.setattr(
            app,
            "services",
            SimpleNamespace(fleet=app.services.fleet, identity=app.services.identity, sandbox=None),
        )
        assert leaving_plan(app) is None
        monkeypatch.undo()
