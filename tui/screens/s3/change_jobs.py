"""What the changes of many objects share: their facts, their job, and what it says at the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.errors import UserError
from tui.core.failures import KeyFailure
from tui.core.jobs import Progress
from tui.core.plans import PlanFact
from tui.core.records import S3Object
from tui.screens.s3.jobs import subject_of
from tui.screens.s3.keyed_job import Ended, KeyedJob
from tui.screens.s3.lines import plural
from tui.screens.s3.rows import name_in
from tui.widgets.chrome import hint

if TYPE_CHECKING:
    from tui.aws.s3.many import Outcome
    from tui.cost.s3_moves import Charges
    from tui.screens.s3.acting import S3Acting
    from tui.screens.s3.changing import Chosen

LOOKED_AT_MOST = 1000  # archived objects that are asked, one by one, whether they are restored
SHOWN = 1000  # names in a plan
_LEAST = Decimal("0.0001")


def run_each(
    screen: S3Acting,
    chosen: Chosen,
    verb: str,
    objects: Sequence[S3Object],
    act: Callable[[S3Object, Progress], Awaitable[str]],
    *,
    after: str = "",
) -> None:
    """Start the job that acts on each of these objects; `after` is told when all went well."""
    from tui.aws.s3.many import LOGGED_AT_MOST, each

    services = screen.services
    through: set[str] = set()  # a retry of the job goes on where this one ended

    async def work(progress: Progress) -> Ended:
        async def one(row: S3Object) -> str:
            way = await act(row, progress)
            through.add(row.key)
            return way

        run = services.gateway.run
        left = await run(lambda: [row for row in objects if row.key not in through])
        outcome = await each(left, lambda row: row.key, one, progress)
        failures = await run(_failures, outcome, left, through)
        title = _failed(len(failures), len(left))
        return Ended(title, failures, lambda: _told(outcome, len(left)) + after)

    screen.objects_table.unselect()
    place = chosen.place
    subject = subject_of(place, list(chosen.rows))
    if (more := len(objects) - LOGGED_AT_MOST) > 0:
        told = f"# ... and {plural(more, 'object')} more, each in the same way\n"
        services.log.note(f"{verb.capitalize()} {subject}", python=told, cli=told)
    changes, lists = (place.bucket, place.prefix), len(objects) > 1
    KeyedJob(screen, verb, subject, work, changes, unit="steps", lists=lists).begin()


def _failures(
    outcome: Outcome, wanted: Sequence[S3Object], through: set[str]
) -> Sequence[KeyFailure]:
    """What failed, and what was not tried for it. For a thread."""
    failures = sorted(outcome.failures, key=lambda one: one.key)
    if not outcome.untried:
        return failures
    failed = {failure.key for failure in failures}
    rest = (row.key for row in wanted if row.key not in through and row.key not in failed)
    why = "all that was tried before it failed"
    return [*failures, *(KeyFailure(key, "not tried", why) for key in rest)]


def _failed(failed: int, wanted: int) -> str:
    return f"{plural(failed, 'object')} of {fmt.count(wanted)} did not change"


def _told(outcome: Outcome, wanted: int) -> str:
    """What came of it, in a sentence.

    Raises:
        UserError: some failed.
    """
    ways = ", ".join(f"{plural(n, 'object')} {way}" for way, n in outcome.ways.most_common())
    if not outcome.failures:
        return ways or "nothing to do"
    failed = wanted - outcome.done
    reasons = _reasons(outcome.failures)
    if outcome.untried:
        reasons += f"; {fmt.count(outcome.untried)} not tried, since all before them failed"
    raise UserError(
        _failed(failed, wanted),
        reasons,
        f"The others: {ways}." if ways else f"Press {hint('s3.refresh')[0]} to list again.",
        code=outcome.failures[0].code,
    )


def _reasons(failures: Sequence[KeyFailure]) -> str:
    """The reasons, the most frequent first, each with one key."""
    by_reason: dict[str, list[str]] = {}
    for failure in failures:
        by_reason.setdefault(failure.message or failure.code, []).append(failure.key)
    most = sorted(by_reason.items(), key=lambda pair: -len(pair[1]))[:3]
    told = [
        f"{keys[0]}: {reason}"
        if len(keys) == 1
        else f"{keys[0]} and {len(keys) - 1} more: {reason}"
        for reason, keys in most
    ]
    return "; ".join(told)


async def unreadable(screen: S3Acting, chosen: Chosen) -> set[str]:
    """The keys of the archived objects that are not restored: they can't be copied now.

    Of too many, none is asked, and all are left out.
    """
    from tui.aws.calls import caused_by
    from tui.aws.s3.many import each
    from tui.aws.s3.properties import properties

    archived, s3 = chosen.archived, screen.services.s3
    cold = {row.key for row in archived}
    if not archived or len(archived) > LOOKED_AT_MOST:
        return cold

    async def look(row: S3Object) -> str:
        if (await properties(s3, chosen.place.bucket, row.key)).readable:
            cold.discard(row.key)
        return "looked"

    screen.working(f"asking whether {plural(len(archived), 'archived object')} can be read…")
    with caused_by(None):
        await each(archived, lambda row: row.key, look, Progress())
    screen.working("")
    return cold


def samples(chosen: Chosen, objects: Sequence[S3Object]) -> tuple[tuple[str, str], ...]:
    """The names of what is touched, for a plan."""
    made = [
        (name_in(row.key, chosen.place.prefix) or row.key, fmt.size(row.size_bytes))
        for row in objects[:SHOWN]
    ]
    if len(objects) > SHOWN:
        made.append((f"and {fmt.count(len(objects) - SHOWN)} more", ""))
    return tuple(made)


def money(amount: Decimal, *, whole: bool = True) -> str:
    """An amount in a plan: four places below a dollar, never a rounded zero."""
    if 0 < amount < _LEAST:
        return f"{'' if whole else 'at least '}<${_LEAST}"
    return fmt.usd_known(amount, 2 if amount >= 1 or not amount else 4, whole=whole)


def charge_facts(charges: Charges) -> list[PlanFact]:
    """Each part of a cost, what they are together, and where the prices are from."""
    made = [
        PlanFact(line.label, money(line.known, whole=line.whole), _role(line.known, line.whole))
        for line in charges.lines
    ]
    if len(made) > 1:
        role = "bold warm" if charges.known else _role(charges.known, charges.whole)
        made.append(PlanFact("once, in all", money(charges.known, whole=charges.whole), role))
    if (source := charges.source) is not None:
        made.append(PlanFact("prices", f"{source.source}, {source.as_of}", "muted"))
    return made


def _role(known: Decimal, whole: bool) -> str:
    return "warm" if known else "text" if whole else "muted"


def left_out_facts(cold: int, skipped: int = 0, skipped_why: str = "") -> list[PlanFact]:
    """What the plan does not touch, and why."""
    made = []
    if skipped:
        made.append(PlanFact("left alone", f"{fmt.count(skipped)} {skipped_why}", "muted"))
    if cold:
        noun = plural(cold, "archived object")
        made.append(PlanFact("left out", f"{noun}: restore first", "warn"))
    return made
