"""The keys of the S3 pane that change what objects are called, cost and allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual import work

from tui.core import format as fmt
from tui.core.errors import UserError
from tui.core.records import ObjectQuery, S3Object
from tui.screens.s3.acting import S3Acting
from tui.screens.s3.jobs import gather, refuse_read_only
from tui.screens.s3.lines import plural
from tui.screens.s3.preview import ARCHIVED
from tui.screens.s3.rows import Folder, Row
from tui.widgets.dialog import Choose


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is to be changed, as it was listed: no more, no less.

    Attributes:
        archived: those of the objects that are in an archive.
        held: storage class -> (objects, bytes).
        region: whose prices count.
    """

    place: ObjectQuery
    rows: tuple[Row, ...]
    objects: tuple[S3Object, ...]
    archived: tuple[S3Object, ...]
    held: Mapping[str, tuple[int, int]]
    region: str

    @property
    def only(self) -> S3Object | None:
        """The one object that was chosen; None for several, and for folders."""
        row = self.rows[0]
        return row if len(self.rows) == 1 and not isinstance(row, Folder) else None

    @property
    def told(self) -> str:
        """How many, and how big."""
        size = fmt.size(sum(size for _, size in self.held.values()))
        return f"{plural(len(self.objects), 'object')}, {size}"


class S3Changing(S3Acting):
    """The part of the S3 pane that changes properties and storage classes and makes links."""

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_change(self) -> None:
        """Change metadata, tags, headers, class or encryption of what is chosen; or restore it."""
        rows = self.chosen_rows
        if self.place is None or not rows:
            self.say("Open a bucket and choose objects first.", severity="warning")
            return
        await self.guarded(_change(self, self.place, rows))

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_link(self) -> None:
        """Make a link to the object that the cursor is on, or one that uploads to here."""
        from tui.screens.s3 import link as s3_link

        if self.place is None:
            self.say("Open a bucket first.", severity="warning")
            return
        row = self.objects_table.record
        await self.guarded(s3_link.link(self, self.place, row))


async def _change(screen: S3Acting, place: ObjectQuery, rows: Sequence[Row]) -> None:
    """Freeze the list of objects, ask what to change of them, and go on there.

    Raises:
        UserError: a listing failed, or there is nothing to change.
    """
    from tui.screens.s3 import encryption, properties, restore, storage_class

    refuse_read_only(screen, "change objects")
    objects = await gather(screen, place, rows)
    if not objects:
        raise UserError("Nothing to change", "there are no objects in it any more")
    region = screen.region_of_open_bucket
    chosen = await screen.services.gateway.run(_chosen, place, rows, objects, region)
    parts = {
        "metadata": properties.change_metadata,
        "headers": properties.change_headers,
        "tags": properties.change_tags,
        "class": storage_class.change_class,
        "restore": restore.restore,
        "encryption": encryption.change_encryption,
    }
    what = await screen.app.push_screen_wait(Choose(f"Change {chosen.told}", _choices(chosen)))
    if what:
        await parts[what](screen, chosen)


def _chosen(
    place: ObjectQuery, rows: Sequence[Row], objects: Sequence[S3Object], region: str
) -> Chosen:
    """For a thread: a million objects are looked through."""
    from tui.cost.s3_moves import held_by_class

    archived = tuple(row for row in objects if row.storage_class in ARCHIVED)
    return Chosen(place, tuple(rows), tuple(objects), archived, held_by_class(objects), region)


def _choices(chosen: Chosen) -> list[tuple[str, str, str]]:
    made = [
        ("metadata", "metadata", "names and values of your own"),
        ("headers", "content type and headers", "type, cache, disposition, language"),
        ("tags", "tags", "for cost reports, rules and policies"),
        ("class", "storage class", _classes(chosen)),
    ]
    archived = len(chosen.archived)
    watched = chosen.only is not None and chosen.only.storage_class == "INTELLIGENT_TIERING"
    if archived or watched:
        note = "if it was archived" if not archived else "to read it for some days"
        if archived and len(chosen.objects) > 1:
            note = f"{fmt.count(archived)} archived: to read them for some days"
        made.append(("restore", "restore", note))
    made.append(("encryption", "encryption", "with keys of S3 or of KMS"))
    return made


def _classes(chosen: Chosen) -> str:
    from tui.cost.s3 import CLASS_WORDS

    words = [
        (CLASS_WORDS.get(name, name.lower()), count)
        for name, (count, _) in sorted(chosen.held.items(), key=lambda pair: -pair[1][0])
    ]
    if len(words) == 1:
        return f"now {words[0][0]}"
    told = ", ".join(f"{fmt.count(count)} {word}" for word, count in words[:2])
    return f"now {told}{', …' if len(words) > 2 else ''}"
