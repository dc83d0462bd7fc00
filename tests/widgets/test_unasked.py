"""A dialog that opens by itself is not answered by what was typed for something else."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from textual.app import App
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

from tui.core.plans import Plan, Risk
from tui.themes import SLATE, variables
from tui.widgets import unasked
from tui.widgets.unasked import UnaskedConfirm, agreed

PLAN = Plan(title="First login", verb="Trust this key", intro="Is it the one?")
TYPED = Plan(title="Another key", verb="Trust", intro="?", risk=Risk.DESTROYS, typed="box")


class Asking(App[None]):
    """An app in which a task asks while one types in a field."""

    def get_css_variables(self) -> dict[str, str]:
        return super().get_css_variables() | variables(SLATE)

    def compose(self) -> Any:
        yield Input()

    def ask(self, plan: Plan) -> asyncio.Task[bool]:
        return asyncio.get_running_loop().create_task(agreed(self, plan))


async def opened(app: Asking, pilot: Pilot[None]) -> UnaskedConfirm:
    while not (isinstance(app.screen, UnaskedConfirm) and app.screen.is_mounted):
        await pilot.pause()
    return app.screen


async def begun(dialog: UnaskedConfirm, pilot: Pilot[None]) -> None:
    dialog._begin()  # what its timer does
    while not dialog.begun:
        await pilot.pause()
    await pilot.pause()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dialog that waits until it is told: no test depends on how fast this machine is."""
    monkeypatch.setattr(unasked, "STILL_SECONDS", 600.0)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("key", ["enter", "y", "n", "escape"])
async def test_keys_typed_ahead_do_not_answer(key: str) -> None:
    app = Asking()
    async with app.run_test() as pilot:
        asked = app.ask(PLAN)
        dialog = await opened(app, pilot)
        await pilot.press(key)
        await pilot.pause()
        assert app.screen is dialog
        assert not dialog.query_one(".dialog").display, "not to be seen, so nobody answers it"
        await begun(dialog, pilot)
        assert dialog.query_one(".dialog").display
        await pilot.press(key)
        assert await asyncio.wait_for(asked, 5) is (key in ("enter", "y"))


@pytest.mark.usefixtures("patient")
async def test_a_key_that_was_pressed_before_and_arrives_after_does_not_answer() -> None:
    app = Asking()
    async with app.run_test() as pilot:
        asked = app.ask(PLAN)
        dialog = await opened(app, pilot)
        late = Key("enter", "\r")
        await begun(dialog, pilot)
        dialog.post_message(late)
        await pilot.pause()
        assert app.screen is dialog
        await pilot.press("enter")
        assert await asyncio.wait_for(asked, 5) is True


@pytest.mark.usefixtures("patient")
async def test_it_waits_as_long_as_one_types() -> None:
    app = Asking()
    async with app.run_test() as pilot:
        app.ask(PLAN)
        dialog = await opened(app, pilot)
        timers = {dialog._still}
        for key in ("l", "s", "enter"):
            await pilot.press(key)
            await pilot.pause()
            timers.add(dialog._still)
        assert len(timers) == 4, "each key begins the wait anew"
        assert not dialog.begun
        dialog.dismiss(None)


async def test_it_begins_by_itself_once_the_keyboard_is_still() -> None:
    app = Asking()
    async with app.run_test() as pilot:
        asked = app.ask(PLAN)
        opened_at = time.monotonic()
        dialog = await opened(app, pilot)
        while not dialog.begun:
            await pilot.pause()
        assert dialog.begun_at - opened_at >= unasked.STILL_SECONDS
        await pilot.press("y")
        assert await asyncio.wait_for(asked, 5) is True


@pytest.mark.usefixtures("patient")
async def test_a_word_to_type_takes_no_key_typed_ahead() -> None:
    app = Asking()
    async with app.run_test() as pilot:
        asked = app.ask(TYPED)
        dialog = await opened(app, pilot)
        await pilot.press("b", "o", "x", "enter")
        await begun(dialog, pilot)
        assert dialog.query_one("#confirm-typed", Input).value == ""
        await pilot.press("enter", "y")
        assert app.screen is dialog
        await pilot.press("backspace", "b", "o", "x", "enter")
        assert await asyncio.wait_for(asked, 5) is True


async def test_a_login_that_is_given_up_takes_its_question_away() -> None:
    app = Asking()
    async with app.run_test() as pilot:
        asked = app.ask(PLAN)
        dialog = await opened(app, pilot)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await pilot.pause()
        assert app.screen is not dialog
