"""Faults of our own: told in a sentence, written down, and not the end of the app."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import running, screen_text, until
from tui import settings
from tui.core.errors import UserError
from tui.core.jobs import Job, JobState
from tui.sandbox import Sandbox
from tui.screens.base import BaseScreen

SECRET = "local-secret-4711"


async def broken() -> None:
    """Fail as no code should, with something secret at hand."""
    secret = SECRET
    raise KeyError(len(secret))


@pytest.mark.parametrize("quiet", [True, False])
async def test_a_workers_fault_is_told_and_does_not_end_the_app(
    sandbox: Sandbox, quiet: bool
) -> None:
    async with running(sandbox) as (app, pilot):
        app.screen.run_worker(broken(), exit_on_error=quiet)
        await until(pilot, lambda: "a fault of Skydeck's own" in screen_text(app))
        assert "KeyError" in screen_text(app)
        assert app.is_running
        note = settings.state_folder() / "crash.txt"
        assert "in broken" in note.read_text()
        assert SECRET not in note.read_text()
        assert note.stat().st_mode & 0o077 == 0


async def test_a_faults_own_words_are_written_without_their_secrets(sandbox: Sandbox) -> None:
    async def refused() -> None:
        raise ValueError(f"Invalid endpoint: http://me:{SECRET}@h:9000 secret_key={SECRET}")

    async with running(sandbox) as (app, pilot):
        app.screen.run_worker(refused(), exit_on_error=False)
        await until(pilot, lambda: "a fault of Skydeck's own" in screen_text(app))
    note = (settings.state_folder() / "crash.txt").read_text()
    assert "Invalid endpoint: http://h:9000" in note
    assert SECRET not in note


async def test_a_workers_user_error_is_told_in_its_own_words(sandbox: Sandbox) -> None:
    async def refused() -> None:
        raise UserError("Can't do that", "it is Sunday", "Come back on Monday.")

    async with running(sandbox) as (app, pilot):
        app.screen.run_worker(refused(), exit_on_error=False)
        await until(pilot, lambda: "it is Sunday" in screen_text(app))
        assert "fault" not in screen_text(app)


@pytest.mark.parametrize("way", ["call_later", "call_after_refresh"])
async def test_a_handlers_fault_is_told_once_and_the_pane_goes_on(
    sandbox: Sandbox, way: str
) -> None:
    def fail() -> None:
        raise KeyError(SECRET)

    async with running(sandbox, faults=1) as (app, pilot):
        for _ in range(3):
            getattr(app.screen, way)(fail)
            await pilot.pause()
        await until(pilot, lambda: "a fault of Skydeck's own" in screen_text(app))
        assert len(app._notifications) == 1
        assert "in fail" in (settings.state_folder() / "crash.txt").read_text()
        await pilot.press("n")
        await until(pilot, lambda: "New bucket" in screen_text(app))


async def test_what_asks_between_two_connections_is_dropped(sandbox: Sandbox) -> None:
    async with running(sandbox) as (app, pilot):
        screen = app.screen
        assert isinstance(screen, BaseScreen)
        services, app.services = app.services, None
        screen.call_later(lambda: screen.services)
        await pilot.pause()
        app.services = services
        assert app.is_running
        assert not app._notifications


async def test_a_jobs_fault_is_written_down(sandbox: Sandbox, tmp_path: Path) -> None:
    async def body(_job: Job) -> str:
        raise ZeroDivisionError

    note = settings.state_folder() / "crash.txt"
    note.unlink(missing_ok=True)
    async with running(sandbox) as (app, _pilot):
        ended = await app.jobs.start("upload", "x.csv", body).wait()
        assert ended.state is JobState.FAILED
        assert ended.error is not None
        assert "fault of Skydeck's own (ZeroDivisionError)" in ended.error.message
        assert "ZeroDivisionError" in note.read_text()
