"""Add up everything below some places: a long listing, counted page by page in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.aws.calls import caused_by
from tui.core.errors import AwsError
from tui.core.format import count
from tui.core.records import ObjectQuery, S3Object
from tui.core.tally import Tally

if TYPE_CHECKING:
    from tui.aws.s3 import S3
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

    Raises:
        AwsError: a prefix could not be listed; then the tally is no total.
    """
    for rows in pages:
        await s3.gateway.run(_count, tally, rows)
        progress.advance(len(rows), items=len(rows))
    for prefix in prefixes:
        query = ObjectQuery(bucket, prefix, recursive=True)
        async for page in s3.objects(query):
            await s3.gateway.run(_count, tally, page.objects)
            progress.advance(len(page.objects), items=len(page.objects))
            progress.say(f"{count(progress.items_done)} objects")
    await s3.gateway.run(tally.sum_up)


async def region_of(s3: S3, bucket: str, known: str) -> str:
    """Return where a bucket is, for its prices; `known` where that can't be had."""
    try:
        with caused_by(None):
            return await s3.bucket_region(bucket)
    except AwsError:
        return known


def _count(tally: Tally, rows: Sequence[S3Object]) -> None:
    tally.add(rows)
