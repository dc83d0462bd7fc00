"""One open console: the instance, its terminal, its session, and how it stands."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from tui.core.errors import UserError
from tui.core.plans import Plan, PlanFact, Risk
from tui.core.records import Instance
from tui.screens.ec2.plans import typed_words
from tui.widgets.chrome import hint
from tui.widgets.paint import Span, Spans, key_hint

if TYPE_CHECKING:
    from tui.screens.fleet import FleetState
    from tui.ssh.host_keys import HostKey
    from tui.ssh.session import SshSession
    from tui.ssh.target import Target
    from tui.widgets.notice import Notice
    from tui.widgets.terminal import TerminalView


class TabState(Enum):
    """Where a console is in its life; the value is (role, glyph)."""

    CONNECTING = ("warn", "◐")
    OPEN = ("run", "●")
    LOST = ("danger", "✗")


@dataclass(eq=False)
class ConsoleTab:
    """A console; it stays when the connection is lost, so that its screen can be read."""

    instance: Instance
    view: TerminalView
    state: TabState = TabState.CONNECTING
    step: str = "looking up the instance"
    target: Target | None = None
    session: SshSession | None = field(default=None, repr=False)
    error: UserError | None = None
    files_path: str = "~"
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def where(self) -> str:
        """user@address, once known."""
        address = self.instance.public_ip or self.instance.private_ip
        return f"{self.target.user}@{address}" if self.target else address


def tab_bar(tabs: Sequence[ConsoleTab], current: ConsoleTab | None) -> Spans:
    """The open consoles, the current one on a shade."""
    spans: list[Span] = []
    for tab in tabs:
        role, glyph = tab.state.value
        if tab is current:
            spans += [
                (f"{role} on:line", f" {glyph} "),
                ("bold bright on:line", f"{tab.instance.label} "),
            ]
        else:
            spans += [(role, f" {glyph} "), ("muted", f"{tab.instance.label} ")]
        spans.append(("text", "  "))
    if tabs:
        spans += key_hint(*hint("console.new", "new"))
    return spans


def state_line(tab: ConsoleTab | None) -> Spans:
    """The bar's right end: who is logged in where, and how it stands."""
    if tab is None:
        return ()
    where: Span = ("dim", f"{tab.where}  ")
    if tab.state is TabState.CONNECTING:
        return (where, ("warn", "◐ "), ("muted", tab.step))
    if tab.state is TabState.LOST:
        return (where, ("danger", "✗ "), ("muted", "offline"))
    return (where, ("run", "● "), ("muted", "connected"))


def lost_lines(tab: ConsoleTab) -> list[Spans]:
    """What the banner over a lost or failed console says."""
    error = tab.error
    title = error.title if error else "Disconnected"
    rows: list[Spans] = [(("warn", "▲ "), ("bold text", title))]
    if error and error.message:
        rows.append((("text", error.message),))
    if error and error.hint:
        rows.append((("muted", error.hint),))
    reconnect = key_hint(*hint("console.reconnect", "reconnect   "))
    rows += [(), (*reconnect, *key_hint(*hint("console.close", "close tab")))]
    return rows


def tell_nothing_open(notice: Notice, fleet: FleetState) -> None:
    """Say that no console is open, and what one could log in to as far as that is known."""
    if fleet.running:
        count = f"log in to one of {len(fleet.running)} running"
        notice.empty("No console is open.", (hint("console.new", count),))
    elif fleet.error is not None:
        ways = (hint("app.ec2", "go to EC2"), hint("app.profile", "use another profile"))
        notice.failed(fleet.error, ways)
    elif fleet.asked_at is None:
        notice.waiting("No console is open.", "which instances run: asking…")
    else:
        launch, _ = hint("ec2.launch")
        way = hint("app.ec2", f"go to EC2 and launch one with {launch}")
        notice.empty("No instance runs, so there is nothing to log in to.", (way,))


def host_key_plan(key: HostKey, instance: Instance) -> Plan:
    """What is asked on the first login: is this the machine it says it is?

    Where the boot log speaks against it, the instance's name must be typed.
    """
    if key.matches is False:
        told = PlanFact("boot log", "shows another key", "danger")
        risk, warning = Risk.DESTROYS, "This may be another machine that took the address."
        typed = typed_words([instance])
    else:
        told = PlanFact("boot log", "does not tell the key yet", "warn")
        risk, warning, typed = Risk.CAREFUL, "", ""
    return Plan(
        title=f"First login to {instance.label}",
        verb="Trust this key",
        intro="Skydeck has not seen this machine's host key before. Once trusted, a different "
        "key at this machine is a hard stop.",
        risk=risk,
        facts=(
            PlanFact("instance", instance.id),
            PlanFact("address", key.address),
            PlanFact("key", key.kind),
            PlanFact("fingerprint", key.fingerprint, "bright"),
            told,
        ),
        warning=warning,
        typed=typed,
        keep="do not log in",
    )


def trusted_plan(key: HostKey, instance: Instance) -> Plan:
    """The same question where the instance's own boot log confirms the key."""
    return Plan(
        title=f"First login to {instance.label}",
        verb="Trust this key and log in",
        intro="The instance printed the same fingerprint in its console output when it booted: "
        "this is the machine that you launched.",
        facts=(
            PlanFact("instance", instance.id),
            PlanFact("address", key.address),
            PlanFact("key", key.kind),
            PlanFact("fingerprint", key.fingerprint, "bright"),
            PlanFact("boot log", "✓ the same fingerprint", "run"),
        ),
        keep="do not log in",
    )
