"""One transfer of a bench in a process of its own: by Skydeck's engine, or by boto3's defaults.

Run: ``python -m tests.bench.driven.transfers skydeck up-many http://127.0.0.1:1234 /tmp/x``;
prints one line of JSON: seconds, CPU seconds, the most memory in MB above what it was before, the
event loop's longest gap in ms (`own gap`: less what its thread waited for a core).
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.bench.stub.transfer_store import BUCKET
from tests.bench.table_rows import Gaps, resident
from tui.screens.collector import EVERY_SECONDS, calm_the_collector, look_after

BIG_KEY = "big.bin"
PREFIX = "many/"
_MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024


def cpu_seconds() -> float:
    """What this process has used so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def measured(act: Callable[[], Awaitable[None]]) -> dict[str, float]:
    """Await it and say what it took."""
    gaps, before = Gaps(), resident()
    async with gaps.watching():
        await asyncio.sleep(0.05)
        gaps.clear()
        began, cpu = time.perf_counter(), cpu_seconds()
        await act()
        wall, cpu = time.perf_counter() - began, cpu_seconds() - cpu
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_BYTES
    return {
        "wall": wall,
        "cpu": cpu,
        "memory": max(0, most - before) / 1e6,
        "gap": gaps.longest * 1000,
        "own gap": gaps.own * 1000,
    }


async def look_after_the_collector() -> None:
    """What a timer of the app does."""
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        look_after()


async def skydeck(case: str, address: str, folder: Path) -> dict[str, float]:
    """The way of the app's jobs: plan, look at what is there, transfer."""
    from tui.aws.calls import CallLog
    from tui.aws.gateway import Connection, Gateway
    from tui.aws.s3.service import S3
    from tui.aws.transfers.service import Transfers, plan_uploads
    from tui.core.ledger import Owner
    from tui.core.ledger_folder import LedgerFolder
    from tui.core.progress import Progress

    keys: dict[str, Any] = {"access_key_id": "bench", "secret_access_key": "bench"}
    gateway = Gateway(Connection(region="us-east-1", endpoint_url=address, **keys), CallLog())
    s3 = S3(gateway)
    ledgers = LedgerFolder(folder / "ledgers", Owner())
    transfers, progress = Transfers(gateway, s3, ledgers), Progress()
    await gateway.run(gateway.client_now, "s3")  # the app has its client since it connected
    calm_the_collector()  # as the app does
    minder = asyncio.create_task(look_after_the_collector())

    async def up_many() -> None:
        plan = await gateway.run(plan_uploads, folder / "many", PREFIX)
        seen = await transfers.existing(BUCKET, plan)
        report = await transfers.upload_planned(BUCKET, plan.with_seen(seen), progress)
        report.finish()

    async def down_many() -> None:
        report = await transfers.download_prefix(BUCKET, PREFIX, folder / "got", progress)
        report.finish()

    async def up_one() -> None:
        await transfers.upload(BUCKET, BIG_KEY, folder / BIG_KEY, progress, seen="")

    async def down_one() -> None:
        await transfers.download(BUCKET, BIG_KEY, folder / "got" / BIG_KEY, progress)

    acts = {"up-many": up_many, "down-many": down_many, "up-one": up_one, "down-one": down_one}
    try:
        return await measured(acts[case])
    finally:
        minder.cancel()
        transfers.close()
        gateway.close()


async def boto3(case: str, address: str, folder: Path) -> dict[str, float]:
    """What one writes without thinking: `upload_file` and `download_file`, ten files at a time."""
    from concurrent.futures import ThreadPoolExecutor

    from boto3.session import Session

    keys = {"aws_access_key_id": "bench", "aws_secret_access_key": "bench"}
    client: Any = Session().client("s3", region_name="us-east-1", endpoint_url=address, **keys)

    def work() -> None:
        (folder / "got").mkdir(exist_ok=True)
        if case == "up-one":
            client.upload_file(str(folder / BIG_KEY), BUCKET, BIG_KEY)
        elif case == "down-one":
            client.download_file(BUCKET, BIG_KEY, str(folder / "got" / BIG_KEY))
        else:
            with ThreadPoolExecutor(10) as pool:
                list(pool.map(up if case == "up-many" else down, names()))

    def names() -> list[str]:
        if case == "up-many":
            return [path.name for path in (folder / "many").iterdir()]
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=PREFIX)
        rows = [row for page in pages for row in page["Contents"]]
        return [row["Key"].removeprefix(PREFIX) for row in rows]

    def up(name: str) -> None:
        client.upload_file(str(folder / "many" / name), BUCKET, PREFIX + name)

    def down(name: str) -> None:
        client.download_file(BUCKET, PREFIX + name, str(folder / "got" / name))

    return await measured(lambda: asyncio.to_thread(work))


def main() -> None:
    """Do one and report."""
    who, case, address, folder = sys.argv[1:5]
    subject = {"skydeck": skydeck, "boto3": boto3}[who]
    print(json.dumps(asyncio.run(subject(case, address, Path(folder)))), flush=True)


if __name__ == "__main__":
    main()
