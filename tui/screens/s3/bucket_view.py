"""A bucket's settings: the sections at the left, the one that is looked at at the right."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.cells import cell_len
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.events import DescendantFocus
from textual.message import Message
from textual.widgets import Static

from tui.aws.bucket.settings import QUESTIONS, Answer, ask
from tui.aws.bucket.verdict import said
from tui.aws.bucket.words import raw
from tui.aws.calls import caused_by
from tui.core.errors import UserError
from tui.screens.s3 import bucket_acts as acts
from tui.screens.s3 import bucket_sections as sections
from tui.screens.s3.bucket_review import STYLES
from tui.screens.s3.bucket_sections import SECTIONS, Item, Numbered, Section
from tui.widgets.chrome import hint
from tui.widgets.dialog import Dialog
from tui.widgets.keys import bindings
from tui.widgets.line import Heading, Line
from tui.widgets.paint import Spans, content, key_hint, lines
from tui.widgets.record_table import Column, RecordTable

if TYPE_CHECKING:
    from tui.screens.deck import Deck
    from tui.screens.services import Services

LIST_WIDTH = 37  # of the list of sections, as in styles/screens/s3_settings.tcss
SCROLLBAR = 2
NUMBER_WIDTH = 8  # of a line's number and what is round it


@dataclass
class SettingArrived(Message):
    """One property was answered; `turn` is the asking that it belongs to."""

    turn: object
    name: str
    answer: Answer


class BucketView(Dialog[bool]):
    """All settings of one bucket; dismissed with True if something was changed."""

    CSS_PATH: ClassVar = STYLES
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-roomy")]  # noqa: RUF012
    room = "settings"
    BINDINGS: ClassVar[list[BindingType]] = bindings(room)

    def __init__(self, services: Services, bucket: str, region: str) -> None:
        super().__init__()
        self.services, self.bucket, self.bucket_region = services, bucket, region
        self.settings: dict[str, Answer] = {}
        self.changed = False
        self._turns: dict[str, object] = {}  # the newest asking of each property under way
        self._raw = False
        self._working = ""
        self._made: tuple[tuple[object, ...], list[Item]] = (), []

    def inner(self) -> ComposeResult:
        """Title, list of sections, the section, keys."""
        yield Line(id="bucket-title")
        with Container(id="bucket-columns"):
            with Vertical(id="bucket-left"):
                yield Heading("Settings", follows="bucket-sections")
                yield RecordTable[Section](
                    [Column("", 14), Column("")],
                    self._section_cells,
                    keyed=lambda section: section.id,
                    head=False,
                    gutter=1,
                    id="bucket-sections",
                )
            with Vertical(id="bucket-right"):
                yield Heading("", follows="bucket-right", id="bucket-heading")
                with VerticalScroll(id="bucket-scroll"):
                    yield Static(id="bucket-text")
                yield RecordTable[Item](
                    [Column("", 1), Column("", 22), Column("")],
                    sections.item_cells,
                    keyed=lambda item: (item.kind, item.key),
                    head=False,
                    gutter=1,
                    id="bucket-items",
                )
                yield RecordTable[Numbered](
                    [Column("", 4, "r"), Column("")],
                    sections.line_cells,
                    head=False,
                    gutter=1,
                    id="bucket-lines",
                )
                yield Static(id="bucket-more")
        yield Line(id="bucket-foot")

    def on_mount(self) -> None:
        """Show what is known, and ask for the rest."""
        table = self.query_one("#bucket-sections", RecordTable)
        table.show(list(SECTIONS))
        table.focus()
        self._show()
        self.action_again()

    # -- asking ----------------------------------------------------------------------------

    def ask_for(self, names: Sequence[str], cause: str | None = None) -> None:
        """Ask for some properties, all at once; each is shown as it comes.

        `cause` is what the code drawer calls it, None where nobody asked for it.
        """
        turn = object()
        self._turns.update(dict.fromkeys(names, turn))
        self._ask(turn, tuple(names), cause)
        self._show_lines()

    @work(group="ask", exit_on_error=False)
    async def _ask(self, turn: object, names: Sequence[str], cause: str | None) -> None:
        s3, account = self.services.s3, self.services.identity.account

        async def one(name: str) -> None:
            answer = await ask(s3, self.bucket, name, account)
            self.post_message(SettingArrived(turn, name, answer))

        with caused_by(cause):
            await asyncio.gather(*(one(name) for name in names))

    @on(SettingArrived)
    def _arrived(self, message: SettingArrived) -> None:
        if self._turns.get(message.name) is not message.turn:
            return  # it was asked for again since
        del self._turns[message.name]
        self.settings[message.name] = message.answer
        if message.name == "location":
            self._take_region(message.answer)
        self._show()

    def _take_region(self, answer: Answer) -> None:
        if answer.known:
            found = answer.value.get("LocationConstraint") or "us-east-1"
            self.bucket_region = "eu-west-1" if found == "EU" else str(found)

    # -- showing ---------------------------------------------------------------------------

    @property
    def section(self) -> Section:
        """The section that is looked at."""
        record: Section | None = self.query_one("#bucket-sections", RecordTable).record
        return record or SECTIONS[0]

    @property
    def item(self) -> Item | None:
        """The row that the cursor is on, if the section has rows."""
        record: Item | None = self.query_one("#bucket-items", RecordTable).record
        return record

    def working(self, text: str) -> None:
        """Say what is being done; "" when it is."""
        self._working = text
        self._show_lines()

    def _section_cells(self, section: Section) -> Sequence[Spans]:
        words, role = sections.section_summary(section, self.settings)
        on = section.id == self.section.id
        return ((("bold bright" if on else "text", section.title),), ((role, words),))

    def _show(self) -> None:
        section = self.section
        settings, is_raw = self.settings, self._raw
        items = [] if is_raw else self._items(section)
        if is_raw:
            rows: list[Spans] = []
            shown = sections.numbered(self._json(section))
        else:
            width = self._text_width()
            where = self.bucket, self.bucket_region
            rows = sections.section_text(section, settings, *where, width)
            shown = sections.section_lines(section, settings)
        scroll = self.query_one("#bucket-scroll")
        scroll.set_class(bool(items or shown), "-above")
        scroll.set_class(not rows, "gone")
        self.query_one("#bucket-text", Static).update(lines(rows))
        self._show_items(items)
        self._fill("#bucket-lines", shown)
        self._show_more()
        self.query_one("#bucket-sections", RecordTable).repaint()
        self._show_lines()

    def _items(self, section: Section) -> list[Item]:
        """The section's rows, made once for what was answered: there may be a thousand rules."""
        asked = section.id, *(self.settings.get(name) for name in section.asks)
        if list(map(id, self._made[0])) != list(map(id, asked)):
            self._made = asked, sections.section_items(section, self.settings)
        return self._made[1]

    def _show_items(self, items: list[Item]) -> None:
        kept = self.item
        table = self._fill("#bucket-items", items)
        if kept is not None and kept is not self.item:
            table.move_to_key((kept.kind, kept.key))

    def _fill(self, name: str, records: list[Any]) -> RecordTable[Any]:
        """Show a table's records; one without any gives its place, and the focus, away."""
        table = self.query_one(name, RecordTable)
        if table.records is not records and table.records != records:
            table.show(records)
        table.set_class(not records, "gone")
        if not records and table.has_focus:
            self.action_sections()
        return table

    def _text_width(self) -> int:
        """Of the section's text; the section itself may not be laid out yet."""
        inside = self.query_one(".inner").content_size.width or self.app.size.width
        return max(24, inside - SCROLLBAR - (0 if self.has_class("-narrow") else LIST_WIDTH))

    def _json(self, section: Section) -> str:
        names = section.asks or tuple(QUESTIONS)
        return raw([self.settings[name] for name in names if name in self.settings])

    def _show_more(self) -> None:
        """Below the rows: more of the one that the cursor is on; of a long line, all of it."""
        more, words = self.query_one("#bucket-more", Static), self.item.more if self.item else ""
        line: Numbered | None = self.query_one("#bucket-lines", RecordTable).record
        if line is not None and cell_len(line.text) > self._text_width() - NUMBER_WIDTH:
            words = line.text.strip()
        more.update(content(("muted", words)))
        more.set_class(not words, "gone")

    def _show_lines(self) -> None:
        section = self.section
        waiting = len(self._turns)
        right: Spans = (("muted", self.bucket_region),)
        if self._working:
            right = (("warn", "◐ "), ("muted", self._working))
        elif waiting:
            right = (("dim", "◐ "), ("muted", f"{waiting} still asked for…"))
        title = (("bold bright", self.bucket), ("muted", "  settings"))
        self.query_one("#bucket-title", Line).show(title, right)
        meta: Spans = (("muted", "raw JSON"),) if self._raw else ()
        self.query_one("#bucket-heading", Heading).show(section.title, meta)
        inside = not self.query_one("#bucket-sections").has_focus
        way = hint("settings.sections", "sections") if inside else hint("settings.inside", "inside")
        spans: list[tuple[str, str]] = []
        for key, verb in (*sections.section_hints(section), way):
            spans += [*key_hint(key, verb), ("text", "   ")]
        self.query_one("#bucket-foot", Line).show(spans, key_hint("esc", "close"))

    @on(RecordTable.Moved, "#bucket-sections")
    def _section_moved(self) -> None:
        self._raw = False
        self._show()
        self.query_one("#bucket-scroll").scroll_home(animate=False)

    @on(RecordTable.Moved, "#bucket-lines")
    @on(RecordTable.Moved, "#bucket-items")
    def _item_moved(self) -> None:
        self._show_more()

    @on(RecordTable.Opened, "#bucket-sections")
    def _section_opened(self) -> None:
        self.action_inside()

    @on(RecordTable.Opened, "#bucket-items")
    def _item_opened(self, event: RecordTable.Opened) -> None:
        self.action_switch() if event.record.kind == "switch" else self.action_edit()

    @on(DescendantFocus)
    def _focus_moved(self) -> None:
        self._show_lines()

    def on_resize(self) -> None:
        """Another width wraps the text anew."""
        self.call_after_refresh(self._show)

    # -- keys ------------------------------------------------------------------------------

    def action_inside(self) -> None:
        """From the list into the section; there, from its rows to its text and back."""
        self.add_class("-inside")
        tables = self.query("#bucket-items, #bucket-lines").results(RecordTable)
        table = next((one for one in tables if not one.has_class("gone")), None)
        to_text = table is None or (table.has_focus and not self._raw)
        (self.query_one("#bucket-scroll") if to_text or table is None else table).focus()
        self.call_after_refresh(self._show)

    def action_sections(self) -> None:
        """Back to the list of sections."""
        self.remove_class("-inside")
        self.query_one("#bucket-sections").focus()

    def action_dismiss_dialog(self) -> None:
        """In a narrow terminal back to the list first; then close."""
        if self.has_class("-narrow") and self.has_class("-inside"):
            self.action_sections()
        else:
            self.dismiss(self.changed)

    def action_turn(self, pages: int) -> None:
        """Scroll the section's text, wherever the focus is."""
        box = self.query_one("#bucket-scroll")
        box.scroll_relative(y=pages * max(1, box.size.height - 1), animate=False)

    def action_raw(self) -> None:
        """Show S3's own answer, or the words again."""
        self._raw = not self._raw
        self._show()

    def action_copy(self) -> None:
        """Copy S3's own answer."""
        self.app.copy_to_clipboard(self._json(self.section))
        self.deck.say(f"{self.section.title}, as JSON.", title="Copied")

    def action_help(self) -> None:
        """Show every key."""
        from tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.room))

    def action_again(self) -> None:
        """Ask for everything (again)."""
        self.ask_for(list(QUESTIONS), f"Look at the settings of {self.bucket}")

    def action_switch(self) -> None:
        """Turn on or off what the cursor is on."""
        self._act(acts.switch(self, self.section, self.item))

    def action_edit(self) -> None:
        """Change what the section shows."""
        self._act(acts.edit(self, self.section, self.item))

    def action_add(self) -> None:
        """A new rule or tag."""
        self._act(acts.add(self, self.section))

    def action_remove(self) -> None:
        """Delete the policy, the rule or the tag."""
        self._act(acts.remove(self, self.section, self.item))

    @property
    def deck(self) -> Deck:
        """The app, by its own type."""
        return cast("Deck", self.app)

    def readable(self, name: str) -> Answer:
        """What S3 answered for a property that is to be changed.

        Raises:
            UserError: it may not be read, so that a change could undo another's; or not yet.
        """
        answer = self.settings.get(name)
        if answer is not None and answer.known:
            return answer
        why = said(answer) if answer is not None else "it is still asked for"
        raise UserError(
            f"Can't change the {name} of {self.bucket}",
            f"what it is now is not known ({why})",
            "What can't be read can't be changed without undoing what others set.",
        )

    async def change(
        self, doing: str, act: Callable[[], Awaitable[None]], names: Sequence[str]
    ) -> Sequence[str]:
        """Change something; `doing` is what the code drawer calls it. Returns `names`.

        Raises:
            AwsError: it was refused, or somebody else changed it first.
        """
        self.working("changing…")
        with caused_by(f"{doing} of {self.bucket}"):
            await act()
        return names

    @work(group="act", exclusive=True, exit_on_error=False)
    async def _act(self, act: Awaitable[Sequence[str]]) -> None:
        """Do what a key asks; ask again for what it changed."""
        names: Sequence[str] = ()
        try:
            names = await act
        except UserError as error:
            self.deck.complain(error)
            if error.code == "Changed":
                names = list(QUESTIONS)
        finally:
            self.working("")
        if names:
            self.changed = True
            self.ask_for(names)
