"""A job in words and numbers, for the drawer, the strip and the tabs' right end."""

from __future__ import annotations

from collections.abc import Sequence

from tui.core import format as fmt
from tui.core.jobs import JobSnapshot, JobState
from tui.widgets.paint import Spans, bar

STATES = {
    JobState.RUNNING: ("cool", "▸"),
    JobState.DONE: ("run", "✓"),
    JobState.FAILED: ("danger", "✗"),
    JobState.CANCELLED: ("muted", "○"),
}


def amount(job: JobSnapshot) -> str:
    """Done of total, in the job's unit."""
    if job.unit != "bytes":
        return f"{fmt.count(job.done)} of {fmt.count(job.total)}" if job.total else ""
    if job.total and not job.state.ended:
        return f"{fmt.size(job.done)} of {fmt.size(job.total)}"
    return fmt.size(job.done) if job.done else ""


def job_cells(job: JobSnapshot) -> Sequence[Spans]:
    """One job as a row."""
    role, glyph = STATES[job.state]
    share = job.fraction
    done = fmt.ABSENT if share is None else f"{int(share * 100)}%"
    rate = fmt.rate(job.rate_per_second) if job.unit == "bytes" and job.rate_per_second else ""
    time = fmt.duration(job.seconds)
    if not job.state.ended and job.eta_seconds is not None:
        time = f"eta {fmt.duration(job.eta_seconds, dense=True)}"
    name = "text" if job.state.ended else "bold text"
    return (
        ((role, glyph),),
        ((name, job.verb), ("text" if not job.state.ended else "muted", f" {job.subject}")),
        bar(share or 0.0, 20, role) if not job.state.ended else ((role, job.state.value),),
        (("text", done),),
        (("text", amount(job)),),
        (("text", rate),),
        (("muted", time),),
    )
