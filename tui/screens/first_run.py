"""The first screen without credentials, and where one changes profile: where to start?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.screen import Screen

from tui.screens.connect import Wish
from tui.widgets import chrome
from tui.widgets.guard import Guarded
from tui.widgets.keys import bindings
from tui.widgets.line import Block, Heading, Line
from tui.widgets.paint import Span, Spans
from tui.widgets.record_table import Column, RecordTable
from tui.widgets.styles import style_path

if TYPE_CHECKING:
    from tui.screens.deck import Deck

WIDTH = 76


@dataclass(frozen=True, slots=True)
class Start:
    """One way to start; `profile` is set for a profile of the AWS config."""

    kind: str  # sandbox, profile, setup
    name: str
    note: str
    cost: str
    profile: str = ""


class FirstRunScreen(Guarded, Screen[None]):
    """Sandbox, a profile, or how to set up credentials."""

    CSS_PATH = style_path("screens/first_run.tcss")
    BINDINGS: ClassVar[list[BindingType]] = bindings("first")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-roomy")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (34, "-tall")]  # noqa: RUF012
    room = "first"

    def compose(self) -> ComposeResult:
        """Sun, choices, promises."""
        yield Line(
            (("bold bright", "◢◤ Skydeck"), ("dim", "  where to start")),
            id="first-top",
        )
        with Container(id="first-centre"), Vertical(id="first-welcome"):
            yield Block(sun(), id="first-sun")
            yield Block(
                [
                    centred((("bold bright", "S k y d e c k"),)),
                    centred((("muted", "data up, machine on, results back, bill off"),)),
                ],
                id="first-name",
            )
            yield Heading("Where do you want to start?", follows="first-table")
            columns = [Column("", 20), Column(""), Column("", 4, "r")]
            table: RecordTable[Start] = RecordTable(
                columns, cells, keyed=lambda s: s.name, head=False, gutter=2, id="first-table"
            )
            yield table
            yield Block(id="first-help")
            yield Block(PROMISES, id="first-promises")
        yield Line(id="first-foot")

    @property
    def deck(self) -> Deck:
        """The app, by its own type."""
        return cast("Deck", self.app)

    def on_mount(self) -> None:
        """Offer what this machine has."""
        table = self.query_one("#first-table", RecordTable)
        table.show(starts(self.deck.options.endpoint_url))
        table.styles.height = min(8, len(table.records))
        table.focus()
        self.on_screen_resume()

    def on_screen_resume(self) -> None:
        """Say what runs, and whether there is a way back."""
        if not self.is_attached:
            return
        connected = self.deck.services is not None
        hints = [
            *(chrome.rows_hint("choose"), chrome.hint("table.open", "go")),
            *(chrome.hint("first.theme"), chrome.hint("first.back" if connected else "first.quit")),
        ]
        self.query_one("#first-foot", Line).show(chrome.hints_line(hints), *chrome.foot_right())
        self.query_one("#first-top", Line).show(
            (("bold bright", "◢◤ Skydeck"), ("dim", "  where to start")),
            chrome.burn_line(self.deck.status) if connected else (("dim", "nothing is running"),),
        )

    def action_back(self) -> None:
        """Back to the panes; without a connection there are none."""
        if self.deck.services is not None:
            self.deck.switch_mode("s3")
        else:
            self.app.bell()

    def on_record_table_moved(self, event: RecordTable.Moved) -> None:
        """The lines below tell about the choice one is on."""
        start = event.record
        shown = start is not None and start.kind == "setup"
        self.query_one("#first-help", Block).show(SETUP if shown else [()])

    def on_record_table_opened(self, event: RecordTable.Opened) -> None:
        """Go there."""
        start: Start = event.record
        options = self.deck.options
        wish = Wish(read_only=options.read_only, region=options.region, fast=options.fast)
        if start.kind == "sandbox":
            self.deck.connect_to(replace(wish, sandbox=True, keep=options.keep), pane="s3")
        elif start.kind == "profile":
            wish = replace(wish, profile=start.profile, endpoint_url=options.endpoint_url)
            self.deck.connect_to(wish, pane="s3")
        else:
            self.query_one("#first-help", Block).show(SETUP)

    def action_down(self) -> None:
        """Next choice, wherever the focus is."""
        self.query_one("#first-table", RecordTable).action_down()


def starts(endpoint_url: str = "") -> list[Start]:
    """The sandbox, the profiles of the AWS config, and how to set up credentials.

    A profile is used with the command line's `endpoint_url`, and says so.
    """
    from tui.aws.profiles import profiles
    from tui.aws.redaction import bare_endpoint

    found = [Start("sandbox", "Sandbox", "everything works, nothing is real, no account", "free")]
    for profile in profiles():
        found_in = (
            f"at {bare_endpoint(endpoint_url)}" if endpoint_url else "found in your AWS config"
        )
        note = f"{found_in} · {profile.region}" if profile.region else found_in
        found.append(Start("profile", profile.name, note, profile.kind, profile.name))
    found.append(Start("setup", "Set up credentials…", "how to give AWS tools your keys", ""))
    return found


def cells(start: Start) -> Sequence[Spans]:
    """One choice as a row."""
    name: list[Span] = [("text", "Profile ")] if start.kind == "profile" else []
    name.append(("bold text", start.name))
    return (
        name,
        (("muted", start.note),),
        (("run" if start.cost == "free" else "muted", start.cost),),
    )


def centred(spans: Spans) -> Spans:
    """Spans in the middle of the welcome's width."""
    width = sum(len(text) for _, text in spans)
    return (("text", " " * ((WIDTH - width) // 2)), *spans)


def sun() -> list[Spans]:
    """A sun over the sea: solid by background, its edges by half blocks."""
    rows: list[Spans] = []
    for outer, inner in ((10, 6), (14, 12), (18, 16)):
        side = "▄" * ((outer - inner) // 2)
        row = (("warm", side), ("on:warm", " " * inner), ("warm", side))
        rows.append((("text", " " * ((WIDTH - outer) // 2)), *row))
    for width, role in ((58, "cool"), (40, "muted"), (24, "dim"), (12, "line")):
        rows.append((("text", " " * ((WIDTH - width) // 2)), (role, "━" * width)))
    return rows


PROMISES: list[Spans] = [
    (("run", "✓ "), ("muted", "Nothing that costs, deletes or opens to the world happens without")),
    (("muted", "  a plan you have seen. Credentials stay where AWS tools keep them."),),
]
SETUP: list[Spans] = [
    (),
    (("text", "Skydeck reads what the AWS CLI reads. Any of these, then start again:"),),
    (("bold cool", "  aws configure sso  "), ("muted", "sign in through the browser (best)")),
    (
        ("bold cool", "  aws configure      "),
        ("muted", "paste an access key into ~/.aws/credentials"),
    ),
    (
        ("bold cool", "  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY  "),
        ("muted", "in the environment"),
    ),
]
