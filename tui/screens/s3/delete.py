"""Delete objects and folders: a frozen list is shown, and exactly it is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.errors import UserError
from tui.core.frozen import Sums, Targets
from tui.core.plans import Plan, PlanFact, Risk
from tui.core.records import ObjectQuery, S3Object
from tui.core.safe_text import visible
from tui.core.versions import Versioning
from tui.screens.s3.delete_job import Deletion
from tui.screens.s3.facts import per_month
from tui.screens.s3.jobs import subject_of
from tui.screens.s3.lines import plural
from tui.screens.s3.rows import Folder, Row, name_in, uri
from tui.widgets.chrome import hint
from tui.widgets.dialog import SAMPLES, Confirm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.aws.s3.service import S3
    from tui.cost import PriceBook
    from tui.screens.s3.acting import S3Acting

TYPED_AT_MOST = 60  # characters; nobody types a page
TYPED_ABOVE = 10  # objects; more, or a folder, want a name typed


@dataclass(frozen=True, slots=True)
class Frozen:
    """What is to be deleted, as it was listed."""

    place: ObjectQuery
    rows: tuple[Row, ...]
    targets: Targets = field(default_factory=Targets)
    sums: Sums = field(default_factory=Sums)

    @property
    def few(self) -> tuple[S3Object, ...]:
        """The objects where they are few enough to look at each once more; else none."""
        if len(self.rows) > TYPED_ABOVE:
            return ()
        return tuple(row for row in self.rows if not isinstance(row, Folder))

    @property
    def must_type(self) -> str:
        """The name that must be typed: the folder's or the place's; "" for a few objects."""
        if len(self.targets) <= TYPED_ABOVE and not any(isinstance(r, Folder) for r in self.rows):
            return ""
        name = self.rows[0].key if len(self.rows) == 1 else self.place.prefix
        return typable(name, self.place.bucket)


def typable(name: str, bucket: str) -> str:
    """A name that one can type; one with invisible characters can't be, the bucket's always can."""
    return name if name and visible(name) == name and len(name) <= TYPED_AT_MOST else bucket


async def delete_rows(screen: S3Acting, place: ObjectQuery, rows: Sequence[Row]) -> None:
    """Freeze the list of objects, show the plan, delete exactly it as a job.

    Raises:
        AwsError: a listing failed; nothing was deleted.
    """
    from tui.aws.s3.versions import versioning

    services = screen.services
    frozen = await freeze(screen, services.s3, place, rows)
    if not frozen.targets:
        raise UserError("Nothing to delete", "there are no objects in it any more")
    screen.working("asking for versioning…")
    kept = await versioning(services.s3, place.bucket)
    plan = delete_plan(frozen, kept, services.book, screen.region_of_open_bucket)
    screen.working("")
    if not await screen.app.push_screen_wait(Confirm(plan)):
        return
    screen.objects_table.unselect()
    Deletion(
        services,
        place.bucket,
        frozen.targets,
        subject_of(place, rows),
        (place.bucket, place.prefix),
        told=f"{plural(len(frozen.targets), 'object')}, {fmt.size(frozen.sums.size_bytes)}",
        shown=frozen.few if kept.status != "Enabled" else (),  # there nothing is lost
    ).begin(screen)


async def freeze(screen: S3Acting, s3: S3, place: ObjectQuery, rows: Sequence[Row]) -> Frozen:
    """List the chosen objects and all that lies below the chosen folders.

    Raises:
        AwsError: a folder could not be listed; then there is no list at all.
    """
    from tui.aws.calls import caused_by

    frozen = Frozen(place, tuple(rows))

    def take(key: str, size_bytes: int, modified_at: datetime, storage_class: str) -> None:
        frozen.targets.add(key)
        frozen.sums.add(key, size_bytes, modified_at, storage_class)

    for row in rows:
        if not isinstance(row, Folder):
            take(row.key, row.size_bytes, row.modified_at, row.storage_class)
            continue
        screen.working("looking through the folder…")
        query = ObjectQuery(place.bucket, row.key, recursive=True)
        with caused_by(f"List {uri(place.bucket, row.key)}"):
            async for page in s3.objects(query):
                for one in page.objects:
                    take(one.key, one.size_bytes, one.modified_at, one.storage_class)
                screen.working(f"{plural(len(frozen.targets), 'object')} found…")
    screen.working("")
    return frozen


def delete_plan(frozen: Frozen, versioning: Versioning, book: PriceBook, region: str) -> Plan:
    """What the dialog shows."""
    sums, kept = frozen.sums, versioning.status == "Enabled"
    facts = [
        PlanFact("objects", fmt.count(sums.count), "bold bright"),
        PlanFact("bytes", fmt.size(sums.size_bytes), "bold bright"),
        PlanFact("bucket", frozen.place.bucket),
    ]
    if frozen.place.prefix:
        facts.append(PlanFact("prefix", frozen.place.prefix))
    facts.append(PlanFact("modified", _range(sums)))
    facts.append(PlanFact("versions kept", *_VERSIONING[versioning.status]))
    if kept:
        facts.append(PlanFact("no longer paid", "nothing: the versions stay", "warn"))
    else:
        facts.append(PlanFact("no longer paid", *saved(sums.classes, book, region)))
    noun = plural(sums.count, "object")
    return Plan(
        title=f"Delete {noun}",
        verb=f"Delete {noun}",
        intro="This is the whole plan, frozen now. Objects that appear later are not touched.",
        risk=Risk.CAREFUL if kept else Risk.DESTROYS,
        facts=tuple(facts),
        items=samples(sums, frozen.place.prefix),
        warning=_warning(versioning.status),
        typed=frozen.must_type,
        keep="keep it" if sums.count == 1 else "keep them",
    )


_VERSIONING = {
    "": ("none, versioning is off", "warn"),
    "Enabled": ("all of them, versioning is on", "run"),
    "Suspended": ("only older ones, versioning is suspended", "warn"),
    "?": ("unknown: this identity may not ask", "warn"),
}


def _warning(status: str) -> str:
    if status == "Enabled":
        key = hint("s3.versions")[0]
        return f"Each gets a delete marker that hides it; {key} shows it, and brings it back."
    if status == "Suspended":
        return "What was written since versioning was suspended is gone for good."
    return "This cannot be undone."


def _range(sums: Sums) -> str:
    assert sums.oldest is not None
    assert sums.newest is not None
    first, last = sums.oldest.astimezone(), sums.newest.astimezone()
    begin, end = (f"{one.day} {one:%b %Y}" for one in (first, last))
    return begin if begin == end else f"{begin} to {end}"


def saved(classes: Mapping[str, tuple[int, int]], book: PriceBook, region: str) -> tuple[str, str]:
    """What is no longer paid a month, and the role of that text."""
    from tui.cost.s3 import s3_month

    cost = s3_month(book, region, classes).per_month
    spans = per_month(cost, "run")
    return "".join(text for _, text in spans), "run" if cost is not None else "muted"


def samples(sums: Sums, prefix: str = "") -> tuple[tuple[str, str], ...]:
    """The first names; all of them only where they fit, so that a million cost nothing."""
    shown = sums.samples if sums.count <= SAMPLES else sums.samples[: SAMPLES - 1]
    items = [(name_in(key, prefix), fmt.size(size_bytes)) for key, size_bytes in shown]
    if len(shown) < sums.count:
        items.append((f"and {fmt.count(sums.count - len(shown))} more", ""))
    return tuple(items)
