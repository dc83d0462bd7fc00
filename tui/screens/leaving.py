"""Questions about the whole app: leave, with what still runs named; work in another region."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.plans import Plan, PlanFact, Risk
from tui.widgets.dialog import Choose, Confirm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.core.jobs import JobSnapshot
    from tui.screens.deck import Deck
    from tui.screens.services import Services

NAMED = 5


def leaving_plan(app: Deck) -> Plan | None:
    """What still runs and what it costs, or None when leaving changes nothing."""
    services = app.services
    running = services.fleet.state.running if services else ()
    jobs = tuple(job for job in app.jobs.running if not job.reads)
    lost = _ends_with_the_app(services)
    # What is paused waits on the disk; but not where that refused, or the place itself ends.
    jobs += tuple(job for job in app.jobs.paused if lost or not job.kept)
    if not running and not jobs:
        return None
    told = [_job_fact(job, lost=lost) for job in jobs[:NAMED]]
    told += [PlanFact("instance", f"{one.label}  {one.type}") for one in running[:NAMED]]
    if (more := len(jobs) + len(running) - len(told)) > 0:
        told.append(PlanFact("and", f"{more} more"))
    if running and services is not None:
        hourly = services.fleet.state.per_hour
        told.append(PlanFact("they cost", f"{fmt.usd(hourly, 3)}/h", "warm"))
    sandbox = services is not None and services.identity.sandbox
    ending = (
        "The sandbox and its instances end with the app."
        if sandbox
        else "Instances go on running, and go on costing, after you quit."
    )
    return Plan(
        title="Quit while something runs",
        verb="Quit",
        intro=" ".join([ending, *_what_becomes_of(jobs, lost=lost)]),
        risk=Risk.CAREFUL,
        facts=tuple(told),
        keep="stay",
    )


def _ends_with_the_app(services: Services | None) -> bool:
    """Whether what the transfers work on does not outlive the app."""
    sandbox = services.sandbox if services is not None else None
    return sandbox is not None and not sandbox.kept


def _job_fact(job: JobSnapshot, *, lost: bool) -> PlanFact:
    kept = ", kept" if job.kept and not lost else ""
    return PlanFact("job", f"{job.verb} {job.subject}{kept}", "text" if kept else "warn")


def _what_becomes_of(jobs: Sequence[JobSnapshot], *, lost: bool) -> Iterator[str]:
    kept = sum(job.kept and not lost for job in jobs)
    if kept:
        what = "The transfer is" if kept == 1 else "Transfers are"
        yield f"{what} kept: offered at the next start."
    if len(jobs) > kept:
        what = "Other jobs" if kept else "Running jobs"
        yield f"{what} are cancelled; nothing half-done stays."


async def ask_to_leave(app: Deck) -> None:
    """Quit, after a question if something runs."""
    plan = leaving_plan(app)
    if plan is None or await app.push_screen_wait(Confirm(plan)):
        app.exit()


async def ask_region(app: Deck) -> None:
    """Choose another region and connect again; also where the one asked for is none."""
    from tui.core.regions import REGIONS

    if app.services is None and app.connect_error is None:
        app.say("Connect first: P chooses where.", severity="warning")
        return
    here = app.services.region if app.services is not None else app.wish.region
    choices = [(name, name, place) for name, place in REGIONS.items()]
    chosen = await app.push_screen_wait(Choose("Work in another region", choices, here))
    if chosen and (chosen != here or app.services is None):
        pane = "s3" if app.current_mode == "first" else None
        app.connect_to(replace(app.wish, region=chosen), pane)
