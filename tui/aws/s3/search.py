"""Look through all keys below a prefix, keep those that match, hold no others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from tui.aws.s3.listing import in_turn
from tui.core.packed import PackedPage, packed
from tui.core.records import ObjectPage, ObjectQuery

if TYPE_CHECKING:
    from tui.aws.s3.service import S3


async def found(
    s3: S3, query: ObjectQuery, matches: Callable[[str], bool], after: str = ""
) -> AsyncIterator[tuple[int, str, ObjectPage]]:
    """Yield, for each page of the listing: how many keys it had, the last one, what matches.

    Matching runs in a thread. Leaving the loop stops asking for pages; `after` the last key one
    can go on.

    Raises:
        AwsError: the bucket is missing or may not be listed.
    """
    async for page in s3.objects(query, after):
        rows = packed(page.objects)
        if rows:
            last = rows.keys[len(rows) - 1]
            yield len(rows), last, await s3.gateway.run(_matching, rows, matches)


def _matching(rows: PackedPage, matches: Callable[[str], bool]) -> ObjectPage:
    with in_turn():
        hits = [at for at, key in enumerate(rows.keys) if matches(key)]
        if len(hits) == len(rows):
            return ObjectPage(rows)
        return ObjectPage(packed([rows[at] for at in hits]))
