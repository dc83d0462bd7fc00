"""Totals of the S3 pane: counted as a job, kept while the connection lasts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from textual import on, work
from textual.message import Message

from tui.core import format as fmt
from tui.core.errors import JobCancelled, UserError
from tui.core.jobs import Job, Progress
from tui.core.packed import PackedPage, packed
from tui.core.records import S3Object
from tui.core.tally import Tally
from tui.screens.s3 import jobs
from tui.screens.s3.acting import S3Acting
from tui.screens.s3.lines import plural
from tui.screens.s3.rows import Folder, Row, uri
from tui.screens.s3.total_rows import Total
from tui.screens.s3.total_view import CountAgain, ShowPlace, TotalDialog
from tui.screens.services import Services
from tui.widgets import chrome

KEPT = 8  # totals; each may have some thousand folders
SHOWN_WITHIN_SECONDS = 10.0  # who waited longer does something else by now
PAGE = 1_000
Key = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to be counted: all below a prefix, or the rows that were selected there.

    Attributes:
        mark: tells one selection from another; 0 where nothing is selected.
    """

    bucket: str
    prefix: str
    region: str
    rows: Sequence[Row] = field(default=(), compare=False)
    mark: int = 0

    @property
    def key(self) -> Key:
        """What makes it this scope."""
        return self.bucket, self.prefix, self.mark

    @property
    def what(self) -> str:
        """In words."""
        return f"{plural(len(self.rows), 'chosen item')}" if self.rows else "all below"


def mark_of(rows: Iterable[Row]) -> int:
    """One number of all keys, whatever their order; never 0."""
    mark = 0
    for row in rows:
        mark ^= hash(row.key)
    return mark or 1


def split(rows: Iterable[Row]) -> tuple[list[str], list[PackedPage]]:
    """The folders, and the objects in pages: a million of them must not all be records."""
    folders: list[str] = []
    pages: list[PackedPage] = []
    objects: list[S3Object] = []
    for row in rows:
        if isinstance(row, Folder):
            folders.append(row.key)
            continue
        objects.append(row)
        if len(objects) == PAGE:
            pages.append(packed(objects))
            objects = []
    return folders, [*pages, packed(objects)]


@dataclass
class TotalCounted(Message):
    """A total came to its end."""

    services: Services
    scope: Scope
    total: Total
    seconds: float


@dataclass
class TotalCutShort(Message):
    """The counting was cancelled or failed; this was counted by then."""

    services: Services
    scope: Scope
    tally: Tally
    cancelled: bool


class S3Totalling(S3Acting):
    """The part of the S3 pane that adds up."""

    def __init__(self) -> None:
        super().__init__()
        self._totals: dict[Key, Total] = {}  # the one used last is the last
        self._counting: dict[Key, Job] = {}

    def connected(self) -> None:
        """Totals are of one connection."""
        self._totals.clear()
        self._counting.clear()
        super().connected()

    @work(group="total", exclusive=True, exit_on_error=False)
    async def action_total(self) -> None:
        """Show the total of this place; count it where that was not done yet."""
        scope = await self._scope()
        if scope is None:
            return
        job = self._counting.get(scope.key)
        if job is not None and not job.state.ended:
            key, _ = chrome.hint("app.jobs")
            self.say(f"It is being counted; {key} shows how far.", title=f"Total {_subject(scope)}")
        elif scope.key in self._totals:
            await self._show_total(scope, self._totals[scope.key])
        else:
            self._count(scope)

    async def _scope(self) -> Scope | None:
        """The selected rows; else the open place; at the root, the bucket the cursor is on."""
        place, bucket = self.place, self.buckets_table.record
        if place is None:
            if bucket is None:
                return None
            return Scope(bucket.name, "", bucket.region or self.services.region)
        region = self.region_of_open_bucket
        if not self.objects_table.selected:
            return Scope(place.bucket, place.prefix, region)
        rows = self.chosen_rows
        mark = await self.services.gateway.run(mark_of, rows)
        return Scope(place.bucket, place.prefix, region, rows, mark)

    def _count(self, scope: Scope) -> None:
        services, began = self.services, time.monotonic()
        tally = Tally(scope.prefix, datetime.now(UTC))

        async def count(progress: Progress) -> str:
            try:
                await _count_all(services, scope, tally, progress)
            except (asyncio.CancelledError, JobCancelled, UserError):
                cancelled = progress.cancelled.is_set()
                self.post_message(TotalCutShort(services, scope, tally, cancelled))
                raise
            total = await _total_of(services, scope, tally)
            root = total.tally.root
            self.post_message(TotalCounted(services, scope, total, time.monotonic() - began))
            progress.say(f"{plural(root.objects, 'object')}, {fmt.size(root.size_bytes)}")
            return ""

        job = jobs.start(self, "total", _subject(scope), count, unit="objects")
        self._counting[scope.key] = job

    @on(TotalCounted)
    def _total_counted(self, event: TotalCounted) -> None:
        if event.services is not self.deck.services:
            return  # an older connection's
        self._totals.pop(event.scope.key, None)
        self._totals[event.scope.key] = event.total
        for old in list(self._totals)[:-KEPT]:
            del self._totals[old]
        if event.seconds < SHOWN_WITHIN_SECONDS and self.is_current and self._is_here(event.scope):
            self._show_counted(event.scope, event.total)
        else:
            key, _ = chrome.hint("s3.total")
            told = plural(event.total.tally.root.objects, "object")
            self.say(f"{told}; {key} there shows them.", title=f"Total {_subject(event.scope)}")

    @on(TotalCutShort)
    @work(group="part of a total", exit_on_error=False)
    async def _cut_short(self, event: TotalCutShort) -> None:
        """Keep what was counted, unless nothing was, or all of it another time."""
        from tui.aws.s3.total import sum_up

        services, scope = event.services, event.scope
        if services is not self.deck.services or scope.key in self._totals:
            return
        await sum_up(services.s3, event.tally)
        if not event.tally.root.objects:
            return
        total = await _total_of(services, scope, event.tally, whole=False)
        if services is self.deck.services:
            self._totals.setdefault(scope.key, total)
            if event.cancelled:
                key, _ = chrome.hint("s3.total")
                told = plural(total.tally.root.objects, "object")
                self.say(f"{told} counted by then; {key} there shows them.", title="Stopped")

    def _is_here(self, scope: Scope) -> bool:
        place, bucket = self.place, self.buckets_table.record
        if place is None:
            return bucket is not None and (bucket.name, "") == (scope.bucket, scope.prefix)
        return (place.bucket, place.prefix) == (scope.bucket, scope.prefix)

    @work(group="total", exclusive=True, exit_on_error=False)
    async def _show_counted(self, scope: Scope, total: Total) -> None:
        await self._show_total(scope, total)

    async def _show_total(self, scope: Scope, total: Total) -> None:
        answer = await self.app.push_screen_wait(TotalDialog(total, self.services.book))
        if isinstance(answer, CountAgain):
            self._count(scope)
        elif isinstance(answer, ShowPlace):
            self.open_place(total.bucket, answer.prefix, wanted=answer.wanted)


async def _count_all(services: Services, scope: Scope, tally: Tally, progress: Progress) -> None:
    from tui.aws.s3.total import add_up

    prefixes, pages = [scope.prefix], list[PackedPage]()
    if scope.rows:
        prefixes, pages = await services.gateway.run(split, scope.rows)
    await add_up(services.s3, scope.bucket, tally, progress, prefixes=prefixes, pages=pages)


async def _total_of(services: Services, scope: Scope, tally: Tally, *, whole: bool = True) -> Total:
    from tui.aws.s3.total import region_of

    region = await region_of(services.s3, scope.bucket, scope.region)
    now = datetime.now(UTC)
    return Total(scope.bucket, scope.prefix, scope.what, region, tally, now, tally.root, whole)


def _subject(scope: Scope) -> str:
    if scope.rows:
        return f"{scope.what} of {uri(scope.bucket, scope.prefix)}"
    return uri(scope.bucket, scope.prefix)
