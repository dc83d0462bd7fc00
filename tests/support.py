"""What tests of the running app share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual._styles_cache import StylesCache
from textual.app import App
from textual.pilot import Pilot

from tests import thrift
from tui.app import SkydeckApp
from tui.core.options import Options
from tui.settings import Settings
from tui.widgets.dialog import Confirm

SIZE = (120, 40)
POLL_SECONDS = (0.005, 0.02)  # at first and at most

thrift.wait_shorter()
thrift.spare_the_collector()
Confirm.READING_SECONDS = (
    0.0  # a test's fingers are fast; tests/widgets/test_dialog_haste.py is not
)


@asynccontextmanager
async def running(
    sandbox: Any = None,
    *,
    size: tuple[int, int] = SIZE,
    settings: Settings | None = None,
    faults: int = 0,
    **options: Any,
) -> AsyncIterator[tuple[SkydeckApp, Pilot[None]]]:
    """The app on a sandbox that runs already (or, without one, as the options say), connected.

    At the end no handler may have failed, but for `faults` that the test makes itself.
    """
    if sandbox is not None:
        options.setdefault("sandbox", True)
    app = SkydeckApp(Options(fast=True, **options), settings or Settings(), sandbox=sandbox)
    async with app.run_test(size=size, notifications=True) as pilot:
        if sandbox is not None:
            await until(pilot, lambda: app.services is not None or app.connect_error is not None)
            assert app.services is not None, app.connect_error
            await until(pilot, lambda: app.current_mode != "start")
        yield app, pilot
    # Textual keeps the lines of widgets for as long as this cache of its class has their keys.
    StylesCache.get_inner_outer.cache_clear()
    thrift.an_app_ended()
    assert len(app.handler_faults) == faults, app.handler_faults


async def until(
    pilot: Pilot[Any] | None, condition: Callable[[], object], seconds: float = 20.0
) -> None:
    """Wait until the condition holds; in vain, it fails and tells what the screen shows.

    Without a pilot there is no app to wait for.
    """
    end = time.monotonic() + seconds
    while not condition():
        pause, longest = POLL_SECONDS
        while not condition():
            if time.monotonic() > end:
                shown = screen_text(pilot.app) if pilot and pilot.app.is_running else "no screen"
                raise AssertionError(f"waited in vain:\n{shown}")
            await asyncio.sleep(pause)
            pause = min(longest, pause * 1.5)
        if pilot is not None:  # what is asked for may be gone once all has settled
            await pilot.pause()


def screen_text(app: App[Any]) -> str:
    """All that is on the screen, as plain text, a line a row."""
    width, _ = app.size
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip)[:width] for strip in strips)


def said(app: App[Any]) -> str:
    """The screen's words, without line ends and the toasts' edges."""
    return " ".join(screen_text(app).replace("▌", " ").split())
