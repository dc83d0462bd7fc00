"""Restore archived objects: the wait and the cost of each speed are said, then it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.errors import UserError
from tui.core.jobs import Progress
from tui.core.plans import Plan, PlanFact, Risk
from tui.core.records import S3Object
from tui.screens.s3.change_jobs import charge_facts, money, run_each, samples
from tui.screens.s3.lines import plural
from tui.screens.s3.preview import ARCHIVED
from tui.widgets.dialog import Ask, Choose, Confirm

if TYPE_CHECKING:
    from tui.cost import PriceBook
    from tui.cost.s3_moves import Charges
    from tui.screens.s3.acting import S3Acting
    from tui.screens.s3.changing import Chosen

TIERS = ("Expedited", "Standard", "Bulk")
USUAL_DAYS = 7
MOST_DAYS = 3650

_BRIEF = {
    ("GLACIER", "Expedited"): "1–5 minutes",
    ("GLACIER", "Standard"): "3–5 hours",
    ("GLACIER", "Bulk"): "5–12 hours",
    ("DEEP_ARCHIVE", "Standard"): "up to 12 hours",
    ("DEEP_ARCHIVE", "Bulk"): "up to 48 hours",
}


async def restore(screen: S3Acting, chosen: Chosen) -> None:
    """Choose a speed and how long the copies stay, show the plan, and ask for exactly it.

    Raises:
        UserError: the object is not archived.
    """
    from tui.aws.s3 import restore as aws
    from tui.cost.s3_moves import restore_charges

    services, bucket, book = screen.services, chosen.place.bucket, screen.services.book
    if not chosen.archived:
        await _restore_watched(screen, chosen)
        return
    choices = await services.gateway.run(_choices, book, chosen)
    tier = await screen.app.push_screen_wait(
        Choose(
            f"Restore {plural(len(chosen.archived), 'object')}: how fast",
            choices,
            "Standard",
            f"The wait, and the cost with copies for {USUAL_DAYS} days.",
        )
    )
    if tier is None:
        return
    days = await _days(screen)
    if not days:
        return
    objects = await services.gateway.run(_possible, chosen.archived, tier)
    charges = await services.gateway.run(
        lambda: restore_charges(book, chosen.region, objects, tier, days)
    )
    if not await screen.app.push_screen_wait(
        Confirm(restore_plan(chosen, objects, tier, days, charges))
    ):
        return

    async def act(row: S3Object, progress: Progress) -> str:
        return await aws.restore_object(services.s3, bucket, row.key, days=days, tier=tier)

    ready = f"; ready {_wait(objects, tier)}"
    run_each(screen, chosen, "restore", objects, act, after=ready)


def restore_plan(
    chosen: Chosen, objects: tuple[S3Object, ...], tier: str, days: int, charges: Charges
) -> Plan:
    """What the dialog shows."""
    noun = plural(len(objects), "object")
    size = fmt.size(sum(row.size_bytes for row in objects))
    facts = [
        PlanFact("objects", f"{fmt.count(len(objects))}, {size}", "bold bright"),
        PlanFact("ready", _wait(objects, tier), "bold bright"),
        PlanFact("stays", f"{plural(days, 'day')} after that, then only the archive"),
    ]
    if left := len(chosen.archived) - len(objects):
        told = f"{plural(left, 'object')} in deep archive: not with this speed"
        facts.append(PlanFact("left out", told, "warn"))
    if warm := len(chosen.objects) - len(chosen.archived):
        facts.append(PlanFact("left alone", f"{fmt.count(warm)} not archived", "muted"))
    facts += charge_facts(charges)
    return Plan(
        title=f"Restore {noun}",
        verb=f"Restore {noun}",
        intro="Readable copies for some days; the archived objects stay as they are.",
        risk=Risk.COSTS,
        facts=tuple(facts),
        items=samples(chosen, objects),
        warning="What is restored already only stays longer, without a new retrieval.",
        keep="restore nothing",
    )


async def _restore_watched(screen: S3Acting, chosen: Chosen) -> None:
    """Bring one object of Intelligent-Tiering back from its archive tier; it stays then."""
    from tui.aws.calls import caused_by
    from tui.aws.s3 import restore as aws
    from tui.aws.s3.properties import properties

    services, bucket, row = screen.services, chosen.place.bucket, chosen.objects[0]
    with caused_by(None):
        found = await properties(services.s3, bucket, row.key)
    if not found.archive_status:
        raise UserError("Nothing to restore", "it is not archived", "It can be read as it is.")
    deep = found.archive_status.startswith("DEEP")
    wait = "within 12 hours" if deep else "3–5 hours"
    plan = Plan(
        title="Restore 1 object",
        verb="Restore it",
        intro="It moves back from Intelligent-Tiering's archive to its frequent tier, and stays.",
        risk=Risk.COSTS,
        facts=(PlanFact("ready", wait, "bold bright"), PlanFact("retrieval", "free of charge")),
        items=samples(chosen, (row,)),
        keep="restore nothing",
    )
    if not await screen.app.push_screen_wait(Confirm(plan)):
        return

    async def act(row: S3Object, progress: Progress) -> str:
        return await aws.restore_object(services.s3, bucket, row.key, days=0, tier="Standard")

    run_each(screen, chosen, "restore", (row,), act)


async def _days(screen: S3Acting) -> int:
    typed = await screen.app.push_screen_wait(
        Ask(
            "For how many days",
            "A copy is there for that long, and is paid like Standard.",
            value=str(USUAL_DAYS),
            verb="go on",
            judge=_days_problem,
        )
    )
    return int(typed) if typed else 0


def _days_problem(text: str) -> str | None:
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        return "a whole number of days"
    return None if 1 <= int(text) <= MOST_DAYS else f"1 to {fmt.count(MOST_DAYS)} days"


def _possible(objects: tuple[S3Object, ...], tier: str) -> tuple[S3Object, ...]:
    from tui.cost.s3_moves import WAITS

    return tuple(row for row in objects if (row.storage_class, tier) in WAITS)


def _wait(objects: tuple[S3Object, ...], tier: str) -> str:
    from tui.cost.s3_moves import WAITS

    classes = [name for name in ARCHIVED if any(row.storage_class == name for row in objects)]
    waits = [WAITS[name, tier] for name in sorted(classes)]
    if len(waits) < 2:
        return "".join(waits)
    return f"{waits[1]} (glacier), {waits[0]} (deep archive)"


def _brief(objects: tuple[S3Object, ...], tier: str) -> str:
    """The longest wait of these, short enough for a list."""
    deep = any(row.storage_class == "DEEP_ARCHIVE" for row in objects)
    return _BRIEF["DEEP_ARCHIVE" if deep else "GLACIER", tier]


def _choices(book: PriceBook, chosen: Chosen) -> list[tuple[str, str, str]]:
    """Each speed with its wait and its cost. For a thread: it adds up every object."""
    from tui.cost.s3_moves import restore_charges

    made = []
    for tier in TIERS:
        objects = _possible(chosen.archived, tier)
        if not objects:
            continue
        charges = restore_charges(book, chosen.region, objects, tier, USUAL_DAYS)
        cost = money(charges.known, whole=charges.whole)
        left = len(chosen.archived) - len(objects)
        label = f"{tier}, without {fmt.count(left)} deep" if left else tier
        made.append((tier, label, f"{_brief(objects, tier)} · {cost}"))
    return made
