"""The rows of the cost pane, made of the price book's answers. No widget, no waiting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tui.core import format as fmt
from tui.core.records import Instance, InstanceType
from tui.cost import (
    INTERRUPTION_WORDS,
    CostLine,
    InstanceCost,
    Price,
    PriceBook,
    RunningCost,
    StorageLine,
    TierShare,
    WhatIf,
    colder_classes,
    s3_month,
)
from tui.screens.cost.totals import Held, Totals
from tui.widgets.line import Pair, fact, pair
from tui.widgets.paint import GLYPHS, Span, Spans

UNKNOWN: Span = ("warn", "unknown")
CENT = Decimal("0.01")
GB_BYTES, TB_GB = 2**30, 1024
WAITS = {"GLACIER": "wait 5 h", "DEEP_ARCHIVE": "wait 12 h"}  # standard retrievals
Rows = list[Spans | Pair]


@dataclass(frozen=True, slots=True)
class CostRow:
    """A row of the table of what runs: an instance, or one of its lines."""

    key: str
    instance: Instance
    label: tuple[Span, ...]
    how: tuple[Span, ...]
    per_hour: Span
    per_month: Span

    @property
    def cells(self) -> tuple[Spans, ...]:
        """In the order of the columns."""
        return self.label, self.how, (self.per_hour,), (self.per_month,)


def money(amount: Decimal | None, places: int = 2, role: str = "text") -> Span:
    """Dollars without their sign; what is less than a cent says so instead of 0.00."""
    if amount is None:
        return UNKNOWN
    if places == 2 and 0 < amount < CENT:
        return (role, "<0.01")
    return (role, fmt.amount(amount, places))


def dollars(amount: Decimal | None, role: str = "text", places: int = 2) -> Span:
    """A total, with its sign."""
    if amount is None:
        return UNKNOWN
    if places == 2 and 0 < amount < CENT:
        return (role, "<$0.01")
    return (role, fmt.usd(amount, places))


def total(known: Decimal, role: str, places: int = 2, *, whole: bool) -> Spans:
    """A sum of the known parts; where it is not the whole, that it is the least."""
    if whole:
        return (dollars(known, role, places),)
    return (("muted", "at least "), dollars(known, role, places)) if known else (UNKNOWN,)


# -- what runs --------------------------------------------------------------------------------


def running_rows(cost: RunningCost, now: datetime) -> list[CostRow]:
    """Every instance that costs anything, the dearest first, each with its lines."""
    items = [item for item in cost.items if item.now.lines]
    items.sort(key=lambda item: (-item.now.known_per_hour, item.instance.label))
    return [row for item in items for row in _instance_rows(item, now)]


def _instance_rows(item: InstanceCost, now: datetime) -> list[CostRow]:
    one = item.instance
    glyph = GLYPHS.get(one.state, ("muted", "·"))
    state = f"{one.state} {fmt.age(one.launched_at, now)}" if one.state == "running" else one.state
    head = CostRow(
        one.id,
        one,
        (glyph, ("bold text", f" {one.label}")),
        (("muted", state),),
        money(item.now.per_hour, 4, "bold warm"),
        money(item.now.per_month, 2, "bold warm"),
    )
    lines = [
        CostRow(
            f"{one.id}/{number}",
            one,
            (("text", f"  {line.note or line.label}"),),
            (("muted", _market(line, one)),),
            money(line.per_hour, 4),
            money(line.per_month),
        )
        for number, line in enumerate(item.now.lines)
    ]
    return [head, *lines]


def _market(line: CostLine, one: Instance) -> str:
    if line.label == "instance":
        return "◆ spot, estimated" if one.spot else "on-demand"
    return "" if line.label == "public IPv4" else line.label


def running_sums(cost: RunningCost) -> Rows:
    """The sums under the table, and what is missing in them."""
    now, today = cost.now, cost.spent_today
    whole = not now.unknown
    rows: Rows = [
        pair((("bold text", "per hour"),), total(now.known_per_hour, "bold warm", 4, whole=whole)),
        pair(
            (("text", "per month "), ("muted", "if all stays as it is")),
            total(now.known_per_month, "warm", whole=whole),
        ),
        pair(
            (("text", "today "), ("muted", "since midnight UTC")),
            total(today.known, "warm", whole=today.whole),
        ),
    ]
    rows += [
        (("warn", "▲ "), ("text", "no price known for "), ("bright", name)) for name in cost.unknown
    ]
    return rows


# -- S3 -----------------------------------------------------------------------------------------

LABEL, PRICE, HAVE, MONTH = 18, 9, 12, 10


def storage_rows(book: PriceBook, totals: Totals, region: str) -> Rows:
    """Tiers, the other classes, the sum, and the same in colder classes, for one region."""
    held = totals.held.get(region, {})
    month = s3_month(book, region, held)
    rows: Rows = [_row("", "$/GB-mo", "you have", "$/month", role="dim")]
    for line in month.lines:
        rows += _tiers(line) if len(line.shares) > 1 else [_class_row(line)]
    known = month.known_per_month
    rows += [
        (),
        pair((("bold text", "month"),), total(known, "bold warm", whole=not month.unknown)),
    ]
    rows += _elsewhere(book, region, held, known)
    rows += [
        (("warn", "▲ "), ("bright", name), ("text", f": {why}")) for name, why in totals.failed
    ]
    others = [name for name in totals.held if name != region]
    for name in sorted(others):
        there = s3_month(book, name, totals.held[name])
        rows.append(pair((("muted", f"in {name}"),), (dollars(there.per_month, "warm"),)))
    return rows


def _tiers(line: StorageLine) -> Rows:
    rows: Rows = []
    begin = Decimal(0)
    for share in line.shares:
        rows.append(_tier_row(line, share, begin))
        begin = share.tier.upto or begin
    return rows


def _tier_row(line: StorageLine, share: TierShare, begin: Decimal) -> Pair:
    if share.tier.upto is None:
        name = "beyond"
    else:
        size = (share.tier.upto - begin) / TB_GB
        name = f"{'first' if not begin else 'next'} {size.normalize():f} TB"
    label = name if line.storage_class == "STANDARD" else f"{line.label} {name}"
    used = share.quantity > 0
    return _row(
        label,
        fmt.amount(share.tier.unit_price, 4),
        fmt.size(float(share.quantity * GB_BYTES)) if used else fmt.ABSENT,
        money(share.cost)[1] if used else fmt.ABSENT,
        role="text" if used else "dim",
    )


def _class_row(line: StorageLine) -> Pair:
    price = fmt.amount(line.price.amount, 4) if line.price else fmt.ABSENT
    return _row(line.label, price, fmt.size(line.size_bytes), money(line.per_month)[1])


def _elsewhere(book: PriceBook, region: str, held: Held, now: Decimal) -> Rows:
    objects, size = held.get("STANDARD", (0, 0))
    lines = colder_classes(book, region, objects, size) if size else ()
    if not lines:
        return []
    rows: Rows = [(), (("muted", f"the same {fmt.size(size)} elsewhere"),)]
    for line in lines:
        price = fmt.amount(line.price.amount, 4) if line.price else fmt.ABSENT
        cheaper = line.per_month is not None and line.per_month < now
        rows.append(
            _row(line.label, price, _reading(book, region, line), money(line.per_month)[1],
                 last="run" if cheaper else "text", third="muted")
        )  # fmt: skip
    return [*rows, (("dim", "colder is cheaper to keep, dearer to read"),)]


def _reading(book: PriceBook, region: str, line: StorageLine) -> str:
    if line.storage_class in WAITS:
        return WAITS[line.storage_class]
    price = book.s3_retrieval_gb(region, line.storage_class)
    return f"read {fmt.amount(price.amount, 3)}" if price else ""


def _row(  # noqa: PLR0917
    label: str,
    price: str,
    have: str,
    month: str,
    role: str = "text",
    last: str = "",
    third: str = "",
) -> Pair:
    right: Spans = (
        ("muted" if role == "text" else role, f"{price:>{PRICE}}"),
        (third or role, f"{have:>{HAVE}}"),
        ("warn" if month == UNKNOWN[1] else last or role, f"{month:>{MONTH}}"),
    )
    return pair(((role, label),), right)


# -- what if ------------------------------------------------------------------------------------


def what_if_rows(made: WhatIf, *, spot: bool) -> Rows:
    """The scenario's lines and sums; `spot` says which market counts."""
    rows: Rows = [pair((("dim", "line"),), (("dim", f"{'how much':>14}{'$/month':>11}"),))]
    for line in made.lines:
        amount = line.on_spot if spot else line.per_month
        role, text = money(amount)
        rows.append(
            pair(
                (("text", line.label),), (("muted", f"{line.how_much:>14}"), (role, f"{text:>11}"))
            )
        )
    on_demand, on_spot = made.per_month, made.spot_per_month
    rows += [
        (),
        pair((("bold text", "month"),), (dollars(on_spot if spot else on_demand, "bold warm"),)),
    ]
    if spot:
        rows.append(pair((("text", "on demand"),), (dollars(on_demand, "warm"),)))
    else:
        rows.append(pair((("spot", "◆ "), ("text", "with spot")), (dollars(on_spot, "spot"),)))
    left = made.left_running.per_month
    rows.append(pair((("text", "if left running"),), (dollars(left, "danger"),)))
    return rows


def type_facts(book: PriceBook, region: str, kind: InstanceType) -> Rows:
    """What the type is, and how often its spot instances are taken away."""
    parts = [f"{kind.vcpus} vCPU", f"{kind.memory_gib.normalize():f} GiB", *kind.architectures]
    if kind.gpus:
        parts.append(f"{kind.gpus} GPU")
    rows: Rows = [fact("machine", ("text", " · ".join(parts)))]
    bucket = book.interruption(region, kind.name)
    if bucket is not None:
        role = ("run", "run", "warn", "warn", "danger")[bucket]
        rows.append(
            fact(
                "spot taken",
                (role, "■" * (bucket + 1)),
                ("dim", "·" * (4 - bucket)),
                ("text", f" {INTERRUPTION_WORDS[bucket]}"),
                ("muted", " of machines a month"),
            )
        )
    return rows


def source_rows(prices: list[tuple[str, Price | None]]) -> Rows:
    """Where each price is from and of which day: label, price, day; the source below."""
    rows: Rows = []
    for label, price in prices:
        if price is None:
            rows.append(fact(label, UNKNOWN))
            continue
        shown = f"{price.amount.normalize():f}"
        rows.append(fact(label, ("text", f"{shown:<9}"), ("muted", f"{price.as_of:%d %b %Y}")))
        rows.append(fact("", ("muted", price.source)))
    return rows
