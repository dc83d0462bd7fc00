"""Upload a file or a folder to the open place; what would be overwritten is asked about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.errors import LocalError, UserError
from tui.core.jobs import Progress
from tui.core.plans import Plan, PlanFact, Risk
from tui.core.records import ObjectQuery
from tui.screens.s3_jobs import start
from tui.screens.s3_lines import DENIED, plural
from tui.screens.s3_rows import uri
from tui.widgets.ask_path import AskPath, Verdict
from tui.widgets.dialog import Confirm

if TYPE_CHECKING:
    from tui.aws.transfers import PlannedUpload, UploadPlan
    from tui.screens.s3 import S3Screen
    from tui.screens.services import Services

COUNTED_AT_MOST = 2_000  # files of a folder, while its path is being typed
ABSENT_CODES = frozenset({"404", "NoSuchKey"})


async def upload(screen: S3Screen, place: ObjectQuery) -> None:
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
    path = await services.gateway.run(_expanded, typed)
    screen.working("looking at what is there…")
    folder, plan = await services.gateway.run(_planned, path, place.prefix)
    if not plan.items:
        why = f"{plan.skipped[0].name}: {plan.skipped[0].reason}" if plan.skipped else "it is empty"
        raise LocalError(f"Can't upload {path.name}", why, "Choose another one.")
    replaced, sure = await _existing(
        services, place.bucket, plan, place.prefix + path.name + "/" * folder
    )
    screen.working("")
    if replaced or plan.skipped or not sure:
        question = upload_plan(place, plan, replaced, sure=sure)
        if not await screen.app.push_screen_wait(Confirm(question)):
            return
    _start(screen, place, path, plan, folder)


def _start(
    screen: S3Screen, place: ObjectQuery, path: Path, plan: UploadPlan, folder: bool
) -> None:
    services = screen.services
    target = place.prefix + path.name + "/" * folder
    subject = f"{path.name}{'/' * folder} to {place.prefix or place.bucket}"

    async def work(progress: Progress) -> str:
        if not folder:
            report = await services.transfers.upload(place.bucket, target, path, progress)
            return report.finish()
        from tui.aws import transfer_code

        python, cli = transfer_code.upload_folder(place.bucket, target, path, services.region)
        services.log.note(f"Upload {subject}", python=python, cli=cli)
        return (await services.transfers.upload_planned(place.bucket, plan, progress)).finish()

    start(screen, "upload", subject, work, changes=(place.bucket, place.prefix))


def _expanded(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _planned(path: Path, prefix: str) -> tuple[bool, UploadPlan]:
    """(is it a folder, what would be uploaded). Blocks."""
    from tui.aws.transfers import PlannedUpload, UploadPlan, plan_uploads

    if path.is_dir():
        return True, plan_uploads(path, f"{prefix}{path.resolve().name}/")
    try:
        size = path.stat().st_size
    except OSError as error:
        raise LocalError(f"Can't upload {path}", error.strerror or "it is gone") from error
    return False, UploadPlan((PlannedUpload(path, prefix + path.name, size),))


async def _existing(
    services: Services, bucket: str, plan: UploadPlan, target: str
) -> tuple[list[PlannedUpload], bool]:
    """The planned files whose keys are there already, and whether that could be found out."""
    from tui.aws.calls import caused_by

    there: set[str] = set()
    try:
        with caused_by(None):
            if len(plan.items) == 1:
                there.add((await services.s3.head(bucket, plan.items[0].key)).key)
            else:
                query = ObjectQuery(bucket, target, recursive=True)
                async for page in services.s3.objects(query):
                    there.update(row.key for row in page.objects)
    except UserError as error:
        if error.code in DENIED:
            return [], False
        if error.code not in ABSENT_CODES:
            raise
    return [item for item in plan.items if item.key in there], True


def upload_plan(
    place: ObjectQuery, plan: UploadPlan, replaced: list[PlannedUpload], *, sure: bool = True
) -> Plan:
    """What the dialog asks before something is overwritten or left out."""
    files = plural(len(plan.items), "file")
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
    path = Path(text).expanduser()
    try:
        if path.is_dir():
            count, size, more = _counted(path)
            if not count:
                return Verdict(problem="there are no files in this folder")
            about = "more than " if more else ""
            told = f"a folder: {about}{plural(count, 'file')}, {fmt.size(size)}"
            return Verdict(told=f"{told}, to {prefix}{path.resolve().name}/")
        if not path.exists():
            return Verdict(problem="there is no such file or folder")
        if not path.is_file():
            return Verdict(problem="this is neither a file nor a folder")
        with path.open("rb"):
            size = path.stat().st_size
    except OSError as error:
        return Verdict(problem=(error.strerror or "it cannot be read").lower())
    return Verdict(told=f"a file of {fmt.size(size)}, to {prefix}{path.name}")


def _counted(folder: Path) -> tuple[int, int, bool]:
    count = size = 0
    for path in folder.rglob("*"):
        if path.is_file():
            count, size = count + 1, size + path.stat().st_size
            if count >= COUNTED_AT_MOST:
                return count, size, True
    return count, size, False
