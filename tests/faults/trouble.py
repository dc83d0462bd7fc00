"""A server that is too busy, a login that expires, a server that is gone: jobs slow down or pause,
and end well afterwards.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.faults import rules
from tests.faults.report import Goal
from tests.faults.wire import Ask
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
from tui.aws.transfers.plan import (
    DownloadPlan,
    PlannedDownload,
    PlannedUpload,
    UploadPlan,
)
from tui.aws.transfers.service import TransferReport
from tui.core.job import Job
from tui.core.progress import Progress

SIZES: Final = {
    **{f"few/{number:03}": 20_000 + number for number in range(120)},
    "big-1": 3 * PART_BYTES + 12_345,
    "big-2": 2 * PART_BYTES + 1,
}
TOTAL_PARTS: Final = 7
IN_FLIGHT: Final = 10  # parts that a pause may lose
GOALS: Final = {
    "jobs that did not end well": Goal(0),
    "files of other bytes": Goal(0),
    "storms that lowered nothing": Goal(0),
    "troubles that paused nothing": Goal(0),
    "parts sent again needlessly": Goal(0),
    "items that no report speaks of": Goal(0),
    "left behind": Goal(0),
}


@dataclass(eq=False)
class Case:
    """One job in one direction, with its own keys and files."""

    world: World
    outcome: Outcome
    name: str
    up: bool
    refusals: int

    @property
    def folder(self) -> Path:
        """Its files."""
        return self.world.folder / self.name

    def key(self, name: str) -> str:
        """A file's object."""
        return f"{self.name}/{name}"

    def prepare(self) -> None:
        """Make what is to be moved."""
        self.folder.mkdir()
        for name, size in SIZES.items():
            if self.up:
                (self.folder / name).parent.mkdir(exist_ok=True)
                (self.folder / name).write_bytes(noise(size, size))
            else:
                body = noise(size, size)
                self.world.outside.put_object(Bucket=BUCKET, Key=self.key(name), Body=body)

    def act(self) -> Act:
        """What the job does."""
        paths = {name: self.folder / name for name in SIZES}
        if self.up:
            ups = (PlannedUpload(paths[name], self.key(name), SIZES[name], "") for name in SIZES)
            plan = UploadPlan(tuple(ups))
            return self._counted(lambda mover, way: mover.upload_planned(BUCKET, plan, way))
        downs = (PlannedDownload(self.key(name), paths[name], SIZES[name]) for name in SIZES)
        wanted = DownloadPlan(self.folder, tuple(downs))
        return self._counted(lambda mover, way: mover.download_planned(BUCKET, wanted, way))

    def _counted(self, act: Act) -> Act:
        """Look whether a report speaks of every item."""

        async def counted(mover: Any, progress: Progress) -> TransferReport:
            report = await act(mover, progress)
            if report.files + len(report.failures) != len(SIZES):
                told = f"{report.files} done, {len(report.failures)} failed: {self.name}"
                self.outcome.defect("items that no report speaks of", told)
            return report

        return counted

    def judge(self, job: Job) -> None:
        """All is there, and nothing else."""
        told = f"{self.name}: {job.state.value}, {job.snapshot().note}"
        if job.state.value != "done":
            self.outcome.defect("jobs that did not end well", told)
        for name, size in SIZES.items():
            path = self.folder / name
            there = path.read_bytes() if path.exists() else None
            found = self.world.body(self.key(name)) if self.up else there
            if found != noise(size, size):
                self.outcome.defect("files of other bytes", f"{name} of {told}")
        for left in (*left_over(self.folder), *self.world.unfinished()):
            self.outcome.defect("left behind", f"{left} of {told}")

    def first_time(self) -> int:
        """How many parts went over the line so far."""
        operation = "UploadPart" if self.up else "GetObject"
        big = {self.key("big-1"), self.key("big-2")}
        return sum(seen == operation and key in big for seen, key in tuple(self.world.proxy.seen))


async def run(
    world: World,
    rounds: int,
    kinds: Sequence[str] = (),
    ways: Sequence[bool] = (True, False),
    refusals: int = 400,
) -> Outcome:
    """Have each trouble, or those named, `rounds` times each way (up is true).

    A storm refuses at most so many requests.
    """
    outcome = Outcome()
    with small_parts():
        for number in range(rounds):
            for name, trouble in TROUBLES.items():
                if kinds and name not in kinds:
                    continue
                for up in ways:
                    way = "up" if up else "down"
                    case = Case(world, outcome, f"{name}-{way}-{number}", up, refusals)
                    await asyncio.to_thread(case.prepare)
                    ledgers = world.folder / f"ledgers-{case.name}"
                    far = world.far_connection if name == "gone" else None
                    async with desk(world, ledgers, far) as one:
                        job = await trouble(case, one)
                        await asyncio.to_thread(case.judge, job)
                        outcome.add("jobs")
                    for path in ledgers.glob("*"):
                        outcome.defect("left behind", f"{path.name} of {case.name}")
    return outcome


async def _storm(case: Case, one: Desk) -> Job:
    """Half of all requests are refused by SlowDown, until the job has ended."""
    lowest: list[int] = []

    def watched(act: Act) -> Act:
        async def inner(mover: Any, progress: Progress) -> TransferReport:
            watch = asyncio.create_task(_watch(progress, lowest))
            try:
                return await act(mover, progress)
            finally:
                watch.cancel()

        return inner

    rng = case.world.random
    names = ("PutObject", "UploadPart", "GetObject", "CreateMultipartUpload")
    rule = case.world.proxy.add(
        rules.Refuse, *names, times=case.refusals, chance=lambda: rng.random() < 0.5
    )
    job = await one.start(watched(case.act()))
    case.world.proxy.drop(rule)
    case.outcome.add("requests refused in storms", rule.hits)
    if not lowest:
        case.outcome.defect("storms that lowered nothing", case.name)
    return job


async def _watch(progress: Progress, lowest: list[int]) -> None:
    while True:
        if (lowered := progress.limits.lowered_to) is not None:
            lowest.append(lowered)
        await asyncio.sleep(0.01)


async def _login(case: Case, one: Desk) -> Job:
    """In the midst, the session token expires; then there is a new login."""

    def begin() -> rules.Rule:
        return case.world.proxy.add(lambda: rules.Refuse(400, "ExpiredToken"), times=None, skip=60)

    return await _interrupted(case, one, begin, "login")


async def _gone(case: Case, one: Desk) -> Job:
    """In the midst, nobody listens there any more; then the server is back."""
    proxy = case.world.proxy
    left = threading.Event()

    def leave(_: Ask) -> None:
        if not left.is_set():
            left.set()
            threading.Thread(target=proxy.leave, daemon=True).start()

    def begin() -> rules.Rule:
        return proxy.add(lambda: rules.Act(leave, "passed"), skip=60)

    def end() -> None:
        if left.is_set():
            proxy.come_back()

    return await _interrupted(case, one, begin, "user", end)


async def _broken(case: Case, one: Desk) -> Job:
    """In the midst, all connections break off, until the job pauses or fails; then it is tried
    again.
    """
    rule = case.world.proxy.add(lambda: rules.Cut("down", 0.0, reset=True), times=None, skip=60)
    job = await one.start(case.act())
    case.world.proxy.drop(rule)
    case.outcome.add(f"jobs {job.state.value} by broken connections")
    if job.state.value == "paused":
        return await one.go_on(job)
    again = one.jobs.retry(job.id)
    return await one.rest(again) if again is not None else job


async def _interrupted(
    case: Case,
    one: Desk,
    begin: Callable[[], rules.Rule],
    waits_for: str,
    end: Callable[[], object] = lambda: None,
) -> Job:
    """Let a job meet an outage, see it pause, and go on with it once that is over."""
    before = case.first_time()
    rule = begin()
    job = await one.start(case.act())
    case.outcome.add("requests refused in outages", rule.hits)
    if (job.state.value, job.waits_for) != ("paused", waits_for):
        told = f"{case.name}: {job.state.value}, {job.waits_for}, {job.snapshot().note}"
        case.outcome.defect("troubles that paused nothing", told)
    case.world.proxy.drop(rule)
    end()
    if waits_for == "login":
        await asyncio.to_thread(one.gateway.renew)
    if job.state.value == "paused":
        await one.go_on(job)
    elif (again := one.jobs.retry(job.id)) is not None:
        job = await one.rest(again)
    spent = case.first_time() - before - (rule.hits if waits_for == "login" else 0)
    if spent > TOTAL_PARTS + IN_FLIGHT:
        case.outcome.defect("parts sent again needlessly", f"{spent}: {case.name}")
    return job


TROUBLES: Final = {"storm": _storm, "login": _login, "gone": _gone, "broken": _broken}


def figures(outcome: Outcome) -> dict[str, float]:
    """The table's rows."""
    rows = {name: float(count) for name, count in sorted(outcome.counts.items())}
    return rows | {name: float(outcome.counts[name]) for name in GOALS}
