"""A plan of some risk takes no agreement that came before one can have read it."""

from __future__ import annotations

import time

import pytest
from textual.app import App
from textual.events import Key
from textual.pilot import Pilot

from tests.support import screen_text, until
from tui.core.plans import Plan, Risk
from tui.themes import SLATE, variables
from tui.widgets.dialog import Confirm
from tui.widgets.styles import style_path

LONG = 600.0
RISKY = [Risk.COSTS, Risk.CAREFUL, Risk.DESTROYS]


class Host(App[None]):
    """Nothing but the dialogs' styles, and the answers."""

    CSS_PATH = style_path("base.tcss")

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[bool | None] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The palette."""
        return variables(SLATE)


@pytest.fixture
def slow_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time to read ends when the test says so."""
    monkeypatch.setattr(Confirm, "READING_SECONDS", LONG)


async def opened(app: Host, pilot: Pilot[None], plan: Plan) -> Confirm:
    """The plan, seen."""
    dialog = Confirm(plan)
    app.push_screen(dialog, app.answers.append)
    await until(pilot, lambda: plan.title in screen_text(app))
    return dialog


def read(dialog: Confirm) -> None:
    """Let the time to read be over."""
    dialog._answer_from(time.monotonic() - LONG)


@pytest.mark.usefixtures("slow_reader")
@pytest.mark.parametrize("risk", RISKY)
@pytest.mark.parametrize("key", ["enter", "y"])
async def test_a_second_press_does_not_agree_to_what_the_first_brought(
    risk: Risk, key: str
) -> None:
    app = Host()
    async with app.run_test() as pilot:
        dialog = await opened(app, pilot, Plan("Empty it", "Empty", "All of it.", risk=risk))
        await pilot.press(key)
        assert app.screen is dialog
        read(dialog)
        await pilot.press(key)
        await until(pilot, lambda: app.answers == [True])


@pytest.mark.usefixtures("slow_reader")
async def test_a_key_held_down_agrees_to_nothing() -> None:
    app = Host()
    async with app.run_test() as pilot:
        plan = Plan("Empty it", "Empty", "All of it.", risk=Risk.DESTROYS)
        dialog = await opened(app, pilot, plan)
        read(dialog)
        repeated = Key("enter", "\r")
        repeated.time = dialog._answers_from - 0.01
        dialog.post_message(repeated)
        await pilot.pause()
        await pilot.press("enter")
        assert app.screen is dialog, "the repeated key began the time anew"


@pytest.mark.usefixtures("slow_reader")
@pytest.mark.parametrize("key", ["escape", "n"])
async def test_it_can_be_left_at_once(key: str) -> None:
    app = Host()
    async with app.run_test() as pilot:
        await opened(app, pilot, Plan("Empty it", "Empty", "All.", risk=Risk.DESTROYS))
        await pilot.press(key)
        await until(pilot, lambda: app.answers == [None])


@pytest.mark.usefixtures("slow_reader")
async def test_what_can_be_undone_or_wants_a_word_has_no_wait() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await opened(app, pilot, Plan("Rename it", "Rename", "It."))
        await pilot.press("enter")
        await until(pilot, lambda: app.answers == [True])
        await opened(app, pilot, Plan("Empty it", "Empty", "All.", risk=Risk.DESTROYS, typed="box"))
        await pilot.press(*"box", "enter")
        await until(pilot, lambda: app.answers == [True, True])


async def test_the_button_wakes_once_there_was_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Confirm, "READING_SECONDS", 0.05)
    app = Host()
    async with app.run_test() as pilot:
        plan = Plan("Empty it", "Empty", "All of it.", risk=Risk.DESTROYS)
        dialog = Confirm(plan)
        assert "⏎" not in str(dialog._button())
        app.push_screen(dialog, app.answers.append)
        await until(pilot, lambda: "⏎" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.answers == [True])
