"""Step 4: the volumes, and what each costs a month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from textual import on
from textual.app import ComposeResult

from tui.core import format as fmt
from tui.launch import VOLUME_KINDS, VolumeSpec, add_volume, change_volume, remove_volume
from tui.screens.launch.step import Hints, StepPane, ways_on
from tui.widgets.chrome import hint
from tui.widgets.form import (
    DIGITS,
    Choice,
    FieldChanged,
    Form,
    Pick,
    TextField,
    typed_number,
)
from tui.widgets.line import Heading
from tui.widgets.paint import Spans
from tui.widgets.record_table import Column, RecordTable

COLUMNS = (
    Column("device"),
    Column("GiB", 6, "r"),
    Column("kind", 8),
    Column("IOPS", 6, "r", 70),
    Column("MiB/s", 5, "r", 70),
    Column("encrypted", 9, "l", 50),
    Column("at end", 7),
    Column("$/month", 8, "r"),
)
KINDS: dict[str, str] = {
    "gp3": "for nearly everything",
    "gp2": "the one before gp3",
    "io1": "IOPS that you pay for",
    "io2": "IOPS that you pay for, most durable",
    "st1": "cheap, for long reads",
    "sc1": "cheapest, for the cold",
    "standard": "magnetic, of old",
}
DEFAULTS = {"iops": "3,000 are included", "throughput_mibps": "125 are included"}


@dataclass(frozen=True, slots=True)
class Row:
    """A volume with its place among the draft's, and what it costs."""

    index: int
    volume: VolumeSpec
    per_month: Decimal | None


class StoragePane(StepPane):
    """A table of volumes; below, the fields of the one under the cursor."""

    step = "storage"

    def hints(self) -> Hints:
        """(key, verb) of the footer."""
        return (hint("launch.add"), hint("launch.remove"), ("⇥", "fields"), *ways_on())

    def compose(self) -> ComposeResult:
        """Table and fields."""
        yield Heading("Volumes", follows="storage-table", id="storage-head")
        table: RecordTable[Row] = RecordTable(
            COLUMNS,
            volume_cells,
            keyed=lambda row: row.index,
            id="storage-table",
            classes="-fit",
            gutter=1,
        )
        yield table
        yield Heading("", follows="storage-form", id="storage-name", classes="below")
        with Form(id="storage-form"):
            yield TextField("size_gib", "size", width=8, longest=DIGITS)
            yield Pick("kind", "kind", tuple((kind, kind, KINDS[kind]) for kind in VOLUME_KINDS))
            for name, label in (("iops", "IOPS"), ("throughput_mibps", "throughput")):
                yield TextField(name, label, placeholder="as given", width=9, longest=DIGITS)
            yield Pick("encrypted", "encrypted", _yes_no("", "its data lies in the clear"))
            gone = _yes_no("deleted with the instance", "stays, and is paid for")
            yield Pick("delete_on_termination", "ends with it", gone)

    @property
    def table(self) -> RecordTable[Row]:
        """The volumes."""
        return self.query_one("#storage-table", RecordTable)

    def paint(self) -> None:
        """Show the draft's volumes and the fields of one."""
        from tui.cost import volume_month

        draft, services = self.wizard.draft, self.wizard.services
        rows = [
            Row(index, volume, volume_month(services.book, draft.region, volume))
            for index, volume in enumerate(draft.volumes)
        ]
        if self.table.records != rows:
            self.table.show(rows)
        known = [row.per_month for row in rows if row.per_month is not None]
        total = sum(known, Decimal(0)) if len(known) == len(rows) else None
        each = " a month" if draft.count == 1 else " a month each"
        self.query_one("#storage-head", Heading).show(
            meta=(("warm", fmt.usd(total)), ("muted", each))
        )
        self._paint_fields()

    def _paint_fields(self) -> None:
        row = self.table.record
        if row is None:
            return
        volume, root = row.volume, row.volume.root
        name = "root volume" if root else "data volume"
        self.query_one("#storage-name", Heading).show(volume.device, (("muted", name),))
        least = self.wizard.draft.image.root_size_gib if root and self.wizard.draft.image else 1
        self._text("size_gib", volume.size_gib, f"GiB, at least {least:,}" if root else "GiB")
        for name in ("iops", "throughput_mibps"):
            note = DEFAULTS[name] if volume.kind == "gp3" else ""
            self._text(name, getattr(volume, name), note)
        self.query_one("#field-kind", Pick).put(volume.kind)
        takes = volume.kind in ("gp3", "io1", "io2")
        self.query_one("#field-iops").set_class(not takes, "gone")
        self.query_one("#field-throughput_mibps").set_class(volume.kind != "gp3", "gone")
        for name in ("encrypted", "delete_on_termination"):
            self.query_one(f"#field-{name}", Pick).put("yes" if getattr(volume, name) else "no")

    def _text(self, name: str, value: int | None, note: str) -> None:
        field = self.query_one(f"#field-{name}", TextField)
        if (value or None) != (typed_number(field.value) or None):
            field.put("" if value is None else str(value))
        field.tell((("muted", note),))

    @on(RecordTable.Moved, "#storage-table")
    def _moved(self) -> None:
        self._paint_fields()

    @on(FieldChanged)
    def _changed(self, event: FieldChanged) -> None:
        event.stop()
        row = self.table.record
        if row is None:
            return
        value: object = event.value
        if event.name in ("encrypted", "delete_on_termination"):
            value = event.value == "yes"
        elif event.name != "kind":
            value = typed_number(event.value)
            if event.name == "size_gib":
                value = value or 0
        changes = {event.name: value}
        self.wizard.change(change_volume(self.wizard.draft, row.index, **changes))

    def do_add(self) -> None:
        """Add a data volume."""
        try:
            draft = add_volume(self.wizard.draft)
        except ValueError:
            self.app.bell()
            return
        self.wizard.change(draft)
        self.table.move_to_key(len(draft.volumes) - 1)
        self._paint_fields()  # before the focus selects what stands there
        self.query_one("#field-size_gib", TextField).focus_input()

    def do_edit(self) -> None:
        """To the fields of the volume under the cursor."""
        self.query_one(Form).start()

    def do_remove(self) -> None:
        """Take out the data volume under the cursor."""
        row = self.table.record
        if row is None or row.volume.root:
            self.app.bell()
        else:
            self.wizard.change(remove_volume(self.wizard.draft, row.index))


def volume_cells(row: Row) -> Sequence[Spans]:
    """One volume as a row."""
    volume = row.volume
    included = {"gp3": ("3000", "125")}.get(volume.kind, (fmt.ABSENT, fmt.ABSENT))
    iops = f"{volume.iops}" if volume.iops else included[0]
    speed = f"{volume.throughput_mibps}" if volume.throughput_mibps else included[1]
    stays = not volume.delete_on_termination
    return (
        (("text", volume.device),),
        (("text", fmt.count(volume.size_gib)),),
        (("text", volume.kind),),
        (("muted", iops),),
        (("muted", speed),),
        (("run", "✓ yes"),) if volume.encrypted else (("warn", "no"),),
        (("warn", "stays"),) if stays else (("muted", "deleted"),),
        (("warm", fmt.amount(row.per_month, 2)),) if row.per_month is not None else UNKNOWN,
    )


UNKNOWN: Spans = (("warn", "unknown"),)


def _yes_no(yes: str, no: str) -> tuple[Choice, ...]:
    return (("yes", "yes", yes), ("no", "no", no))
