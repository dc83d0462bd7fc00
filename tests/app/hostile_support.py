"""What the tests of hostile names share: how a name must stand on the screen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from rich.cells import set_cell_size

from tests.app.hostile import OWN, names
from tui.app import SkydeckApp
from tui.core.safe_text import visible

ALL = names()
# Names that a widget could misread; the others are only long, wide or foreign.
SHARP = [name for name in ALL if visible(name) != name or set(name) & set("[]{}$\\")]
# Where each name costs a wait of its own: our own ones, and some of the list.
SOME = [name for name in SHARP if name in OWN] + SHARP[::9]
MOMENT = datetime(2026, 3, 1, tzinfo=UTC)


@asynccontextmanager
async def unharmed(app: SkydeckApp) -> AsyncIterator[None]:
    """Within, the app may neither end nor say that a fault of its own happened."""
    yield
    assert app.is_running
    assert not [one for one in app._notifications if "fault" in one.message]


def literal(app: SkydeckApp) -> list[str]:
    """The screen's lines; none has a raw control character, a line end, or another width."""
    strips = app.screen._compositor.render_strips()
    assert all(strip.cell_length == app.size.width for strip in strips)
    lines = ["".join(segment.text for segment in strip) for strip in strips]
    assert [line for line in lines if visible(line) != line] == []
    return lines


def begins(name: str, columns: int = 14) -> str:
    """The beginning of a name as it must stand on the screen."""
    return set_cell_size(visible(name), columns).rstrip()


def chunks(items: list[str], size: int) -> list[list[str]]:
    return [items[at : at + size] for at in range(0, len(items), size)]
