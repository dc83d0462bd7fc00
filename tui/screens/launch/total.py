"""The wizard's right column: what the launch costs, an hour and a month."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from tui.core import format as fmt
from tui.core.jobs import JobSnapshot
from tui.screens.launch.preflight import FAILED, WARNS, Check
from tui.screens.launch.state import Wizard
from tui.widgets.line import Pair, pair
from tui.widgets.paint import Span, Spans, bar

WIDTH = 27
HOURS_PER_MONTH = 730


def total_lines(wizard: Wizard, title: str = "Running total") -> list[Spans | Pair]:
    """Each part, the sums, the other market, what burns after the launch."""
    estimate = wizard.estimate()
    lines: list[Spans | Pair] = [
        (("bold text", title),),
        (("dim", f"dollars an hour, {wizard.draft.region}"),),
        (),
    ]
    for line in estimate.lines:
        lines.append(pair((("muted", line.label),), (_amount(line.per_hour),)))
        if line.note:
            lines.append((("dim", f"  {line.note}"),))
    lines.append((("line", "─" * WIDTH),))
    lines.append(pair((("bold text", "per hour"),), (money(estimate.per_hour, "bold warm", 4),)))
    months = (("muted", "per month "), ("dim", f"{HOURS_PER_MONTH} h"))
    lines.append(pair(months, (money(estimate.per_month, "warm"),)))
    lines += [*_other_market(wizard), (), (("line", "─" * WIDTH),), *_burning(wizard)]
    return lines


def short_total(wizard: Wizard) -> Spans:
    """The sums in a line."""
    estimate = wizard.estimate()
    return (
        ("muted", "per hour "),
        money(estimate.per_hour, "bold warm", 4),
        ("text", "  "),
        money(estimate.per_month, "warm"),
        ("muted", "/month"),
    )


def money(amount: Decimal | None, role: str, places: int = 2) -> Span:
    """Dollars, or a word where a part has no known price."""
    return ("warn", "unknown") if amount is None else (role, fmt.usd(amount, places))


def _amount(amount: Decimal | None) -> Span:
    return ("warn", "unknown") if amount is None else ("text", fmt.amount(amount, 4))


def _other_market(wizard: Wizard) -> Sequence[Spans | Pair]:
    row = wizard.row
    if row is None or row.spot is None:
        return ()
    draft = wizard.draft
    other = wizard.estimate(spot=not draft.spot).per_hour
    words = f"  {row.savings_pct}% less for the machine" if row.savings_pct is not None else ""
    if draft.spot:
        name: Spans = (("muted", "as on-demand"),)
        return ((), pair(name, (money(other, "text", 4),)), (("dim", "  never taken away"),))
    name = (("spot", "◆ "), ("muted", "as spot"))
    lines: list[Spans | Pair] = [(), pair(name, (money(other, "spot", 4),))]
    return [*lines, (("dim", words),), (("dim", "  an estimate; can be taken"),)]


def _burning(wizard: Wizard) -> Sequence[Spans | Pair]:
    now = wizard.services.fleet.state.per_hour
    mine = wizard.estimate().per_hour
    after = now + mine if now is not None and mine is not None else None
    return (
        pair((("muted", "burning now"),), (money(now, "text", 3), ("muted", "/h"))),
        pair((("muted", "after launch"),), (money(after, "bold warm", 3), ("muted", "/h"))),
    )


def launch_bar(
    subject: str, checks: Sequence[Check], *, launching: JobSnapshot | None
) -> tuple[Spans, Spans]:
    """The one thing here that spends, and a word: how far it is, or why it can't be done now."""
    name = f"  L   Launch {subject}"
    name = name[: WIDTH - 1] + "…" if len(name) > WIDTH else name.ljust(WIDTH)
    if launching is not None:
        share = bar(launching.fraction or 0.0, WIDTH, "warm")
        return share, (("warn", "◐ "), ("muted", launching.note))
    verdicts = [check.verdict for check in checks]
    blockers, warnings = verdicts.count(FAILED), verdicts.count(WARNS)
    if blockers:
        word = "one blocker" if blockers == 1 else f"{blockers} blockers"
        return (("dim on:line", name),), (("danger", "✗ "), ("muted", word))
    words = {0: "nothing to warn of", 1: "one warning, no blocker"}
    told = words.get(warnings, f"{warnings} warnings, no blocker")
    return (("bold ink on:warm", name),), (("muted", told),)
