"""Delete many objects: a frozen list of keys, in batches, with a result for each key."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from tui.aws.errors import clean
from tui.core import format as texts
from tui.core.errors import AwsError, JobCancelled
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
    """Delete `keys`; see `S3.delete_many`.

    Raises:
        CancelledError, JobCancelled: it was cancelled; no batch was begun since, and the message
            says how many keys are gone.
    """
    plain = [key for key in keys if not _NOT_XML.search(key)]
    batches = [plain[at : at + BATCH] for at in range(0, len(plain), BATCH)]
    batches += [[key] for key in keys if _NOT_XML.search(key)]
    progress.expect(len(keys), len(keys))
    failures: list[DeleteFailure] = []
    waiting = iter(batches)
    try:
        if first := next(waiting, None):
            # Alone: if not even this works (no bucket, no network), that is the whole story.
            failures += await _ended(
                progress, _delete_batch(gateway, bucket, first, progress, region)
            )
        while window := list(islice(waiting, PARALLEL)):
            tasks = [_recorded(gateway, bucket, batch, progress, region) for batch in window]
            failures += await _ended(progress, *tasks)
    except (asyncio.CancelledError, JobCancelled) as stop:
        done, all_of_them = texts.count(progress.items_done), texts.count(len(keys))
        raise type(stop)(f"cancelled, {done} of {all_of_them} deleted") from None
    return tuple(failures)


async def _ended(
    progress: Progress, *batches: Coroutine[Any, Any, list[DeleteFailure]]
) -> list[DeleteFailure]:
    """Wait for the batches, cancelled or not: what S3 has been asked to delete, it deletes."""
    if progress.cancelled.is_set():
        for batch in batches:
            batch.close()
        raise JobCancelled
    running = [asyncio.ensure_future(batch) for batch in batches]
    with progress.owing():
        try:
            await asyncio.wait(running)
        except asyncio.CancelledError:
            await asyncio.wait(running)
            raise
    return [failure for task in running for failure in task.result()]


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
    with suppress(JobCancelled):  # counted all the same; no other batch begins
        progress.advance(len(keys) - len(errors), items=len(keys) - len(errors))
    return [
        DeleteFailure(entry.get("Key", ""), entry.get("Code", ""), clean(entry.get("Message", "")))
        for entry in errors
    ]
