"""What changes while it is moved: objects that are swapped, files that are written to, answers that
are lost. The result is one state of the whole, or a failure that leaves what was there.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.faults import rules
from tests.faults.report import Goal
from tests.faults.wire import Ask
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
from tui.aws.transfers.service import TransferReport, Transfers
from tui.core.errors import JobPaused, UserError
from tui.core.jobs import Progress

SMALL: Final = (5_000, 300_000, 2_000_000)
MIDDLE: Final = 4_900_000  # one request; below 8 MiB, where plain boto3 mixes
BIG: Final = 2 * PART_BYTES + 12_345
SIDE_BY_SIDE: Final = 6
OLD: Final = b"what was there before"
GOALS: Final = {
    "mixtures": Goal(0),
    "wrong verdicts": Goal(0),
    "left behind": Goal(0),
    "errors that are no sentence": Goal(0),
}
LOST: Final = ("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "PutObject")


@dataclass(eq=False)
class Trial:
    """One transfer and what changes on its way.

    Attributes:
        states: the SHA-256 sums of what the source was, at one time or another.
    """

    number: int
    size: int
    kind: str
    times: int | None
    states: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _changes: int = 0

    @property
    def key(self) -> str:
        """Its object."""
        return f"{self.kind}/{self.number}"

    def next_state(self) -> bytes:
        """What the source becomes with its next change; now and then of another size."""
        with self._lock:
            self._changes += 1
            size = self.size + (self._changes % 3 - 1 if self.kind == "swap, resized" else 0)
            data = noise(size, 1000 * self.number + self._changes)
            self.states.add(_sum(data))
            return data

    def __str__(self) -> str:
        return f"{self.kind}, {self.size} bytes, times {self.times}, {self.key}"


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def trials(count: int, rng: random.Random) -> Iterator[Trial]:
    """Draw trials, each kind as often as the others."""
    kinds = (*SWAPS, *SOURCES, *(f"{name} lost" for name in LOST), "complete fails with 200")
    for number in range(count):
        kind = kinds[number % len(kinds)]
        size = rng.choice((*SMALL, MIDDLE, BIG, BIG))
        if "Multipart" in kind or "Part" in kind or "complete" in kind:
            size = BIG
        elif kind == "PutObject lost":
            size = rng.choice(SMALL)
        times = None if rng.random() < 0.2 else 1
        yield Trial(number, size, kind, times)


async def run(world: World, count: int) -> Outcome:
    """Do `count` trials."""
    outcome = Outcome()
    wanted = trials(count, world.random)
    with small_parts():
        async with AsyncExitStack() as stack:
            movers = [await stack.enter_async_context(transfers(world.connection)) for _ in "12"]

            async def lane(number: int) -> None:
                for trial in wanted:
                    await _attempt(world, outcome, movers[number % len(movers)], trial)

            await asyncio.gather(*(lane(number) for number in range(SIDE_BY_SIDE)))
    for key in world.unfinished():
        outcome.defect("left behind", f"the multipart upload of {key}")
    for name in left_over(world.folder):
        outcome.defect("left behind", name)
    return outcome


async def _attempt(world: World, outcome: Outcome, mover: Transfers, trial: Trial) -> None:
    side = _down if trial.kind in SWAPS else _up
    mover._engine.fast._ways.clear()
    outcome.add("trials")
    try:
        await side(world, outcome, mover, trial)
    except Exception as error:
        outcome.defect("errors that are no sentence", f"{trial}: {error!r}")


async def _verdict(outcome: Outcome, trial: Trial, report: TransferReport) -> bool:
    """Whether a report says that all went well."""
    try:
        report.finish()
    except UserError as error:
        if "unexpected" in str(error):
            outcome.defect("errors that are no sentence", f"{trial}: {error}")
        outcome.add(f"{trial.kind}: failed")
        return False
    outcome.add(f"{trial.kind}: done")
    return True


# -- objects that are swapped ------------------------------------------------------------------

SWAPS: Final = ("swap", "swap, resized", "swap, midway")


async def _down(world: World, outcome: Outcome, mover: Transfers, trial: Trial) -> None:
    target = world.folder / f"changes-{trial.number}" / "file"

    def store(_: Ask | None = None) -> None:
        world.outside.put_object(Bucket=BUCKET, Key=trial.key, Body=trial.next_state())

    def prepare() -> None:
        store()
        target.parent.mkdir()
        target.write_bytes(OLD)

    await asyncio.to_thread(prepare)
    when = "down" if trial.kind == "swap, midway" else "arrived"
    share = world.random.random()
    rule = world.proxy.add(
        lambda: rules.Act(store, when, share),
        "GetObject",
        key=trial.key,
        times=trial.times,
        skip=trial.number % 3 if trial.size == BIG else 0,
    )
    item = PlannedDownload(trial.key, target, trial.size, replaces=True)
    plan = DownloadPlan(target.parent, (item,))
    report = await mover.download_planned(BUCKET, plan, Progress())
    world.proxy.drop(rule)
    good = await _verdict(outcome, trial, report)
    found = target.read_bytes()
    if _sum(found) not in (trial.states if good else {_sum(OLD)}):
        outcome.defect("mixtures", f"{len(found)} bytes, {'done' if good else 'failed'}: {trial}")
    target.unlink()


# -- files that are written to, answers that are lost ------------------------------------------


def _rewrite(path: Path, trial: Trial) -> None:
    with path.open("r+b") as file:
        file.write(trial.next_state())


def _replace(path: Path, trial: Trial) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_bytes(trial.next_state())
    fresh.replace(path)


def _shrink(path: Path, trial: Trial) -> None:
    os.truncate(path, trial.size // 2)
    trial.states.add(_sum(path.read_bytes()))


def _grow(path: Path, trial: Trial) -> None:
    with path.open("ab") as file:
        file.write(b"more")
    trial.states.add(_sum(path.read_bytes()))


def _vanish(path: Path, _: Trial) -> None:
    path.unlink(missing_ok=True)


SOURCES: Final[dict[str, Callable[[Path, Trial], None]]] = {
    "source rewritten": _rewrite,
    "source replaced": _replace,
    "source shrinks": _shrink,
    "source grows": _grow,
    "source vanishes": _vanish,
}


class _FailsWith200(rules.Fault):
    """CompleteMultipartUpload does nothing, and says so in the body of a 200, as S3 may."""

    def arrived(self, ask: Ask) -> rules.Reply | None:
        return rules.Reply(200, "InternalError")


async def _up(world: World, outcome: Outcome, mover: Transfers, trial: Trial) -> None:
    source = world.folder / f"changes-{trial.number}"
    data = trial.next_state()
    seen = hashlib.md5(OLD).hexdigest() if trial.number % 2 else ""

    def prepare() -> None:
        source.write_bytes(data)
        if seen:
            world.outside.put_object(Bucket=BUCKET, Key=trial.key, Body=OLD)

    await asyncio.to_thread(prepare)
    rule, progress, good = _rule(world, trial, source), Progress(), False
    plan = UploadPlan((PlannedUpload(source, trial.key, trial.size, seen),))
    try:
        report = await mover.upload_planned(BUCKET, plan, progress)
        good = await _verdict(outcome, trial, report)
    except JobPaused:
        outcome.add(f"{trial.kind}: paused")
    world.proxy.drop(rule)
    await let_go(mover, progress)
    found = await asyncio.to_thread(world.body, trial.key)
    before = OLD if seen else None
    if good and (found is None or _sum(found) not in trial.states):
        outcome.defect("mixtures", f"{trial}")
    if not good and found != before:
        name = "failed, and is there" if found == data and "lost" in trial.kind else ""
        if not name:
            outcome.defect("wrong verdicts", f"it failed, and something is there: {trial}")
        else:
            outcome.add(name)
    await asyncio.to_thread(world.outside.delete_object, Bucket=BUCKET, Key=trial.key)
    source.unlink(missing_ok=True)


def _rule(world: World, trial: Trial, source: Path) -> rules.Rule:
    if trial.kind in SOURCES:
        change = SOURCES[trial.kind]
        operation = "UploadPart" if trial.size == BIG else "PutObject"
        return world.proxy.add(
            lambda: rules.Act(lambda _: change(source, trial), "arrived"),
            operation,
            key=trial.key,
            skip=trial.number % 3 if trial.size == BIG else 0,
        )
    if trial.kind == "complete fails with 200":
        return world.proxy.add(
            _FailsWith200, "CompleteMultipartUpload", key=trial.key, times=trial.times
        )
    operation = trial.kind.removesuffix(" lost")
    return world.proxy.add(rules.Lose, operation, key=trial.key, times=trial.times)


def figures(outcome: Outcome) -> dict[str, float]:
    """The table's rows."""
    rows = {name: float(count) for name, count in sorted(outcome.counts.items())}
    return rows | {name: float(outcome.counts[name]) for name in GOALS}
