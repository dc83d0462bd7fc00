"""Change metadata, headers and tags of one object or of many, after a plan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.widgets import Input, Static

from tui.core import format as fmt
from tui.core.errors import UserError
from tui.core.jobs import Progress
from tui.core.object_changes import (
    HEADERS,
    METADATA_BYTES,
    TAGS_AT_MOST,
    Change,
    Edits,
    header_problem,
    metadata_bytes,
    metadata_problem,
    metadata_size_problem,
    tag_problem,
    unwired,
)
from tui.core.plans import Plan, PlanFact, Risk
from tui.core.records import S3Object
from tui.screens.s3.change_jobs import (
    charge_facts,
    left_out_facts,
    money,
    run_each,
    samples,
    unreadable,
)
from tui.screens.s3.lines import plural
from tui.screens.s3.pairs import EditPairs
from tui.screens.s3.rows import name_in
from tui.widgets.dialog import Confirm, Dialog
from tui.widgets.form import FieldChanged, Form, TextField
from tui.widgets.line import Block, Line
from tui.widgets.paint import Spans, content, key_hint
from tui.widgets.styles import style_path

if TYPE_CHECKING:
    from tui.aws.s3.properties import Properties
    from tui.screens.s3.acting import S3Acting
    from tui.screens.s3.changing import Chosen

_LABELS = {
    "ContentType": "content type",
    "CacheControl": "cache control",
    "ContentDisposition": "disposition",
    "ContentEncoding": "encoding",
    "ContentLanguage": "language",
}
REMOVES = "-"  # typed into a header's field, for many objects: take it off


async def change_metadata(screen: S3Acting, chosen: Chosen) -> None:
    """Edit the metadata of one object, or say what to set and drop on many."""
    found = await _found(screen, chosen)
    known = {name: unwired(value) for name, value in found.metadata} if found else None
    edits = await screen.app.push_screen_wait(
        EditPairs(
            f"Metadata of {_subject(chosen)}",
            "name",
            known,
            metadata_problem,
            metadata_size_problem,
            str.lower,  # as S3 keeps them
        )
    )
    if edits:
        lines = [PlanFact("set", f"{name} = {value}") for name, value in edits.put]
        lines += [PlanFact("drop", name) for name in edits.drop]
        lines += _size_facts(known, edits)
        await rewrite(screen, chosen, Change(metadata=edits), "metadata", lines)


async def change_headers(screen: S3Acting, chosen: Chosen) -> None:
    """Edit the headers that S3 sends with an object."""
    found = await _found(screen, chosen)
    known = dict(found.headers) if found else None
    edits = await screen.app.push_screen_wait(EditHeaders(_subject(chosen), known))
    if edits:
        lines = [PlanFact(HEADERS[name], value) for name, value in edits.put]
        lines += [PlanFact(HEADERS[name], "taken off", "warn") for name in edits.drop]
        await rewrite(screen, chosen, Change(headers=edits), "headers", lines)


async def change_tags(screen: S3Acting, chosen: Chosen) -> None:
    """Set and drop tags; nothing is copied for it."""
    from tui.aws.calls import caused_by
    from tui.aws.s3 import properties as aws

    s3, bucket, only = screen.services.s3, chosen.place.bucket, chosen.only
    known: dict[str, str] | None = None
    if only is not None:
        with caused_by(None):
            known = await aws.tags_of(s3, bucket, only.key)
    edits = await screen.app.push_screen_wait(
        EditPairs(f"Tags of {_subject(chosen)}", "key", known, tag_problem, _too_many_tags)
    )
    if not edits:
        return
    if not await screen.app.push_screen_wait(Confirm(tags_plan(chosen, edits))):
        return

    async def act(row: S3Object, progress: Progress) -> str:
        return await aws.change_tags(s3, bucket, row.key, edits)

    run_each(screen, chosen, "tag", chosen.objects, act)


async def rewrite(
    screen: S3Acting, chosen: Chosen, change: Change, what: str, lines: list[PlanFact]
) -> None:
    """Show what copying the objects onto themselves means, and do it as a job.

    Raises:
        UserError: all of them are archived.
    """
    from tui.aws.s3 import properties as aws
    from tui.aws.s3.versions import versioning

    services, bucket = screen.services, chosen.place.bucket
    cold = await unreadable(screen, chosen)
    objects = chosen.objects
    if cold:
        objects = await services.gateway.run(
            lambda: tuple(row for row in chosen.objects if row.key not in cold)
        )
    if not objects:
        raise UserError("Nothing can be changed", "all of it is archived", "Restore it first.")
    kept = (await versioning(services.s3, bucket)).status
    facts = [PlanFact("objects", fmt.count(len(objects)), "bold bright"), *lines]
    facts += left_out_facts(len(cold))
    facts += await rewrite_facts(screen, objects, chosen.region, kept)
    noun = plural(len(objects), "object")
    plan = Plan(
        title=f"Change {what} of {noun}",
        verb=f"Change {noun}",
        intro="S3 changes it by a copy of each object onto itself. All else of it stays.",
        risk=Risk.CAREFUL,
        facts=tuple(facts),
        items=samples(chosen, objects),
        warning="",
        keep="change nothing",
    )
    if not await screen.app.push_screen_wait(Confirm(plan)):
        return

    async def act(row: S3Object, progress: Progress) -> str:
        return await aws.change_object(services.s3, bucket, row, change, progress.check)

    run_each(screen, chosen, f"change {what} of", objects, act)


async def rewrite_facts(
    screen: S3Acting,
    objects: tuple[S3Object, ...],
    region: str,
    versioning: str,
    storage_class: str = "",
) -> list[PlanFact]:
    """What every copy of objects onto themselves brings with it, and costs once."""
    from tui.cost.s3_moves import objects_month, rewrite_charges

    book, now = screen.services.book, datetime.now(UTC)
    kept = versioning == "Enabled"

    def price() -> tuple[list[PlanFact], str]:
        charges = rewrite_charges(book, region, objects, now, storage_class, replaced=not kept)
        month = objects_month(book, region, objects)
        return charge_facts(charges), money(month.known_per_month, whole=not month.unknown)

    costs, month = await screen.services.gateway.run(price)
    facts = [PlanFact("modified", "the time becomes now")]
    if kept:
        facts.append(PlanFact("versions", f"the old ones stay: {month}/month more", "warm"))
    elif versioning == "?":
        facts.append(PlanFact("versions", "unknown: this identity may not ask", "warn"))
    else:
        facts.append(PlanFact("versions", "the old one is replaced"))
    facts.append(PlanFact("access list", "kept where it can be read, else private"))
    return facts + costs


def tags_plan(chosen: Chosen, edits: Edits) -> Plan:
    """What the dialog about tags shows."""
    noun = plural(len(chosen.objects), "object")
    facts = [PlanFact("objects", fmt.count(len(chosen.objects)), "bold bright")]
    facts += [PlanFact("set", f"{name} = {value}") for name, value in edits.put]
    facts += [PlanFact("drop", name) for name in edits.drop]
    facts.append(PlanFact("cost", "2 requests an object, and each tag by the month: unknown"))
    return Plan(
        title=f"Tag {noun}",
        verb=f"Tag {noun}",
        intro="Nothing is copied, and other tags stay. Rules and policies may act on tags.",
        risk=Risk.CAREFUL,
        facts=tuple(facts),
        items=samples(chosen, chosen.objects),
        keep="tag nothing",
    )


class EditHeaders(Dialog[Edits | None]):
    """The headers of one object, or what they are to be on many; dismissed with the edits."""

    CSS_PATH: ClassVar = [
        style_path("widgets/dialogs.tcss"),
        style_path("widgets/form.tcss"),
        style_path("screens/s3_changing.tcss"),
    ]

    def __init__(self, subject: str, known: Mapping[str, str] | None) -> None:
        super().__init__()
        self._subject, self._known = subject, known

    def inner(self) -> ComposeResult:
        """A field a header, a verdict."""
        yield Line((("bold bright", f"Headers of {self._subject}"),))
        one = "An empty field takes the header off."
        many = f"An empty field leaves it as it is; {REMOVES} takes it off."
        about = one if self._known is not None else many
        yield Static(content(("muted", about)), classes="prose")
        with Form(id="headers-form"):
            for name, label in _LABELS.items():
                hint = "none" if self._known is not None else "as it is"
                value = (self._known or {}).get(name, "")
                yield TextField(name, label, value, placeholder=hint)
        yield Block([()], classes="said", id="headers-said")
        yield Line(key_hint("⏎", "go on"), key_hint("esc", "close"), classes="foot")

    def on_mount(self) -> None:
        """Type the content type first."""
        self.query(TextField).first().focus_input()
        self.on_field_changed()

    @property
    def edits(self) -> Edits:
        """What would change."""
        typed = {field.field: field.value for field in self.query(TextField)}
        if self._known is not None:
            return Edits.between(self._known, {k: v for k, v in typed.items() if v})
        put = tuple((k, v) for k, v in typed.items() if v and v != REMOVES)
        return Edits(put, tuple(k for k, v in typed.items() if v == REMOVES))

    def _problem(self) -> str | None:
        for name, value in self.edits.put:
            if wrong := header_problem(name, value):
                return f"{_LABELS[name]}: {wrong}"
        return None

    def on_field_changed(self, event: FieldChanged | None = None) -> None:
        """Say at once what is wrong."""
        told: Spans = (("dim", "nothing changes yet"),)
        if problem := self._problem():
            told = (("danger", "✗ "), ("text", problem))
        elif self.edits:
            told = (("run", "✓ "), ("muted", "fine"))
        self.query_one("#headers-said", Block).show([told])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on, if something changes and nothing is wrong with it."""
        if self.edits and not self._problem():
            self.dismiss(self.edits)
        else:
            self.app.bell()


def _subject(chosen: Chosen) -> str:
    only = chosen.only
    if only is None:
        return plural(len(chosen.objects), "object")
    return name_in(only.key, chosen.place.prefix) or only.key


async def _found(screen: S3Acting, chosen: Chosen) -> Properties | None:
    """The properties of the one object that was chosen; None for many."""
    from tui.aws.calls import caused_by
    from tui.aws.s3.properties import properties

    if (only := chosen.only) is None:
        return None
    with caused_by(None):
        return await properties(screen.services.s3, chosen.place.bucket, only.key)


def _size_facts(known: Mapping[str, str] | None, edits: Edits) -> list[PlanFact]:
    facts = []
    if known is not None:
        size = metadata_bytes(edits.applied(known.items()))
        facts.append(PlanFact("size", f"{fmt.count(size)} of {fmt.count(METADATA_BYTES)} bytes"))
    if foreign := [name for name, value in edits.put if not value.isascii()]:
        told = f"{', '.join(foreign)}: beyond ASCII, kept as =?UTF-8?B?…?="
        facts.append(PlanFact("encoded", told, "warn"))
    return facts


def _too_many_tags(pairs: Mapping[str, str]) -> str | None:
    if len(pairs) > TAGS_AT_MOST:
        return f"{len(pairs)} tags, an object may have {TAGS_AT_MOST}"
    return None
