"""The job that carries out a plan to empty a bucket, and the offer to go on with one."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.errors import JobCancelled, UserError
from tui.core.jobs import Progress
from tui.core.kept_plan import KeptPlan, PlanHead
from tui.core.plans import Plan, PlanFact, Risk
from tui.screens.s3.delete_job import DeletesFailed
from tui.screens.s3.jobs import start
from tui.screens.s3.lines import plural
from tui.widgets.chrome import hint
from tui.widgets.dialog import Choose, Confirm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.aws.s3.service import S3
    from tui.core.records import Bucket
    from tui.screens.s3.acting import S3Acting
    from tui.screens.services import Services

ANEW = ", but for what is written anew under a listed name while versioning is off"
GO_ON, DROP = "resume", "drop"
_running: set[str] = set()  # buckets that a plan is being carried out on


def refuse_running(bucket: str) -> None:
    """Have one plan at a time for a bucket: a new one takes the place of the old one on disk.

    Raises:
        UserError: one is being carried out.
    """
    if bucket in _running:
        key = hint("app.jobs")[0]
        raise UserError(
            "Not started twice", f"{bucket} is being emptied already", f"{key} shows how far it is."
        )


def begin(screen: S3Acting, plan: KeptPlan, services: Services) -> None:
    """Start the job; a retry goes on with what is left, on the connection it began with."""
    head = plan.head
    assert head is not None
    verb = "empty" if head.keep_bucket else "delete"

    async def work(progress: Progress) -> str:
        refuse_running(head.bucket)
        _running.add(head.bucket)
        try:
            return await _carry_out(screen, services, plan, progress)
        except (asyncio.CancelledError, JobCancelled) as stop:
            done = f"{fmt.count(progress.items_done)} of {fmt.count(head.rows)}"
            raise type(stop)(f"cancelled, {done} deleted; retry goes on with the rest") from None
        finally:
            _running.discard(head.bucket)

    changes = (head.bucket, "") if head.keep_bucket else ("", head.bucket)
    start(screen, verb, f"bucket {head.bucket}", work, changes=changes, unit="steps")


async def _carry_out(
    screen: S3Acting, services: Services, plan: KeptPlan, progress: Progress
) -> str:
    from tui.aws.s3.empty import carry_out

    head = plan.head
    assert head is not None
    if head.rows:
        progress.say(f"deleting {_many(head)}")
        failures = await carry_out(services.s3, plan, progress)
        if failures:
            title = f"{fmt.count(len(failures))} of {fmt.count(head.rows)} stayed"
            told = DeletesFailed(
                f"{head.bucket}: {title}", failures, lambda: begin(screen, plan, services)
            )
            screen.post_message(told)
            first = failures[0]
            raise UserError(
                title,
                f"{first.key}: {first.message or first.code}",
                f"Retry in the jobs ({hint('app.jobs')[0]}) tries these again; the bucket stays.",
                code=first.code,
            )
    if not head.keep_bucket:
        progress.say("deleting the bucket itself")
        await _delete(services.s3, head.bucket)
    await services.gateway.run(plan.drop)
    gone = f"{_many(head)} deleted, {fmt.size(head.size_bytes)}"
    if head.keep_bucket:
        return f"{head.bucket} is empty: {gone}"
    return f"bucket {head.bucket} is gone" + (f": {gone}" if head.rows else "")


def _many(head: PlanHead) -> str:
    """How much a plan holds, in words."""
    plain = head.rows == head.objects
    return plural(head.rows, "object" if plain else "item")


async def _delete(s3: S3, bucket: str) -> None:
    from tui.aws.s3.empty import newcomers

    try:
        await s3.delete_bucket(bucket)
    except UserError as error:
        if error.code != "BucketNotEmpty":
            raise
        keys, more = await newcomers(s3, bucket)
        there = ", ".join(keys) + (" and more" if more else "") if keys else "something"
        raise UserError(
            f"Bucket {bucket} stays",
            f"all of the plan is deleted, but this is new since: {there}",
            f"Press {hint('s3.delete')[0]} on the bucket again for a plan that has these too.",
            code=error.code,
        ) from error


# -- after a restart ---------------------------------------------------------------------------


async def offer(screen: S3Acting, buckets: Sequence[Bucket]) -> None:
    """Offer to go on with the plans of this account that a crash or a cancel left behind."""
    from tui.screens.s3.delete_bucket import place_of, plans_folder

    services = screen.services
    mine = services.identity.account, place_of(services)
    plans = await services.gateway.run(KeptPlan.all, plans_folder())
    there = {bucket.name: bucket for bucket in buckets}
    for plan in plans:
        head = plan.head
        if head is None or (head.account, head.place) != mine or head.bucket in _running:
            continue
        if head.bucket not in there:  # it went: nothing is left to do
            await services.gateway.run(plan.drop)
            continue
        await _offer(screen, services, plan, there[head.bucket])


async def _offer(screen: S3Acting, services: Services, plan: KeptPlan, bucket: Bucket) -> None:
    head = plan.head
    assert head is not None
    made = datetime.fromisoformat(head.made_at).astimezone()
    choices = [
        (GO_ON, "go on", "the very list you agreed to"),
        (DROP, "forget the plan", "what is left in the bucket stays"),
    ]
    intro = (
        f"On {made.day} {made:%b %H:%M} you agreed to "
        f"{'empty' if head.keep_bucket else 'empty and delete'} it. It did not end. "
        "Escape asks again at the next start."
    )
    chosen = await screen.app.push_screen_wait(
        Choose(f"Bucket {head.bucket} is half emptied", choices, GO_ON, intro)
    )
    if chosen == DROP:
        await services.gateway.run(plan.drop)
    elif chosen == GO_ON and await screen.app.push_screen_wait(Confirm(resume_plan(plan, bucket))):
        begin(screen, plan, services)


def resume_plan(plan: KeptPlan, bucket: Bucket) -> Plan:
    """What the dialog shows before a plan goes on."""
    from tui.aws.s3.delete import BATCH

    head = plan.head
    assert head is not None
    made = datetime.fromisoformat(head.made_at).astimezone()
    done = min(head.rows, len(plan.answered) * BATCH) - len(plan.stayed)
    other = head.bucket_made_at and bucket.created_at is not None
    other = other and bucket.created_at.isoformat() != head.bucket_made_at  # type: ignore[union-attr]
    verb = "Empty bucket" if head.keep_bucket else "Empty and delete bucket"
    facts = [
        PlanFact("bucket", head.bucket),
        PlanFact("plan of", f"{made.day} {made:%b %Y %H:%M}"),
        PlanFact("in the plan", fmt.count(head.rows)),
        PlanFact("left", f"about {fmt.count(max(0, head.rows - done))}", "bold bright"),
    ]
    warning = "This cannot be undone."
    if other:
        warning = "The bucket was made or changed after the plan: look at it first."
    return Plan(
        title=f"Go on: {verb.lower()} {head.bucket}",
        verb=verb,
        intro="Exactly the list that was frozen then is deleted. What appeared since stays"
        f"{ANEW * head.nameless}.",
        risk=Risk.DESTROYS,
        facts=tuple(facts),
        warning=warning,
        typed=head.bucket,
    )
