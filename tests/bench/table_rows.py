"""100,000 keys listed into the S3 pane's table: event-loop gaps, page-down, memory a key.

The real app lists a real (loopback, canned) S3 over HTTP through the real gateway, headless.

Run: ``python tests/bench/table_rows.py [--quick]``. Prints a table, then one line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.bench.report import Goal, finish, median
from tests.bench.stub.s3 import PREFIX

KEYS = 100_000
PAGE_DOWNS = 40
SIZE = (120, 40)
TICK = 0.002


@contextmanager
def stub(keys: int) -> Iterator[int]:
    """A child that serves `keys` keys; yields its port."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.stub.s3", "--keys", str(keys)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdin is not None
    try:
        yield int(child.stdout.readline())
    finally:
        child.stdin.close()
        child.wait(timeout=10)


def isolate(folder: str) -> None:
    """Nothing of the user's environment takes part."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "SKYDECK_")):
            del os.environ[name]
    missing = str(Path(folder) / "none")
    os.environ.update(
        HOME=folder,
        XDG_STATE_HOME=folder,
        XDG_CONFIG_HOME=folder,
        AWS_CONFIG_FILE=missing,
        AWS_SHARED_CREDENTIALS_FILE=missing,
        AWS_ACCESS_KEY_ID="bench",
        AWS_SECRET_ACCESS_KEY="bench",
        AWS_EC2_METADATA_DISABLED="true",
    )


class Gaps:
    """Notes how long the event loop was away, by a task that wants to run every 2 ms.

    Attributes:
        longest: seconds.
        own: the same without what the system kept the loop's thread waiting for a core, where
            Linux tells: on a machine that does other things too, that is most of it.
    """

    def __init__(self) -> None:
        self.longest = self.own = 0.0
        self.all: list[float] = []
        self._all_own: list[float] = []

    def clear(self) -> None:
        """Begin anew."""
        self.all.clear()
        self._all_own.clear()

    async def watch(self) -> None:
        """Run until cancelled."""
        with _waited_for_a_core() as waited:
            before, waited_before = time.perf_counter(), waited()
            while True:
                await asyncio.sleep(TICK)
                now, waited_now = time.perf_counter(), waited()
                gap = now - before - TICK
                self.all.append(gap)
                self._all_own.append(gap - (waited_now - waited_before))
                before, waited_before = now, waited_now

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[Gaps]:
        """Watch during the block."""
        task = asyncio.create_task(self.watch())
        try:
            yield self
        finally:
            task.cancel()
            self.longest = max(self.all, default=0.0)
            self.own = max(self._all_own, default=0.0)


@contextmanager
def _waited_for_a_core() -> Iterator[Callable[[], float]]:
    """Gives the seconds that this thread was ready to run and did not; 0 where nothing tells."""
    path = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
    if not path.exists():
        yield lambda: 0.0
        return
    with path.open(encoding="ascii") as file:

        def waited() -> float:
            file.seek(0)
            return int(file.read().split()[1]) / 1e9

        yield waited


def resident() -> int:
    """This process's resident bytes, after a collection."""
    import psutil

    gc.collect()
    return int(psutil.Process().memory_info().rss)


async def until(condition: Any, seconds: float = 20.0) -> None:
    """Wait until it holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.01)


async def page_downs(pilot: Any, table: Any) -> list[float]:
    """Seconds from the key to the last line painted for it, for each page-down."""
    painted = [0.0]
    render_line = table.render_line

    def noted(y: int) -> Any:
        strip = render_line(y)
        painted[0] = time.perf_counter()
        return strip

    table.render_line = noted
    took = []
    for _ in range(PAGE_DOWNS):
        row = table.cursor
        began = time.perf_counter()
        await pilot.press("pagedown")
        await until(lambda row=row, began=began: table.cursor > row and painted[0] > began)
        took.append(painted[0] - began)
        await asyncio.sleep(0.03)
    table.render_line = render_line
    return took


async def measure(port: int, keys: int) -> dict[str, float]:
    """List, page, weigh."""
    from tui.app import SkydeckApp
    from tui.core.options import Options
    from tui.settings import Settings

    options = Options(endpoint_url=f"http://127.0.0.1:{port}", region="us-east-1")
    app = SkydeckApp(options, Settings())
    async with app.run_test(size=SIZE) as pilot:
        await until(lambda: getattr(app.screen, "buckets", None))
        screen: Any = app.screen
        screen.open_place("small-bucket", PREFIX)
        await until(lambda: screen.listing.state == "done")
        await pilot.press("pagedown", "pageup")
        with suppress(AssertionError):  # a preview may do without pandas
            await until(lambda: screen._pandas_spared, 5)
        await asyncio.sleep(0.5)
        before = resident()
        gaps = Gaps()
        async with gaps.watching():
            began = time.perf_counter()
            screen.open_place("big-bucket", PREFIX)
            table = screen.objects_table
            await until(lambda: table.records)
            first = time.perf_counter() - began
            await until(lambda: screen.listing.state == "done")
            listed = time.perf_counter() - began
        assert len(table.records) == keys
        assert table.records[-1].key.endswith(f"{keys - 1:07d}.csv")
        await asyncio.sleep(0.5)
        grown = resident() - before
        took = await page_downs(pilot, table)
    return {
        "keys": keys,
        "first_rows_ms": first * 1000,
        "listed_s": listed,
        "longest_gap_ms": gaps.longest * 1000,
        "gap_p99_ms": sorted(gaps.all)[int(len(gaps.all) * 0.99)] * 1000,
        "page_down_ms": sorted(took)[int(len(took) * 0.95)] * 1000,  # the 95th percentile
        "page_down_max_ms": max(took) * 1000,
        "page_down_median_ms": statistics.median(took) * 1000,
        "bytes_a_key": grown / (keys - 500),
    }


def main() -> int:
    """Measure and print; 0 if the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="once; else the median of three")
    quick = parser.parse_args().quick
    runs: list[dict[str, float]] = []
    for _ in range(1 if quick else 3):
        # A process each, so that one run's memory is not another's baseline.
        code = f"from tests.bench.table_rows import once; once({KEYS})"
        out = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
        )
        runs.append(json.loads(out.stdout.splitlines()[-1]))
    figures = {name: median([run[name] for run in runs]) for name in runs[0]}
    goals = {"longest_gap_ms": Goal(100), "page_down_ms": Goal(50), "bytes_a_key": Goal(150)}
    return finish("100,000 keys in the S3 pane's table", figures, goals)


def once(keys: int) -> None:
    """One run in this process; prints its figures as JSON."""
    with tempfile.TemporaryDirectory() as folder, stub(keys) as port:
        isolate(folder)
        print(json.dumps(asyncio.run(measure(port, keys))))


if __name__ == "__main__":
    sys.exit(main())
