"""What the jobs drawer's keys do that needs a dialog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.jobs import JobSnapshot, JobState
from tui.core.plans import Plan, PlanFact, Risk
from tui.widgets.dialog import Confirm
from tui.widgets.job_text import amount

if TYPE_CHECKING:
    from tui.screens.deck import Deck


async def ask_limits(deck: Deck, job_id: int) -> None:
    """Ask what a job may use; it holds at once."""
    from tui.screens.jobs.limits import LimitsDialog

    job = deck.jobs.get(job_id)
    if job is None:
        return
    chosen = await deck.push_screen_wait(LimitsDialog(job.snapshot()))
    if chosen is not None:
        limits = job.progress.limits
        limits.bytes_per_second, limits.at_once = chosen
        deck.jobs.publish()


def show_items(deck: Deck, job_id: int) -> None:
    """Look into a job."""
    from tui.screens.jobs.items import ItemsDialog

    job = deck.jobs.get(job_id)
    if job is None:
        return
    if len(job.progress.items):
        deck.push_screen(ItemsDialog(job))
    elif job.state is JobState.PAUSED and not job.progress.ledger:
        deck.say("Its items show once it goes on.")
    else:
        deck.say("This job is not made of items.")


async def ask_cancel(deck: Deck, job_id: int) -> None:
    """Cancel a paused job; what of it would be lost is asked about first."""
    job = deck.jobs.get(job_id)
    if job is None or job.state is not JobState.PAUSED:
        return
    shown = job.snapshot()
    if not shown.resumable:
        deck.say(shown.note)
    elif not shown.done or await deck.push_screen_wait(Confirm(cancel_plan(shown))):
        deck.jobs.cancel(job_id)


def cancel_plan(job: JobSnapshot) -> Plan:
    """What the dialog asks before a paused job is cleaned away."""
    facts = [PlanFact("job", f"{job.verb} {job.subject}")]
    if job.items_total:
        facts.append(
            PlanFact("done", f"{fmt.count(job.items_done)} of {fmt.count(job.items_total)}")
        )
    facts.append(PlanFact("bytes", amount(job)))
    return Plan(
        title=f"Cancel the {job.verb}",
        verb="Cancel it",
        intro="What is whole stays. What is half done is cleaned away, here and at S3, "
        "and has to be sent again.",
        risk=Risk.CAREFUL,
        facts=tuple(facts),
        keep="stay paused",
    )
