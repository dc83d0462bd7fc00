"""The details of an object, a version, a folder or a bucket: a dialog of lines to read and copy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.core import format as fmt
from tui.core.errors import UserError
from tui.core.records import Bucket, ObjectPage, ObjectQuery, S3Object
from tui.core.s3_urls import address_forms
from tui.screens.s3.detail_rows import LABEL_WIDTH, DetailRow, Fact, Known, detail_rows, sections
from tui.screens.s3.facts import moment, per_month
from tui.screens.s3.requester import agree_to_pay
from tui.screens.s3.rows import Folder, access_span, uri, versions_span
from tui.widgets.chrome import hint
from tui.widgets.dialog import Dialog
from tui.widgets.line import Line
from tui.widgets.paint import Spans, key_hint
from tui.widgets.record_table import Cells, Column, RecordTable
from tui.widgets.styles import style_path

if TYPE_CHECKING:
    from tui.screens.s3.acting import S3Acting


class DetailLines(Dialog[None]):
    """Lines with a cursor: `y` copies the value of the one it is on, `Y` all of them."""

    CSS_PATH: ClassVar = [style_path("widgets/dialogs.tcss"), style_path("screens/details.tcss")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "Copy", tooltip="Copy the value of this line"),
        Binding("Y", "copy_all", "Copy all", tooltip="Copy all lines as text"),
        Binding("i", "dismiss_dialog", "Close", tooltip="Close"),
    ]

    def __init__(self, title: str, name: str) -> None:
        super().__init__()
        self._title, self._subject = title, name

    def inner(self) -> ComposeResult:
        """Title, lines, the ways on."""
        yield Line(
            (("bold bright", self._title), ("muted", f"  {self._subject}")), id="details-title"
        )
        table: RecordTable[DetailRow] = RecordTable(
            [Column("", LABEL_WIDTH), Column("")],
            _cells,
            keyed=lambda row: row.id,
            head=False,
            gutter=1,
            id="details-table",
        )
        yield table
        ways: Spans = (
            *key_hint("y", "copy this value"),
            ("text", "   "),
            *key_hint("Y", "copy all"),
        )
        yield Line(ways, key_hint("esc", "close"), classes="foot", id="details-foot")

    @property
    def table(self) -> RecordTable[DetailRow]:
        """The lines."""
        return self.query_one("#details-table", RecordTable)

    def on_mount(self) -> None:
        """Show what is known at once."""
        self.table.focus()
        self.call_after_refresh(self.show_rows)

    def on_resize(self) -> None:
        """Long values break elsewhere."""
        self.call_after_refresh(self.show_rows)

    def show_rows(self) -> None:
        """Paint the lines anew; the cursor stays on its line."""
        if self.is_mounted:
            self.table.show(self.rows(max(30, self.table.size.width)))

    def rows(self, width: int) -> list[DetailRow]:
        """The lines for a table of this width; subclasses make them."""
        return []

    def action_copy(self) -> None:
        """Copy the value under the cursor."""
        row = self.table.record
        if row is None or not row.value:
            self.app.bell()
            return
        self.app.copy_to_clipboard(row.value)
        self._foot(f"copied {row.label or 'it'}")

    def action_copy_all(self) -> None:
        """Copy every line."""
        self.app.copy_to_clipboard("\n".join(as_text(self.table.records)))
        self._foot("copied all")

    def _foot(self, told: str) -> None:
        spans: Spans = (("run", "✓ "), ("muted", told))
        self.query_one("#details-foot", Line).show(spans, key_hint("esc", "close"))


class ObjectDialog(DetailLines):
    """All of an object or a version; the answers are shown as they come."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pay", "Pay", tooltip="Pay for the requests of a requester-pays bucket"),
    ]

    def __init__(self, screen: S3Acting, bucket: str, known: Known) -> None:
        super().__init__("Version" if known.version_id else "Object", _name(known.key))
        self._pane, self._bucket, self._known = screen, bucket, known
        self._lives_in = screen.region_of_open_bucket

    def on_mount(self) -> None:
        """Ask for all of it."""
        self._ask()

    def rows(self, width: int) -> list[DetailRow]:
        """What is known by now."""
        return detail_rows(self._known, width, self._keeping())

    def _keeping(self) -> Spans:
        from tui.cost.s3 import storage_line

        head, row = self._known.value("head"), self._known.row
        held = head or row
        if held is None:
            return (("dim", fmt.ABSENT),)
        line = storage_line(
            self._pane.services.book, self._lives_in, held.storage_class, 1, held.size_bytes
        )
        note: Spans = (("muted", f"  {line.note}"),) if line.note else ()
        told: Spans = ()
        if line.price is not None:
            told = (("muted", f"  {line.price.source}, {line.price.as_of:%d %b %Y}"),)
        return (*per_month(line.per_month), *told, *note)

    @work(group="details", exclusive=True, exit_on_error=False)
    async def _ask(self) -> None:
        from tui.aws.calls import caused_by
        from tui.aws.s3.details import object_details

        known, s3 = self._known, self._pane.services.s3
        with caused_by(f"Details of {uri(self._bucket, known.key)}"):
            async for name, said in object_details(s3, self._bucket, known.key, known.version_id):
                known.said[name] = said
                self.show_rows()
        if self._refused:
            self._foot_pay()

    @property
    def _refused(self) -> bool:
        head = self._known.said.get("head")
        pays = self._pane.services.gateway.requester.pays(self._bucket)
        return head is not None and head.missing == "not allowed" and not pays

    def _foot_pay(self) -> None:
        ways: Spans = (*key_hint("y", "copy"), ("text", "   "))
        pay = key_hint("p", "pay for its requests, if that is why")
        self.query_one("#details-foot", Line).show((*ways, *pay), key_hint("esc", "close"))

    @work(group="details", exclusive=True, exit_on_error=False)
    async def action_pay(self) -> None:
        """Where the object may not be read: agree to pay for it, and ask again."""
        if not self._refused:
            self.app.bell()
            return
        try:
            paid = await agree_to_pay(self._pane, self._bucket, self._known.key)
        except UserError as error:
            self._pane.complain(error)
            return
        if paid:
            self._known.said.clear()
            self._ask()


class PlainDialog(DetailLines):
    """Lines that are known already."""

    def __init__(self, title: str, name: str, make: Callable[[int], list[DetailRow]]) -> None:
        super().__init__(title, name)
        self._make = make

    def rows(self, width: int) -> list[DetailRow]:
        """The lines."""
        return self._make(width)


async def show_object(
    screen: S3Acting,
    bucket: str,
    key: str,
    *,
    version_id: str = "",
    row: S3Object | None = None,
) -> None:
    """Show all of an object, or of one of its versions; `row` is what a listing knows of it."""
    known = Known(
        key,
        row=row,
        version_id=version_id,
        addresses=_addresses(screen, bucket, key, version_id),
        settings_key=hint("s3.settings")[0],
    )
    await screen.app.push_screen_wait(ObjectDialog(screen, bucket, known))


async def show_folder(screen: S3Acting, bucket: str, folder: Folder) -> None:
    """Show how much lies below a folder, as far as one listing page tells.

    Raises:
        AwsError: it can't be listed.
    """
    from tui.aws.calls import caused_by

    screen.working("looking into the folder…")
    query = ObjectQuery(bucket, folder.key, recursive=True)
    with caused_by(f"List {uri(bucket, folder.key)}"):
        pages = screen.services.s3.objects(query)
        first = await anext(pages, ObjectPage(()))
        more = bool(await anext(pages, None)) if len(first.objects) >= 1000 else False
    screen.working("")
    total = hint("s3.total")[0]
    held = fmt.size(sum(one.size_bytes for one in first.objects))
    count = fmt.count(len(first.objects))
    newest = max((one.modified_at for one in first.objects), default=None)
    facts: list[Fact] = [
        ("objects", (("text", f"more than {count}" if more else count),), count),
        ("bytes", (("text", f"more than {held}" if more else held),), held),
    ]
    if newest is not None and not more:
        facts.append(("newest", moment(newest), newest.isoformat()))
    facts.append(
        ("", (("bold cool", total), ("muted", " adds up all of it, by class, age and folder")), "")
    )
    await _plain(screen, "Folder", folder.key, facts, _addresses(screen, bucket, folder.key, ""))


async def show_bucket(screen: S3Acting, bucket: Bucket) -> None:
    """Show what the list of buckets knows, and where the rest is."""
    key = hint("s3.settings")[0]
    facts: list[Fact] = [("region", (("text", bucket.region or "unknown"),), bucket.region)]
    if bucket.created_at is not None:
        facts.append(("created", moment(bucket.created_at), bucket.created_at.isoformat()))
    found = screen.facts.get(bucket.name)
    for label, span in (("access", access_span(found)), ("versions", versions_span(found))):
        facts.append((label, (span,), span[1]))
    if screen.services.gateway.requester.pays(bucket.name):
        facts.append(("requests", (("warm", "you pay for them"),), "you pay for them"))
    told = (("bold cool", key), ("muted", " shows what the bucket allows and does"))
    facts.append(("", told, ""))
    region = bucket.region or screen.services.region
    await _plain(
        screen, "Bucket", bucket.name, facts, _addresses(screen, bucket.name, "", "", region)
    )


async def _plain(
    screen: S3Acting,
    title: str,
    name: str,
    facts: list[Fact],
    addresses: tuple[tuple[str, str], ...],
) -> None:
    shown: dict[str, list[Fact]] = {
        "About": facts,
        "Addresses": [(n, (("text", a),), a) for n, a in addresses],
    }
    await screen.app.push_screen_wait(
        PlainDialog(title, name, lambda width: sections(shown, width))
    )


def _addresses(
    screen: S3Acting, bucket: str, key: str, version_id: str, region: str = ""
) -> tuple[tuple[str, str], ...]:
    from tui.aws.redaction import bare_endpoint

    services = screen.services
    endpoint = services.gateway.connection.endpoint_url
    partition = services.identity.arn.split(":")[1] if ":" in services.identity.arn else "aws"
    return tuple(
        address_forms(
            bucket,
            key,
            region or screen.region_of_open_bucket,
            endpoint=bare_endpoint(endpoint) if endpoint else "",
            partition=partition,
            version_id=version_id,
        )
    )


def as_text(rows: Sequence[DetailRow]) -> list[str]:
    """The lines as text, a value a line, sections apart."""
    lines: list[str] = []
    for row in rows:
        if row.heading:
            lines += [*([""] if lines else []), row.label]
        elif (row.label or row.value) and not row.goes_on:
            value = row.value or "".join(text for _, text in row.spans)
            lines.append(f"  {row.label:<{LABEL_WIDTH}}{value}".rstrip())
    return lines


def _cells(row: DetailRow) -> Cells:
    if row.heading:
        return (("bold text", row.label),), row.spans
    return (("muted", row.label),), row.spans


def _name(key: str) -> str:
    return key.rstrip("/").rpartition("/")[2] or key
