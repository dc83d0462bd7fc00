"""Jobs that a crash, or the app's end, has interrupted: found, gone on with, or cleaned up."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui.aws.calls import caused_by
from tui.aws.s3.copy_plan import CopyPlan
from tui.aws.s3.sync_plan import SyncPlan
from tui.aws.transfers import plan_rows
from tui.aws.transfers.engine import Engine
from tui.aws.transfers.many import TransferReport
from tui.aws.transfers.plan import DownloadPlan, UploadPlan
from tui.aws.transfers.runs import Runs, known_ledger, turn_of
from tui.aws.transfers.tidying import remove_temporaries, tidy
from tui.core.errors import UserError
from tui.core.ledger import Interrupted, Ledger, dies_with_its_app
from tui.core.ledger_folder import LedgerFolder
from tui.core.progress import Progress
from tui.core.versions import ObjectVersion

if TYPE_CHECKING:
    from tui.aws.s3.service import S3
    from tui.aws.transfers.service import Transfers


def interrupted(ledgers: LedgerFolder | None) -> tuple[Interrupted, ...]:
    """The jobs that have not ended and that nobody works on, oldest first. Blocks.

    What a sandbox that is gone has left here goes silently.
    """
    if ledgers is None:
        return ()
    found = []
    for one in ledgers.interrupted():
        if dies_with_its_app(one.place) and not one.mine:
            with suppress(UserError):
                _forget_dead(ledgers, one.id)
        else:
            found.append(one)
    return tuple(found)


def _forget_dead(ledgers: LedgerFolder, ledger_id: str) -> None:
    ledger = ledgers.open(ledger_id)
    try:
        remove_temporaries(ledger, plan_rows.targets_of(_plan_of(ledger, ledgers)))
    finally:
        ledger.drop()


async def resume(  # noqa: PLR0917 - what a resume is
    transfers: Transfers,
    runs: Runs,
    s3: S3,
    ledgers: LedgerFolder | None,
    ledger_id: str,
    progress: Progress,
) -> TransferReport:
    """Go on with a job; see `Transfers.resume`."""

    def opened() -> Ledger:
        ledger = progress.ledger = _taken(ledgers, ledger_id, progress)
        if ledger.plan is None:
            progress.say("reading its plan")
            ledger.plan = _plan_of(ledger, ledgers)
        return ledger

    try:
        ledger = await runs.in_thread(opened, progress, "", "", runs.beginners)
        await _look_up(s3, ledger)
    finally:  # cancelled here, it is to be cleaned up as anywhere else
        await runs.never_begun(progress)
    progress.say("")
    return await _gone_on_with(transfers, ledger, progress)


async def _look_up(s3: S3, ledger: Ledger) -> None:
    """What an earlier run had been told, or had found out, of the buckets."""
    intent, plan = ledger.intent, ledger.plan
    for bucket in intent.payers:
        s3.gateway.requester.accept(bucket)
    target = plan.target if isinstance(plan, CopyPlan) else intent.bucket
    for bucket in dict.fromkeys((intent.bucket, target)):
        with suppress(UserError), caused_by(None):
            await s3.bucket_region(bucket)


async def _gone_on_with(transfers: Transfers, ledger: Ledger, progress: Progress) -> TransferReport:
    intent, plan = ledger.intent, ledger.plan
    bucket, version_id = intent.bucket, intent.about.get("version", "")
    match plan:
        case UploadPlan() if intent.kind == plan_rows.UPLOAD:
            item = plan.items[0]
            return await transfers.upload(bucket, item.key, item.path, progress, item.seen)
        case UploadPlan():
            return await transfers.upload_planned(bucket, plan, progress)
        case DownloadPlan() if intent.kind == plan_rows.DOWNLOAD:
            one = plan.items[0]
            return await transfers.download(bucket, one.key, one.path, progress, one.replaces)
        case DownloadPlan() if intent.kind == plan_rows.VERSION:
            one = plan.items[0]
            version = ObjectVersion(one.key, version_id, datetime.now(UTC), one.size_bytes)
            return await transfers.download_version(
                bucket, version, one.path, progress, one.replaces
            )
        case DownloadPlan():
            return await transfers.download_planned(bucket, plan, progress)
        case CopyPlan() if intent.kind == plan_rows.RESTORE:
            return await transfers.restore_version(bucket, plan.items[0], version_id, progress)
        case CopyPlan():
            return await transfers.copy_planned(plan, progress)
        case SyncPlan():
            return await transfers.sync_planned(plan, progress)
    raise AssertionError(intent.kind)


def discard(
    engine: Engine, ledgers: LedgerFolder | None, ledger_id: str, progress: Progress
) -> None:
    """Clean up after a job and forget it; see `Transfers.discard`. Blocks.

    Raises:
        Exception: botocore's own, too: then the ledger stays.
    """
    ledger = _taken(ledgers, ledger_id, progress)
    mine = progress.ledger is not ledger
    try:
        with suppress(UserError):  # without a plan, no temporary file can be found
            ledger.plan = ledger.plan or _plan_of(ledger, ledgers)
        progress.expect(len(ledger.state.uploads), len(ledger.state.uploads))
        with turn_of(ledger, progress), progress.owing():
            tidy(engine, ledger, progress.check)
    except BaseException:
        if mine:
            ledger.release()
        raise
    ledger.drop()
    if not mine:
        progress.ledger = None


def _taken(ledgers: LedgerFolder | None, ledger_id: str, progress: Progress) -> Ledger:
    """The ledger that the progress holds, or the one that nobody does."""
    known = known_ledger(progress)
    if known is not None and known.id == ledger_id:
        return known
    if ledgers is None:
        raise UserError("Can't go on with that job", "nothing is kept of it", code="Gone")
    ledger = ledgers.open(ledger_id)
    whose, me = ledger.intent.owner, ledgers.owner
    if (whose.account, whose.place) != (me.account, me.place):
        ledger.release()
        raise UserError(
            "Can't go on with that job",
            f"it is one of {whose.profile or whose.account or whose.place}",
            "Switch to that profile first (P).",
            code="Another",
        )
    return ledger


def _plan_of(ledger: Ledger, ledgers: LedgerFolder | None) -> plan_rows.AnyPlan:
    assert ledgers is not None  # one without has its plan
    try:
        return plan_rows.plan_of(ledger.intent, ledgers.rows(ledger.id))
    except (ValueError, TypeError, LookupError) as error:
        raise UserError(
            "Can't go on with that job", "its plan can't be read any more", "Start it anew."
        ) from error
