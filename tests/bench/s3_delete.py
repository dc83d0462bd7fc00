"""10,000 objects deleted by Skydeck and by a bare boto3 loop, on one loopback server of 30 ms.

Skydeck's way is the one of its jobs: batches through the gateway, counted and logged as code. The
two take turns in one process; the server is another one and counts what reaches it.

Run: ``python tests/bench/s3_delete.py [--quick]``. Prints a table, then one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.bench.report import Goal, finish, median

KEYS = 10_000
BATCH = 1_000
LATENCY_MS = 30
BUCKET = "acme-bench"
GOALS = {"wall, times boto3's": Goal(1.2), "requests": Goal(KEYS // BATCH)}


def names(count: int) -> list[str]:
    """Keys as a data lake has them."""
    return [f"raw/trips/2026/day={n % 365:03d}/part-{n:07d}.csv.gz" for n in range(count)]


@contextmanager
def stub() -> Iterator[str]:
    """The server, as a child; yields its address."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.stub.s3_deletes", "--latency-ms", str(LATENCY_MS)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdin is not None
    try:
        yield f"http://127.0.0.1:{int(child.stdout.readline())}"
    finally:
        child.stdin.close()
        child.wait(timeout=10)


def counts(address: str) -> dict[str, int]:
    """What reached the server since the last time."""
    with urllib.request.urlopen(f"{address}/counts") as answer:
        found: dict[str, int] = json.load(answer)
    return found


def bare(client: Any, keys: list[str]) -> None:
    """What one would write without Skydeck."""
    for at in range(0, len(keys), BATCH):
        objects = [{"Key": key} for key in keys[at : at + BATCH]]
        client.delete_objects(Bucket=BUCKET, Delete={"Objects": objects, "Quiet": True})


async def ours(s3: Any, keys: list[str]) -> None:
    """A delete as the S3 pane's jobs do it."""
    from tui.aws.calls import caused_by
    from tui.core.jobs import Job, JobManager

    jobs = JobManager()

    async def body(job: Job) -> str:
        with caused_by("Delete raw/"):
            failures = await s3.delete_many(BUCKET, keys, job.progress)
        assert not failures
        return "done"

    ended = await jobs.start("delete", "raw/", body, unit="steps").wait()
    assert ended.items_done == len(keys), ended
    await jobs.close()


def timed(act: Any) -> tuple[float, float]:
    """Wall and CPU seconds of a call."""
    began, cpu = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - began, time.process_time() - cpu


def measure(address: str, repeats: int) -> dict[str, float]:
    """Take turns, after one of each to warm up."""
    import boto3

    from tui.aws.calls import CallLog
    from tui.aws.gateway import Connection, Gateway
    from tui.aws.s3.service import S3

    keys = names(KEYS)
    client = boto3.session.Session().client("s3", region_name="us-east-1", endpoint_url=address)
    gateway = Gateway(Connection(region="us-east-1", endpoint_url=address), CallLog())
    s3, took = S3(gateway), {"ours": [], "bare": []}  # type: ignore[var-annotated]
    sent: list[dict[str, int]] = []
    for number in range(repeats + 1):
        warm = number == 0
        some = keys[:BATCH] if warm else keys
        theirs = timed(lambda some=some: bare(client, some))
        counts(address)
        mine = timed(lambda some=some: asyncio.run(ours(s3, some)))
        told = counts(address)
        if not warm:
            took["bare"].append(theirs)
            took["ours"].append(mine)
            sent.append(told)
    gateway.close()
    assert all(one["keys"] == KEYS and one["most"] <= BATCH for one in sent), sent
    walls = {who: median([wall for wall, _ in runs]) for who, runs in took.items()}
    cpus = {who: median([cpu for _, cpu in runs]) for who, runs in took.items()}
    return {
        "objects": KEYS,
        "Skydeck, ms": walls["ours"] * 1000,
        "boto3 loop, ms": walls["bare"] * 1000,
        "wall, times boto3's": walls["ours"] / walls["bare"],
        "CPU, times boto3's": cpus["ours"] / cpus["bare"],
        "requests": max(one["requests"] for one in sent),
    }


def main() -> int:
    """Measure and report."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory() as folder, stub() as address:
        missing = str(Path(folder) / "none")
        os.environ.update(
            HOME=folder,
            AWS_CONFIG_FILE=missing,
            AWS_SHARED_CREDENTIALS_FILE=missing,
            AWS_ACCESS_KEY_ID="bench",
            AWS_SECRET_ACCESS_KEY="bench",
            AWS_EC2_METADATA_DISABLED="true",
        )
        figures = measure(address, 3 if "--quick" in sys.argv else 9)
    title = f"Deleting {KEYS:,} objects, {LATENCY_MS} ms a request (medians)"
    return finish(title, figures, GOALS)


if __name__ == "__main__":
    sys.exit(main())
