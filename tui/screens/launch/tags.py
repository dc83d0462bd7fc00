"""Step 5: tags. Name comes first; what is typed in the last row becomes one more."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from tui.core.records import Tag
from tui.launch import edit
from tui.screens.launch.state import Wizard
from tui.screens.launch.step import FIELDS, Hints, StepPane, ways_on
from tui.widgets.field import Field
from tui.widgets.form import Form
from tui.widgets.line import Block, Heading
from tui.widgets.paint import Spans

NAME = "Name"


class TagRow(Horizontal):
    """A key and its value; the name's key is fixed."""

    def __init__(self, tag: Tag, *, fixed: bool = False) -> None:
        super().__init__(classes="tag-row")
        self._tag, self._fixed = tag, fixed

    def compose(self) -> ComposeResult:
        """Key and value."""
        yield Field(self._tag.key, placeholder="one more key", disabled=self._fixed, classes="key")
        yield Field(self._tag.value, placeholder="value", classes="value")

    @property
    def tag(self) -> Tag:
        """What stands in the row."""
        key, value = (field.value for field in self.query(Input))
        return Tag(key, value)


class TagsPane(StepPane):
    """Rows of key and value."""

    step = "tags"

    def __init__(self, wizard: Wizard) -> None:
        super().__init__(wizard)
        self._painted: tuple[Tag, ...] | None = None

    def hints(self) -> Hints:
        """(key, verb) of the footer."""
        return (*FIELDS, *ways_on())

    def compose(self) -> ComposeResult:
        """Rows and what they are for."""
        yield Heading("Tags", (("muted", "on the instance and its volumes"),), follows="tags-form")
        yield Form(id="tags-form")
        yield Block(TOLD, classes="below")

    def paint(self) -> None:
        """Show the draft's tags, unless they are what is being typed."""
        tags = self.wizard.draft.tags
        if self._painted is not None and tags == self._painted:
            return
        self._painted = tags
        name = next((tag.value for tag in tags if tag.key == NAME), "")
        rows = [TagRow(Tag(NAME, name), fixed=True)]
        rows += [TagRow(tag) for tag in tags if tag.key != NAME]
        form = self.query_one(Form)
        form.remove_children()
        form.mount(*rows, TagRow(Tag("", "")))

    def start(self) -> None:
        """Type the name."""
        self.call_after_refresh(self._focus_name)

    def _focus_name(self) -> None:
        for field in self.query("TagRow .value").results(Input):
            field.focus()
            return

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        rows = list(self.query(TagRow))
        if not rows:
            return
        tags = tuple(tag for tag in (row.tag for row in rows) if tag.key or tag.value)
        # A name that was cleared is no tag; its row stays.
        tags = tuple(tag for tag in tags if not (tag.key == NAME and not tag.value))
        self._painted = tags
        if rows[-1].tag.key or rows[-1].tag.value:
            self.query_one(Form).mount(TagRow(Tag("", "")))
        self.wizard.change(edit(self.wizard.draft, tags=tags))

    def do_add(self) -> None:
        """To the empty row at the end."""
        list(self.query("TagRow .key").results(Input))[-1].focus()


TOLD: list[Spans] = [
    (("muted", "Name is what the tables show. Empty rows are left out."),),
]
