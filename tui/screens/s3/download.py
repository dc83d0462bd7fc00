"""Download objects and folders to a folder of this machine, after a plan."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.errors import LocalError
from tui.core.jobs import Progress
from tui.core.paths import NO_HOME, exists, expanded, is_folder, nobodys, why
from tui.core.plans import Plan, PlanFact, Risk
from tui.core.records import ObjectQuery
from tui.screens.s3.jobs import gather, subject_of
from tui.screens.s3.keyed_job import Ended, KeyedJob, ended
from tui.screens.s3.lines import plural
from tui.screens.s3.preview import ARCHIVED
from tui.screens.s3.rows import Folder, Row, name_in
from tui.widgets.ask_path import AskPath, Verdict
from tui.widgets.dialog import Confirm

if TYPE_CHECKING:
    from tui.aws.transfers.service import DownloadPlan
    from tui.screens.s3.acting import S3Acting

NOTED_AT_MOST = 20  # objects whose download is written down as code, one by one


async def download(screen: S3Acting, place: ObjectQuery, rows: Sequence[Row]) -> None:
    """List what is chosen, ask where to, show the plan, download exactly it as a job.

    Raises:
        UserError: a listing failed, or no name can be written there.
    """
    from tui.aws.transfers.service import plan_downloads

    services = screen.services
    objects = await gather(screen, place, rows)
    held = sum(row.size_bytes for row in objects)
    archived = sum(row.storage_class in ARCHIVED for row in objects)
    typed = await screen.app.push_screen_wait(
        AskPath(
            f"Download {plural(len(objects), 'object')}, {fmt.size(held)}",
            _subtitle(place, rows, archived),
            value=str(services.settings.downloads),
            look=_look,
            run=services.gateway.run,
            verb="go on",
            folders_only=True,
        )
    )
    if not typed:
        return
    plan = await services.gateway.run(
        lambda: plan_downloads(objects, expanded(typed).absolute(), place.prefix)
    )
    if not plan.items and not plan.folders:
        first = next((f"{one.name}: {one.reason}" for one in plan.skipped), "no objects")
        raise LocalError("Nothing can be downloaded", first, "Choose another folder.")
    if len(plan.items) != 1 or plan.replaced or plan.skipped:
        question = download_plan(plan, place)
        if not await screen.app.push_screen_wait(Confirm(question)):
            return
    _start(screen, place, rows, plan)


def _start(screen: S3Acting, place: ObjectQuery, rows: Sequence[Row], plan: DownloadPlan) -> None:
    services, bucket = screen.services, place.bucket
    subject = subject_of(place, rows)

    async def act(progress: Progress) -> Ended:
        if single:
            item = plan.items[0]
            report = await services.transfers.download(
                bucket, item.key, item.path, progress, item.replaces
            )
        else:
            report = await services.transfers.download_planned(bucket, plan, progress)
        came = await services.gateway.run(ended, report)
        return replace(came, finish=lambda: f"{report.finish()}, in {plan.folder}")

    single = len(plan.items) == 1 and not plan.folders
    if not single:
        _note(screen, bucket, rows, plan, f"Download {subject}")
    screen.objects_table.unselect()
    KeyedJob(screen, "download", subject, act, lists=not single, pausable=True).begin()


def _note(
    screen: S3Acting, bucket: str, rows: Sequence[Row], plan: DownloadPlan, cause: str
) -> None:
    """Write the plan down as code: a folder as one program, a few objects one by one."""
    from tui.aws.transfers import code as transfer_code

    log, region = screen.services.log, screen.services.region
    for row in rows:
        if isinstance(row, Folder):
            code = transfer_code.download_prefix(bucket, row.key, plan.folder, region)
            log.note(cause, python=code[0], cli=code[1])
    chosen = {row.key for row in rows}
    for item in [one for one in plan.items if one.key in chosen][:NOTED_AT_MOST]:
        code = transfer_code.download(bucket, item.key, item.path, region)
        log.note(cause, python=code[0], cli=code[1])


def _subtitle(place: ObjectQuery, rows: Sequence[Row], archived: int) -> str:
    names = [name_in(row.key, place.prefix) for row in rows[:3]]
    told = ", ".join(names) + (f" and {len(rows) - 3} more" if len(rows) > 3 else "")
    if archived:
        told += f". {plural(archived, 'object')} archived: these must be restored first"
    return f"{told}. Into the folder:"


def download_plan(plan: DownloadPlan, place: ObjectQuery) -> Plan:
    """What the dialog shows: how much, where, what is overwritten, what is refused and why."""
    files = plural(len(plan.items), "file")
    facts = [
        PlanFact("files", fmt.count(len(plan.items)), "bold bright"),
        PlanFact("bytes", fmt.size(plan.size_bytes), "bold bright"),
        PlanFact("into", str(plan.folder)),
    ]
    if plan.replaced:
        facts.append(PlanFact("overwritten", plural(len(plan.replaced), "file"), "warn"))
    if plan.skipped:
        facts.append(PlanFact("refused", plural(len(plan.skipped), "name"), "danger"))
    items = [(name_in(one.name, place.prefix), one.reason) for one in plan.skipped]
    items += [(str(item.path.relative_to(plan.folder)), "overwritten") for item in plan.replaced]
    items += [
        (str(item.path.relative_to(plan.folder)), fmt.size(item.size_bytes))
        for item in plan.items[:1000]
        if not item.replaces
    ]
    return Plan(
        title=f"Download {files}",
        verb=f"Download {files}",
        intro="These files are written; each appears only when it is whole.",
        risk=Risk.CAREFUL if plan.replaced or plan.skipped else Risk.PLAIN,
        facts=tuple(facts),
        items=tuple(items),
        warning="Files of these names are replaced." if plan.replaced else "",
        keep="download nothing",
    )


def _look(text: str) -> Verdict:
    """Whether a folder can be written to. Blocks."""
    import os

    if not text.strip():
        return Verdict(problem="type a folder; tab completes it")
    if nobodys(text):
        return Verdict(problem=NO_HOME)
    path = nearest = expanded(text)
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            path.lstat()  # raises what makes it no path at all
        if path.exists() and not path.is_dir():
            return Verdict(problem="a file stands there, a folder is needed")
        while not nearest.exists() and nearest != nearest.parent:
            nearest = nearest.parent
    except (OSError, ValueError) as error:
        return Verdict(problem=why(error))
    if not is_folder(nearest) or not os.access(nearest, os.W_OK):
        return Verdict(problem=f"{nearest} cannot be written to")
    return Verdict(told="it is there" if exists(path) else "it will be created")
