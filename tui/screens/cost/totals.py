"""What the buckets hold, added up by region and storage class: a job, since it lists every key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui.core.errors import UserError
from tui.core.jobs import Progress
from tui.core.records import Bucket

if TYPE_CHECKING:
    from tui.aws.s3.service import S3

Held = dict[str, tuple[int, int]]
"""Storage class -> (objects, bytes)."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What was counted.

    Attributes:
        held: region -> storage class -> (objects, bytes). Tiers are by account and region.
        buckets: how many were counted.
        failed: (bucket, why) of those that could not be.
        at: when, UTC.
    """

    held: Mapping[str, Held]
    buckets: int
    failed: tuple[tuple[str, str], ...]
    at: datetime

    @property
    def size_bytes(self) -> int:
        """All of it."""
        return sum(size for held in self.held.values() for _, size in held.values())

    def region(self, here: str) -> str:
        """The region to show first: the one that holds the most, else the one we are in."""
        sizes = {name: sum(size for _, size in held.values()) for name, held in self.held.items()}
        return max(sizes, key=lambda name: (sizes[name], name == here), default=here)


async def add_up(s3: S3, region: str, progress: Progress) -> Totals:
    """List every key of every bucket; a bucket that cannot be listed is named, not fatal.

    Raises:
        AwsError: the buckets themselves cannot be listed.
    """
    buckets = await s3.buckets()
    progress.expect(total=len(buckets), items=len(buckets))
    held: dict[str, Held] = {}
    failed: list[tuple[str, str]] = []
    for bucket in buckets:
        progress.say(bucket.name)
        try:
            where, counted = await _one(s3, bucket, region)
        except UserError as error:
            failed.append((bucket.name, error.message or error.title))
        else:
            _add(held.setdefault(where, {}), counted)
        progress.advance(1, items=1)
    return Totals(held, len(buckets) - len(failed), tuple(failed), datetime.now(UTC))


async def _one(s3: S3, bucket: Bucket, region: str) -> tuple[str, Held]:
    where = bucket.region or await s3.bucket_region(bucket.name)
    return where or region, await s3.summary(bucket.name)


def _add(to: Held, more: Held) -> None:
    for name, (objects, size) in more.items():
        count, total = to.get(name, (0, 0))
        to[name] = count + objects, total + size
