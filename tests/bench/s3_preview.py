"""The preview of objects of 1 GB at 30 ms a request: time, bytes, memory, event-loop gaps.

The real app looks at a CSV and a Parquet file of a loopback stub through the real gateway,
headless. The times of the app are from the key that moves the cursor to the rows' paint, the wait
for the cursor to rest included.

Run: ``python tests/bench/s3_preview.py [--quick]``. Prints a table, then one line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.bench.report import Goal, finish, median
from tests.bench.stub.ranges import BUCKET, COLUMNS, CSV_KEY, PARQUET_KEY, SMALL_KEY
from tests.bench.table_rows import Gaps, isolate, resident, until

SIZE = (140, 42)
LATENCY_MS = 30
MIB = 1024 * 1024
PAGES = 12  # read on in the CSV before the memory is weighed
GOALS = {
    "csv: key to rows, ms": Goal(300),
    "csv: read, bytes": Goal(MIB),
    "csv: rows": Goal(100, floor=True),
    "parquet: first page read, bytes": Goal(MIB),
    "parquet: 2 columns of a group, ms": Goal(500),
    "parquet: 2 columns of a group, bytes": Goal(4_000_000),
    "memory: first rows and pandas, MB": Goal(100),
    "longest gap, ms": Goal(100),
}


@contextmanager
def stub() -> Iterator[int]:
    """A child that serves the objects; yields its port."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.stub.ranges", "--latency-ms", str(LATENCY_MS)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdin is not None
    try:
        yield int(child.stdout.readline())
    finally:
        child.stdin.close()
        child.wait(timeout=10)


def sent(port: int) -> int:
    """The body bytes of objects that the server sent since the last time."""
    client = http.client.HTTPConnection("127.0.0.1", port)
    client.request("GET", "/__stat")
    told = client.getresponse().read().split()
    client.close()
    return int(told[0])


class Painted:
    """Notes when the preview's body last painted a line of what it shows."""

    def __init__(self, body: Any) -> None:
        self.at = 0.0
        self._body, self._render = body, body.render_line
        body.render_line = self._noted

    def _noted(self, y: int) -> Any:
        strip = self._render(y)
        if y > 3 and self._body.shown is not None:
            self.at = time.perf_counter()
        return strip


class Pane:
    """The S3 pane with the bench's bucket open."""

    def __init__(self, pilot: Any, screen: Any, port: int) -> None:
        from tui.widgets.preview import PreviewBody

        self.pilot, self.screen, self.port = pilot, screen, port
        self.table = screen.objects_table
        self.body = screen.query_one(PreviewBody)
        self.painted = Painted(self.body)

    async def look_at(self, key: str) -> tuple[float, int]:
        """Move the cursor there; milliseconds until the rows are painted, and bytes for it."""
        at = next(n for n, row in enumerate(self.table.view) if row.key == key)
        sent(self.port)
        began = time.perf_counter()
        self.table.move_to(at)
        await until(lambda: self.painted.at > began and len(getattr(self.body.shown, "rows", "")))
        took = (self.painted.at - began) * 1000
        await asyncio.sleep(0.3)
        return took, sent(self.port)

    async def rest(self) -> None:
        """Look at something small, so that what was held is let go."""
        self.table.move_to(next(n for n, row in enumerate(self.table.view) if row.key == SMALL_KEY))
        await asyncio.sleep(0.5)


async def two_columns(screen: Any) -> tuple[float, int]:
    """All of two columns of the first row group, by the app's ranges; ms and bytes read."""
    from tui.aws.s3.ranges import ObjectRanges

    services = screen.services
    ranges = ObjectRanges(services.s3, BUCKET, PARQUET_KEY, allowance=4_000_000)

    def read() -> int:
        import pyarrow.parquet as pq

        ranges.tail(64 * 1024)
        file = pq.ParquetFile(ranges.opened(0), pre_buffer=False)
        return len(file.read_row_group(0, columns=list(COLUMNS)).to_pandas())

    began = time.perf_counter()
    rows = await services.gateway.run(read)
    assert rows == 100_000
    return (time.perf_counter() - began) * 1000, ranges.spent


async def peer(screen: Any, port: int) -> tuple[float, int]:
    """What `pd.read_csv(body, nrows=100)` of a bare boto3 answer takes; ms and bytes."""
    services = screen.services

    def read() -> int:
        import pandas as pd

        client = services.gateway.client_now("s3")
        body = client.get_object(Bucket=BUCKET, Key=CSV_KEY)["Body"]
        rows = len(pd.read_csv(body, nrows=100))
        body.close()
        return rows

    sent(port)
    began = time.perf_counter()
    assert await services.gateway.run(read) == 100
    took = (time.perf_counter() - began) * 1000
    await asyncio.sleep(0.1)
    return took, sent(port)


async def measure(port: int) -> dict[str, float]:
    """Look, read on, weigh."""
    from tui.app import SkydeckApp
    from tui.core.options import Options
    from tui.settings import Settings

    options = Options(endpoint_url=f"http://127.0.0.1:{port}", region="us-east-1")
    app = SkydeckApp(options, Settings())
    async with app.run_test(size=SIZE) as pilot:
        await until(lambda: getattr(app.screen, "buckets", None))
        screen: Any = app.screen
        screen.open_place(BUCKET)
        await until(lambda: screen.listing.state == "done")
        pane = Pane(pilot, screen, port)
        await pane.rest()
        await asyncio.sleep(0.5)
        before = resident()
        gaps = Gaps()
        async with gaps.watching():
            figures = await _looked(pane, before)
        figures["longest gap, ms"] = gaps.longest * 1000
        figures |= await _read(pane)
    return figures


async def _looked(pane: Pane, before: int) -> dict[str, float]:
    """The app's figures: cold, then warm, then reading on."""
    cold, _ = await pane.look_at(CSV_KEY)
    rows = len(pane.body.shown.rows)
    bare = resident() - before
    await until(lambda: pane.screen._pandas_spared)  # pandas has come in the background
    await asyncio.sleep(0.5)
    first = resident() - before
    await pane.rest()
    warm, read = await pane.look_at(CSV_KEY)
    pane.body.focus()
    for _ in range(PAGES):
        await _read_on(pane)
    paged = resident() - before
    await pane.rest()
    parquet_cold, parquet_bytes = await pane.look_at(PARQUET_KEY)
    await pane.rest()
    parquet_warm, _ = await pane.look_at(PARQUET_KEY)
    await asyncio.sleep(0.3)
    return {
        "csv: key to rows, ms": warm,
        "csv: the same, the first object, ms": cold,
        "csv: read, bytes": read,
        "csv: rows": rows,
        "parquet: key to rows, ms": parquet_warm,
        "parquet: the same, the first time, ms": parquet_cold,
        "parquet: first page read, bytes": parquet_bytes,
        "memory: first rows, pandas on its way, MB": bare / 1e6,
        "memory: first rows and pandas, MB": first / 1e6,
        "memory: 12 pages on, MB": paged / 1e6,
        "memory: and a Parquet file, MB": (resident() - before) / 1e6,
    }


async def _read_on(pane: Pane) -> None:
    """To the end of what is held, and a page on."""
    pane.body.action_scroll_end()
    await asyncio.sleep(0.02)
    seen = pane.body.shown
    pane.body.action_page_down()
    await until(lambda: pane.body.shown is not seen)
    await asyncio.sleep(0.05)


async def _read(pane: Pane) -> dict[str, float]:
    columns = [await two_columns(pane.screen) for _ in range(3)]
    peers = [await peer(pane.screen, pane.port) for _ in range(3)]
    return {
        "parquet: 2 columns of a group, ms": median([took for took, _ in columns]),
        "parquet: 2 columns of a group, bytes": median([read for _, read in columns]),
        "peer: pd.read_csv(body, nrows=100), ms": median([took for took, _ in peers]),
        "peer: the same, bytes": median([read for _, read in peers]),
    }


def main() -> int:
    """Measure and print; 0 if the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="once; else the median of five")
    quick = parser.parse_args().quick
    runs: list[dict[str, float]] = []
    for _ in range(1 if quick else 5):
        # A process each, so that each has its cold start and its own memory.
        out = subprocess.run(
            [sys.executable, "-c", "from tests.bench.s3_preview import once; once()"],
            cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        runs.append(json.loads(out.stdout.splitlines()[-1]))
    figures = {name: median([run[name] for run in runs]) for name in runs[0]}
    return finish(f"The preview of 1 GB, {LATENCY_MS} ms a request (medians)", figures, GOALS)


def once() -> None:
    """One run in this process; prints its figures as JSON."""
    with tempfile.TemporaryDirectory() as folder, stub() as port:
        isolate(folder)
        print(json.dumps(asyncio.run(measure(port))))


if __name__ == "__main__":
    sys.exit(main())
