"""A long listing in the real app: what the user waits for, and what it costs."""

from __future__ import annotations

import asyncio
import gc
import time
from contextlib import suppress
from typing import Any

from textual import events

from tests.bench.stub.s3 import BUCKETS, PREFIX
from tests.bench.table_rows import SIZE, Gaps, resident, until

KEY_EVERY_SECONDS = 0.06
LONG_ENOUGH = 20.0


class Painted:
    """When the table last painted a line."""

    def __init__(self, table: Any) -> None:
        self.at = 0.0
        render_line = table.render_line

        def noted(y: int) -> Any:
            strip = render_line(y)
            self.at = time.perf_counter()
            return strip

        table.render_line = noted


def press(app: Any, key: str) -> float:
    """Send a key as the terminal would; returns when."""
    event = events.Key(key, key if len(key) == 1 else None)
    event.set_sender(app)
    app._driver.send_message(event)
    return time.perf_counter()


async def keys_while_loading(app: Any, screen: Any, painted: Painted) -> list[float]:
    """Seconds from each key to the last line painted for it, until the listing ends."""
    took = []
    names = ("down", "pagedown", "down", "up", "end", "home")
    while screen.listing.state == "loading":
        for name in names:
            table = screen.objects_table
            row = table.cursor
            began = press(app, name)
            end = time.monotonic() + LONG_ENOUGH
            while table.cursor == row or painted.at < began:
                assert time.monotonic() < end, name
                await asyncio.sleep(0.005)
            took.append(painted.at - began)
            await asyncio.sleep(KEY_EVERY_SECONDS)
    return took


async def gap_of(act: Any, done: Any) -> tuple[float, float]:
    """The longest gap of the event loop during something, and how long it took; both in ms."""
    gaps = Gaps()
    async with gaps.watching():
        began = time.perf_counter()
        act()
        await until(done)
        took = time.perf_counter() - began
        await asyncio.sleep(0.05)
    return gaps.longest * 1000, took * 1000


async def stopping(app: Any, screen: Any, keys: int) -> float:
    """Milliseconds from escape in the middle of a listing until it says so on the screen."""
    screen.open_place(BUCKETS[0], PREFIX)
    await until(lambda: screen.listing.rows > min(30_000, keys // 3))
    crumbs = screen.query_one("#s3-crumbs")
    shown = crumbs.show
    said = [0.0]

    def noted(left: Any, right: Any = (), *rest: Any) -> None:
        shown(left, right, *rest)
        if "stopped" in "".join(text for _, text in right):
            said[0] = time.perf_counter()

    crumbs.show = noted
    began = press(app, "escape")
    await until(lambda: said[0])
    crumbs.show = shown
    rows = screen.listing.rows
    await asyncio.sleep(0.5)
    assert screen.listing.rows == rows < keys
    return (said[0] - began) * 1000


async def measure(port: int, keys: int) -> dict[str, float]:
    """Open, press keys while it streams, weigh, sort, filter, select, list again and stop."""
    from tui.app import SkydeckApp
    from tui.core.options import Options
    from tui.settings import Settings

    options = Options(endpoint_url=f"http://127.0.0.1:{port}", region="us-east-1")
    app = SkydeckApp(options, Settings())
    async with app.run_test(size=SIZE) as pilot:
        await until(lambda: getattr(app.screen, "buckets", None))
        screen: Any = app.screen
        screen.open_place(BUCKETS[1], PREFIX)
        await until(lambda: screen.listing.state == "done")
        await pilot.press("pagedown", "pageup")
        with suppress(AssertionError):  # a preview may do without pandas
            await until(lambda: screen._pandas_spared, 5)
        await asyncio.sleep(0.5)
        table, gaps, baseline = screen.objects_table, Gaps(), resident()
        painted = Painted(table)
        async with gaps.watching():
            began = time.perf_counter()
            screen.open_place(BUCKETS[0], PREFIX)
            await until(lambda: len(table.view) and painted.at > began)
            first = time.perf_counter() - began
            took = sorted(await keys_while_loading(app, screen, painted))
            listed = time.perf_counter() - began
        assert len(table.records) == keys
        await asyncio.sleep(0.3)
        figures = {
            "first rows painted, ms": first * 1000,
            "all listed, s": listed,
            "memory above the baseline, MB": (resident() - baseline) / 1e6,
            "longest event-loop gap, ms": gaps.longest * 1000,
            "key answered, p99, ms": took[int(len(took) * 0.99)] * 1000,
            "key answered, median, ms": took[len(took) // 2] * 1000,
            "keys pressed": float(len(took)),
        }
        figures |= await arranging(app, screen)
        figures["stopped after, ms"] = await stopping(app, screen, keys)
        gc.collect()
        return figures


async def arranging(app: Any, screen: Any) -> dict[str, float]:
    """What sorting, filtering and selecting all rows takes, and holds up the event loop."""
    from tui.screens.s3.rows import ORDERS

    table = screen.objects_table
    keys = len(table.records)
    largest = next(order for order in ORDERS if order.id == "size")
    steps = {
        "sort by size": (
            lambda: screen.sort_by(largest),
            lambda: table.rows.arranged.order[0] == "size",
        ),
        "filter": (lambda: screen.filter_by("77"), lambda: 0 < len(table.view) < keys),
        "filter by glob": (
            lambda: screen.filter_by("*77?.csv"),
            lambda: len(table.view) == keys // 100,
        ),
        "filter dropped": (lambda: screen.filter_by(""), lambda: len(table.view) == keys),
        "select all": (table.select_all, lambda: len(table.selected) == keys),
        "invert": (table.invert, lambda: not table.selected),
    }
    figures = {}
    for name, (act, done) in steps.items():
        gap, took = await gap_of(act, done)
        figures |= {f"{name}, ms": took, f"{name}: event-loop gap, ms": gap}
    return figures
