"""One act for each of many objects: some at a time, with a result for each key."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TypeVar

from tui.aws.calls import caused_by
from tui.aws.outages import EXPIRED, WITHDRAWN
from tui.core import format as texts
from tui.core.errors import AwsError, JobCancelled, UserError
from tui.core.failures import KeyFailure
from tui.core.jobs import Progress

T = TypeVar("T")
PARALLEL = 8
GIVE_UP = 24  # all that was tried so far failed in one way: the rest would too
_LOGGED_OUT = EXPIRED | WITHDRAWN
LOGGED_AT_MOST = 12  # objects whose calls the code drawer shows; the others go the same way


@dataclass(slots=True)
class Outcome:
    """What came of it: how many ended in which way (`act` names the ways), and what failed."""

    ways: Counter[str] = field(default_factory=Counter)
    failures: list[KeyFailure] = field(default_factory=list)
    untried: int = 0  # left alone, since everything before them had failed
    unanswered: int = 0  # how many failed in a row without an answer from AWS

    @property
    def done(self) -> int:
        """How many did not fail."""
        return sum(self.ways.values())


async def each(
    items: Sequence[T],
    key_of: Callable[[T], str],
    act: Callable[[T], Awaitable[str]],
    progress: Progress,
) -> Outcome:
    """Await `act(item)` for every item, `PARALLEL` at a time; it returns in which way it ended.

    Raises:
        UserError: the first one failed for a reason that is not its own (no way to AWS), or the
            login is over.
        CancelledError, JobCancelled: nothing was begun since; the message says how many are done.
    """
    outcome = Outcome()
    progress.expect(len(items), len(items))
    waiting = iter(enumerate(items))
    broken = asyncio.Event()

    async def walk() -> None:
        for number, item in waiting:
            if broken.is_set() or _hopeless(outcome):
                outcome.untried += 1
                continue
            progress.check()
            with caused_by(None) if number >= LOGGED_AT_MOST else nullcontext():
                await _one(item, key_of(item), act, outcome, broken)
            progress.advance(1, items=1)

    try:
        await _ended([asyncio.ensure_future(walk()) for _ in items[:PARALLEL]], progress)
    except (asyncio.CancelledError, JobCancelled) as stop:
        done = texts.count(outcome.done)
        raise type(stop)(f"cancelled, {done} of {texts.count(len(items))} done") from None
    return outcome


async def _ended(walks: Sequence[asyncio.Task[None]], progress: Progress) -> None:
    """Wait for all, cancelled or not: what AWS has been asked to do, it does."""
    if not walks:
        return
    with progress.owing():
        try:
            await asyncio.wait(walks)
        except asyncio.CancelledError:
            progress.cancel()  # each walk ends at its next object
            await asyncio.wait(walks)
            raise
    for error in [walk.exception() for walk in walks]:
        if error is not None:
            raise error


async def _one(
    item: T,
    key: str,
    act: Callable[[T], Awaitable[str]],
    outcome: Outcome,
    broken: asyncio.Event,
) -> None:
    try:
        outcome.ways[await act(item)] += 1
        outcome.unanswered = 0
    except AwsError as error:
        outcome.unanswered = 0 if error.code else outcome.unanswered + 1
        if error.code in _LOGGED_OUT or (not error.code and not outcome.done):
            broken.set()
            raise
        outcome.failures.append(KeyFailure(key, error.code, error.message))
    except UserError as error:
        outcome.failures.append(KeyFailure(key, error.code, error.message or error.title))


def _hopeless(outcome: Outcome) -> bool:
    failures = outcome.failures
    if outcome.unanswered >= GIVE_UP:  # the way to AWS is gone, and each would wait for it anew
        return True
    if outcome.done or len(failures) < GIVE_UP:
        return False
    return len({failure.code for failure in failures}) == 1
