"""How a verb of the S3 pane becomes a job."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from tui.core.errors import JobPaused, UserError
from tui.core.jobs import Job, Progress
from tui.core.records import ObjectQuery, S3Object
from tui.screens.s3.lines import plural
from tui.screens.s3.rows import Folder, Row, uri

if TYPE_CHECKING:
    from tui.screens.s3.acting import S3Acting

Work = Callable[[Progress], Awaitable[str]]


def start(
    screen: S3Acting,
    verb: str,
    subject: str,
    work: Work,
    *,
    changes: tuple[str, str] | None = None,
    unit: str = "bytes",
    pausable: bool = False,
) -> Job:
    """Start `work` as a job; its calls are logged as "<Verb> <subject>".

    `changes` is the (bucket, prefix) that is listed again where it is open, whatever came of the
    job. The job's last note, or its error, also shows as a toast. A `pausable` one is a transfer:
    run again with its ledger, it goes on where it was.
    """
    from tui.aws.calls import caused_by
    from tui.aws.transfers.patience import patient
    from tui.screens.s3.messages import PlaceChanged

    title = f"{verb.capitalize()} {subject}"
    services = screen.services

    async def body(job: Job) -> str:
        try:
            with caused_by(title), patient(job.progress):
                note = await work(job.progress)
        except UserError as error:
            screen.complain(error)
            raise
        except JobPaused as stop:
            if pausable:
                screen.say(str(stop.reason), title=f"{title}: paused", severity="warning")
            else:
                screen.complain(stop.reason)
            raise
        finally:
            if changes is not None:
                screen.post_message(PlaceChanged(*changes))
        if note:  # else the verb shows by itself what came of it
            screen.say(note, title=title)
        return note

    async def clean(job: Job) -> str:
        if (ledger := job.progress.ledger) is not None:
            with caused_by(title):
                await services.transfers.discard(ledger.id, job.progress)
        return ""

    job = services.jobs.start(
        verb,
        subject,
        body,
        unit=unit,
        pausable=pausable,
        group=services.group,
        clean=clean if pausable else None,
    )
    if pausable:  # it begins after this
        job.progress.limits = services.settings.limits()
    return job


def refuse_read_only(screen: S3Acting, what: str) -> None:
    """Raise before the user plans, or writes, what could not be done ("write notes.md")."""
    if screen.services.identity.read_only:
        raise UserError(
            f"Can't {what}",
            "Skydeck is in read-only mode",
            "Start it without --read-only to change things.",
            code="ReadOnly",
        )


async def gather(screen: S3Acting, place: ObjectQuery, rows: Sequence[Row]) -> list[S3Object]:
    """The chosen objects, and all that lies below the chosen folders, by listings.

    Raises:
        AwsError: a folder could not be listed; then there is no list at all.
    """
    from tui.aws.calls import caused_by

    # A million selected rows are packed: unpacking them takes a second.
    found, folders = await screen.services.gateway.run(_apart, rows)
    for folder in folders:
        screen.working("looking through the folder…")
        query = ObjectQuery(place.bucket, folder.key, recursive=True)
        with caused_by(f"List {uri(place.bucket, folder.key)}"):
            async for page in screen.services.s3.objects(query):
                found += page.objects
                screen.working(f"{plural(len(found), 'object')} found…")
    screen.working("")
    return found


def _apart(rows: Sequence[Row]) -> tuple[list[S3Object], list[Folder]]:
    found: list[S3Object] = []
    folders: list[Folder] = []
    for row in rows:
        if isinstance(row, Folder):
            folders.append(row)
        else:
            found.append(row)
    return found, folders


def subject_of(place: ObjectQuery, rows: Sequence[Row]) -> str:
    """What a job over rows is called: the one row's key, or how many of which place."""
    if len(rows) == 1:
        return rows[0].key
    return f"{plural(len(rows), 'item')} of {place.prefix or place.bucket}"
