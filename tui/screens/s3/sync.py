"""Make a local folder and a place at S3 alike: a dry-run plan first, then exactly that plan."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.jobs import Progress
from tui.core.paths import NO_HOME, expanded, is_folder, nobodys, why
from tui.core.plans import Plan, PlanFact, Risk
from tui.core.records import ObjectQuery
from tui.core.safe_text import visible
from tui.screens.s3.jobs import refuse_read_only
from tui.screens.s3.keyed_job import Ended, KeyedJob, ended
from tui.screens.s3.lines import plural
from tui.screens.s3.rows import uri
from tui.screens.s3.sync_dialogs import SyncForm, SyncReview, Wish
from tui.widgets.ask_path import AskPath, Verdict
from tui.widgets.dialog import Confirm

if TYPE_CHECKING:
    from tui.aws.s3.sync_plan import SyncOptions, SyncPlan
    from tui.screens.s3.writing import S3Writing

TYPED_AT_MOST = 60
SAMPLES = 1000


async def sync(screen: S3Writing, place: ObjectQuery) -> None:
    """Ask which folder and how, compare, show the plan, do exactly it as a job.

    Raises:
        UserError: a side could not be listed; then there is no plan, and nothing is deleted.
    """
    from tui.aws.calls import caused_by
    from tui.aws.s3 import sync as s3_sync

    services = screen.services
    typed = await screen.app.push_screen_wait(
        AskPath(
            f"Sync {uri(place.bucket, place.prefix)}",
            "With which folder here? The direction comes next; nothing is done before its plan.",
            value=screen.synced_folder,
            look=_look,
            run=services.gateway.run,
            verb="go on",
            folders_only=True,
        )
    )
    if not typed:
        return
    screen.synced_folder = typed
    folder = await services.gateway.run(lambda: expanded(typed).absolute())
    there = await services.gateway.run(is_folder, folder)
    wish = await screen.app.push_screen_wait(SyncForm(place, folder, up=there))
    if wish is None:
        return
    with caused_by(None):
        plan = await s3_sync.planned(
            services.s3, place.bucket, place.prefix, folder, _options(wish), told=screen.working
        )
    screen.working("")
    if not await screen.app.push_screen_wait(SyncReview(plan)):
        return
    if wish.up:
        refuse_read_only(screen, f"write to {place.bucket}")
    gone = len(plan.of("delete"))
    if gone and not await screen.app.push_screen_wait(Confirm(deletes_plan(plan, gone))):
        return
    _start(screen, place, plan)


def _options(wish: Wish) -> SyncOptions:
    from tui.aws.s3.sync_plan import SyncOptions

    return SyncOptions(
        up=wish.up,
        deletes=wish.deletes,
        by_content=wish.by_content,
        include=tuple(patterns(wish.include)),
        exclude=tuple(patterns(wish.exclude)),
    )


def patterns(text: str) -> list[str]:
    """Split what was typed into patterns; quotes keep a space.

    Raises:
        ValueError: a quote is open.
    """
    return shlex.split(text)


def deletes_plan(plan: SyncPlan, gone: int) -> Plan:
    """What must be typed before a sync deletes."""
    up = plan.options.up
    word = "object" if up else "file"
    name = (plan.prefix or plan.bucket) if up else plan.folder.name
    typable = visible(name) == name and 0 < len(name) <= TYPED_AT_MOST
    where = uri(plan.bucket, plan.prefix) if up else str(plan.folder)
    return Plan(
        title=f"The sync deletes {plural(gone, word)}",
        verb="Sync and delete",
        intro="Last of all, and only if all else has worked; what changes meanwhile stays.",
        risk=Risk.DESTROYS,
        facts=(
            PlanFact("deleted", plural(gone, word), "danger"),
            PlanFact("bytes", fmt.size(plan.size_of("delete"))),
            PlanFact("in", where),
        ),
        items=tuple((one.name, fmt.size(one.size_bytes)) for one in plan.of("delete")[:SAMPLES]),
        warning="Objects of a bucket without versions, and files, are gone for good.",
        typed=name if typable else plan.bucket,
        keep="do nothing",
    )


def _start(screen: S3Writing, place: ObjectQuery, plan: SyncPlan) -> None:
    from tui.aws.s3.copy_code import sync_line

    services, options = screen.services, plan.options
    here, there = plan.folder.name or str(plan.folder), uri(plan.bucket, plan.prefix)
    subject = f"{here} to {there}" if options.up else f"{there} to {here}"
    done: set[str] = set()  # a retry of the job goes on where this one ended

    async def act(progress: Progress) -> Ended:
        report = await services.transfers.sync_planned(plan, progress, done)
        return await services.gateway.run(ended, report)

    line = sync_line(
        plan.bucket,
        plan.prefix,
        plan.folder,
        services.region,
        up=options.up,
        deletes=options.deletes,
        include=options.include,
        exclude=options.exclude,
    )
    services.log.note(f"Sync {subject}", cli=line)
    changes = (place.bucket, place.prefix) if options.up else None
    KeyedJob(screen, "sync", subject, act, changes, pausable=True).begin()


def _look(text: str) -> Verdict:
    """What stands at a path. Blocks."""
    if not text.strip():
        return Verdict(problem="type a folder; tab completes it")
    if nobodys(text):
        return Verdict(problem=NO_HOME)
    path: Path = expanded(text)
    try:
        if path.is_dir():
            return Verdict(told="a folder")
        if path.exists():
            return Verdict(problem="a file stands there, a folder is needed")
        if not path.parent.is_dir():
            return Verdict(problem="there is no such folder")
    except (OSError, ValueError) as error:
        return Verdict(problem=why(error))
    return Verdict(told="a new folder, to download into")
