"""Move objects to another storage class: what each would cost, what the move costs, then a job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.errors import UserError
from tui.core.jobs import Progress
from tui.core.object_changes import Change
from tui.core.plans import Plan, PlanFact, Risk
from tui.core.records import S3Object
from tui.screens.s3.change_jobs import left_out_facts, money, run_each, samples, unreadable
from tui.screens.s3.lines import plural
from tui.screens.s3.properties import rewrite_facts
from tui.widgets.dialog import Choose, Confirm

if TYPE_CHECKING:
    from tui.cost import PriceBook
    from tui.cost.s3_moves import Charges
    from tui.screens.s3.acting import S3Acting
    from tui.screens.s3.changing import Chosen

CLASSES = (
    "STANDARD",
    "INTELLIGENT_TIERING",
    "STANDARD_IA",
    "ONEZONE_IA",
    "GLACIER_IR",
    "GLACIER",
    "DEEP_ARCHIVE",
)
_TO_READ = {
    "STANDARD": "at once",
    "INTELLIGENT_TIERING": "at once, while no archive tier is switched on",
    "STANDARD_IA": "at once",
    "ONEZONE_IA": "at once; one zone: lost with it",
    "GLACIER_IR": "at once",
    "GLACIER": "only after a restore: minutes to 12 hours",
    "DEEP_ARCHIVE": "only after a restore: 12 to 48 hours",
}


@dataclass(frozen=True, slots=True)
class Move:
    """What a move to another class means in money, USD; None is unknown."""

    before: Decimal | None
    after: Decimal | None
    once: Charges
    pays_back: Decimal | None  # months


async def change_class(screen: S3Acting, chosen: Chosen) -> None:
    """Choose a class by what it would cost, show the plan, and move exactly it as a job.

    Raises:
        UserError: nothing is left to move.
    """
    from tui.aws.s3 import properties as aws
    from tui.aws.s3.versions import versioning

    services, bucket = screen.services, chosen.place.bucket
    current = next(iter(chosen.held)) if len(chosen.held) == 1 else ""
    choices = await services.gateway.run(_choices, services.book, chosen)
    target = await screen.app.push_screen_wait(
        Choose(f"Storage class for {chosen.told}", choices, current)
    )
    if target is None:
        return
    there = chosen.held.get(target, (0, 0))[0]
    cold = await unreadable(screen, chosen) if there < len(chosen.objects) else set()
    objects = await services.gateway.run(_moving, chosen, target, cold)
    if not objects:
        done = there == len(chosen.objects)
        why = "all of it is in that class" if done else "all of it is archived"
        raise UserError("Nothing to move", why, "" if done else "Restore it first.")
    kept = (await versioning(services.s3, bucket)).status
    move = await services.gateway.run(
        _move, services.book, chosen.region, objects, target, kept == "Enabled"
    )
    costs = await rewrite_facts(screen, objects, chosen.region, kept, target)
    left = left_out_facts(
        len(chosen.objects) - there - len(objects), there, "in that class already"
    )
    plan = class_plan(chosen, objects, target, move, left + costs)
    if not await screen.app.push_screen_wait(Confirm(plan)):
        return
    change = Change(storage_class=target)

    async def act(row: S3Object, progress: Progress) -> str:
        return await aws.change_object(services.s3, bucket, row, change, progress.check)

    run_each(screen, chosen, "change class of", objects, act)


def _moving(chosen: Chosen, target: str, cold: set[str]) -> tuple[S3Object, ...]:
    """What is neither there already nor can't be read. For a thread."""
    return tuple(
        row for row in chosen.objects if row.storage_class != target and row.key not in cold
    )


def class_plan(
    chosen: Chosen,
    objects: tuple[S3Object, ...],
    target: str,
    move: Move,
    others: list[PlanFact],
) -> Plan:
    """What the dialog shows."""
    from tui.cost.s3 import ARCHIVES, CLASS_WORDS

    noun, word = plural(len(objects), "object"), CLASS_WORDS[target]
    size = fmt.size(sum(row.size_bytes for row in objects))
    facts = [
        PlanFact("objects", f"{fmt.count(len(objects))}, {size}", "bold bright"),
        PlanFact("now", *_monthly(move.before)),
        PlanFact(f"in {word}", *_monthly(move.after)),
        *_pays_back(move),
        PlanFact("to read", _TO_READ[target], "warn" if target in ARCHIVES else "text"),
        *_terms(objects, target),
        *others,
    ]
    archive = target in ARCHIVES
    return Plan(
        title=f"Move {noun} to {word}",
        verb=f"Move {noun}",
        intro="By a copy of each onto itself. Metadata, tags and headers stay.",
        risk=Risk.COSTS,
        facts=tuple(facts),
        items=samples(chosen, objects),
        warning="Preview, download and copy work only after a restore." if archive else "",
        keep="leave them where they are",
    )


def _terms(objects: tuple[S3Object, ...], target: str) -> list[PlanFact]:
    """The least time and the smallest size that are billed."""
    from tui.cost.s3 import SMALLEST_BILLED
    from tui.cost.s3_moves import LEAST_DAYS, RETRIEVED_FOR_MONEY

    facts = []
    if days := LEAST_DAYS.get(target):
        facts.append(PlanFact("least time", f"{days} days are paid, also if deleted before"))
    least = SMALLEST_BILLED.get(target, 0)
    if small := sum(row.size_bytes < least for row in objects):
        told = f"{plural(small, 'object')} under 128 KB, billed as 128 KB"
        facts.append(PlanFact("small", told, "warn"))
    if target in RETRIEVED_FOR_MONEY:
        facts.append(PlanFact("reading", "each GB that is read costs a retrieval"))
    return facts


def _monthly(amount: Decimal | None) -> tuple[str, str]:
    if amount is None:
        return "unknown: no price for it here", "muted"
    return f"{money(amount)}/month", "warm" if amount else "text"


def _pays_back(move: Move) -> list[PlanFact]:
    if move.before is None or move.after is None:
        return []
    if move.after >= move.before:
        return [PlanFact("saves", "nothing", "warn")]
    saved = f"{money(move.before - move.after)}/month"
    if move.pays_back is None:
        return [PlanFact("saves", saved, "run")]
    months = move.pays_back
    after = f"in {fmt.amount(months, 1)} months" if months >= 1 else "within a month"
    return [PlanFact("saves", f"{saved}; the move is paid back {after}", "run")]


def _choices(book: PriceBook, chosen: Chosen) -> list[tuple[str, str, str]]:
    """Each class with what all of it would cost there. For a thread: it adds up every object."""
    from tui.cost.s3 import CLASS_WORDS
    from tui.cost.s3_moves import LEAST_DAYS, months_in

    made = []
    for name, costs in months_in(book, chosen.region, chosen.objects, CLASSES).items():
        month = costs.per_month
        told = "cost unknown" if month is None else f"{money(month)}/month"
        days = LEAST_DAYS.get(name)
        made.append((name, CLASS_WORDS[name], told + (f", at least {days} days" if days else "")))
    return made


def _move(
    book: PriceBook,
    region: str,
    objects: tuple[S3Object, ...],
    target: str,
    kept: bool,
) -> Move:
    """The money of a move. For a thread."""
    from tui.cost.s3_moves import months_to_pay_back, objects_month, rewrite_charges

    before = objects_month(book, region, objects)
    after = objects_month(book, region, objects, target)
    once = rewrite_charges(book, region, objects, datetime.now(UTC), target, replaced=not kept)
    pays_back = None if kept else months_to_pay_back(once, before, after)
    return Move(before.per_month, after.per_month, once, pays_back)
