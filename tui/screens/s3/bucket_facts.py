"""The facts of the buckets in the S3 pane: asked for what is seen, shown as they come."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual import on, work
from textual.message import Message

from tui.core.records import Bucket
from tui.screens.s3 import facts as s3_facts
from tui.screens.s3.acting import S3Acting
from tui.screens.s3.messages import BucketsListed
from tui.screens.services import Services
from tui.widgets.preview import Preview

if TYPE_CHECKING:
    from tui.aws.bucket.settings import Answer
    from tui.aws.s3.bucket_facts import BucketFacts

AT_ONCE = 8  # buckets; each takes up to three calls after another
RESTS_SECONDS = 0.15  # a scroll that goes on asks for nothing yet
PAINT_SECONDS = 0.1  # what comes meanwhile is painted at once


@dataclass
class FactsCame(Message):
    """One bucket's facts."""

    services: Services
    bucket: str
    facts: BucketFacts


class S3BucketFacts(S3Acting):
    """The part of the S3 pane that asks what the list of buckets tells."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: set[str] = set()  # since they were listed
        self._came: dict[str, BucketFacts] = {}  # and not painted yet
        self._account: Answer | None = None  # what it blocks, once it was asked

    def connected(self) -> None:
        """Know nothing of another connection's buckets."""
        self.workers.cancel_group(self, "facts")
        self.facts.clear()
        self._came.clear()
        self._asked.clear()
        self._account = None
        super().connected()

    def on_mount(self) -> None:
        """Ask for what is scrolled into sight."""
        self.watch(self.buckets_table, "scroll_y", self.find_facts, init=False)

    @on(BucketsListed)
    def _facts_grew_old(self, event: BucketsListed) -> None:
        """Listed anew: ask anew. What is known is shown until something else comes."""
        if event.error is None:
            self._asked.clear()
            names = {bucket.name for bucket in event.buckets}
            for gone in self.facts.keys() - names:
                del self.facts[gone]

    def find_facts(self) -> None:
        """Ask for the buckets that are seen, if they are in sight at all."""
        if self.listing is None and self._wanted() is not None:
            self._ask_facts()

    def open_place(self, bucket: str, prefix: str = "", wanted: str = "") -> None:
        """What one opened goes first."""
        self.workers.cancel_group(self, "facts")
        super().open_place(bucket, prefix, wanted)

    def to_buckets(self) -> None:
        """The list is in sight again."""
        super().to_buckets()
        self.find_facts()

    def _wanted(self) -> str | None:
        """The next bucket to ask about: the cursor's, those in sight, those a page below."""
        table = self.buckets_table
        top, height = round(table.scroll_y), max(1, table.size.height)
        seen = table.view[max(0, top - 1) : top + 2 * height]
        near = (table.record, *seen) if table.record is not None else seen
        return next((bucket.name for bucket in near if bucket.name not in self._asked), None)

    @work(group="facts", exclusive=True, exit_on_error=False)
    async def _ask_facts(self) -> None:
        from tui.aws.s3.bucket_facts import account_blocks, facts_of

        await asyncio.sleep(RESTS_SECONDS)
        services = self.services
        if self._account is None:
            self._account = await account_blocks(services.s3, services.identity.account)
        account = self._account

        async def ask() -> None:
            while (name := self._wanted()) is not None:
                self._asked.add(name)
                try:
                    facts = await facts_of(services.s3, name, account)
                except BaseException:
                    self._asked.discard(name)
                    raise
                self.post_message(FactsCame(services, name, facts))

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(ask())

    @on(FactsCame)
    def _facts_came(self, event: FactsCame) -> None:
        if event.services is not self.deck.services:
            return  # an older connection's
        if not self._came:
            self.set_timer(PAINT_SECONDS, self._show_facts)
        self._came[event.bucket] = event.facts

    def _show_facts(self) -> None:
        came, self._came = self._came, {}
        self.facts.update(came)
        regions = {name: facts.region for name, facts in came.items() if facts.region}
        if any(not bucket.region and bucket.name in regions for bucket in self.buckets or ()):
            self.buckets = tuple(_placed(bucket, regions) for bucket in self.buckets or ())
            self.buckets_table.show(self.buckets)
        self.buckets_table.repaint()
        seen = self.buckets_table.record
        if self.listing is None and seen is not None and seen.name in came:
            self.looked_at = seen
            s3_facts.show_bucket(self.query_one(Preview), seen, self.facts.get(seen.name))


def _placed(bucket: Bucket, regions: dict[str, str]) -> Bucket:
    if bucket.region or bucket.name not in regions:
        return bucket
    return replace(bucket, region=regions[bucket.name])
