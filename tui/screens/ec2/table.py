"""The table of instances: one row an instance, with what it costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.records import Instance
from tui.widgets.paint import GLYPHS, Span, Spans
from tui.widgets.record_table import Column

if TYPE_CHECKING:
    from tui.cost import InstanceCost

COLUMNS = (
    Column("", 1),
    Column("name"),
    Column("state", 10),
    Column("type", 12),
    Column("market", 9, "l", 92),
    Column("az", 2),
    Column("address", 15, "l", 104),
    Column("up", 6, "r"),
    Column("$/h", 7, "r"),
    Column("so far $", 8, "r"),
)
RUNNING, STOPPED, GONE = "running", "stopped", "terminated"
# StateReason of what AWS took back: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StateReason.html
_RECLAIMED = "Server.SpotInstanceTermination"
COUNTED = (RUNNING, "changing", STOPPED, GONE)
GOING = (GONE, "shutting-down")


def state_words(instance: Instance) -> str:
    """The state in ten columns: spot that AWS took back is `reclaimed`."""
    if instance.state == GONE and _RECLAIMED in instance.state_reason:
        return "reclaimed"
    return instance.state.replace("shutting-down", "ending")


def in_order(instances: Iterable[Instance]) -> list[Instance]:
    """What is there first, the newest on top; what is gone last."""
    return sorted(instances, key=lambda one: one.state == GONE)


def cells(costs: Callable[[], Mapping[str, InstanceCost]]) -> Callable[[Instance], Sequence[Spans]]:
    """Return the function that turns an instance into its cells; `costs` by instance id."""

    def row(instance: Instance) -> Sequence[Spans]:
        role, glyph = GLYPHS.get(instance.state, ("muted", "○"))
        quiet = "dim" if instance.state == GONE else "muted"
        name = quiet if instance.state in (STOPPED, GONE) else "text"
        state = role if role in ("run", "warn") else quiet
        cost = costs().get(instance.id)
        return (
            ((role, glyph),),
            ((name, instance.label),),
            ((state, state_words(instance)),),
            ((name, instance.type),),
            (market(instance, quiet),),
            ((quiet, instance.zone.rpartition("-")[2] or fmt.ABSENT),),
            ((name, instance.public_ip),) if instance.public_ip else (("dim", fmt.ABSENT),),
            up(instance, quiet),
            per_hour(instance, cost, name),
            so_far(instance, cost, quiet),
        )

    return row


def market(instance: Instance, quiet: str) -> Span:
    """`on-demand`, or spot with its mark."""
    if not instance.spot:
        return (quiet, "on-demand")
    return ("dim" if instance.state == GONE else "spot", "◆ spot")


def up(instance: Instance, quiet: str) -> Spans:
    """How long it has been up; what does not run is not up."""
    if instance.state in (STOPPED, GONE):
        return (("dim", fmt.ABSENT),)
    return ((quiet, fmt.age(instance.launched_at, datetime.now(UTC), dense=False)),)


def per_hour(instance: Instance, cost: InstanceCost | None, role: str) -> Spans:
    """USD an hour now; what is stopped pays for its disk alone."""
    if instance.state == GONE or cost is None:
        return (("dim", fmt.ABSENT),)
    if instance.state == STOPPED:
        return (("muted", "disk"),)
    if cost.per_hour is None:
        return (("warn", "unknown"),)
    return ((role, fmt.amount(cost.per_hour, 4)),)


def so_far(instance: Instance, cost: InstanceCost | None, quiet: str) -> Spans:
    """USD since its last launch."""
    if cost is None:
        return (("dim", fmt.ABSENT),)
    if cost.so_far is None:
        return (("warn", "unknown"),)
    role = "warm" if instance.state == RUNNING else quiet
    return ((role, fmt.amount(cost.so_far, 2)),)


def counts(shown: int, instances: Sequence[Instance]) -> Spans:
    """The heading's right: how many run, change, are stopped and gone, and how many are shown."""
    glyphs = {RUNNING: ("run", "●"), "changing": ("warn", "◐"), STOPPED: ("muted", "○")}
    glyphs[GONE] = ("dim", "✕")
    numbers = dict.fromkeys(COUNTED, 0)
    for one in instances:
        numbers[one.state if one.state in numbers else "changing"] += 1
    spans: list[Span] = []
    for kind, number in numbers.items():
        if number:
            role, glyph = glyphs[kind]
            spans += [(role, f"{glyph} "), ("text", f"{number}   ")]
    return [*spans, ("muted", f"{fmt.count(shown)} of {fmt.count(len(instances))}")]


def matches(text: str) -> Callable[[Instance], bool] | None:
    """A test for the filter field: every word is in the name, id, state, type, zone or a tag."""
    words = text.lower().split()
    if not words:
        return None

    def test(instance: Instance) -> bool:
        tags = (f"{tag.key}={tag.value}" for tag in instance.tags)
        parts = (
            *(instance.name, instance.id, state_words(instance), instance.type, instance.zone),
            *(instance.public_ip, instance.key_name, "spot" if instance.spot else "on-demand"),
        )
        text = " ".join((*parts, *tags)).lower()
        return all(word in text for word in words)

    return test
