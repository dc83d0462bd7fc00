"""A job in words and numbers, for the drawer, the strip and the tabs' right end."""

from __future__ import annotations

from collections.abc import Sequence

from tui.core import format as fmt
from tui.core.jobs import JobSnapshot, JobState
from tui.widgets.paint import Span, Spans, bar

STATES = {
    JobState.RUNNING: ("cool", "▸"),
    JobState.PAUSED: ("warn", "‖"),
    JobState.FAILED: ("danger", "✗"),
    JobState.CANCELLED: ("muted", "○"),
    JobState.DONE: ("run", "✓"),
}
BAR = 9


def amount(job: JobSnapshot) -> str:
    """Done of total, in the job's unit."""
    if job.unit != "bytes":
        return f"{fmt.count(job.done)} of {fmt.count(job.total)}" if job.total else ""
    if job.total and not job.state.ended:
        return f"{fmt.size(job.done)} of {fmt.size(job.total)}"
    return fmt.size(job.done) if job.done else ""


def items(job: JobSnapshot) -> str:
    """Items done of all, in 14 characters at most."""
    if not job.items_total:
        return fmt.few(job.items_done) if job.items_done else ""
    return f"{fmt.few(job.items_done)} of {fmt.few(job.items_total)}"


def limits(job: JobSnapshot) -> str:
    """What the job may use, and what the server has brought it to; "" for no limit."""
    told = []
    if job.bytes_per_second is not None:
        told.append(f"at most {fmt.rate(job.bytes_per_second)}")
    if job.at_once is not None:
        told.append(f"{job.at_once} at once")
    if job.busy:
        told.append(job.busy)
    return ", ".join(told)


def job_cells(job: JobSnapshot) -> Sequence[Spans]:
    """One job as a row."""
    role, glyph = STATES[job.state]
    share = job.fraction
    done = fmt.ABSENT if share is None else f"{int(share * 100)}%"
    failed: Span = ("danger", fmt.few(job.failed)) if job.failed else ("dim", fmt.ABSENT)
    name, subject = ("text", "muted") if job.state.ended else ("bold text", "text")
    return (
        ((role, glyph),),
        ((name, job.verb), (subject, f" {job.subject}")),
        ((role, job.state.value),) if job.state.ended else bar(share or 0.0, BAR, role),
        (("text", done),),
        (("text", items(job) or fmt.ABSENT),),
        (failed,),
        (("text", amount(job) or fmt.ABSENT),),
        (_rate(job),),
        (_time(job),),
    )


def _rate(job: JobSnapshot) -> Span:
    if job.state is JobState.PAUSED:
        return "warn", "paused"
    if job.ending:
        return "warn", job.ending
    if job.unit == "bytes" and job.rate_per_second:
        limited = job.state is JobState.RUNNING and job.bytes_per_second is not None
        return "warn" if limited else "text", fmt.rate(job.rate_per_second)
    return "dim", fmt.ABSENT


def _time(job: JobSnapshot) -> Span:
    if job.eta_seconds is not None:
        return "muted", f"eta {fmt.duration(job.eta_seconds, dense=True)}"
    if not job.seconds:  # nothing of it was done by this run of the app
        return "dim", fmt.ABSENT
    return "muted", fmt.took(job.seconds)


def job_facts(job: JobSnapshot) -> Spans:
    """All the numbers of one job in a line, what a narrow table leaves out too."""
    parts: list[Span] = []
    if job.items_total and job.items_total > 1:
        files = f"{fmt.count(job.items_done)} of {fmt.count(job.items_total)}"
        parts.append(("text", f"{files} items"))
    if told := amount(job):
        parts.append(("text", told if job.unit == "bytes" else f"{told} steps"))
    if job.failed:
        parts.append(("danger", f"{fmt.count(job.failed)} failed"))
    if job.running and job.unit == "bytes" and job.rate_per_second:
        parts.append(("text", fmt.rate(job.rate_per_second)))
    if job.state.ended:
        if job.seconds:
            parts.append(("muted", f"took {fmt.took(job.seconds)}"))
        if job.unit == "bytes" and job.rate_per_second:
            parts.append(("muted", fmt.rate(job.rate_per_second)))
    elif told := limits(job):
        parts.append(("warn", told))
    spans: list[Span] = []
    for number, part in enumerate(parts):
        spans += [("dim", " · ")] if number else []
        spans.append(part)
    return spans
