"""Step 3: how many, on which market, in which network, with which role."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on, work
from textual.app import ComposeResult

from tui.core import format as fmt
from tui.launch import MAX_COUNT, LaunchDraft, edit, with_market
from tui.screens.launch.dialogs import UserDataDialog
from tui.screens.launch.state import S3_ROLE, Wizard
from tui.screens.launch.step import CHANGES, FIELDS, Hints, StepPane, ways_on
from tui.widgets.form import (
    DIGITS,
    Choice,
    FieldChanged,
    FieldOpened,
    Form,
    Opener,
    Pick,
    TextField,
    typed_number,
)
from tui.widgets.line import Heading
from tui.widgets.paint import Span, Spans


@dataclass(frozen=True, slots=True)
class _YesNo:
    """A switch: the draft's field, its label, what yes and no mean."""

    field: str
    label: str
    yes: str
    no: str


SWITCHES = (
    _YesNo("public_ip", "public address", "reachable from here", "from its network only"),
    _YesNo("termination_protection", "protection", "can't be terminated by a slip", ""),
    _YesNo("monitoring", "monitoring", "metrics every minute, paid for", "metrics every 5 minutes"),
    _YesNo("imdsv2", "IMDSv2 only", "keys need a session token", "the older way too"),
)
PRICE_LENGTH = 16  # of a maximum price, as in 0.0123456789
SPOT_ONLY = ("max_price", "spot_request", "interruption")
PERSISTENT: tuple[Choice, ...] = (
    ("stop", "stop", "starts again when there is room"),
    ("hibernate", "hibernate", "memory is kept on the disk"),
)
ONE_TIME: tuple[Choice, ...] = (("terminate", "terminate", "it is gone, with its volumes"),)


class DetailsPane(StepPane):
    """A form; the spot fields show on the spot market alone."""

    step = "details"

    def hints(self) -> Hints:
        """(key, verb) of the footer."""
        return (*FIELDS, *CHANGES, *ways_on())

    def compose(self) -> ComposeResult:
        """The fields, by subject."""
        with Form(id="details-form"):
            yield Heading("How many, and how paid", follows="details-none")
            yield TextField("count", "instances", "1", width=6, longest=DIGITS)
            yield Pick("market", "market", ())
            blank = "no more than on-demand"
            yield TextField("max_price", "maximum price", placeholder=blank, longest=PRICE_LENGTH)
            kinds = (("one-time", "one-time", ""), ("persistent", "persistent", "asked for again"))
            yield Pick("spot_request", "request", kinds)
            yield Pick("interruption", "when taken away", ONE_TIME)
            yield Heading("Where", follows="details-none", classes="below")
            yield Pick("subnet_id", "network", ())
            yield self._switch(SWITCHES[0])
            yield Heading("What it may do", follows="details-none", classes="below")
            yield Pick("role", "role", ())
            yield self._switch(SWITCHES[3])
            yield Heading("How it runs", follows="details-none", classes="below")
            behaviour = (("stop", "stop", "disks stay"), ("terminate", "terminate", "it is gone"))
            yield Pick("shutdown_behavior", "on shutdown", behaviour)
            yield self._switch(SWITCHES[1])
            yield self._switch(SWITCHES[2])
            yield Opener("user_data", "user data")

    @staticmethod
    def _switch(switch: _YesNo) -> Pick:
        choices = (("yes", "yes", switch.yes), ("no", "no", switch.no))
        return Pick(switch.field, switch.label, choices)

    def paint(self) -> None:
        """Show the draft in the fields."""
        wizard, draft = self.wizard, self.wizard.draft
        count = self.query_one("#field-count", TextField)
        if count.value.strip() != str(draft.count) and draft.count > 0:
            count.put(str(draft.count))
        count.tell((("muted", f"at most {MAX_COUNT}, all alike"),))
        self._pick("market", draft.market, market_choices(wizard))
        self._pick("subnet_id", draft.subnet_id, network_choices(wizard))
        self._pick("role", draft.role, role_choices(wizard))
        self._pick("shutdown_behavior", draft.shutdown_behavior)
        for switch in SWITCHES:
            self._pick(switch.field, "yes" if getattr(draft, switch.field) else "no")
        self._paint_spot(draft)
        self.query_one("#field-user_data", Opener).put(user_data_words(draft))

    def _paint_spot(self, draft: LaunchDraft) -> None:
        for name in SPOT_ONLY:
            self.query_one(f"#field-{name}").set_class(not draft.spot, "gone")
        for name in ("shutdown_behavior", "termination_protection"):
            self.query_one(f"#field-{name}").set_class(draft.spot, "gone")
        self.query_one("#field-max_price", TextField).put(draft.max_price, (("muted", "$/h"),))
        self._pick("spot_request", draft.spot_request)
        self._pick(
            "interruption",
            draft.interruption,
            PERSISTENT if draft.spot_request == "persistent" else ONE_TIME,
        )

    def _pick(self, name: str, value: str, choices: tuple[Choice, ...] | None = None) -> None:
        self.query_one(f"#field-{name}", Pick).put(value, choices=choices)

    @on(FieldChanged)
    def _changed(self, event: FieldChanged) -> None:
        event.stop()
        self.wizard.change(changed(self.wizard.draft, event.name, event.value))

    @on(FieldOpened)
    def _opened(self, event: FieldOpened) -> None:
        event.stop()
        self._edit_user_data()

    @work(group="user-data", exclusive=True, exit_on_error=False)
    async def _edit_user_data(self) -> None:
        text = await self.app.push_screen_wait(UserDataDialog(self.wizard.draft.user_data))
        if text is not None:
            self.wizard.change(edit(self.wizard.draft, user_data=text))

    def do_market(self) -> None:
        """Between on-demand and spot."""
        draft = self.wizard.draft
        self.wizard.change(with_market(draft, "on-demand" if draft.spot else "spot"))


def changed(draft: LaunchDraft, name: str, value: str) -> LaunchDraft:
    """The draft with a field as the form gave it."""
    if name == "count":
        return edit(draft, count=typed_number(value) or 0)
    if name == "market":
        return with_market(draft, value)
    if name == "spot_request":
        away = "terminate" if value == "one-time" else "stop"
        return edit(draft, spot_request=value, interruption=away)
    if name in {switch.field for switch in SWITCHES}:
        return edit(draft, **{name: value == "yes"})
    return edit(draft, **{name: value})


def market_choices(wizard: Wizard) -> tuple[Choice, ...]:
    """Both markets with the type's price; spot with what it saves and how often it ends."""
    row = wizard.row
    full, spot = (row.on_demand, row.spot) if row else (None, None)
    told = f"about {fmt.usd(spot, 4)}/h" if spot is not None else "price unknown"
    if row is not None and row.savings_pct is not None:
        told += f", {row.savings_pct}% less"
    if row is not None and row.interruption_words:
        told += f", taken away {row.interruption_words} a month"
    return (
        ("on-demand", "on-demand", f"{fmt.usd(full, 4)}/h" if full is not None else "unknown"),
        ("spot", "◆ spot", told),
    )


def network_choices(wizard: Wizard) -> tuple[Choice, ...]:
    """The default network of a zone that AWS picks, or one subnet."""
    nets = wizard.facts.subnets
    default: tuple[Choice, ...] = (("", "default", "AWS picks the zone"),)
    return default + tuple(
        (
            net.id,
            f"{net.zone} {net.id}",
            f"{net.cidr}, {fmt.count(net.free_addresses)} free",
        )
        for net in nets
    )


def role_choices(wizard: Wizard) -> tuple[Choice, ...]:
    """None, the one that may use S3 (made if need be), and the account's own."""
    made = S3_ROLE not in wizard.facts.profiles
    note = "may use S3; made at launch" if made else "may use S3"
    others = tuple((name, name, "") for name in wizard.facts.profiles if name != S3_ROLE)
    none: Choice = ("", "none", "scripts there have no rights")
    return (none, (S3_ROLE, S3_ROLE, note), *others)


def user_data_words(draft: LaunchDraft) -> Spans:
    """How long the script is; its text may hold secrets."""
    if not draft.user_data:
        return (("text", "none"), ("muted", "  a script for the first boot"))
    size = len(draft.user_data.encode("utf-8", "surrogatepass"))
    lines: Span = ("muted", f"  {draft.user_data.count(chr(10)) + 1} lines, runs at first boot")
    return (("text", f"{fmt.count(size)} bytes"), lines)
