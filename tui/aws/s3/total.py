"""Add up everything below some places: a long listing, counted page by page in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.aws.calls import caused_by
from tui.aws.s3.listing import in_turn
from tui.core.errors import AwsError
from tui.core.format import count
from tui.core.records import ObjectQuery, S3Object
from tui.core.tally import Tally

if TYPE_CHECKING:
    from tui.aws.s3.service import S3
    from tui.core.jobs import Progress


async def add_up(
    s3: S3,
    bucket: str,
    tally: Tally,
    progress: Progress,
    *,
    prefixes: Sequence[str],
    pages: Sequence[Sequence[S3Object]] = (),
) -> None:
    """Count these pages of objects and all that lies below these prefixes; progress counts objects.

    Where it ends early, the tally holds what was counted by then; `sum_up` makes it a total.

    Raises:
        AwsError: a prefix could not be listed; then the tally is not of all.
    """
    for rows in pages:
        await s3.gateway.run(_count, tally, rows, progress)
        progress.advance(len(rows), items=len(rows))
    for prefix in prefixes:
        query = ObjectQuery(bucket, prefix, recursive=True)
        async for page in s3.objects(query):
            await s3.gateway.run(_count, tally, page.objects, progress)
            progress.advance(len(page.objects), items=len(page.objects))
            progress.say(f"{count(progress.items_done)} objects")
    await sum_up(s3, tally)


async def sum_up(s3: S3, tally: Tally) -> None:
    """Have every folder know what lies below it, off the event loop."""

    def summed() -> None:
        with in_turn():  # a page may still be counted of what was cancelled
            tally.sum_up()

    await s3.gateway.run(summed)


async def region_of(s3: S3, bucket: str, known: str) -> str:
    """Return where a bucket is, for its prices; `known` where that can't be had."""
    try:
        with caused_by(None):
            return await s3.bucket_region(bucket)
    except AwsError:
        return known


def _count(tally: Tally, rows: Sequence[S3Object], progress: Progress) -> None:
    with in_turn():
        progress.check()
        tally.add(rows)
