"""One run of a transfer job: its ledger is taken, then a coordinator's thread brings it to its end.

A run that is paused leaves all that it has begun to the next one; a cancelled one cleans it up; one
that has failed leaves what is done.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

from tui.aws.errors import explain
from tui.aws.threads import DaemonPool
from tui.aws.transfers.engine import Engine
from tui.aws.transfers.many import TransferReport
from tui.aws.transfers.meter import Meter
from tui.aws.transfers.patience import behalf, on_behalf
from tui.aws.transfers.plan_rows import AnyPlan, Work
from tui.aws.transfers.tidying import tidy
from tui.core.errors import JobCancelled, JobPaused, UserError
from tui.core.job_items import ItemState
from tui.core.ledger import Intent, ItemLedger, Ledger
from tui.core.ledger_folder import LedgerFolder
from tui.core.progress import Progress

_LOOK_SECONDS: Final = 0.1
PATIENCE_SECONDS: Final = 5.0  # how long a cancelled transfer may take that cleans up nothing

T = TypeVar("T")


class Runs:
    """Runs jobs on an engine; their ledgers lie in `ledgers`, or end with the process."""

    def __init__(self, engine: Engine, ledgers: LedgerFolder | None) -> None:
        self._engine = engine
        self._ledgers = ledgers
        self.beginners = engine.beginners

    async def run(  # noqa: PLR0917 - what a run is
        self,
        make: Callable[[], Work],
        act: Callable[[Ledger], TransferReport],
        progress: Progress,
        operation: str,
        subject: str,
        through: Collection[str] = (),
    ) -> TransferReport:
        """Make the plan, take its ledger and do what is left of it; all block, in threads.

        The disk knows of a job before it waits for a coordinator. `through` are the keys that are
        done whatever the ledger says.

        Raises:
            UserError: it failed; the progress has the ledger, for another try.
            JobPaused: it can't go on for now; likewise.
            JobCancelled: paused, likewise; or cancelled, and all is cleaned up.
        """

        def begin() -> Ledger:
            with ExitStack() as turns:
                if (known := known_ledger(progress)) is not None:
                    turns.enter_context(turn_of(known, progress))
                try:
                    with on_behalf(Meter(progress), self._engine.gateway):
                        wanted = make()
                        ledger = self._taken(wanted, progress, turns)
                        _take_over(wanted, ledger, through)
                        _expect(wanted, ledger, progress)
                        progress.check()
                except BaseException as error:
                    self._stopped(known_ledger(progress), progress, error)
                    raise
            return ledger

        def work(ledger: Ledger) -> TransferReport:
            with turn_of(ledger, progress):
                try:
                    with on_behalf(Meter(progress), self._engine.gateway):
                        report = act(ledger)
                except BaseException as error:
                    self._stopped(ledger, progress, error)
                    raise
                self._ended(ledger, progress, report)
            return report

        try:
            ledger = await self.in_thread(begin, progress, operation, subject, self.beginners)
            return await self.in_thread(partial(work, ledger), progress, operation, subject)
        finally:
            await self.never_begun(progress)

    async def never_begun(self, progress: Progress) -> None:
        """Clean up after earlier runs where this one was cancelled before it had its turn."""
        ledger = known_ledger(progress)
        if ledger is None or progress.suspended or not progress.cancelled.is_set():
            return
        ledger.unwanted = True
        if not ledger.turn.acquire(blocking=False):
            progress.ledger = None  # the run that was given up clears it away, once it ends
        else:
            try:
                stop = partial(self._stopped, ledger, progress, JobCancelled())
                await self._engine.gateway.run(stop)
            finally:
                ledger.turn.release()

    def _taken(self, work: Work, progress: Progress, turns: ExitStack) -> Ledger:
        """The ledger of the run before, if it is of the same work; or a new one."""
        intent, known = self._intent(work), known_ledger(progress)
        if known is not None:
            if known.intent.fits(intent):
                known.mend()
                known.resumed, known.settled = True, False
                return _held(known, work, progress)
            with suppress(Exception):  # what is left of it is tried again at the next start
                tidy(self._engine, known)
            if known.drop_if_clean():
                intent = replace(intent, id=known.id)  # by which a resumed job is known
        ledger = self._begun(intent, work, progress)
        turns.enter_context(turn_of(ledger, progress))
        return _held(ledger, work, progress)

    def _intent(self, work: Work) -> Intent:
        pays = self._engine.gateway.requester.pays
        return replace(work.intent(), payers=tuple(one for one in work.buckets if pays(one)))

    def _begun(self, intent: Intent, work: Work, progress: Progress) -> Ledger:
        if self._ledgers is not None:
            try:
                return self._ledgers.begin(intent, work.rows())
            except OSError as error:
                _say_unkept(progress, error)
        return Ledger(intent)

    def _ended(self, ledger: Ledger, progress: Progress, report: TransferReport) -> None:
        if report.failures:
            self._failed(ledger, progress)
        else:
            ledger.drop()
            progress.ledger = None

    def _stopped(self, ledger: Ledger | None, progress: Progress, error: BaseException) -> None:
        if ledger is None:
            return
        if progress.suspended and not ledger.unwanted:
            ledger.flush()
        elif isinstance(error, JobCancelled | JobPaused) or ledger.unwanted:
            with progress.owing(), suppress(Exception):  # then the next start tries again
                tidy(self._engine, ledger)
            ledger.drop_if_clean()
            progress.ledger = None
        elif getattr(error, "code", "") == "Closed":
            ledger.flush()
        else:
            self._failed(ledger, progress)

    def _failed(self, ledger: Ledger, progress: Progress) -> None:
        """What has failed is begun anew by a retry; what is done stays done."""
        with progress.owing(), suppress(Exception):
            tidy(self._engine, ledger)
        ledger.settled = True
        ledger.flush()

    async def in_thread(
        self,
        work: Callable[[], T],
        progress: Progress,
        operation: str,
        subject: str,
        pool: DaemonPool | None = None,
    ) -> T:
        """Run a coordinator (or another of the engine's). A cancel waits until it has cleaned up.

        The context is not copied into its thread: requests have no cause, the note stands for them.
        """
        work = behalf(work, Meter(progress), self._engine.gateway)
        future = self._engine.submit(pool or self._engine.coordinators, work)
        waited = asyncio.wrap_future(future)
        try:
            return await asyncio.shield(waited)
        except asyncio.CancelledError:
            progress.cancel(suspend=progress.suspended)
            if not future.cancel():
                await self._cleaned_up(waited, progress)
            raise
        except JobCancelled:
            if progress.outage is not None:  # which another of its threads met
                raise progress.outage from None
            raise
        except (UserError, JobPaused):
            raise
        except Exception as error:
            raise explain(error, operation, subject, self._engine.gateway.connection) from error

    async def _cleaned_up(self, waited: asyncio.Future[T], progress: Progress) -> None:
        """Wait for a cancelled coordinator, but not for ever: its server may have fallen silent.

        A second cancel ends the waiting at once.
        """
        try:
            while not waited.done():
                await asyncio.wait([waited], timeout=PATIENCE_SECONDS)
                if not progress.owes or progress.suspended:
                    break
        finally:
            if waited.done():
                waited.cancelled() or waited.exception()  # somebody has looked at it
            else:
                waited.cancel()
                self._engine.sweep(progress)
                if not progress.suspended:
                    progress.ledger = None  # its thread clears it away, once it ends


def one_item(
    ledger: Ledger, progress: Progress, act: Callable[[Meter, ItemLedger], int], word: str = "file"
) -> TransferReport:
    """Do the one item of a plan, unless an earlier run has; what goes wrong is the job's error."""
    began = time.monotonic()
    if ledger.is_done(0):
        return TransferReport(1, ledger.intent.size_bytes, 0.0, word=word)
    progress.items.set(0, ItemState.RUNNING)
    meter = Meter(progress)
    size = act(meter, ledger.at(0))
    ledger.done(0, size)
    progress.items.set(0, ItemState.DONE)
    progress.advance(items=1)
    seconds = time.monotonic() - began
    unchecked, found = int(meter.unchecked), progress.before
    return TransferReport(1, size, seconds, word=word, unchecked=unchecked, found_bytes=found)


def known_ledger(progress: Progress) -> Ledger | None:
    """The ledger that an earlier run of the job has left."""
    known = progress.ledger
    return known if isinstance(known, Ledger) and known.alive else None


@contextmanager
def turn_of(ledger: Ledger, progress: Progress) -> Iterator[None]:
    """Work on a ledger inside, once no earlier run does: one may hang in a request that was paused.

    Raises:
        JobCancelled: the job was cancelled first.
    """
    while not ledger.turn.acquire(timeout=_LOOK_SECONDS):
        progress.say("waiting for the last request of before the pause")
        progress.check()
    try:
        yield
    finally:
        ledger.turn.release()


def known_plan(progress: Progress, kind: str, bucket: str) -> AnyPlan | None:
    """The plan that an earlier run of the same job has made."""
    known = known_ledger(progress)
    if known is None:
        return None
    same = (known.intent.kind, known.intent.bucket) == (kind, bucket)
    plan: AnyPlan | None = known.plan if same else None
    return plan


def _take_over(work: Work, ledger: Ledger, through: Collection[str]) -> None:
    if through:
        for number, item in enumerate(work.items):
            if item.key in through and not ledger.is_done(number):
                ledger.done(number, work.bytes_of(item))


def _held(ledger: Ledger, work: Work, progress: Progress) -> Ledger:
    ledger.plan = work.plan
    ledger.complain = lambda error: _say_unkept(progress, error)
    progress.ledger = ledger
    return ledger


def _say_unkept(progress: Progress, error: OSError) -> None:
    why = (error.strerror or type(error).__name__).lower()
    progress.say(f"its journal can't be written ({why}): a crash would lose what is done")


def _expect(work: Work, ledger: Ledger, progress: Progress) -> None:
    """Say what there is to do, and what earlier runs have done of it."""
    progress.expect(work.size_bytes, len(work.items))
    progress.items.plan(work.items, lambda item: (item.key, item.size_bytes))
    size = 0
    for number, done in enumerate(ledger.state.done):
        if done:
            progress.items.set(number, ItemState.DONE)
            size += work.bytes_of(work.items[number])
    if ledger.state.items_done:
        progress.found(size, ledger.state.items_done)
