"""Copy, move and rename objects and folders at S3: a frozen plan is shown, and exactly it done."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.errors import UserError
from tui.core.jobs import Progress
from tui.core.plans import Plan, PlanFact, Risk
from tui.core.records import ObjectQuery
from tui.screens.s3.jobs import refuse_read_only, subject_of
from tui.screens.s3.keyed_job import Ended, KeyedJob, ended
from tui.screens.s3.lines import plural
from tui.screens.s3.messages import PlaceChanged
from tui.screens.s3.preview import ARCHIVED
from tui.screens.s3.rows import Folder, Row, name_in, uri
from tui.screens.s3.target import Target, ask_target
from tui.widgets.dialog import Choose, Confirm

if TYPE_CHECKING:
    from tui.aws.s3.copy_plan import CopyPlan
    from tui.aws.s3.seen import SeenObject
    from tui.screens.s3.acting import S3Acting

LISTED_AT_MOST = 1000  # items that a plan names
NOTED_AT_MOST = 20  # rows whose code is written down


async def copy_rows(
    screen: S3Acting, place: ObjectQuery, rows: Sequence[Row], *, moves: bool = False
) -> None:
    """Ask where to, list what goes, show the plan, do exactly it as a job.

    Raises:
        UserError: a listing failed, the target cannot be; nothing was done.
    """
    refuse_read_only(screen, "move objects" if moves else "copy objects")
    target = await ask_target(screen, place, rows, moves=moves)
    if target is None:
        return
    run = screen.services.gateway.run
    plan = await _planned(screen, place, rows, target, moves)
    if plan.replaced:
        chosen = await screen.app.push_screen_wait(_replace_or_skip(plan))
        if not chosen:
            return
        plan = await run(plan.without_replaced) if chosen == "skip" else plan
        if not plan.items:
            screen.say("All of it is there already: nothing was done.")
            return
    if plan.unsure:
        chosen = await screen.app.push_screen_wait(_careful_or_not(plan))
        if not chosen:
            return
        plan = await run(plan.only_where_nothing_is) if chosen == "careful" else plan
    facts = await _around(screen, place, plan)
    screen.working("")
    plain = len(plan.items) == 1 and not (moves or plan.replaced or plan.skipped or facts)
    if not plain or plan.unsure:
        question = copy_plan(plan, target, facts)
        if not await screen.app.push_screen_wait(Confirm(question)):
            return
    _start(screen, place, rows, target, plan)


async def _planned(
    screen: S3Acting, place: ObjectQuery, rows: Sequence[Row], target: Target, moves: bool
) -> CopyPlan:
    from tui.aws.calls import caused_by
    from tui.aws.s3.copy_plan import plan_copies
    from tui.aws.s3.seen import etags_there

    s3 = screen.services.s3
    await _refuse_missing(screen, target.bucket)
    run = screen.services.gateway.run
    keys, folders = await run(_apart, rows)
    found = await _gathered(screen, place, keys, folders)
    ends = place.bucket, target.old, target.bucket, target.new
    plan = await run(partial(plan_copies, found, *ends, moves=moves, folders=folders))
    if not plan.items:
        first = next((f"{one.name}: {one.reason}" for one in plan.skipped), "no objects are there")
        raise UserError(f"Nothing to {'move' if moves else 'copy'}", first, "Choose another place.")
    screen.working("looking at the target…")
    with caused_by(None):
        targets = await run(lambda: [item.target for item in plan.items])
        there = await etags_there(s3, target.bucket, targets)
    return await run(plan.with_seen, there)


async def _refuse_missing(screen: S3Acting, bucket: str) -> None:
    """Raise where there is no such bucket: a missing one looks like an empty one to HeadObject."""
    from tui.aws.calls import caused_by

    try:
        with caused_by(None):
            await screen.services.s3.bucket_region(bucket)
    except UserError as error:
        if error.code in ("403", "AccessDenied"):
            return
        raise


def _apart(rows: Sequence[Row]) -> tuple[list[str], list[str]]:
    """The keys of the objects, and of the folders. For a thread: a million rows are unpacked."""
    keys: tuple[list[str], list[str]] = [], []
    for row in rows:
        keys[isinstance(row, Folder)].append(row.key)
    return keys


async def _gathered(
    screen: S3Acting, place: ObjectQuery, keys: Sequence[str], folders: Sequence[str]
) -> list[SeenObject]:
    """The chosen objects and all below the chosen folders, with their ETags."""
    from tui.aws.calls import caused_by
    from tui.aws.s3.seen import listed, looked_up

    s3 = screen.services.s3
    screen.working("looking at what is chosen…")
    with caused_by(None):
        there = await looked_up(s3, place.bucket, keys)
    if len(there) < len(keys):
        denied = next(key for key in keys if key not in there)
        raise UserError(f"Can't look at {denied}", "access denied", code="AccessDenied")
    found = await screen.services.gateway.run(lambda: [one for one in there.values() if one])
    for folder in folders:
        before = len(found)

        def told(count: int, before: int = before) -> None:
            screen.working(f"{plural(before + count, 'object')} found…")

        with caused_by(f"List {uri(place.bucket, folder)}"):
            found += await listed(s3, place.bucket, folder, told=told)
    return found


def _replace_or_skip(plan: CopyPlan) -> Choose:
    many = len(plan.replaced)
    rest = len(plan.items) - many
    verb = "move" if plan.moves else "copy"
    others = f"{verb} the other {plural(rest, 'object')}" if rest else f"{verb} nothing"
    more = f" and {fmt.count(many - 1)} more stand" if many > 1 else " stands"
    return Choose(
        f"{plural(many, 'object')} would be overwritten",
        [
            ("skip", "Leave what is there", others),
            ("replace", "Overwrite", "after a plan"),
        ],
        "skip",
        f"{plan.replaced[0].target}{more} at the target.",
    )


def _careful_or_not(plan: CopyPlan) -> Choose:
    return Choose(
        f"It can't be seen what is at {plural(len(plan.unsure), 'target')}",
        [
            ("careful", "Only where nothing is", "S3 refuses the others"),
            ("replace", "Over whatever is there", "it may be lost"),
        ],
        "careful",
        "This identity may not look into that bucket.",
    )


async def _around(screen: S3Acting, place: ObjectQuery, plan: CopyPlan) -> list[PlanFact]:
    """What the plan's surroundings mean for it: regions, versions, archived objects."""
    from tui.aws.calls import caused_by
    from tui.aws.s3.versions import versioning

    s3 = screen.services.s3
    facts: list[PlanFact] = []
    regions = []
    for bucket in (plan.source, plan.target):
        try:
            with caused_by(None):
                regions.append(await s3.bucket_region(bucket))
        except UserError:
            regions.append("unknown")
    if regions[0] != regions[1]:
        facts.append(PlanFact("regions", f"{regions[0]} to {regions[1]}", "warn"))
        facts.append(PlanFact("transfer", "charged per GB; the price is unknown here", "warm"))
    archived = await screen.services.gateway.run(
        lambda: sum(item.storage_class in ARCHIVED for item in plan.items)
    )
    if archived:
        told = f"{plural(archived, 'object')}: only restored ones can go"
        facts.append(PlanFact("archived", told, "warn"))
    if plan.moves:
        facts.append(PlanFact("originals", *_ORIGINALS[(await versioning(s3, plan.source)).status]))
    if plan.replaced:
        facts.append(PlanFact("older ones", *_REPLACED[(await versioning(s3, plan.target)).status]))
    return facts


_ORIGINALS = {
    "": ("deleted, each once its copy was checked", "warn"),
    "Enabled": ("get a delete marker each; their versions stay", "text"),
    "Suspended": ("deleted, each once its copy was checked", "warn"),
    "?": ("deleted or, with versions, hidden by a marker", "warn"),
}
_REPLACED = {
    "": ("gone for good, versioning is off there", "warn"),
    "Enabled": ("stay as versions", "text"),
    "Suspended": ("gone for good, versioning is suspended", "warn"),
    "?": ("unknown: one may not ask for versions there", "warn"),
}


def copy_plan(plan: CopyPlan, target: Target, around: Sequence[PlanFact] = ()) -> Plan:
    """What the dialog shows: how much, from where, where to, what is overwritten and left out."""
    noun, verb = plural(len(plan.items), "object"), "Move" if plan.moves else "Copy"
    facts = [
        PlanFact("objects", fmt.count(len(plan.items)), "bold bright"),
        PlanFact("bytes", fmt.size(plan.size_bytes), "bold bright"),
        PlanFact("from", uri(plan.source, target.old)),
        PlanFact("to", uri(plan.target, target.new)),
        *around,
    ]
    if plan.replaced:
        facts.append(PlanFact("overwritten", plural(len(plan.replaced), "object"), "warn"))
    if plan.unsure:
        facts.append(PlanFact("overwritten", "unknown: this identity may not look", "warn"))
    if plan.skipped:
        facts.append(PlanFact("left out", plural(len(plan.skipped), "object"), "warn"))
    careful = plan.moves or plan.replaced or plan.unsure or plan.skipped
    return Plan(
        title=f"{verb} {noun}" + (", overwriting" if plan.replaced else ""),
        verb=f"{verb} {noun}",
        intro="Metadata, tags, storage class and encryption go along; access lists do not. "
        "What changes meanwhile is left alone.",
        risk=Risk.CAREFUL if careful else Risk.COSTS if around else Risk.PLAIN,
        facts=tuple(facts),
        items=_items(plan, target),
        keep=f"{verb.lower()} nothing",
    )


def _items(plan: CopyPlan, target: Target) -> tuple[tuple[str, str], ...]:
    """What is touched, the worst first; the first thousand, so that a million cost nothing."""
    most = LISTED_AT_MOST
    items = [(item.target, "overwritten") for item in plan.replaced[:most]]
    items += [(name_in(one.name, target.old), one.reason) for one in plan.skipped[:most]]
    items += [
        (name_in(item.key, target.old) or item.key, fmt.size(item.size_bytes))
        for item in plan.items[:most]
        if not item.seen
    ]
    every = len(plan.items) + len(plan.skipped)
    if every > most:
        items[most:] = [(f"and {fmt.count(every - most)} more", "")]
    return tuple(items)


def _start(
    screen: S3Acting, place: ObjectQuery, rows: Sequence[Row], target: Target, plan: CopyPlan
) -> None:
    services, verb = screen.services, "move" if plan.moves else "copy"
    subject = f"{subject_of(place, rows)} to {uri(target.bucket, target.new)}"
    done: set[str] = set()  # a retry of the job goes on where this one ended

    async def act(progress: Progress) -> Ended:
        try:
            report = await services.transfers.copy_planned(plan, progress, done)
        finally:
            if plan.moves:
                screen.post_message(PlaceChanged(place.bucket, place.prefix))
        return await services.gateway.run(ended, report)

    _note(screen, place, rows, target, f"{verb.capitalize()} {subject}", plan.moves)
    screen.objects_table.unselect()
    folder = target.new[: target.new.rfind("/") + 1]
    changes = target.bucket, folder
    many = len(plan.items) > 1
    KeyedJob(screen, verb, subject, act, changes, lists=many, pausable=True).begin()


def _note(  # noqa: PLR0917
    screen: S3Acting,
    place: ObjectQuery,
    rows: Sequence[Row],
    target: Target,
    cause: str,
    moves: bool,
) -> None:
    from tui.aws.s3 import copy_code

    services = screen.services
    for row in rows[:NOTED_AT_MOST]:
        code = copy_code.copy_prefix if isinstance(row, Folder) else copy_code.copy_object
        there = target.new + row.key.removeprefix(target.old)
        python, cli = code(
            (place.bucket, row.key), (target.bucket, there), services.region, moves=moves
        )
        services.log.note(cause, python=python, cli=cli)
