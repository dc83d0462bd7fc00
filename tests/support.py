"""What tests of the running app share."""

from __future__ import annotations

import asyncio
import gc
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual._styles_cache import StylesCache
from textual.app import App
from textual.pilot import Pilot

from tui.app import SkydeckApp
from tui.core.options import Options
from tui.settings import Settings

SIZE = (120, 40)
APPS_A_PASS = 5  # a full pass takes 0.2 s
_ENDED = itertools.count(1)


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
    _let_go_of_ended_apps()
    assert len(app.handler_faults) == faults, app.handler_faults


def _let_go_of_ended_apps() -> None:
    """Free the memory of apps that have ended: 50 MB each, all of it in cycles.

    What an app froze, no pass of the interpreter's own looks for, and Textual keeps the lines of
    widgets for as long as this cache of its class has their keys.
    """
    StylesCache.get_inner_outer.cache_clear()
    if next(_ENDED) % APPS_A_PASS == 0:
        gc.collect()


async def until(
    pilot: Pilot[Any] | None, condition: Callable[[], object], seconds: float = 20.0
) -> None:
    """Wait until the condition holds; in vain, it fails and tells what the screen shows.

    Without a pilot there is no app to wait for.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            shown = screen_text(pilot.app) if pilot and pilot.app.is_running else "no screen"
            raise AssertionError(f"waited in vain:\n{shown}")
        if pilot is not None:
            await pilot.pause()
        await asyncio.sleep(0.02)


def screen_text(app: App[Any]) -> str:
    """All that is on the screen, as plain text, a line a row."""
    width, _ = app.size
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip)[:width] for strip in strips)


def said(app: App[Any]) -> str:
    """The screen's words, without line ends and the toasts' edges."""
    return " ".join(screen_text(app).replace("▌", " ").split())
