"""Upload a file or a folder to the open place; what would be overwritten is asked about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.errors import LocalError, UserError
from tui.core.jobs import Progress
from tui.core.paths import NO_HOME, exists, expanded, is_file, is_folder, nobodys, why
from tui.core.plans import Plan, PlanFact, Risk
from tui.core.records import ObjectQuery
from tui.screens.s3.keyed_job import Ended, KeyedJob, ended
from tui.screens.s3.lines import DENIED, plural
from tui.screens.s3.rows import uri
from tui.widgets.ask_path import AskPath, Verdict
from tui.widgets.dialog import Confirm

if TYPE_CHECKING:
    from tui.aws.transfers.service import UploadPlan
    from tui.screens.s3.acting import S3Acting
    from tui.screens.services import Services

COUNTED_AT_MOST = 2_000  # files of a folder, while its path is being typed


async def upload(screen: S3Acting, place: ObjectQuery) -> None:
    """Ask for a path, find out what it would overwrite, upload it as a job.

    Raises:
        UserError: the folder cannot be read, the place cannot be listed.
    """
    services = screen.services
    typed = await screen.app.push_screen_wait(
        AskPath(
            "Upload a file or a folder",
            f"To {uri(place.bucket, place.prefix)}",
            look=lambda text: _look(text, place.prefix),
            run=services.gateway.run,
            verb="upload it",
        )
    )
    if not typed:
        return
    screen.working("looking at what is there…")
    path, folder, plan = await services.gateway.run(_planned, typed, place.prefix)
    if not plan.items:
        first = next((f"{one.name}: {one.reason}" for one in plan.skipped), "it is empty")
        raise LocalError(f"Can't upload {path.name}", first, "Choose another one.")
    plan, sure = await _compared(services, place.bucket, plan)
    screen.working("")
    if plan.replaced or plan.skipped or not sure:
        question = upload_plan(place, plan, sure=sure)
        if not await screen.app.push_screen_wait(Confirm(question)):
            return
    _start(screen, place, path, plan, folder)


def _start(
    screen: S3Acting, place: ObjectQuery, path: Path, plan: UploadPlan, folder: bool
) -> None:
    services, bucket = screen.services, place.bucket
    subject = f"{path.name}{'/' * folder} to {place.prefix or bucket}"

    async def act(progress: Progress) -> Ended:
        if folder:
            report = await services.transfers.upload_planned(bucket, plan, progress)
        else:
            item = plan.items[0]
            report = await services.transfers.upload(
                bucket, item.key, item.path, progress, item.seen
            )
        return await services.gateway.run(ended, report)

    if folder:
        from tui.aws.transfers import code as transfer_code

        python, cli = transfer_code.upload_folder(bucket, plan.target, path, services.region)
        services.log.note(f"Upload {subject}", python=python, cli=cli)
    changes = bucket, place.prefix
    KeyedJob(screen, "upload", subject, act, changes, lists=folder, pausable=True).begin()


def _planned(text: str, prefix: str) -> tuple[Path, bool, UploadPlan]:
    """(what was typed, is it a folder, what would be uploaded). Blocks.

    A folder is what it is, whatever link or `..` led to it: its own name begins its files' keys.

    Raises:
        LocalError: it can't be read.
    """
    from tui.aws.transfers.service import plan_upload, plan_uploads

    path = expanded(text)
    if _is_nobodys(text, path):
        raise LocalError(f"Can't upload {text}", NO_HOME, "Choose another one.")
    try:
        if is_folder(path):
            path = path.resolve()
            return path, True, plan_uploads(path, _folder_key(path, prefix))
        path = path.absolute()
        return path, False, plan_upload(path, prefix)
    except (OSError, ValueError) as error:  # the folder we are in is gone; a NUL
        raise LocalError(f"Can't upload {text}", why(error), "Choose another one.") from error


def _is_nobodys(text: str, path: Path) -> bool:
    return nobodys(text) and not exists(path)


def _folder_key(folder: Path, prefix: str) -> str:
    """What the keys of a resolved folder's files begin with; the root has no name."""
    return f"{prefix}{folder.name}/" if folder.name else prefix


async def _compared(services: Services, bucket: str, plan: UploadPlan) -> tuple[UploadPlan, bool]:
    """The plan with what it would replace, and whether that could be found out."""
    try:
        return plan.with_seen(await services.transfers.existing(bucket, plan)), True
    except UserError as error:
        if error.code in DENIED:
            return plan, False
        raise


def upload_plan(place: ObjectQuery, plan: UploadPlan, *, sure: bool = True) -> Plan:
    """What the dialog asks before something is overwritten or left out."""
    files, replaced = plural(len(plan.items), "file"), plan.replaced
    facts = [
        PlanFact("files", fmt.count(len(plan.items)), "bold bright"),
        PlanFact("bytes", fmt.size(plan.size_bytes), "bold bright"),
        PlanFact("to", uri(place.bucket, place.prefix)),
    ]
    if replaced:
        facts.append(PlanFact("overwritten", plural(len(replaced), "object"), "warn"))
    if not sure:
        facts.append(PlanFact("overwritten", "unknown: this identity may not look", "warn"))
    if plan.skipped:
        facts.append(PlanFact("left out", plural(len(plan.skipped), "file"), "warn"))
    items = [(item.key, "overwritten") for item in replaced]
    items += [(one.name, one.reason) for one in plan.skipped]
    return Plan(
        title=f"Upload {files}" + (", overwriting" if replaced else ""),
        verb=f"Upload {files}",
        intro="Not all can go."
        if sure and not replaced
        else "Objects that are there already are replaced.",
        risk=Risk.CAREFUL,
        facts=tuple(facts),
        items=tuple(items),
        keep="upload nothing",
    )


def _look(text: str, prefix: str) -> Verdict:
    """What stands at a path, and where it would go. Blocks."""
    if not text.strip():
        return Verdict(problem="type a path; tab completes it")
    path = expanded(text)
    if _is_nobodys(text, path):
        return Verdict(problem=NO_HOME)
    try:
        if is_folder(path):
            count, size, more = _counted(path)
            if not count:
                return Verdict(problem="there are no files in this folder")
            about = "more than " if more else ""
            told = f"a folder: {about}{plural(count, 'file')}, {fmt.size(size)}"
            return Verdict(told=f"{told}, to {_folder_key(path.resolve(), prefix)}")
        size = path.stat().st_size  # raises what is in the way
        if not is_file(path):
            return Verdict(problem="this is neither a file nor a folder")
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:
        return Verdict(problem=why(error))
    return Verdict(told=f"a file of {fmt.size(size)}, to {prefix}{path.name}")


def _counted(folder: Path) -> tuple[int, int, bool]:
    count = size = 0
    for path in folder.rglob("*"):
        if path.is_file():
            count, size = count + 1, size + path.stat().st_size
            if count >= COUNTED_AT_MOST:
                return count, size, True
    return count, size, False
