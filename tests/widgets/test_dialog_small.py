"""Dialogs in a terminal too small for them."""

from __future__ import annotations

import pytest
from textual.app import App

from tui.core.plans import Plan, PlanFact, Risk
from tui.themes import SLATE, variables
from tui.widgets.dialog import Confirm
from tui.widgets.styles import style_path

PLAN = Plan(
    title="Delete 20 objects",
    verb="Delete",
    intro="word " * 30,
    risk=Risk.DESTROYS,
    facts=tuple(PlanFact(f"fact {n}", "v" * 20) for n in range(8)),
    typed="abc",
)


class Host(App[None]):
    """Nothing but the dialogs' styles."""

    CSS_PATH = style_path("base.tcss")

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The palette."""
        return variables(SLATE)


async def test_the_field_is_in_sight_and_pages_turn() -> None:
    app = Host()
    async with app.run_test(size=(40, 12)) as pilot:
        app.push_screen(Confirm(PLAN))
        await pilot.pause(0.2)
        field, foot = app.screen.query_one("#confirm-typed"), app.screen.query_one("#confirm-foot")
        assert field.region.bottom <= 12
        await pilot.press("pagedown", "pagedown", "pagedown")
        await pilot.pause()
        assert foot.region.bottom <= 12
        await pilot.press("pageup", "pageup", "pageup", "pageup")
        await pilot.pause()
        assert field.region.bottom > 12


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_a_fingerprint_is_shown_whole(width: int) -> None:
    fingerprint = "SHA256:" + "".join(chr(65 + n % 26) for n in range(43))
    plan = Plan("First login", "Trust", "Look.", facts=(PlanFact("fingerprint", fingerprint),))
    app = Host()
    async with app.run_test(size=(width, 40)) as pilot:
        app.push_screen(Confirm(plan))
        await pilot.pause(0.2)
        strips = app.screen._compositor.render_strips()
        shown = "".join("".join(segment.text for segment in strip) for strip in strips)
        assert fingerprint in "".join(shown.split())
