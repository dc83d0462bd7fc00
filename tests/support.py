"""What tests of the running app share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from tui.app import SkydeckApp
from tui.core.options import Options
from tui.settings import Settings

SIZE = (120, 40)


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
    assert len(app.handler_faults) == faults, app.handler_faults


async def until(pilot: Pilot[Any], condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until the condition holds; fails with its source line's own AssertionError."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await pilot.pause()
        await asyncio.sleep(0.02)


def screen_text(app: SkydeckApp) -> str:
    """All that is on the screen, as plain text, a line a row."""
    width, _ = app.size
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip)[:width] for strip in strips)
