"""Damage on the way: nothing that arrives changed may pass for whole, down or up.

Each trial moves one object while one thing goes wrong with it, once or always. It must end with
the very bytes, or fail and leave what was there before.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.faults import rules
from tests.faults.objects import kinds_for, store
from tests.faults.report import Goal
from tests.faults.world import (
    BUCKET,
    PART_BYTES,
    Outcome,
    World,
    left_over,
    let_go,
    noise,
    small_parts,
    transfers,
)
from tui.aws.transfers.plan import DownloadPlan, PlannedDownload, PlannedUpload, UploadPlan
from tui.aws.transfers.service import Transfers
from tui.core.errors import JobPaused, UserError
from tui.core.jobs import Progress

SMALL: Final = (1, 100, 5_000, 70_000, 300_000)
BIG: Final = (PART_BYTES + 1, 2 * PART_BYTES + 12_345)
SIDE_BY_SIDE: Final = 12
PATIENCE_SECONDS: Final = 120.0
OLD: Final = b"what was there before"
GOALS: Final = {
    "silent mismatches": Goal(0),
    "left behind": Goal(0),
    "errors that are no sentence": Goal(0),
}

Make = Callable[[random.Random], Callable[[], rules.Fault]]


def _spoil(kind: str, way: rules.Way) -> Make:
    def make(rng: random.Random) -> Callable[[], rules.Fault]:
        share, run = rng.random(), rng.choice((2, 16, 4096))
        return lambda: rules.Spoil(way, share, kind, run)

    return make


def _relabel(name: str) -> Make:
    def change(told: str) -> str:
        at = len(told) // 2
        return told[:at] + ("0" if told[at] != "0" else "1") + told[at + 1 :]

    return lambda _: lambda: rules.Relabel(name, change)


def _cut(way: rules.Way) -> Make:
    def make(rng: random.Random) -> Callable[[], rules.Fault]:
        share, reset = rng.choice((0.0, rng.random(), 0.999)), rng.random() < 0.5
        return lambda: rules.Cut(way, share, reset)

    return make


def _shorten(rng: random.Random) -> Callable[[], rules.Fault]:
    share = rng.random()
    return lambda: rules.Shorten(share)


DOWN: Final[dict[str, Make]] = {
    **{f"{kind} down": _spoil(kind, "down") for kind in ("flip", "zero", "swap", "stutter")},
    "shorter, and says so": _shorten,
    "cut down": _cut("down"),
    "another range": lambda _: rules.Misread,
    "another checksum": _relabel("x-amz-checksum-crc32"),
    "another ETag": _relabel("etag"),
}
UP: Final[dict[str, Make]] = {
    **{f"{kind} up": _spoil(kind, "up") for kind in ("flip", "zero", "swap", "stutter")},
    "cut up": _cut("up"),
    "answer lost": lambda _: rules.Lose,
    "server fault": lambda _: lambda: rules.Refuse(500, "InternalError"),
    "another ETag of a part": _relabel("etag"),
}


@dataclass(frozen=True, slots=True)
class Trial:
    """One object to be moved while something is wrong."""

    number: int
    name: str  # the fault's
    size: int
    make: Callable[[], rules.Fault]
    times: int | None
    planned: bool


def trials(
    count: int, rng: random.Random, faults: dict[str, Make], *, patient: bool
) -> Iterator[Trial]:
    """Draw trials: three of four small, one of eight with a fault that does not go away.

    Without patience, only such faults stay that are no reason to wait and ask again.
    """
    names = sorted(faults)
    for number in range(count):
        size = rng.choice(SMALL) if rng.random() < 0.75 else rng.choice(BIG)
        name = names[number % len(names)]
        stays = patient or name.startswith(("flip", "zero"))
        times = None if stays and rng.random() < 0.125 else 1
        yield Trial(number, name, size, faults[name](rng), times, rng.random() < 0.5)


async def run(world: World, count: int, *, patient: bool = True) -> Outcome:
    """Do `count` trials, half of them down and half up; see `trials`."""
    outcome = Outcome()
    with small_parts():
        async with AsyncExitStack() as stack:
            movers = [await stack.enter_async_context(transfers(world.connection)) for _ in "1234"]
            for mover in movers[::2]:
                mover._engine.fast.enabled = False  # botocore's way is to be as strict
            await _all(
                movers,
                trials(count // 2, world.random, DOWN, patient=patient),
                _Down(world, outcome),
            )
            await _all(
                movers,
                trials(count - count // 2, world.random, UP, patient=patient),
                _Up(world, outcome),
            )
    for key in world.unfinished():
        outcome.defect("left behind", f"the multipart upload of {key}")
    for name in left_over(world.folder):
        outcome.defect("left behind", name)
    return outcome


async def _all(movers: list[Transfers], wanted: Iterator[Trial], side: _Side) -> None:
    async def lane(number: int) -> None:
        for trial in wanted:
            await side.attempt(movers[number % len(movers)], trial)

    await asyncio.gather(*(lane(number) for number in range(SIDE_BY_SIDE)))


@dataclass(eq=False)
class _Side:
    """What is common to both ways."""

    world: World
    outcome: Outcome

    async def attempt(self, mover: Transfers, trial: Trial) -> None:
        """Move one object, and judge what came of it."""
        progress = Progress()
        mover._engine.fast._ways.clear()  # it would rest after the first refusal
        key, operations, move = await asyncio.to_thread(self.prepared, mover, trial, progress)
        rule = self.world.proxy.add(trial.make, *operations, key=key, times=trial.times)
        told = f"{trial.name}, {trial.size} bytes, {key}, times {trial.times}"
        failed = True
        try:
            await asyncio.wait_for(move, PATIENCE_SECONDS)
            failed = False
        except JobPaused:
            self.outcome.add("paused")
            self.world.proxy.drop(rule)
            await let_go(mover, progress)
        except UserError as error:
            if "unexpected" in str(error):
                self.outcome.defect("errors that are no sentence", f"{told}: {error}")
        except Exception as error:
            self.outcome.defect("errors that are no sentence", f"{told}: {error!r}")
        finally:
            self.world.proxy.drop(rule)
        came = "failed" if failed else "healed"
        self.outcome.add("trials")
        self.outcome.add("requests damaged", rule.hits)
        self.outcome.add(came)
        self.outcome.add(f"{trial.name}: {came}")
        await asyncio.to_thread(self.judge, trial, key, failed, told)

    def prepared(
        self, mover: Transfers, trial: Trial, progress: Progress
    ) -> tuple[str, tuple[str, ...], Any]:
        """Return the key, the operations that are spoilt, and what is to be awaited."""
        raise NotImplementedError

    def judge(self, trial: Trial, key: str, failed: bool, told: str) -> None:
        """Compare what there is with what there may be."""
        raise NotImplementedError


@dataclass(eq=False)
class _Down(_Side):
    def _target(self, trial: Trial) -> Path:
        return self.world.folder / f"down-{trial.number}" / "file"

    def prepared(
        self, mover: Transfers, trial: Trial, progress: Progress
    ) -> tuple[str, tuple[str, ...], Any]:
        kinds = kinds_for(trial.size)
        kind = kinds[trial.number % len(kinds)]
        key = f"down/{trial.number} {kind}"
        store(self.world, key, trial.size, kind)
        target = self._target(trial)
        target.parent.mkdir()
        target.write_bytes(OLD)
        if trial.planned:
            item = PlannedDownload(key, target, trial.size, replaces=True)
            plan = DownloadPlan(target.parent, (item,))
            return key, ("GetObject",), _finished(mover.download_planned(BUCKET, plan, progress))
        return key, ("GetObject",), mover.download(BUCKET, key, target, progress)

    def judge(self, trial: Trial, key: str, failed: bool, told: str) -> None:
        target = self._target(trial)
        found, whole = target.read_bytes(), noise(trial.size, trial.size)
        if found != (OLD if failed else whole):
            self.outcome.defect("silent mismatches", told)
        for name in left_over(target.parent):
            self.outcome.defect("left behind", f"{name}: {told}")
        self.world.outside.delete_object(Bucket=BUCKET, Key=key)
        target.unlink()


@dataclass(eq=False)
class _Up(_Side):
    def prepared(
        self, mover: Transfers, trial: Trial, progress: Progress
    ) -> tuple[str, tuple[str, ...], Any]:
        source = self.world.folder / f"up-{trial.size}"
        if not source.exists():
            source.write_bytes(noise(trial.size, trial.size))
        key = f"up/{trial.number}"
        if trial.number % 2:
            self.world.outside.put_object(Bucket=BUCKET, Key=key, Body=OLD)
        operations = ("PutObject", "UploadPart")
        if trial.planned:
            seen = hashlib.md5(OLD).hexdigest() if trial.number % 2 else ""
            plan = UploadPlan((PlannedUpload(source, key, trial.size, seen),))
            return key, operations, _finished(mover.upload_planned(BUCKET, plan, progress))
        return key, operations, mover.upload(BUCKET, key, source, progress)

    def judge(self, trial: Trial, key: str, failed: bool, told: str) -> None:
        found, whole = self.world.body(key), noise(trial.size, trial.size)
        before = OLD if trial.number % 2 else None
        if failed and found == whole and trial.name == "answer lost":
            self.outcome.add("failed, and is there")
        elif found != (before if failed else whole):
            self.outcome.defect("silent mismatches", told)
        self.world.outside.delete_object(Bucket=BUCKET, Key=key)


async def _finished(report: Any) -> None:
    (await report).finish()


def figures(outcome: Outcome) -> dict[str, float]:
    """The table's rows."""
    names = (
        "trials",
        "requests damaged",
        "healed",
        "failed",
        "paused",
        "failed, and is there",
        *GOALS,
    )
    return {name: float(outcome.counts[name]) for name in names}
