"""What stands at S3, with its ETags: what plans are made of, and what conditional writes name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tui.core.errors import AwsError

if TYPE_CHECKING:
    from tui.aws.s3.service import S3

ABSENT: Final = frozenset({"404", "NoSuchKey"})
DENIED: Final = frozenset({"403", "AccessDenied", "Forbidden"})
LOOKED_UP_AT_MOST = 100  # keys; more are found by listing
AT_ONCE = 12

Told = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class SeenObject:
    """One object as it was when one looked. The ETag has no quotes."""

    key: str
    size_bytes: int
    etag: str
    modified_at: datetime
    storage_class: str = "STANDARD"


async def listed(
    s3: S3, bucket: str, prefix: str, *, delimiter: str = "", told: Told = lambda _: None
) -> list[SeenObject]:
    """Return all objects below a prefix, in key order; `told` hears how many there are so far.

    Raises:
        AwsError: the listing failed; then there is no list at all.
    """
    found: list[SeenObject] = []
    asked: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix}
    if delimiter:
        asked["Delimiter"] = delimiter
    pages = s3.gateway.pages(
        "s3", "list_objects_v2", _seen_of, region=s3.region_of(bucket), **asked
    )
    async for page in pages:
        found += page
        told(len(found))
    return found


async def looked_up(s3: S3, bucket: str, keys: Sequence[str]) -> dict[str, SeenObject | None]:
    """Return {key: what is there}, None for nothing; a key that one may not look at is left out.

    A few keys are looked up one by one, many by listing what they have in common.

    Raises:
        AwsError: the bucket is missing, AWS can't be reached, the listing is not allowed.
    """
    if len(keys) > LOOKED_UP_AT_MOST:
        return await _by_listing(s3, bucket, keys)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(key: str) -> tuple[str, SeenObject | None] | None:
        async with gate:
            try:
                found = await s3.head(bucket, key)
            except AwsError as error:
                if error.code in ABSENT:
                    return key, None
                if error.code in DENIED:
                    return None
                raise
        return key, SeenObject(
            key, found.size_bytes, found.etag, found.modified_at, found.storage_class
        )

    return dict(pair for pair in await asyncio.gather(*map(one, keys)) if pair is not None)


async def etags_there(s3: S3, bucket: str, keys: Sequence[str]) -> dict[str, str | None]:
    """Return {key: ETag}, "" where nothing is, None where one may not look.

    Raises:
        AwsError: the bucket is missing, or AWS can't be reached.
    """
    try:
        found = await looked_up(s3, bucket, keys)
    except AwsError as error:
        if error.code in DENIED:
            return dict.fromkeys(keys)
        raise
    return await s3.gateway.run(_etags_of, keys, found)


def _etags_of(keys: Iterable[str], found: Mapping[str, SeenObject | None]) -> dict[str, str | None]:
    return {
        key: ((there.etag if (there := found[key]) else "") if key in found else None)
        for key in keys
    }


async def _by_listing(s3: S3, bucket: str, keys: Iterable[str]) -> dict[str, SeenObject | None]:
    """In threads: a million keys are looked through."""
    common, delimiter = await s3.gateway.run(_in_common, keys)
    there = await listed(s3, bucket, common, delimiter=delimiter)
    return await s3.gateway.run(_only, keys, there)


def _in_common(keys: Iterable[str]) -> tuple[str, str]:
    """What the keys begin with, and the delimiter where they are all in one folder."""
    folders = {key.rpartition("/")[0] for key in keys}
    first, last = min(keys), max(keys)
    differs = (at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1])
    return first[: next(differs, len(first))], "/" if len(folders) == 1 else ""


def _only(keys: Iterable[str], there: Iterable[SeenObject]) -> dict[str, SeenObject | None]:
    found: dict[str, SeenObject | None] = dict.fromkeys(keys)
    found.update((one.key, one) for one in there if one.key in found)
    return found


def _seen_of(page: dict[str, Any]) -> list[SeenObject]:
    return [
        SeenObject(
            row["Key"],
            row["Size"],
            row.get("ETag", "").strip('"'),
            row["LastModified"],
            row.get("StorageClass") or "STANDARD",
        )
        for row in page.get("Contents", ())
    ]
