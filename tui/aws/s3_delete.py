"""Delete many objects: a frozen list of keys, in batches, with a result for each key."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from tui.aws.errors import clean
from tui.core.errors import AwsError
from tui.core.jobs import Progress

if TYPE_CHECKING:
    from tui.aws.gateway import Gateway

BATCH = 1000  # DeleteObjects takes no more
PARALLEL = 4

# DeleteObjects names keys in XML 1.0, which can't hold these; DeleteObject has its key in the URL.
_NOT_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class DeleteFailure:
    """One key that could not be deleted, with S3's code and its reason as a clause."""

    key: str
    code: str
    message: str


async def delete_many(
    gateway: Gateway, bucket: str, keys: Sequence[str], progress: Progress, region: str | None
) -> tuple[DeleteFailure, ...]:
    """Delete `keys`; see `S3.delete_many`."""
    plain = [key for key in keys if not _NOT_XML.search(key)]
    batches = [plain[at : at + BATCH] for at in range(0, len(plain), BATCH)]
    batches += [[key] for key in keys if _NOT_XML.search(key)]
    progress.expect(len(keys), len(keys))
    failures: list[DeleteFailure] = []
    waiting = iter(batches)
    if first := next(waiting, None):
        # Alone: if not even this works (no bucket, no network), that is the whole story.
        failures += await _delete_batch(gateway, bucket, first, progress, region)
    while window := list(islice(waiting, PARALLEL)):
        progress.check()
        tasks = [_recorded(gateway, bucket, batch, progress, region) for batch in window]
        for found in await asyncio.gather(*tasks):
            failures += found
    return tuple(failures)


async def _recorded(
    gateway: Gateway, bucket: str, keys: list[str], progress: Progress, region: str | None
) -> list[DeleteFailure]:
    """Delete a batch; a failure of the whole request is a failure of each key."""
    try:
        return await _delete_batch(gateway, bucket, keys, progress, region)
    except AwsError as error:
        return [DeleteFailure(key, error.code, error.message) for key in keys]


async def _delete_batch(
    gateway: Gateway, bucket: str, keys: list[str], progress: Progress, region: str | None
) -> list[DeleteFailure]:
    if len(keys) == 1 and _NOT_XML.search(keys[0]):
        await gateway.call("s3", "delete_object", region=region, Bucket=bucket, Key=keys[0])
        errors: list[dict[str, Any]] = []
    else:
        wanted = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
        answer = await gateway.call(
            "s3", "delete_objects", region=region, Bucket=bucket, Delete=wanted
        )
        errors = answer.get("Errors", [])
    progress.advance(len(keys) - len(errors), items=len(keys) - len(errors))
    return [
        DeleteFailure(entry.get("Key", ""), entry.get("Code", ""), clean(entry.get("Message", "")))
        for entry in errors
    ]
