"""SIGKILL at any moment: the next start goes on or cleans up, and nothing is torn or left.

A victim (`victim`) is killed after a random time, at a random step of the file system, or while a
chosen request is on its way; sometimes the next start is killed too. Then a start that is let live
resumes or discards, and everything is looked at: bytes, temporary files, ledgers, uploads.
"""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from tests.clients import make_client
from tests.faults import rules
from tests.faults.report import Goal
from tests.faults.scenes import SCENES, Scene, data_of
from tests.faults.victim import Order
from tests.faults.wire import Ask
from tests.faults.world import Outcome, World, left_over
from tests.faults.zygote import Zygote

MOMENTS: Final = ("arrived", "forwarded", "answered", "passed")
PATIENCE_SECONDS: Final = 120.0
LANES: Final = 3
GOALS: Final = {
    "torn files": Goal(0),
    "temporary files left": Goal(0),
    "ledgers left": Goal(0),
    "multipart uploads left": Goal(0),
    "uploads of others aborted": Goal(0),
    "jobs forgotten halfway": Goal(0),
    "resumes that did not end well": Goal(0),
    "jobs taken from a living app": Goal(0),
}


@dataclass(frozen=True, slots=True)
class Trap:
    """How a victim is to die; at most one of these."""

    seconds: float | None = None
    step: int = 0
    after: bool = False
    request: tuple[str, str, int] | None = None  # operation, moment, how many pass before

    def __str__(self) -> str:
        if self.request is not None:
            return f"{self.request[0]} #{self.request[2] + 1} {self.request[1]}"
        if self.step:
            return f"{'after' if self.after else 'before'} step {self.step}"
        return "never" if self.seconds is None else f"after {self.seconds:.3f} s"


@dataclass(eq=False)
class Lane:
    """One victim at a time, with a bucket, a work folder and a ledger folder of its own."""

    world: World
    outcome: Outcome
    kind: type[Scene]
    number: int

    def __post_init__(self) -> None:
        self.random = random.Random(f"{self.kind.act} {self.number}")
        self.bucket = f"skydeck-kills-{self.kind.act}-{self.number}".replace(" ", "-")
        client: Any = make_client(self.world.sandbox, "s3")
        client.create_bucket(Bucket=self.bucket)
        self.base = self.world.folder / self.bucket
        local, self.ledgers = self.base / "local", self.base / "ledgers"
        local.mkdir(parents=True)
        self.scene = self.kind(client, self.bucket, local)
        self.scene.build()
        self.zygote = Zygote(asdict(self.world.connection))
        self.seconds, self.steps, self.runs = 1.0, 100, 0

    # -- one run ---------------------------------------------------------------------------

    def measure(self) -> None:
        """Let one live, for how long it takes and how many steps."""
        self.scene.prepare()
        began = time.monotonic()
        signalled, result = self.launch(self.scene.act, Trap())
        self.seconds, self.steps = time.monotonic() - began, result.get("steps", 1)
        if signalled or result.get("states") != ["done"]:
            self.outcome.defect("resumes that did not end well", f"undisturbed: {result}")
        self.judge("undisturbed", alive=True, found=False)

    def once(self) -> None:
        """Kill one, start again (and perhaps again), and look at everything."""
        self.runs += 1
        self.scene.prepare()
        trap = self._trap()
        signalled, _ = self.launch(self.scene.act, trap)
        told = f"{self.scene.act} {trap}"
        self.outcome.add("kills" if signalled else "lived on")
        if self.random.random() < 0.25:
            told += ", a torn record"
            self._tear()
        act, dropped = self.random.choice(("resume", "discard")), False
        if signalled and self.random.random() < 0.3:
            again, first = self._trap(), self.random.choice(("resume", act))
            signalled, _ = self.launch(first, again)
            self.outcome.add("kills" if signalled else "lived on")
            told += f", then {first} {again}"
            dropped = first == "discard"
        signalled, result = self.launch(act, Trap())
        told += f", then {act}"
        if signalled or any(state != "done" for state in result.get("states", ["?"])):
            self.outcome.defect("resumes that did not end well", f"{told}: {result}")
        self.outcome.add(f"jobs to {act}", result.get("found", 0))
        # One that was dropped before it was killed need not be there any more.
        found = result.get("found", 0)
        self.judge(
            told, alive=False, found=bool(found) or dropped, resumed=act == "resume" and found > 0
        )

    def _tear(self) -> None:
        """Leave half a record at the ledgers' ends, as a loss of power may."""
        for path in self.ledgers.glob("*.jsonl"):
            with path.open("ab") as file:
                file.write(self.random.choice((b'{"part":', b"\0" * 40, b'{"done":[[0,9', b"{")))

    def together(self, times: int) -> None:
        """Start a second app while the first holds still in the midst: it must keep off."""
        second = Zygote(asdict(self.world.connection))
        try:
            for _ in range(times):
                self._beside(second)
        finally:
            second.close()

    def _beside(self, second: Zygote) -> None:
        self.scene.prepare()
        first = self.zygote.fork(asdict(self._order(self.scene.act, "result")))
        time.sleep(self.random.uniform(0.0, self.seconds))
        _signal(first, signal.SIGSTOP)
        act = self.random.choice(("resume", "discard"))
        second.fork(asdict(self._order(act, "second")))
        second.wait()
        _signal(first, signal.SIGCONT)
        self.zygote.wait()
        other, own = self._said("second"), self._said("result")
        if other.get("found") != 0:
            self.outcome.defect("jobs taken from a living app", f"{self.scene.act}: {other}")
        if own.get("states") != ["done"]:
            self.outcome.defect("resumes that did not end well", f"beside another: {own}")
        self.outcome.add("second apps beside a living one")
        self.judge(f"{self.scene.act} beside another", alive=True, found=False)

    def _order(self, act: str, result: str) -> Order:
        places = (str(self.scene.local), str(self.ledgers), str(self.base / result))
        (self.base / result).unlink(missing_ok=True)
        return Order(act, self.bucket, *places)

    def _said(self, result: str) -> dict[str, Any]:
        path = self.base / result
        said: dict[str, Any] = json.loads(path.read_bytes() or b"{}") if path.exists() else {}
        return said

    def _trap(self) -> Trap:
        kind = self.random.randrange(3)
        if not kind:
            return Trap(seconds=self.random.uniform(0.0, self.seconds))
        if kind == 1:
            step = self.random.randint(1, max(1, self.steps))
            return Trap(step=step, after=self.random.random() < 0.5)
        operation = self.random.choice(self.scene.requests)
        skip = self.random.choice((0, 0, 1, 2, 5))
        return Trap(request=(operation, self.random.choice(MOMENTS), skip))

    def launch(self, act: str, trap: Trap) -> tuple[int, dict[str, Any]]:
        """Run one victim; returns the signal that ended it, and what it said."""
        order = replace(self._order(act, "result"), dies_at=trap.step, after=trap.after)
        pid = Future()
        rule = self._rule(trap, pid)
        victim = self.zygote.fork(asdict(order))
        pid.set(victim)
        killer = threading.Timer(_patience(trap), _kill, (victim,))
        killer.start()
        signalled = self.zygote.wait()
        killer.cancel()
        self.world.proxy.drop(rule) if rule else None
        if not self.world.proxy.settle(self.bucket):
            self.outcome.defect("resumes that did not end well", f"{trap}: requests stay open")
        return signalled, self._said("result")

    def _rule(self, trap: Trap, pid: Future) -> rules.Rule | None:
        if trap.request is None:
            return None
        operation, moment, skip = trap.request

        def act(_: Ask) -> None:
            _kill(pid.get())

        return self.world.proxy.add(
            lambda: rules.Act(act, moment), operation, skip=skip, bucket=self.bucket
        )

    # -- what must hold --------------------------------------------------------------------

    def judge(self, told: str, *, alive: bool, found: bool, resumed: bool = False) -> None:
        """Look at everything that may have been left or torn."""
        for name in left_over(self.base):
            self.outcome.defect("temporary files left", f"{name}: {told}")
        for path in sorted(self.ledgers.glob("*")) if self.ledgers.is_dir() else ():
            self.outcome.defect("ledgers left", f"{path.name}: {told}")
            path.unlink()
        uploads, foreign = self.scene.uploads(), self.scene.foreign
        if foreign and uploads.pop(foreign, None) is None:
            self.outcome.defect("uploads of others aborted", told)
        for upload_id, key in uploads.items():
            self.outcome.defect("multipart uploads left", f"{key}: {told}")
            self.scene.abort(upload_id, key)
        self._judge_bytes(told, whole=alive or resumed, forgotten=not found)

    def _judge_bytes(self, told: str, *, whole: bool, forgotten: bool) -> None:
        """Each is old or new; all new where it was gone on with; all or none where no job is."""
        new, scene = set(), self.scene
        for name in scene.names:
            there = scene.there(name)
            if there == data_of(name):
                new.add(name)
            elif there != scene.old(name):
                size = -1 if there is None else len(there)
                self.outcome.defect("torn files", f"{name} of {size} bytes: {told}")
            if reason := scene.lost(name, arrived=name in new):
                self.outcome.defect("torn files", f"{name}: {reason}: {told}")
        missing = sorted(set(scene.names) - new)
        if whole and missing:
            self.outcome.defect("resumes that did not end well", f"{missing} old: {told}")
        elif forgotten and new and missing:
            self.outcome.defect("jobs forgotten halfway", f"{missing} old: {told}")
        if extra := scene.all_there() - set(scene.names):
            self.outcome.defect("torn files", f"{sorted(extra)} are too much: {told}")

    def close(self) -> None:
        """End the zygote."""
        self.zygote.close()


class Future:
    """A process id that is about to be known."""

    def __init__(self) -> None:
        self._known, self._pid = threading.Event(), 0

    def set(self, pid: int) -> None:
        """It is known."""
        self._pid = pid
        self._known.set()

    def get(self) -> int:
        """Wait for it."""
        self._known.wait(10)
        return self._pid


def _patience(trap: Trap) -> float:
    return PATIENCE_SECONDS if trap.seconds is None else trap.seconds


def _kill(pid: int) -> None:
    _signal(pid, signal.SIGKILL)


def _signal(pid: int, what: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, what)


def run(world: World, way: str, kills: int, lanes: int = LANES, beside: int = 0) -> Outcome:
    """Kill at least so many victims of one way ("upload", "download" or "move").

    `beside` is how often each lane also starts a second app beside one that lives.
    """
    outcome, kinds = Outcome(), SCENES[way]

    def work(number: int) -> None:
        lane = Lane(world, outcome, kinds[number % len(kinds)], number)
        try:
            lane.measure()
            while outcome.counts["kills"] < kills and lane.runs < 3 * kills:
                lane.once()
            if beside:
                lane.together(beside)
        finally:
            lane.close()

    with ThreadPoolExecutor(lanes) as pool:
        for done in [pool.submit(work, number) for number in range(lanes)]:
            done.result()
    return outcome


def figures(outcome: Outcome) -> dict[str, float]:
    """The table's rows."""
    beside = "second apps beside a living one"
    names = ("kills", "lived on", "jobs to resume", "jobs to discard", beside, *GOALS)
    return {name: float(outcome.counts[name]) for name in names}
