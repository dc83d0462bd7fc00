"""Step 1: the machine image, and with it the architecture and the login user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from textual import on, work
from textual.app import ComposeResult

from tui.aws.calls import caused_by
from tui.core import format as fmt
from tui.core.errors import UserError
from tui.core.records import Image
from tui.launch import with_image
from tui.screens.launch.facts import ARCHITECTURES
from tui.screens.launch.step import Hints, StepPane
from tui.widgets.chrome import hint
from tui.widgets.line import Block, Heading, Line, fact
from tui.widgets.paint import Span, Spans, pill
from tui.widgets.record_table import Column, RecordTable

if TYPE_CHECKING:
    from tui.screens.base import BaseScreen

COLUMNS = (
    Column("image"),
    Column("log in as", 10),
    Column("root GiB", 8, "r"),
    Column("made", 10, "r", 60),
)
PROCESSORS = {"x86_64": "Intel and AMD", "arm64": "Graviton: often cheaper"}


class ImagePane(StepPane):
    """The current images of the usual systems, for one architecture at a time."""

    step = "image"

    def hints(self) -> Hints:
        """(key, verb) of the footer."""
        return (*super().hints(), hint("launch.architecture"))

    def compose(self) -> ComposeResult:
        """Architectures, table, what the chosen one is."""
        yield Line(id="image-architectures", classes="air2")
        yield Heading("Quick start", follows="image-table", id="image-head")
        table: RecordTable[Image] = RecordTable(
            COLUMNS,
            image_cells,
            keyed=lambda image: image.id,
            id="image-table",
            gutter=1,
            classes="-fit",
        )
        yield table
        yield Block(id="image-about", classes="below")

    @property
    def table(self) -> RecordTable[Image]:
        """The images."""
        return self.query_one("#image-table", RecordTable)

    @property
    def architecture(self) -> str:
        """The one that is shown."""
        image = self.wizard.draft.image
        return image.architecture if image else self.wizard.architecture

    def paint(self) -> None:
        """Show the images of the draft's architecture, the cursor on the draft's image."""
        images = self.wizard.facts.images.get(self.architecture, ())
        image = self.wizard.draft.image
        table = self.table
        if table.records != list(images):
            table.show(images)
        if image is not None:
            table.move_to_key(image.id)
        self.query_one("#image-architectures", Line).show(self._architectures())
        self.query_one("#image-head", Heading).show(
            meta=(("text", str(len(images))), ("muted", " current images"))
        )
        self.query_one("#image-about", Block).show(about(image))

    def _architectures(self) -> Spans:
        spans: list[Span] = []
        for name in ARCHITECTURES:
            chosen = name == self.architecture
            spans += [pill("cool", name) if chosen else ("muted", f" {name} "), ("text", " ")]
        return [*spans, ("muted", f"  {PROCESSORS.get(self.architecture, '')}")]

    @on(RecordTable.Moved, "#image-table")
    def _moved(self, event: RecordTable.Moved) -> None:
        image: Image | None = event.record
        if image is None or self.table.record is not image:
            return
        if image != self.wizard.draft.image:
            self._take(image)

    def _take(self, image: Image) -> None:
        self.wizard.architecture = image.architecture
        self.wizard.change(with_image(self.wizard.draft, image, self.wizard.facts.types))

    @work(group="images", exclusive=True, exit_on_error=False)
    async def do_architecture(self) -> None:
        """Show the same system for the other architecture."""
        from tui.aws.ec2.images import quick_start

        wizard = self.wizard
        other = next(name for name in ARCHITECTURES if name != self.architecture)
        if other not in wizard.facts.images:
            try:
                with caused_by(f"Images for {other}"):
                    found = await quick_start(wizard.services.gateway, other)
            except UserError as error:
                cast("BaseScreen", self.screen).complain(error)
                return
            wizard.facts = replace(wizard.facts, images={**wizard.facts.images, other: found})
        images = wizard.facts.images[other]
        if not images:
            self.app.bell()
            return
        family = wizard.draft.image.family if wizard.draft.image else ""
        self._take(next((image for image in images if image.family == family), images[0]))


def image_cells(image: Image) -> Sequence[Spans]:
    """One image as a row."""
    made = image.created_at.strftime("%Y-%m-%d") if image.created_at else fmt.ABSENT
    return (
        (("text", image.family or image.name),),
        (("cool", image.login_user),),
        (("text", str(image.root_size_gib)),),
        (("muted", made),),
    )


def about(image: Image | None) -> list[Spans]:
    """The chosen image in facts."""
    if image is None:
        return [(("muted", "no image is known here"),)]
    boot = f" · {image.virtualization} · {image.boot_mode or 'any boot mode'}"
    return [
        fact("name", ("text", image.name)),
        fact("id", ("text", image.id)),
        fact("log in as", ("cool", image.login_user)),
        fact("runs on", ("text", image.architecture), ("dim", boot)),
        fact("root", ("text", image.root_device), ("dim", f" · {image.root_size_gib} GiB or more")),
    ]
