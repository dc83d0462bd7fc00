"""Names: whatever an object is called, its file is one of its own below the folder chosen for it.

All names are mapped, planned and written for real; a sample goes through the app's own downloads;
links that lead out lie in the way, and one folder is changed into such a link while it is written.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.faults.hostile_names import generated_names, shared_names, trap_keys, traps
from tests.faults.report import Goal
from tests.faults.world import BUCKET, Outcome, World, left_over, transfers
from tui.aws.transfers.plan import DownloadPlan, plan_downloads
from tui.core.errors import UserError
from tui.core.jobs import Progress
from tui.core.local_names import UnsafeName, local_path
from tui.core.records import S3Object

FILES_AT_ONCE: Final = 16  # puts side by side
RACE_FILES: Final = 24
GOALS: Final = {
    "writes outside": Goal(0),
    "names that share a path": Goal(0),
    "names dropped without a word": Goal(0),
    "files of other bytes": Goal(0),
    "left behind": Goal(0),
    "errors that are no sentence": Goal(0),
}


class Surroundings:
    """A tree with a target folder in it, where nothing but the target may change."""

    def __init__(self, base: Path) -> None:
        self.base, self.target = base, base / "home" / "target"
        self.outside = self.target.parent / "outside"
        self.target.mkdir(parents=True)
        self.outside.mkdir()
        for path in ("home/target-evil/victim", "home/outside/victim", "home/outside/a/b", "v"):
            (base / path).parent.mkdir(parents=True, exist_ok=True)
            (base / path).write_text("untouched")
        self._before = self._seen()

    def _seen(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        for above, folders, files in os.walk(self.base):
            if Path(above) == self.target.parent:
                folders.remove(self.target.name)
            for name in (*folders, *files):
                path = f"{above}/{name}"
                status = os.lstat(path)
                # A folder's times tell that something came and went again.
                found[path] = (status.st_ino, status.st_mode, status.st_mtime_ns, status.st_size)
        return found

    def judge(self, outcome: Outcome, when: str) -> None:
        """Note what changed outside the target."""
        after = self._seen()
        home = str(self.target.parent)
        for path in sorted(self._before.keys() | after.keys()):
            if path != home and self._before.get(path) != after.get(path):
                outcome.defect("writes outside", f"{path} ({when})")
        outcome.counts["inodes outside that were compared"] = len(after)


async def run(world: World, count: int, sample: int, races: int) -> Outcome:
    """Map and write `count` names, download `sample` of them, and race `races` times."""
    outcome = Outcome()
    generated = generated_names(count, world.random)
    outcome.add("names generated", len(generated))
    keys = list(dict.fromkeys((*shared_names(), *generated)))
    await asyncio.to_thread(_map_all, world, keys, outcome)
    await asyncio.to_thread(_write_all, world, keys, outcome)
    shared = shared_names()
    chosen = [*world.random.sample(shared, min(len(shared), sample)), *keys[-sample:]]
    await _download(world, list(dict.fromkeys((*chosen, *trap_keys()))), outcome)
    for number in range(races):
        await _race(world, number, outcome)
    return outcome


def _map_all(world: World, keys: list[str], outcome: Outcome) -> None:
    """Each key has a path of its own below the folder, or is refused."""
    folder = world.folder / "mapped"
    folder.mkdir()
    there: dict[str, str] = {}
    for key in keys:
        try:
            path = str(local_path(folder, key))
        except UnsafeName:
            outcome.counts["names refused"] += 1
            continue
        if path in there:
            outcome.defect("names that share a path", f"{key!r} and {there[path]!r}")
        there[path] = key
        if reason := _wrong(path, str(folder)):
            outcome.defect("writes outside", f"{key!r}: {reason}")
    outcome.counts["names mapped"] = len(there)


def _wrong(path: str, folder: str) -> str:
    if not path.startswith(folder + "/"):
        return "it is not below the folder"
    parts = path[len(folder) + 1 :].split("/")
    if not all(parts) or ".." in parts or "." in parts:
        return "a part means another folder"
    if any(ord(letter) < 32 or letter in "\\\x7f" for letter in path[len(folder) :]):
        return "it holds a character that may not be in a name"
    return "" if max(len(os.fsencode(part)) for part in parts) <= 255 else "a part is too long"


def _objects(keys: Iterable[str]) -> list[S3Object]:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    return [S3Object(key, len(key.encode()), now) for key in keys]


def _write_all(world: World, keys: list[str], outcome: Outcome) -> None:
    """Write the file of every key that a plan takes, its key into it; then read all."""
    around = Surroundings(world.folder / "written")
    plan = plan_downloads(_objects(keys), around.target)
    _refuse_silence(plan, keys, outcome)
    for item in plan.items:
        item.path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(item.path, flags, 0o600), "wb") as file:
            file.write(item.key.encode())
    found = Counter(
        Path(above, name).read_bytes().decode()
        for above, _, names in os.walk(around.target)
        for name in names
    )
    wanted = Counter(item.key for item in plan.items)
    for key in (found - wanted) + (wanted - found):
        outcome.defect("files of other bytes", repr(key))
    outcome.counts["files written"] = len(plan.items)
    around.judge(outcome, "written as planned")


def _refuse_silence(plan: DownloadPlan, keys: list[str], outcome: Outcome) -> None:
    """Every key is an item, a folder or left out with a reason."""
    told = {item.key for item in plan.items} | {one.name for one in plan.skipped if one.reason}
    for key in keys:
        if key not in told:
            outcome.defect("names dropped without a word", repr(key))
    if len({item.path for item in plan.items}) != len(plan.items):
        outcome.defect("names that share a path", "in the plan")
    outcome.counts["names left out of the plan"] += len(plan.skipped)


async def _download(world: World, keys: list[str], outcome: Outcome) -> None:
    """Store objects of these keys and download them as the app does, links in the way."""
    around = Surroundings(world.folder / "downloaded")
    traps(around.target, around.outside)
    keys = await _stored(world, keys)
    async with transfers(world.connection) as mover:
        plan = await asyncio.to_thread(plan_downloads, _objects(keys), around.target)
        _refuse_silence(plan, keys, outcome)
        report = await mover.download_planned(BUCKET, plan, Progress())
    failed = {failure.name for failure in report.failures}
    outcome.counts["downloads that failed alone"] += len(failed)
    for failure in report.failures:
        if "unexpected" in str(failure.error):
            outcome.defect("errors that are no sentence", f"{failure.name!r}: {failure.error}")
    for item in plan.items:
        if item.key not in failed and item.path.read_bytes() != item.key.encode():
            outcome.defect("files of other bytes", repr(item.key))
    outcome.counts["files downloaded"] += report.files
    for name in left_over(around.target):
        outcome.defect("left behind", name)
    around.judge(outcome, "downloaded")


async def _stored(world: World, keys: list[str]) -> list[str]:
    """Store an object for each key; its key is its bytes. Some keys the server refuses."""
    taken: list[str] = []

    def store(key: str) -> None:
        with suppress(world.outside.exceptions.ClientError):
            world.outside.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
            if world.body(key) == key.encode():
                taken.append(key)

    limit = asyncio.Semaphore(FILES_AT_ONCE)

    async def one(key: str) -> None:
        async with limit:
            await asyncio.to_thread(store, key)

    await asyncio.gather(*(one(key) for key in keys))
    return sorted(taken)


async def _race(world: World, number: int, outcome: Outcome) -> None:
    """Download into a folder that somebody changes into a link to elsewhere, again and again."""
    around = Surroundings(world.folder / f"race-{number}")
    keys = [f"race/{name}/{name}" for name in range(RACE_FILES)]
    if not number:
        await _stored(world, keys)
    plan = plan_downloads(_objects(keys), around.target)
    stop, changes = threading.Event(), Counter[str]()
    enemy = threading.Thread(target=_exchange, args=(around, stop, changes), daemon=True)
    enemy.start()
    try:
        async with transfers(world.connection) as mover:
            with suppress(UserError):
                report = await mover.download_planned(BUCKET, plan, Progress())
                outcome.counts["downloads in a race"] += report.files
                outcome.counts["downloads in a race that failed"] += len(report.failures)
    finally:
        stop.set()
        enemy.join()
    outcome.counts["folders exchanged in a race"] += changes["exchanged"]
    around.judge(outcome, "raced")


def _exchange(around: Surroundings, stop: threading.Event, changes: Counter[str]) -> None:
    """Have `race` be a folder and a link out of it, in turn."""
    shown, hidden = around.target / "race", around.target / "hidden"
    while not stop.is_set():
        with suppress(OSError):
            shown.rename(hidden.with_name(f"hidden-{changes['exchanged']}"))
        with suppress(OSError):
            shown.symlink_to(around.outside)
        stop.wait(0.001)
        with suppress(OSError):
            shown.unlink()
            changes["exchanged"] += 1
        stop.wait(0.002)


def figures(outcome: Outcome) -> dict[str, float]:
    """The table's rows."""
    rows = {name: float(count) for name, count in sorted(outcome.counts.items())}
    return rows | {name: float(outcome.counts[name]) for name in GOALS}
