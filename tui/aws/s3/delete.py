"""Delete many objects or versions: a frozen list, in batches, with a result for each."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.aws.calls import caused_by
from tui.aws.errors import clean
from tui.aws.lookalikes import LACKING, is_lookalike
from tui.core import format as texts
from tui.core.errors import AwsError, JobCancelled
from tui.core.failures import KeyFailure
from tui.core.frozen import Target
from tui.core.jobs import Progress

if TYPE_CHECKING:
    from tui.aws.gateway import Gateway
    from tui.aws.s3.service import S3
    from tui.core.records import S3Object

BATCH = 1000  # DeleteObjects takes no more
PARALLEL = 4
LOGGED_AT_MOST = 12  # batches that the code drawer shows; the others go the same way

# DeleteObjects names keys in XML 1.0, which can't hold these; DeleteObject has its key in the URL.
_NOT_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
# What S3 says of versions that may not go yet, in its own words.
_LOCKED = re.compile(r"object[ -]?lock|retention|legal hold|WORM", re.IGNORECASE)
CHANGED = "it was written anew since it was listed, so it stays; list again and choose it anew"
LOCKED = "it is locked: its retention has not ended, or it is under a legal hold"


DeleteFailure = KeyFailure  # what could not be deleted


@dataclass(frozen=True, slots=True)
class Batch:
    """Up to 1,000 targets that one request names; `number` counts the batches of a list."""

    number: int
    targets: tuple[Target, ...]


Answered = Callable[[Batch, list[DeleteFailure]], Awaitable[None]]


def batches(wanted: Iterable[Target]) -> Iterator[Batch]:
    """Cut a list into what DeleteObjects takes; a key that XML can't hold goes alone."""
    number, plain = 0, []
    for target in wanted:
        alone = _NOT_XML.search(target.key) is not None
        if alone:
            yield Batch(number, (target,))
            number += 1
            continue
        plain.append(target)
        if len(plain) == BATCH:
            yield Batch(number, tuple(plain))
            number, plain = number + 1, []
    if plain:
        yield Batch(number, tuple(plain))


async def delete_many(
    gateway: Gateway,
    bucket: str,
    keys: Sequence[str] | Sequence[Target],
    progress: Progress,
    region: str | None,
) -> tuple[DeleteFailure, ...]:
    """Delete `keys`; see `S3.delete_many`.

    Raises:
        CancelledError, JobCancelled: it was cancelled; no batch was begun since, and the message
            says how many keys are gone.
    """
    progress.expect(len(keys), len(keys))
    failures: list[DeleteFailure] = []

    async def answered(_: Batch, failed: list[DeleteFailure]) -> None:
        failures.extend(failed)

    wanted = (one if isinstance(one, Target) else Target(one) for one in keys)
    try:
        await delete_batches(gateway, bucket, batches(wanted), progress, region, answered=answered)
    except (asyncio.CancelledError, JobCancelled) as stop:
        done, all_of_them = texts.count(progress.items_done), texts.count(len(keys))
        raise type(stop)(f"cancelled, {done} of {all_of_them} deleted") from None
    return tuple(failures)


async def delete_batches(
    gateway: Gateway,
    bucket: str,
    waiting: Iterator[Batch],
    progress: Progress,
    region: str | None,
    *,
    answered: Answered,
) -> None:
    """Delete batch by batch, `PARALLEL` at a time; `answered` is told of each that was answered.

    That holds for a cancelled delete too: what S3 has been asked to delete, it deletes.

    Raises:
        AwsError: the first batch failed as a whole (no bucket, no network), or so many in a row
            that the rest would too. What was not answered was not deleted.
        CancelledError, JobCancelled: it was cancelled; no batch was begun since.
    """
    work = _Work(gateway, bucket, progress, region, answered)
    if (first := next(waiting, None)) is None:
        return
    await _ended(progress, [work.first(first)])
    await _ended(progress, [work.walk(waiting) for _ in range(PARALLEL)])
    if work.hopeless is not None:
        raise work.hopeless


async def _ended(progress: Progress, walks: list[Coroutine[Any, Any, None]]) -> None:
    """Wait for the walks, cancelled or not."""
    if progress.cancelled.is_set():
        for walk in walks:
            walk.close()
        raise JobCancelled
    running = [asyncio.ensure_future(walk) for walk in walks]
    with progress.owing():
        try:
            await asyncio.wait(running)
        except asyncio.CancelledError:
            progress.cancelled.set()  # no walk begins another batch
            await asyncio.wait(running)
            raise
    for task in running:
        task.result()
    progress.check()


@dataclass(slots=True)
class _Work:
    """One delete under way."""

    gateway: Gateway
    bucket: str
    progress: Progress
    region: str | None
    answered: Answered
    failed_in_a_row: int = 0
    hopeless: AwsError | None = None

    async def first(self, batch: Batch) -> None:
        """Alone: if not even this works, that is the whole story."""
        await self._tell(batch, await self._delete(batch))

    async def walk(self, waiting: Iterator[Batch]) -> None:
        """Take batches as long as there are any."""
        while not self.progress.cancelled.is_set() and self.hopeless is None:
            batch = next(waiting, None)
            if batch is None:
                return
            try:
                with caused_by(None) if batch.number >= LOGGED_AT_MOST else nullcontext():
                    failures = await self._delete(batch)
                self.failed_in_a_row = 0
            except AwsError as error:
                # A failure of the whole request is a failure of each key.
                self.failed_in_a_row += 1
                if self.failed_in_a_row > PARALLEL:
                    self.hopeless = error
                failures = [
                    DeleteFailure(one.key, error.code, error.message, one.version_id)
                    for one in batch.targets
                ]
            await self._tell(batch, failures)

    async def _tell(self, batch: Batch, failures: list[DeleteFailure]) -> None:
        gone = len(batch.targets) - len(failures)
        with suppress(JobCancelled):  # counted all the same; no other batch begins
            self.progress.advance(gone, items=gone)
        await self.answered(batch, failures)

    async def _delete(self, batch: Batch) -> list[DeleteFailure]:
        if len(batch.targets) == 1 and _NOT_XML.search(batch.targets[0].key):
            await self._call("delete_object", **_named(batch.targets[0]))
            return []
        wanted = {"Objects": [_named(one) for one in batch.targets], "Quiet": True}
        try:
            answer = await self._call("delete_objects", Delete=wanted)
        except AwsError as error:
            if error.code not in LACKING or not is_lookalike(self.gateway.connection):
                raise
            return await self._one_by_one(batch)
        failed = [one for entry in answer.get("Errors", ()) for one in _failures(entry, batch)]
        return list({(one.key, one.version_id): one for one in failed}.values())

    async def _one_by_one(self, batch: Batch) -> list[DeleteFailure]:
        """For servers that lack DeleteObjects; one that lacks both fails as a whole."""
        failures: list[DeleteFailure] = []
        for target in batch.targets:
            try:
                await self._call("delete_object", **_named(target))
            except AwsError as error:
                if error.code in LACKING or not error.code:
                    raise
                failures.append(
                    DeleteFailure(target.key, error.code, error.message, target.version_id)
                )
        return failures

    async def _call(self, operation: str, **params: Any) -> dict[str, Any]:
        return await self.gateway.call(
            "s3", operation, region=self.region, Bucket=self.bucket, **params
        )


async def changed_since(
    s3: S3, bucket: str, shown: Sequence[S3Object]
) -> tuple[DeleteFailure, ...]:
    """Which of a few objects are no longer what was shown; where one may not look, none is."""

    async def look(row: S3Object) -> DeleteFailure | None:
        try:
            with caused_by(None):
                now = await s3.head(bucket, row.key)
        except AwsError:
            return None
        same_time = now.modified_at.replace(microsecond=0) == row.modified_at.replace(microsecond=0)
        if same_time and now.size_bytes == row.size_bytes:
            return None
        return DeleteFailure(row.key, "ChangedMeanwhile", CHANGED)

    found = await asyncio.gather(*(look(row) for row in shown))
    return tuple(failure for failure in found if failure is not None)


def _named(target: Target) -> dict[str, str]:
    named = {"Key": target.key}
    if target.version_id:
        named["VersionId"] = target.version_id
    return named


def _failures(entry: dict[str, Any], batch: Batch) -> Iterator[DeleteFailure]:
    said, key = str(entry.get("Message", "")), str(entry.get("Key", ""))
    reason = LOCKED if _LOCKED.search(said) else clean(said)
    # A server that does not say which version: then none of that key is known to be gone. One
    # that spells the key its own way: none of the batch. What failed is tried again, and nothing
    # that was not asked for may get into that.
    named = [one for one in batch.targets if one.key == key]
    if entry.get("VersionId"):
        named = [one for one in named if one.version_id in ("", entry["VersionId"])]
    for one in named or batch.targets:
        yield DeleteFailure(one.key, str(entry.get("Code", "")), reason, one.version_id)
