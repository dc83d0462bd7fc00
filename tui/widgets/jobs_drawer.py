"""The jobs drawer: what runs, rests and has ended, over a pane's lower edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.message import Message

from tui.core import format as fmt
from tui.core.jobs import JobManager, JobSnapshot, JobState
from tui.widgets import chrome
from tui.widgets.drawer import CancelWanted, Closed, ItemsWanted, LimitsWanted
from tui.widgets.job_text import BAR, STATES, job_cells, job_facts
from tui.widgets.keys import bindings
from tui.widgets.line import Line
from tui.widgets.paint import Span, Spans, key_hint
from tui.widgets.record_table import Column, RecordTable

COLUMNS = (
    Column("", 1), Column("job"), Column("", BAR, "l", 110), Column("done", 4, "r"),
    Column("items", 14, "r", 66), Column("failed", 6, "r"), Column("amount", 20, "r", 90),
    Column("rate", 11, "r", 74), Column("time", 8, "r"),
)  # fmt: skip
PARTS = 4  # head, table, note, facts
EMPTY = "no jobs yet: uploads, downloads and launches show here"


def _ways_on(job: JobSnapshot) -> Spans:
    """What one may do about a job that does not run."""
    keys: list[tuple[str, str]] = []
    if job.state is JobState.PAUSED and job.resumable:
        keys = [("jobs.pause", "go on"), ("jobs.cancel", "clean up")]
    elif job.again:
        keys = [("jobs.retry", "again")]
    spans: list[Span] = []
    for action, verb in keys:
        spans += [("text", "   "), *key_hint(*chrome.hint(action, verb))]
    return spans


class JobsTable(RecordTable[JobSnapshot]):
    """The jobs; one key of every table has another meaning here."""

    @dataclass
    class KeyTaken(Message):
        """The key that limits a job was pressed."""

    # Tables open a row by `l` too: what is nearer to the cursor wins.
    BINDINGS: ClassVar[list[BindingType]] = [
        b for b in bindings("jobs") if isinstance(b, Binding) and b.id == "jobs.limits"
    ]

    def action_limits(self) -> None:
        """Set what the job may use."""
        self.post_message(self.KeyTaken())


class JobsDrawer(Container):
    """All jobs: progress, rate, time left, and what went wrong."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("jobs")

    def __init__(self, jobs: JobManager) -> None:
        super().__init__()
        self._jobs = jobs

    def compose(self) -> ComposeResult:
        """Head, table, what the job says, its numbers."""
        yield Line(id="jobs-head")
        yield JobsTable(COLUMNS, job_cells, keyed=lambda job: job.id, id="jobs-table", gutter=1)
        yield Line(id="jobs-note")
        yield Line(id="jobs-facts")

    def on_mount(self) -> None:
        """Take the focus and show how things stand."""
        self.refresh_jobs(self._jobs.snapshots())
        self.query_one(JobsTable).focus()

    def refresh_jobs(self, snapshots: Sequence[JobSnapshot]) -> None:
        """Show these jobs; called at 10 Hz while any runs."""
        if len(self.query("#jobs-table, Line")) < PARTS:
            return  # it is being opened, or taken down
        self.query_one(JobsTable).show(snapshots)
        counts = {state: sum(job.state is state for job in snapshots) for state in JobState}
        left: list[Span] = [("bold bright", "Jobs")]
        for state, (role, glyph) in STATES.items():
            if counts[state]:
                left += [(role, f"   {glyph} "), ("text", str(counts[state]))]
        rate = sum(job.rate_per_second for job in snapshots if job.running and job.unit == "bytes")
        right: list[Span] = [("muted", f"{fmt.rate(rate)}   ")] if rate else []
        right += key_hint(*chrome.hint("jobs.close", "close"))
        self.query_one("#jobs-head", Line).show(left, right)
        self._note()

    @on(RecordTable.Moved)
    @on(RecordTable.Selected)
    def _table_told(self, event: Message) -> None:
        """Tell what the job under the cursor says; to the pane below it is no table of its own."""
        event.stop()
        self._note()

    @on(RecordTable.Opened)
    def _opened(self, event: RecordTable.Opened) -> None:
        """Look into the job."""
        event.stop()
        self.post_message(ItemsWanted(event.record.id))

    @on(JobsTable.KeyTaken)
    def _key_taken(self, event: Message) -> None:
        event.stop()
        self.action_limits()

    @property
    def job(self) -> JobSnapshot | None:
        """The job under the cursor, as it is now."""
        shown = self.query_one(JobsTable).record
        job = self._jobs.get(shown.id) if shown is not None else None
        return job.snapshot() if job is not None else None

    def _note(self) -> None:
        job = self.query_one(JobsTable).record
        if job is None:
            self.query_one("#jobs-note", Line).show([("muted", EMPTY)])
            self.query_one("#jobs-facts", Line).show(())
            return
        role = {JobState.FAILED: "danger", JobState.PAUSED: "warn"}.get(job.state, "muted")
        self.query_one("#jobs-note", Line).show([(role, job.note)], _ways_on(job))
        self.query_one("#jobs-facts", Line).show(job_facts(job))

    def action_pause(self) -> None:
        """Have the job under the cursor rest, or go on."""
        job = self.job
        if job is None:
            return
        if job.state is JobState.PAUSED:
            done = self._jobs.resume(job.id)
        else:
            done = self._jobs.pause(job.id)
        if not done:
            self.app.bell()

    def action_cancel(self) -> None:
        """Stop the job under the cursor, leave nothing half-done."""
        job = self.job
        if job is None or job.state.ended:
            self.app.bell()
        elif job.state is JobState.PAUSED:
            self.post_message(CancelWanted(job.id))
        else:
            self._jobs.cancel(job.id)

    def action_retry(self) -> None:
        """Start a failed job once more."""
        job = self.job
        if job is None:
            return
        if self._jobs.retry(job.id) is None and not self._jobs.resume(job.id):
            self.app.bell()

    def action_limits(self) -> None:
        """Set what the job under the cursor may use."""
        job = self.job
        if job is None or job.state.ended or not job.pausable:
            self.app.bell()
        else:
            self.post_message(LimitsWanted(job.id))

    def action_items(self) -> None:
        """Look into the job under the cursor."""
        if (job := self.job) is not None:
            self.post_message(ItemsWanted(job.id))

    def action_close(self) -> None:
        """Close the drawer."""
        self.post_message(Closed())
