"""What is known of one instance, as lines: facts, the way in, the money."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.records import Instance, InstanceType, Volume
from tui.launch import type_words, words
from tui.screens.ec2.table import GONE, STOPPED, state_words
from tui.widgets.line import Pair, fact, pair
from tui.widgets.paint import GLYPHS, Span, Spans

if TYPE_CHECKING:
    from tui.cost import CostLine, InstanceCost, Spent
    from tui.screens.ec2.around import Surroundings

NONE: Span = ("dim", fmt.ABSENT)
SHOWN_AT_MOST = 4


def fact_lines(instance: Instance, kind: InstanceType | None, around: Surroundings) -> list[Spans]:
    """State, type, image, zone, disks, role."""
    image = around.images.get(instance.image_id)
    lines: list[Spans] = [fact("state", *_state(instance)), fact("type", ("text", instance.type))]
    if kind is not None:
        lines.append(fact("", ("dim", f"{type_words(kind)} · {instance.architecture}")))
    lines.append(fact("image", ("text", image.family if image else instance.image_id)))
    lines.append(fact("zone", ("text", instance.zone) if instance.zone else NONE))
    lines += _labelled("disk", (_disk(volume) for volume in instance.volumes))
    lines.append(fact("role", ("text", instance.role) if instance.role else NONE))
    if instance.state_reason and instance.state in (GONE, STOPPED):
        # "Client.UserInitiatedShutdown: User initiated shutdown": the words are enough.
        code, _, words_of = instance.state_reason.partition(": ")
        lines.append(fact("why", ("muted", words_of or code)))
    return lines


def way_in_lines(instance: Instance, around: Surroundings) -> list[Spans]:
    """Address, user, key pair, who is let in."""
    image = around.images.get(instance.image_id)
    address: Span = ("text", instance.public_ip) if instance.public_ip else NONE
    user: Span = ("text", image.login_user) if image else NONE
    return [
        fact("address", address),
        fact("inside", ("muted", instance.private_ip) if instance.private_ip else NONE),
        fact("log in as", user),
        fact("key pair", *_key(instance, around)),
        *_labelled("open to", _open_to(instance, around)),
    ]


def narrow_lines(instance: Instance, around: Surroundings) -> list[Spans]:
    """What matters most, for small screens."""
    lines = way_in_lines(instance, around)
    return [fact("state", *_state(instance)), lines[0], *lines[2:]]


def tag_line(instance: Instance) -> Spans:
    """All tags but the name, as chips."""
    chips: list[Span] = []
    for tag in instance.tags:
        if tag.key != "Name":
            chips += [("text on:raised", f" {tag.key}={tag.value} "), ("text", " ")]
    return fact("tags", *(chips or [NONE]))


def money_lines(instance: Instance, cost: InstanceCost | None) -> list[Spans | Pair]:
    """Each part an hour, their sum, what it came to so far, what a month would be."""
    if cost is None:
        return [(("muted", "not priced yet"),)]
    if instance.state == GONE:
        total = (_spent(cost.spent, "text"),)
        return [pair((("muted", "it cost"),), total), (("dim", "nothing is paid for it now"),)]
    lines: list[Spans | Pair] = [_price(line) for line in cost.now.lines]
    lines.append(pair((("bold text", "per hour"),), (_sum(cost.per_hour, 4),)))
    lines += [(), pair(_so_far(instance), (_spent(cost.spent, "bold warm"),))]
    lines.append(pair((("muted", "today"),), (_spent(cost.spent_today, "text"),)))
    lines.append(pair((("muted", "if left a month"),), (("text", fmt.usd(cost.now.per_month)),)))
    if instance.state == STOPPED:
        lines.append(pair((("muted", "if started"),), _hourly(cost.running.per_hour)))
    return lines


def _state(instance: Instance) -> list[Span]:
    role, glyph = GLYPHS.get(instance.state, ("muted", "○"))
    spans: list[Span] = [(role, f"{glyph} {state_words(instance)}")]
    if instance.state == "running":
        today = datetime.now(UTC) - instance.launched_at
        local = instance.launched_at.astimezone()
        when = fmt.clock(instance.launched_at) if today.days < 1 else local.strftime("%d %b %H:%M")
        spans += [("dim", " since "), ("text", when)]
    return spans


def _disk(volume: Volume) -> Spans:
    size = f"{fmt.count(volume.size_gib)} GiB {volume.kind}" if volume.size_gib else volume.id
    note = "" if volume.delete_on_termination else " stays after termination"
    lock = " encrypted" if volume.encrypted else ""
    return (("text", size), ("dim", lock), ("warn", note))


def _key(instance: Instance, around: Surroundings) -> Spans:
    if not instance.key_name:
        return (("warn", "none: no way in by SSH"),)
    here = around.keys_here.get(instance.key_name)
    if here is None:
        return (("text", instance.key_name),)
    note: Spans = (("run", " ✓"),) if here else (("warn", " not on this disk"),)
    return (("text", instance.key_name), *note)


def _open_to(instance: Instance, around: Surroundings) -> Iterable[Spans]:
    groups = [around.groups.get(group_id) for group_id in instance.security_group_ids]
    if not groups or any(group is None for group in groups):
        return [(("dim", ", ".join(instance.security_group_ids) or fmt.ABSENT),)]
    rules = [words(rule) for group in groups if group for rule in group.ingress]
    shown: list[Spans] = [(("text", rule),) for rule in rules[:SHOWN_AT_MOST]]
    if (more := len(rules) - len(shown)) > 0:
        shown.append((("muted", f"and {more} more"),))
    return shown or [(("warn", "nobody: nothing is let in"),)]


def _labelled(label: str, values: Iterable[Spans]) -> list[Spans]:
    lines = [fact(label if not number else "", *value) for number, value in enumerate(values)]
    return lines or [fact(label, NONE)]


def _price(line: CostLine) -> Pair:
    note = f" {line.note}" if line.note and line.label != "instance" else ""
    amount: Span = (
        ("warn", "unknown") if line.per_hour is None else ("text", fmt.amount(line.per_hour, 4))
    )
    return pair((("muted", line.label), ("dim", note)), (amount,))


def _so_far(instance: Instance) -> Sequence[Span]:
    if instance.state != "running":
        return (("muted", "so far"),)
    age = fmt.age(instance.launched_at, datetime.now(UTC), dense=False)
    return (("muted", "so far "), ("dim", age))


def _sum(amount: Decimal | None, places: int) -> Span:
    return ("warn", "unknown") if amount is None else ("bold warm", fmt.usd(amount, places))


def _spent(spent: Spent, role: str) -> Span:
    return (role if spent.whole else "warn", fmt.usd_known(spent.known, whole=spent.whole))


def _hourly(amount: Decimal | None) -> Spans:
    return (_sum(amount, 4), ("muted", "/h"))
