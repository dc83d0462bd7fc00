"""The lines round every pane: who and where, the tabs, the newest job, the key hints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui import keymap
from tui.core import format as fmt
from tui.core.jobs import JobSnapshot, JobState
from tui.widgets.job_text import amount
from tui.widgets.paint import Span, Spans, bar, key_hint, pill

if TYPE_CHECKING:
    from decimal import Decimal

    from tui.core.records import Identity

TABS = (
    ("s3", "S3"),
    ("ec2", "EC2"),
    ("console", "Console"),
    ("cost", "Cost"),
    ("workflow", "Workflow"),
)
HINTS_AT_MOST = 6


@dataclass(frozen=True, slots=True)
class Status:
    """What the header tells."""

    identity: Identity | None = None
    waiting: str = ""
    running: int = 0
    per_hour: Decimal | None = None
    today: Decimal | None = None
    known: bool = False
    stale_since: datetime | None = None  # when AWS last answered, if it no longer does


def identity_line(status: Status, *, narrow: bool = False) -> Spans:
    """The header's left: name, badges, account, region, profile."""
    spans: list[Span] = [("bold bright", "◢◤ Skydeck"), ("text", "  ")]
    who = status.identity
    if who is None:
        return [*spans, ("warn" if status.waiting else "dim", status.waiting or "not connected")]
    if who.sandbox:
        spans += [pill("cool", "SANDBOX"), ("text", "  ")]
    if who.read_only:
        spans += [pill("warn", "READ-ONLY"), ("text", "  ")]
    parts = [("muted", who.account)] if not narrow or not who.sandbox else []
    parts.append(("text", who.region))
    if who.profile:
        parts.append(("muted", who.profile))
    for number, part in enumerate(parts):
        spans += [("dim", " · ")] if number else []
        spans.append(part)
    return spans


def burn_line(status: Status, *, narrow: bool = False) -> Spans:
    """The header's right: what runs, what it costs, the time."""
    now: list[Span] = [("dim", "   " + fmt.clock(datetime.now(UTC)))]
    if not status.known:
        return now
    if status.stale_since is not None:
        now = [("warn", "   ▲ "), ("muted", f"as of {fmt.clock(status.stale_since)}"), *now]
    if not status.running and status.per_hour is not None and not status.per_hour:
        return (("dim", "nothing is running"), *now)
    spans: list[Span] = [("run" if status.running else "dim", "● ")]
    spans.append(("text", f"{status.running}" if narrow else f"{status.running} running"))
    if status.per_hour is None:
        spans += [("text", "  " if narrow else "   "), ("warm", "$ unknown")]
    else:
        spans += [("text", "  " if narrow else "   "), ("bold warm", fmt.usd(status.per_hour, 3))]
    spans.append(("muted", "/h"))
    if not narrow and status.today is None and status.per_hour is not None:
        spans += [("warm", "   $ unknown"), ("muted", " today")]
    if not narrow and status.today is not None:
        spans += [("warm", f"   {fmt.usd(status.today)}"), ("muted", " today")]
    return [*spans, *now]


def tabs_line(active: str) -> Spans:
    """The five panes; the open one has the pane's shade."""
    spans: list[Span] = []
    for name, title in TABS:
        key, _ = hint(f"app.{name}")
        if name == active:
            spans += [("cool on:base", f"  {key} "), ("bold bright on:base", f"{title}  ")]
        else:
            spans += [("dim", f"  {key} "), ("muted", f"{title}  ")]
    return spans


def jobs_line(jobs: Sequence[JobSnapshot], *, narrow: bool = False) -> Spans:
    """The tabs' right: how many jobs run, and how far they are together."""
    running = [job for job in jobs if job.running]
    if not running:
        return _jobs_at_rest(jobs)
    word = f"{len(running)} job{'s' if len(running) > 1 else ''}"
    known = [job.fraction for job in running if job.fraction is not None]
    if not known:
        return (("muted", f"{word} "), ("warn", "◐"))
    share = sum(known) / len(known)
    percent: Span = ("text", f"  {int(share * 100)}%")
    return (("muted", f"{word}  "), *bar(share, 6 if narrow else 10), percent)


def _jobs_at_rest(jobs: Sequence[JobSnapshot]) -> Spans:
    look = key_hint(*hint("app.jobs", "jobs"))
    if any(job.state is JobState.FAILED for job in jobs[:1]):
        return (("danger", "✗ "), ("muted", "a job failed  "), *look)
    if paused := sum(job.state is JobState.PAUSED and job.resumable for job in jobs):
        return (("warn", "‖ "), ("muted", f"{paused} paused  "), *look)
    return ()


def strip_line(job: JobSnapshot, width: int) -> tuple[Spans, Spans]:
    """The newest running job, under the pane."""
    roomy = width >= 100
    left: list[Span] = [("cool", "▸ "), ("text", job.verb), ("muted", f" {job.subject}   ")]
    if job.fraction is not None:
        left += [*bar(job.fraction, 18 if roomy else 10)]
        left.append(("text", f"   {int(job.fraction * 100)}%"))
    elif job.note:
        left.append(("muted", job.note))
    right: list[Span] = [("danger", f"{fmt.few(job.failed)} failed   ")] if job.failed else []
    if job.ending:
        return left, [*right, ("warn", job.ending)]
    if roomy:
        right.append(("text", amount(job)))
    if job.unit == "bytes" and job.rate_per_second:
        limited = job.bytes_per_second is not None
        right.append(("warn" if limited else "text", f"   {fmt.rate(job.rate_per_second)}"))
    elif job.fraction is not None and job.note:
        right.append(("muted", f"   {job.note}"))
    if job.eta_seconds is not None:
        right += [("muted", "   eta "), ("text", fmt.duration(job.eta_seconds))]
    if job.busy and roomy:
        right.append(("warn", "   busy"))
    return left, right


def hints_line(hints: Sequence[tuple[str, str]]) -> Spans:
    """The footer's left: six hints at most."""
    spans: list[Span] = []
    for key, verb in hints[:HINTS_AT_MOST]:
        spans += [("text", "   ")] if spans else []
        spans += key_hint(key, verb if verb[:2].isupper() else verb[:1].lower() + verb[1:])
    return spans


def hint(action_id: str, verb: str = "") -> tuple[str, str]:
    """An action's key as it is shown, the user's own if there is one, and its verb or another."""
    key = keymap.action(action_id)
    return keymap.shown(key.key), verb or key.verb


def hint_of_two(first_id: str, second_id: str, verb: str) -> tuple[str, str]:
    """A pair of keys that belong together: the arrows of a table, ..."""
    return hint(first_id)[0] + hint(second_id)[0], verb


def rows_hint(verb: str) -> tuple[str, str]:
    """The keys that go up and down in a table."""
    return hint_of_two("table.up", "table.down", verb)


def room_hints(room: str, verbs: Mapping[str, str] | None = None) -> list[tuple[str, str]]:
    """A room's hinted keys, as the footer shows them; `verbs` has other ones, by id."""
    other = verbs or {}
    return [hint(key.id, other.get(key.id, "")) for key in keymap.room(room) if key.hint]


def foot_right() -> tuple[Spans, Spans]:
    """The footer's right end, and a shorter one for narrow screens."""
    help_spans = key_hint(*hint("app.help", "help"))
    return (*help_spans, ("text", "   "), *key_hint(*hint("app.palette", "palette"))), help_spans
