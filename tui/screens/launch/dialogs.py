"""Dialogs of the wizard."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static, TextArea

from tui.core.plans import Plan, PlanFact, Risk
from tui.core.records import IngressRule
from tui.launch import CONSENT_WORDS, MAX_USER_DATA_BYTES, SERVICES, words
from tui.launch.firewall import Service
from tui.widgets.dialog import Dialog
from tui.widgets.line import Line
from tui.widgets.paint import Spans, content, key_hint
from tui.widgets.styles import style_path

_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?", re.ASCII)


class UserDataDialog(Dialog[str]):
    """A script for the first boot; dismissed with its text, or None."""

    CSS_PATH: ClassVar = [style_path("widgets/dialogs.tcss"), style_path("screens/launch.tcss")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "take", "Take it", tooltip="Take the script", priority=True),
        # The text area would take escape to move the focus on.
        Binding("escape", "leave", "Close", tooltip="Close without a change", priority=True),
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self._warned_of: str | None = None  # the text that the next escape drops

    def inner(self) -> ComposeResult:
        """Title, text, size."""
        yield Line((("bold bright", "User data"), ("muted", "  runs as root at the first boot")))
        about = "Starts with #! or #cloud-config. Anyone on the machine can read it: no secrets."
        yield Static(content(("muted", about)), classes="prose")
        yield TextArea(self._text, id="user-data", tab_behavior="indent")
        yield Line(id="user-data-foot", classes="foot")

    def on_mount(self) -> None:
        """Type at once."""
        area = self.query_one(TextArea)
        self._text = area.text  # with one kind of line end
        area.focus()
        self.on_text_area_changed()

    def on_text_area_changed(self) -> None:
        """Say the ways on, and how much room is left."""
        text = self.query_one(TextArea).text
        size = len(text.encode("utf-8", "surrogatepass"))
        role = "danger" if size > MAX_USER_DATA_BYTES else "muted"
        warned = text == self._warned_of
        changes: Spans = (("warn", "▲ "), ("text", "there are changes:   ")) if warned else ()
        ways = (*key_hint("^s", "take it"), ("text", "   "))
        out = key_hint("esc", "drop them" if warned else "close")
        left = ((role, f"{size:,} of {MAX_USER_DATA_BYTES:,} bytes"),)
        self.query_one("#user-data-foot", Line).show((*changes, *ways, *out), left, ())

    def action_leave(self) -> None:
        """Close; changes are dropped only by a second escape."""
        text = self.query_one(TextArea).text
        if text in (self._text, self._warned_of):
            self.dismiss(None)
        else:
            self._warned_of = text
            self.on_text_area_changed()

    def action_take(self) -> None:
        """Close with the text."""
        self.dismiss(self.query_one(TextArea).text)


def consent_plan(rules: Sequence[IngressRule]) -> Plan:
    """What it means to open a login port to the world; wants the words typed."""
    return Plan(
        title="Open a login port to the world",
        verb="Open it",
        intro="Robots find an open login port within minutes and try passwords and keys for ever.",
        risk=Risk.DESTROYS,
        facts=tuple(PlanFact("rule", words(rule), "danger") for rule in rules),
        warning="Anyone on the internet may try to log in.",
        typed=CONSENT_WORDS,
        keep="go back to the rules",
    )


def no_key_plan() -> Plan:
    """What it means to launch without a key pair."""
    return Plan(
        title="Launch without a key pair",
        verb="Launch without one",
        intro="A key pair can't be added later: there will be no way in by SSH or by the console.",
        risk=Risk.CAREFUL,
        keep="choose a key pair",
    )


def service_choices() -> list[tuple[str, str, str]]:
    """The well-known services, and a way to say another."""
    known = [(each.name, each.name, _ports(each)) for each in SERVICES]
    return [*known, ("", "another port…", "tcp 8000-8010, udp 53")]


def typed_rule(text: str, source: str) -> IngressRule | None:
    """Read `8000`, `tcp 8000-8010` or `udp 53` as a rule; None if it is none."""
    parts = text.lower().split()
    protocol = parts.pop(0) if parts and parts[0] in ("tcp", "udp") else "tcp"
    if len(parts) != 1:
        return None
    ports = _PORTS.fullmatch(parts[0])
    if ports is None:
        return None
    low, high = int(ports[1]), int(ports[2] or ports[1])
    return IngressRule(protocol, low, high, source) if low <= high <= 65535 else None


def _ports(service: Service) -> str:
    if service.protocol not in ("tcp", "udp"):
        return ""
    last = "" if service.to_port == service.from_port else f"-{service.to_port}"
    return f"{service.protocol} {service.from_port}{last}"
