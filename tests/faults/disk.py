"""A disk without room: the job pauses, the old files stand, and it goes on once there is space.

The disk is a small tmpfs of our own, which only root may mount.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.faults import rules
from tests.faults.report import Goal
from tests.faults.world import (
    BUCKET,
    PART_BYTES,
    Act,
    Desk,
    Outcome,
    World,
    desk,
    left_over,
    noise,
    small_parts,
)
from tui.aws.transfers.plan import DownloadPlan, PlannedDownload, PlannedUpload, UploadPlan

DISK_BYTES: Final = 24 * 1024 * 1024
BIG: Final = 2 * PART_BYTES + 12_345
SMALL: Final = 40_000
MANY: Final = 150
OLD: Final = b"what was there before"
GOALS: Final = {
    "jobs that did not pause": Goal(0),
    "old files touched": Goal(0),
    "jobs that did not end well": Goal(0),
    "files of other bytes": Goal(0),
    "left behind": Goal(0),
}


class NoDisk(Exception):  # noqa: N818 - a fact, not a failure
    """One may not mount here; the text says why."""


@contextmanager
def small_disk(at: Path) -> Iterator[Path]:
    """A tmpfs of a few MiB at a new folder.

    Raises:
        NoDisk: it can't be had here.
    """
    at.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0700", "skydeck-faults", str(at)]
    try:
        made = subprocess.run(
            ["mount", *options], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NoDisk(f"mount: {error}") from error
    if made.returncode:
        raise NoDisk(made.stderr.strip() or "mount failed")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], timeout=20, check=False)


def fill(disk: Path, leave_bytes: int = 0) -> None:
    """Take all of a disk's room, but for some bytes."""
    status = os.statvfs(disk)
    with (disk / "filler").open("ab", buffering=0) as file, suppress(OSError):
        left = status.f_bavail * status.f_frsize - leave_bytes
        while left > 0:
            left -= file.write(bytes(min(left, 1 << 20)))


def free(disk: Path) -> None:
    """Give it back."""
    (disk / "filler").unlink(missing_ok=True)


async def run(world: World, rounds: int) -> Outcome:
    """Have each case `rounds` times.

    Raises:
        NoDisk: it can't be had here.
    """
    outcome = Outcome()
    with small_parts(), small_disk(world.folder / "disk") as disk:
        for number in range(rounds):
            for name, case in CASES.items():
                async with desk(world, world.folder / "ledgers") as one:
                    await case(world, outcome, one, disk / f"{name}-{number}")
                free(disk)
                for path in (world.folder / "ledgers").glob("*"):
                    outcome.defect("left behind", f"{path.name} of {name}")
                outcome.add("jobs")
            await _upload(world, outcome, disk)
            outcome.add("jobs")
    return outcome


def _downloads(world: World, folder: Path, sizes: dict[str, int]) -> Act:
    """Store the objects, put old files where they go, and return the job's act."""
    folder.mkdir()
    for name, size in sizes.items():
        world.outside.put_object(Bucket=BUCKET, Key=f"disk/{name}", Body=noise(size, size))
        (folder / name).write_bytes(OLD)
    items = (
        PlannedDownload(f"disk/{name}", folder / name, size, replaces=True)
        for name, size in sizes.items()
    )
    plan = DownloadPlan(folder, tuple(items))
    return lambda mover, progress: mover.download_planned(BUCKET, plan, progress)


async def _paused_then_done(
    outcome: Outcome,
    one: Desk,
    act: Act,
    folder: Path,
    sizes: dict[str, int],
    make_room: Callable[[], None],
) -> None:
    """Have a job pause by the full disk, make room, and go on with it."""
    job = await one.start(act)
    told = f"{folder.name}: {job.state.value}, {job.snapshot().note}"
    if job.state.value != "paused":
        outcome.defect("jobs that did not pause", told)
    for name, size in sizes.items():
        if (folder / name).read_bytes() not in (OLD, noise(size, size)):
            outcome.defect("old files touched", f"{name} of {told}")
    await asyncio.to_thread(make_room)
    if job.state.value == "paused":
        await one.go_on(job)
    told = f"{folder.name}: {job.state.value}, {job.snapshot().note}"
    if job.state.value != "done":
        outcome.defect("jobs that did not end well", told)
    for name, size in sizes.items():
        if (folder / name).read_bytes() != noise(size, size):
            outcome.defect("files of other bytes", f"{name} of {told}")
    for left in left_over(folder):
        outcome.defect("left behind", f"{left} of {told}")
    for name in sizes:
        (folder / name).unlink()


async def _full_before(world: World, outcome: Outcome, one: Desk, folder: Path) -> None:
    """There is too little room from the start."""
    sizes = {"big": BIG}
    act = await asyncio.to_thread(_downloads, world, folder, sizes)
    await asyncio.to_thread(fill, folder.parent, BIG // 2)
    await _paused_then_done(outcome, one, act, folder, sizes, lambda: free(folder.parent))


async def _full_midway(world: World, outcome: Outcome, one: Desk, folder: Path) -> None:
    """Somebody else takes the room while the object comes."""
    sizes = {"big": BIG}
    act = await asyncio.to_thread(_downloads, world, folder, sizes)
    rule = world.proxy.add(
        lambda: rules.Act(lambda _: fill(folder.parent), "answered"), "GetObject", skip=1
    )
    await _paused_then_done(outcome, one, act, folder, sizes, lambda: free(folder.parent))
    world.proxy.drop(rule)


async def _full_of_many(world: World, outcome: Outcome, one: Desk, folder: Path) -> None:
    """Many small files, of which a third have room."""
    sizes = {f"{number:03}": SMALL + number for number in range(MANY)}
    act = await asyncio.to_thread(_downloads, world, folder, sizes)
    await asyncio.to_thread(fill, folder.parent, MANY // 3 * SMALL)
    await _paused_then_done(outcome, one, act, folder, sizes, lambda: free(folder.parent))


async def _upload(world: World, outcome: Outcome, disk: Path) -> None:
    """No room for the ledger: an upload still ends well, or waits."""
    source, key = world.folder / "source", "disk/up"
    source.write_bytes(noise(BIG, 3))
    await asyncio.to_thread(fill, disk)
    async with desk(world, disk / "ledgers") as one:
        plan = UploadPlan((PlannedUpload(source, key, BIG),))
        job = await one.start(lambda mover, progress: mover.upload_planned(BUCKET, plan, progress))
        outcome.add(f"upload without room for its ledger: {job.state.value}")
        await asyncio.to_thread(free, disk)
        if job.state.value == "paused":
            await one.go_on(job)
        if job.state.value != "done":
            outcome.defect("jobs that did not end well", f"upload: {job.snapshot().note}")
    if world.body(key) != noise(BIG, 3):
        outcome.defect("files of other bytes", "upload")
    for left in world.unfinished():
        outcome.defect("left behind", f"the upload of {left}")


CASES: Final = {
    "full before": _full_before,
    "full midway": _full_midway,
    "full of many": _full_of_many,
}


def figures(outcome: Outcome) -> dict[str, float]:
    """The table's rows."""
    rows = {name: float(count) for name, count in sorted(outcome.counts.items())}
    return rows | {name: float(outcome.counts[name]) for name in GOALS}
