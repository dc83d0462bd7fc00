"""Abort unfinished uploads: a frozen list of upload ids is shown, and exactly it is aborted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.errors import JobCancelled, UserError
from tui.core.jobs import Progress
from tui.core.plans import Plan, PlanFact, Risk
from tui.screens.s3.delete import saved
from tui.screens.s3.delete_job import DeletesFailed
from tui.screens.s3.jobs import start
from tui.screens.s3.lines import plural
from tui.widgets.dialog import SAMPLES, Confirm

if TYPE_CHECKING:
    from tui.core.versions import UnfinishedUpload
    from tui.cost import PriceBook
    from tui.screens.s3.uploads import UploadRow, UploadsDialog

GONE = frozenset({"NoSuchUpload", "404"})
FRESH_SECONDS = 3600  # somebody may well be sending it


def by_class(rows: Iterable[UploadRow]) -> dict[str, tuple[int, int]]:
    """What uploads hold: storage class -> (uploads, bytes)."""
    held: dict[str, tuple[int, int]] = {}
    for row in rows:
        if row.parts is not None:
            count, size = held.get(row.upload.storage_class, (0, 0))
            held[row.upload.storage_class] = count + 1, size + row.parts.size_bytes
    return held


async def abort(dialog: UploadsDialog) -> None:
    """Show the plan for the chosen uploads, and abort exactly these.

    Raises:
        UserError: there are none, or one of our own jobs sends them all.
    """
    from tui.aws.s3.running_uploads import is_running

    chosen: list[UploadRow] = list(dialog.table.chosen)
    rows = [row for row in chosen if not is_running(row.upload.upload_id)]
    if not rows and chosen:
        raise UserError(
            "This upload is running",
            "a job of Skydeck is sending it",
            "Cancel the job instead: it cleans up after itself.",
        )
    if not rows:
        raise UserError("There is nothing to abort", "no upload is unfinished here")
    plan = abort_plan(
        dialog.place.bucket,
        rows,
        len(chosen) - len(rows),
        dialog.services.book,
        dialog.bucket_region,
    )
    if not await dialog.app.push_screen_wait(Confirm(plan)):
        return
    dialog.table.unselect()
    _begin(dialog, [row.upload for row in rows])


def abort_plan(
    bucket: str, rows: Sequence[UploadRow], running: int, book: PriceBook, region: str
) -> Plan:
    """What the dialog shows."""
    noun = plural(len(rows), "upload")
    known = [row.parts.size_bytes for row in rows if row.parts is not None]
    size = fmt.size(sum(known))
    fresh = sum(_seconds(row) < FRESH_SECONDS for row in rows)
    facts = [
        PlanFact("uploads", fmt.count(len(rows)), "bold bright"),
        PlanFact("bytes", size if len(known) == len(rows) else f"at least {size}", "bold bright"),
        PlanFact("bucket", bucket),
        PlanFact("no longer paid", *saved(by_class(rows), book, region)),
    ]
    if running:
        facts.append(PlanFact("left out", f"{fmt.count(running)} that run here", "cool"))
    if fresh:
        facts.append(PlanFact("began just now", f"{fmt.count(fresh)} within the hour", "warn"))
    shown = rows if len(rows) <= SAMPLES else rows[: SAMPLES - 1]
    items = [(row.upload.key, f"begun {_ago(row)} ago") for row in shown]
    if len(shown) < len(rows):
        items.append((f"and {fmt.count(len(rows) - len(shown))} more", ""))
    warning = "The parts are gone for good; whoever still sends them fails."
    return Plan(
        title=f"Abort {noun}",
        verb=f"Abort {noun}",
        intro="This is the whole plan, frozen now, by upload id. Objects are not touched.",
        risk=Risk.DESTROYS,
        facts=tuple(facts),
        items=tuple(items),
        warning=warning,
        typed=bucket if fresh or len(rows) > SAMPLES else "",
        keep="keep them",
    )


def _seconds(row: UploadRow) -> float:
    return (datetime.now(UTC) - row.upload.begun_at).total_seconds()


def _ago(row: UploadRow) -> str:
    return fmt.duration(_seconds(row), dense=True)


def _begin(dialog: UploadsDialog, uploads: list[UnfinishedUpload]) -> None:
    services, bucket, pane = dialog.services, dialog.place.bucket, dialog.pane
    left = list(uploads)

    async def work(progress: Progress) -> str:
        from tui.aws.s3.uploads import abort_many

        many = len(left)
        progress.expect(many, many)
        try:
            failures = await abort_many(services.s3, bucket, left, progress)
        except (asyncio.CancelledError, JobCancelled) as stop:
            raise type(stop)(f"cancelled, {fmt.count(progress.items_done)} aborted") from None
        finally:
            dialog.changed()
        failed = {failure.version_id for failure in failures}
        left[:] = [upload for upload in left if upload.upload_id in failed]
        if failures:
            title = f"{plural(len(failures), 'upload')} of {fmt.count(many)} stayed"
            pane.post_message(DeletesFailed(title, failures, lambda: _begin(dialog, list(left))))
            first = failures[0]
            reason = f"{first.key}: {first.message or first.code}"
            raise UserError(title, reason, "Retry tries these again.", code=first.code)
        return f"{plural(many, 'upload')} aborted"

    subject = uploads[0].key if len(uploads) == 1 else plural(len(uploads), "unfinished upload")
    start(pane, "abort", subject, work, unit="steps")
