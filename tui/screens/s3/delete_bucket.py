"""Empty a bucket, and delete it if one likes: all is counted and frozen first, by version."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.errors import LocalError, UserError
from tui.core.kept_plan import KeptPlan, PlanHead
from tui.core.paths import why
from tui.core.plans import Plan, PlanFact, Risk
from tui.core.records import Bucket
from tui.screens.s3.delete import samples, saved
from tui.screens.s3.empty_job import ANEW, begin, refuse_running
from tui.screens.s3.lines import plural
from tui.widgets.dialog import Choose, Confirm

if TYPE_CHECKING:
    from tui.aws.s3.empty import Contents
    from tui.cost import PriceBook
    from tui.screens.s3.acting import S3Acting
    from tui.screens.services import Services

EMPTY_ONLY, AND_DELETE = "empty", "delete"


def plans_folder() -> Path:
    """Where plans are kept until they are carried out."""
    from tui.settings import state_folder

    return state_folder() / "deletions"


def place_of(services: Services) -> str:
    """Which S3 a plan is for; the sandbox's address is another one at each start."""
    if services.identity.sandbox:
        return "sandbox"
    return services.gateway.connection.endpoint_url or "aws"


async def delete_bucket(screen: S3Acting, bucket: Bucket) -> None:
    """Count and freeze what is in a bucket, show the plan, carry out exactly it as a job.

    Raises:
        UserError: it may not be looked into, or its plan can't be kept.
    """
    from tui.aws.s3.versions import versioning

    refuse_running(bucket.name)
    services = screen.services
    kept = await versioning(services.s3, bucket.name)
    try:
        plan = await services.gateway.run(KeptPlan.begin, plans_folder())
    except OSError as error:
        raise _unkept(error) from error
    try:
        found = await _frozen(screen, services, bucket, plan)
        if kept.mfa_delete and found.rows:
            raise _wants_mfa(bucket)
        keep_bucket = await _choice(screen, bucket, found)
        if keep_bucket is None:
            return
        region = bucket.region or services.region
        question = bucket_plan(bucket, found, services.book, region, keep_bucket=keep_bucket)
        if not await screen.app.push_screen_wait(Confirm(question)):
            return
        head = _head(services, bucket, found, keep_bucket)
        try:
            await services.gateway.run(_agree, plan, head)
        except OSError as error:
            raise _unkept(error) from error
        begin(screen, plan, services)
    finally:
        if plan.head is None:
            await services.gateway.run(plan.drop)


async def _frozen(screen: S3Acting, services: Services, bucket: Bucket, plan: KeptPlan) -> Contents:
    from tui.aws.calls import caused_by
    from tui.aws.s3.empty import freeze

    def told(found: Contents) -> None:
        screen.working(f"{bucket.name}: {counted(found)}…")

    screen.working(f"looking into {bucket.name}…")
    try:
        with caused_by(f"List all of {bucket.name}"):
            return await freeze(services.s3, bucket.name, plan, told)
    except OSError as error:
        raise _unkept(error) from error
    finally:
        screen.working("")


def counted(found: Contents) -> str:
    """What is in a bucket, in words: "3 objects, 2 older versions, 1 delete marker"."""
    parts = [
        (found.objects, "object"),
        (found.older, "older version"),
        (found.markers, "delete marker"),
        (found.uploads, "unfinished upload"),
    ]
    told = [plural(many, word) for many, word in parts if many]
    return ", ".join(told) or "nothing yet"


async def _choice(screen: S3Acting, bucket: Bucket, found: Contents) -> bool | None:
    """Whether the bucket is kept; None where nothing is done at all."""
    if not found.rows:
        return False
    choices = [
        (AND_DELETE, "empty it and delete it", "name and settings go too"),
        (EMPTY_ONLY, "only empty it", "name and settings stay"),
    ]
    intro = f"It holds {counted(found)}. A bucket must be emptied before it can be deleted."
    chosen = await screen.app.push_screen_wait(
        Choose(f"Bucket {bucket.name} is not empty", choices, AND_DELETE, intro)
    )
    return None if chosen is None else chosen == EMPTY_ONLY


def bucket_plan(
    bucket: Bucket, found: Contents, book: PriceBook, region: str, *, keep_bucket: bool
) -> Plan:
    """What the dialog shows."""
    facts = [PlanFact("bucket", bucket.name), PlanFact("region", bucket.region or fmt.ABSENT)]
    if not found.rows:
        return Plan(
            title=f"Delete bucket {bucket.name}",
            verb="Delete bucket",
            intro="It is empty. Its settings go with it, and the name becomes free for anyone.",
            risk=Risk.DESTROYS,
            facts=tuple(facts),
            warning="This cannot be undone.",
            typed=bucket.name,
        )
    verb = "Empty bucket" if keep_bucket else "Empty and delete bucket"
    after = "The bucket stays." if keep_bucket else "Then the bucket itself goes."
    return Plan(
        title=f"{verb} {bucket.name}",
        verb=verb,
        intro="Exactly what was counted is deleted for good, version by version. What appears "
        f"later is not touched{ANEW * found.nameless}. {after}",
        risk=Risk.DESTROYS,
        facts=(*facts, *_facts(found, book, region)),
        items=samples(found.sums),
        warning="This cannot be undone.",
        typed=bucket.name,
    )


def _facts(found: Contents, book: PriceBook, region: str) -> list[PlanFact]:
    facts = [PlanFact("objects", fmt.count(found.objects), "bold bright")]
    if found.plain:
        facts.append(PlanFact("versions", "not listed here: they may be left over", "warn"))
    else:
        older = PlanFact("older versions", fmt.count(found.older), "bold bright")
        facts += [older] if found.older else []
        facts += [PlanFact("delete markers", fmt.count(found.markers))] if found.markers else []
    facts.append(PlanFact("bytes", fmt.size(found.sums.size_bytes), "bold bright"))
    if found.uploads_unknown:
        facts.append(PlanFact("unfinished", found.uploads_unknown, "warn"))
    elif found.uploads:
        held = "bytes unknown" if found.upload_bytes is None else fmt.size(found.upload_bytes)
        facts.append(PlanFact("unfinished", f"{plural(found.uploads, 'upload')}, {held}"))
    else:
        facts.append(PlanFact("unfinished", "no uploads"))
    classes = dict(found.sums.classes)
    for name, (many, size) in found.upload_classes.items():
        count, held_bytes = classes.get(name, (0, 0))
        classes[name] = count + many, held_bytes + size
    return [*facts, PlanFact("no longer paid", *saved(classes, book, region))]


def _head(services: Services, bucket: Bucket, found: Contents, keep_bucket: bool) -> PlanHead:
    return PlanHead(
        bucket=bucket.name,
        account=services.identity.account,
        place=place_of(services),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        bucket_made_at=bucket.created_at.isoformat() if bucket.created_at else "",
        keep_bucket=keep_bucket,
        objects=found.objects,
        older=found.older,
        markers=found.markers,
        uploads=found.uploads,
        size_bytes=found.sums.size_bytes,
        plain=found.plain,
        nameless=found.nameless,
    )


def _agree(plan: KeptPlan, head: PlanHead) -> None:
    """Keep this plan, and forget an older one for the same bucket. Blocks."""
    for older in KeptPlan.all(plans_folder()):
        known = older.head
        if known is not None and (known.bucket, known.account, known.place) == (
            *(head.bucket, head.account),
            head.place,
        ):
            older.drop()
    plan.agree(head)


def _unkept(error: OSError) -> UserError:
    return LocalError(
        "Can't keep the plan",
        f"{plans_folder()}: {why(error)}",
        "A bucket is emptied only by a plan that outlives a crash. Free some space, then retry.",
    )


def _wants_mfa(bucket: Bucket) -> UserError:
    return UserError(
        f"Can't empty {bucket.name}",
        "MFA delete is on: only the account's root user may delete versions, with a one-time code",
        "Have it turned off (aws s3api put-bucket-versioning --mfa …), then come back.",
        code="MfaDelete",
    )
