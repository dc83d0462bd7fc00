"""Delete objects, folders and empty buckets: a frozen list is shown, and exactly it is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.errors import UserError
from tui.core.jobs import Progress
from tui.core.plans import Plan, PlanFact, Risk
from tui.core.records import Bucket, ObjectQuery, S3Object
from tui.core.safe_text import visible
from tui.screens.s3_facts import per_month
from tui.screens.s3_jobs import gather, start, subject_of
from tui.screens.s3_lines import plural
from tui.screens.s3_rows import Folder, Row, name_in
from tui.widgets.chrome import hint
from tui.widgets.dialog import SAMPLES, Confirm

if TYPE_CHECKING:
    from tui.cost import PriceBook
    from tui.screens.s3_acting import S3Acting
    from tui.screens.services import Services

TYPED_AT_MOST = 60  # characters; nobody types a page
TYPED_ABOVE = 10  # objects; more, or a folder, want a name typed


@dataclass(frozen=True, slots=True)
class Frozen:
    """What is to be deleted, as it was listed."""

    place: ObjectQuery
    rows: tuple[Row, ...]
    objects: tuple[S3Object, ...]

    @property
    def size_bytes(self) -> int:
        """All objects together."""
        return sum(row.size_bytes for row in self.objects)

    @property
    def must_type(self) -> str:
        """The name that must be typed: the folder's or the place's; "" for a few objects."""
        if len(self.objects) <= TYPED_ABOVE and not any(isinstance(r, Folder) for r in self.rows):
            return ""
        name = self.rows[0].key if len(self.rows) == 1 else self.place.prefix
        # A name with invisible characters cannot be typed; the bucket's always can.
        typable = visible(name) == name and len(name) <= TYPED_AT_MOST
        return name if name and typable else self.place.bucket


async def delete_rows(screen: S3Acting, place: ObjectQuery, rows: list[Row]) -> None:
    """Freeze the list of objects, show the plan, delete exactly it as a job.

    Raises:
        AwsError: a listing failed; nothing was deleted.
    """
    services = screen.services
    frozen = Frozen(place, tuple(rows), tuple(await gather(screen, place, rows)))
    if not frozen.objects:
        raise UserError("Nothing to delete", "there are no objects in it any more")
    screen.working("asking for versioning…")
    versioning = await _versioning(services, place.bucket)
    plan = delete_plan(frozen, versioning, services.book, screen.region_of_open_bucket)
    screen.working("")
    if not await screen.app.push_screen_wait(Confirm(plan)):
        return
    keys = [row.key for row in frozen.objects]

    async def work(progress: Progress) -> str:
        progress.say(f"deleting {plural(len(keys), 'object')}")
        failures = await services.s3.delete_many(place.bucket, keys, progress)
        if failures:
            raise UserError(
                f"{plural(len(failures), 'object')} of {fmt.count(len(keys))} stayed",
                f"{failures[0].key}: {failures[0].message or failures[0].code}",
                f"The others are deleted; select these and press {hint('s3.delete')[0]} again.",
                code=failures[0].code,
            )
        return f"{plural(len(keys), 'object')}, {fmt.size(frozen.size_bytes)}"

    screen.objects_table.unselect()
    subject = subject_of(place, rows)
    start(screen, "delete", subject, work, changes=(place.bucket, place.prefix), unit="steps")


def delete_plan(frozen: Frozen, versioning: str, book: PriceBook, region: str) -> Plan:
    """What the dialog shows. `versioning` is S3's word, "" for off, "?" where one may not ask."""
    objects, kept = frozen.objects, versioning == "Enabled"
    facts = [
        PlanFact("objects", fmt.count(len(objects)), "bold bright"),
        PlanFact("bytes", fmt.size(frozen.size_bytes), "bold bright"),
        PlanFact("bucket", frozen.place.bucket),
    ]
    if frozen.place.prefix:
        facts.append(PlanFact("prefix", frozen.place.prefix))
    facts.append(PlanFact("modified", _range([row.modified_at for row in objects])))
    facts.append(PlanFact("versions kept", *_VERSIONING[versioning]))
    if kept:
        facts.append(PlanFact("no longer paid", "nothing: the versions stay", "warn"))
    else:
        facts.append(PlanFact("no longer paid", *_saved(objects, book, region)))
    noun = plural(len(objects), "object")
    return Plan(
        title=f"Delete {noun}",
        verb=f"Delete {noun}",
        intro="This is the whole plan, frozen now. Objects that appear later are not touched.",
        risk=Risk.CAREFUL if kept else Risk.DESTROYS,
        facts=tuple(facts),
        items=_samples(frozen),
        warning="Each gets a delete marker that hides it." if kept else "This cannot be undone.",
        typed=frozen.must_type,
        keep="keep it" if len(objects) == 1 else "keep them",
    )


_VERSIONING = {
    "": ("none, versioning is off", "warn"),
    "Enabled": ("all of them, versioning is on", "run"),
    "Suspended": ("only older ones, versioning is suspended", "warn"),
    "?": ("unknown: this identity may not ask", "warn"),
}


async def _versioning(services: Services, bucket: str) -> str:
    from tui.aws.calls import caused_by

    region = services.s3.region_of(bucket)
    try:
        with caused_by(None):
            answer = await services.gateway.call(
                "s3", "get_bucket_versioning", region=region, Bucket=bucket
            )
    except UserError:
        return "?"
    status = str(answer.get("Status", ""))
    return status if status in _VERSIONING else "?"


def _range(moments: Sequence[datetime]) -> str:
    first, last = min(moments).astimezone(), max(moments).astimezone()
    begin, end = (f"{one.day} {one:%b %Y}" for one in (first, last))
    return begin if begin == end else f"{begin} to {end}"


def _saved(objects: Sequence[S3Object], book: PriceBook, region: str) -> tuple[str, str]:
    from tui.cost.s3 import s3_month

    held: dict[str, tuple[int, int]] = {}
    for row in objects:
        count, size = held.get(row.storage_class, (0, 0))
        held[row.storage_class] = count + 1, size + row.size_bytes
    month = s3_month(book, region, held)
    cost: Decimal | None = month.per_month
    spans = per_month(cost, "run")
    return "".join(text for _, text in spans), "run" if cost is not None else "muted"


def _samples(frozen: Frozen) -> tuple[tuple[str, str], ...]:
    """The first names; all of them only where they fit, so that a million cost nothing."""
    objects = frozen.objects
    shown = objects if len(objects) <= SAMPLES else objects[: SAMPLES - 1]
    items = [(name_in(row.key, frozen.place.prefix), fmt.size(row.size_bytes)) for row in shown]
    if len(shown) < len(objects):
        items.append((f"and {fmt.count(len(objects) - len(shown))} more", ""))
    return tuple(items)


async def delete_bucket(screen: S3Acting, bucket: Bucket) -> None:
    """Delete a bucket that is empty, after its name was typed.

    Raises:
        UserError: it is not empty, or may not be looked into.
    """
    from tui.aws.calls import caused_by

    services = screen.services
    screen.working(f"looking into {bucket.name}…")
    with caused_by(f"List {bucket.name}"):
        pages = services.s3.objects(ObjectQuery(bucket.name, recursive=True))
        first = await anext(pages)
        await pages.aclose()  # type: ignore[attr-defined]
    screen.working("")
    if first.objects:
        raise UserError(
            f"Can't delete bucket {bucket.name}",
            "it is not empty",
            "Open it, select all with a, delete with x, then come back.",
            code="BucketNotEmpty",
        )
    if await services.s3.has_versions(bucket.name):
        raise UserError(
            f"Can't delete bucket {bucket.name}",
            "older versions or delete markers are still in it",
            "Remove them with other tools, or let a lifecycle rule expire them, then come back.",
            code="BucketNotEmpty",
        )
    plan = Plan(
        title=f"Delete bucket {bucket.name}",
        verb="Delete bucket",
        intro="It is empty. Its settings go with it, and the name becomes free for anyone.",
        risk=Risk.DESTROYS,
        facts=(PlanFact("bucket", bucket.name), PlanFact("region", bucket.region or fmt.ABSENT)),
        warning="This cannot be undone.",
        typed=bucket.name,
    )
    if not await screen.app.push_screen_wait(Confirm(plan)):
        return

    async def work(progress: Progress) -> str:
        progress.expect(1, 1)
        await services.s3.delete_bucket(bucket.name)
        progress.advance(1, items=1)
        return f"bucket {bucket.name} is gone"

    start(screen, "delete", f"bucket {bucket.name}", work, changes=("", bucket.name), unit="steps")
