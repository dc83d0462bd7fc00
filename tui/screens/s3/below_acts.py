"""What the keys over many hidden versions do, each after a plan with a frozen list."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.core.errors import UserError
from tui.core.frozen import Sums, Targets
from tui.core.versions import KeyHistory, ObjectVersion
from tui.screens.s3.delete_job import Deletion
from tui.screens.s3.lines import plural
from tui.screens.s3.version_acts import refuse_mfa
from tui.screens.s3.version_plans import erase_plan, undelete_plan
from tui.widgets.dialog import Choose, Confirm

if TYPE_CHECKING:
    from tui.screens.s3.versions_below import VersionsBelow

HIDDEN, ALL = "hidden", "all"


@dataclass(slots=True)
class Frozen:
    """Versions and markers of some keys, by id."""

    targets: Targets = field(default_factory=Targets)
    sums: Sums = field(default_factory=Sums)
    markers: int = 0

    def take(self, version: ObjectVersion) -> None:
        """Put one more on the list."""
        self.targets.add(version.key, version.version_id)
        if version.marker:
            self.markers += 1
        else:
            self.sums.add(
                version.key, version.size_bytes, version.modified_at, version.storage_class
            )


def _chosen(dialog: VersionsBelow) -> list[KeyHistory]:
    rows: list[KeyHistory] = list(dialog.table.chosen)
    if not rows:
        raise UserError("There is nothing to choose from", "nothing is hidden here")
    refuse_mfa(dialog.versioning)
    return rows


async def undelete(dialog: VersionsBelow) -> None:
    """Delete the markers that hide the chosen keys.

    Raises:
        UserError: none of them is deleted, or nothing of them can come back.
    """
    deleted = [row for row in _chosen(dialog) if row.deleted]
    found = [(row.key, len(row.hiding), row.newest) for row in deleted if row.newest is not None]
    if not found:
        why = "none of the chosen is deleted" if not deleted else "no version of them is left"
        raise UserError("There is nothing to bring back", why)
    plan = undelete_plan(dialog.place.bucket, found, len(deleted) - len(found))
    if not await dialog.app.push_screen_wait(Confirm(plan)):
        return
    targets = Targets()
    for row in deleted:
        for version_id in row.hiding if row.newest is not None else ():
            targets.add(row.key, version_id)
    told = f"{plural(len(found), 'object')} back"
    keys = [key for key, _, _ in found]
    _begin(dialog, targets, told, keys, noun="delete marker", verb="undelete")


async def erase(dialog: VersionsBelow) -> None:
    """Delete what is hidden of the chosen keys, or all of them, for good.

    Raises:
        AwsError: they could not be listed again: nothing is deleted.
    """
    rows = _chosen(dialog)
    choices = [
        (HIDDEN, "what is hidden", "older versions and markers; current objects stay"),
        (ALL, "all versions", "the keys are gone, with no version left"),
    ]
    many = plural(len(rows), "key")
    wish = await dialog.app.push_screen_wait(Choose(f"Delete for good, of {many}", choices, HIDDEN))
    if wish is None:
        return
    frozen = await _freeze(dialog, {row.key for row in rows}, whole=wish == ALL)
    if not frozen.targets:
        raise UserError("There is nothing to delete", "it is all gone already")
    after = "the keys are gone" if wish == ALL else "current objects stay, deleted ones are gone"
    plan = erase_plan(
        dialog.place.bucket,
        dialog.place.prefix,
        frozen.sums,
        markers=frozen.markers,
        money=(dialog.services.book, dialog.bucket_region),
        after=after,
        key=rows[0].key if len(rows) == 1 else "",
    )
    if not await dialog.app.push_screen_wait(Confirm(plan)):
        return
    told = f"{plural(len(frozen.targets), 'version')} gone for good"
    _begin(dialog, frozen.targets, told, [row.key for row in rows])


async def _freeze(dialog: VersionsBelow, keys: set[str], *, whole: bool) -> Frozen:
    """List the versions of some keys as they are now."""
    from tui.aws.calls import caused_by
    from tui.aws.s3.versions import of_key, pages

    frozen, place, s3 = Frozen(), dialog.place, dialog.services.s3
    only = next(iter(keys)) if len(keys) == 1 else ""
    listing = of_key(s3, place.bucket, only) if only else pages(s3, place.bucket, place.prefix)
    looked = 0
    with caused_by(f"List the versions of {plural(len(keys), 'key')}"):
        async for page in listing:
            looked += len(page.versions)
            dialog.tell(f"{plural(looked, 'version')} looked at…")
            for one in page.versions:
                # The newest version with bytes is current: what is above it are markers.
                if one.key in keys and (whole or one.marker or not one.latest):
                    frozen.take(one)
    dialog.tell("")
    return frozen


def _begin(
    dialog: VersionsBelow,
    targets: Targets,
    told: str,
    keys: list[str],
    *,
    noun: str = "version",
    verb: str = "delete",
) -> None:
    place = dialog.place
    dialog.table.unselect()
    many = f"{plural(len(keys), 'key')} of {place.prefix or place.bucket}"
    subject = keys[0] if len(keys) == 1 else many
    changes = (place.bucket, place.prefix)
    services, bucket = dialog.services, place.bucket
    deletion = Deletion(services, bucket, targets, subject, changes, noun, told, verb)
    deletion.ended = dialog.changed
    deletion.begin(dialog.pane)
