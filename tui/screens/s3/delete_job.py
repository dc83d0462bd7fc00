"""A frozen list that is deleted as a job: it goes on with what is left when it is started again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.errors import JobCancelled, UserError
from tui.core.frozen import Targets
from tui.core.jobs import Progress
from tui.screens.s3.jobs import start
from tui.screens.s3.lines import plural
from tui.screens.s3.messages import KeysFailed
from tui.widgets.chrome import hint

if TYPE_CHECKING:
    from tui.aws.s3.delete import Batch, DeleteFailure
    from tui.core.records import S3Object
    from tui.screens.s3.acting import S3Acting
    from tui.screens.services import Services


@dataclass
class DeletesFailed(KeysFailed):
    """A job could not delete all that it should have."""

    told: str = "They are still there. "
    file_name: str = "not-deleted.csv"


@dataclass(eq=False)
class Deletion:
    """What is deleted in one bucket.

    Attributes:
        services: the connection that it was listed with: another may have a bucket of this name.
        noun: what one of it is called.
        told: the job's last note.
        shown: a few objects that are deleted only while they are what was shown.
    """

    services: Services
    bucket: str
    targets: Targets
    subject: str
    changes: tuple[str, str]
    noun: str = "object"
    told: str = ""
    verb: str = "delete"
    shown: tuple[S3Object, ...] = ()

    def __post_init__(self) -> None:
        self._failed: list[DeleteFailure] = []
        self._answered: set[int] = set()
        self._runs = False
        self.ended: Callable[[], None] = lambda: None  # told whatever came of a run

    def begin(self, screen: S3Acting) -> None:
        """Start the job."""

        async def work(progress: Progress) -> str:
            if self._runs:
                raise UserError("Not started twice", "this very list is being deleted already")
            self._runs = True
            try:
                return await self._run(screen, progress)
            finally:
                self._runs = False
                self.ended()

        start(screen, self.verb, self.subject, work, changes=self.changes, unit="steps")

    async def _run(self, screen: S3Acting, progress: Progress) -> str:
        from tui.aws.s3.delete import batches, delete_batches

        services = self.services
        targets = await services.gateway.run(self._left)
        many = len(targets)
        self._failed, self._answered = await self._changed(targets), set()
        kept = {failure.key for failure in self._failed}
        self.targets = targets = _without(targets, kept) if kept else targets
        progress.expect(many, many)
        progress.say(f"deleting {plural(many, self.noun)}")

        async def answered(batch: Batch, failed: list[DeleteFailure]) -> None:
            self._answered.add(batch.number)
            self._failed += failed

        region = services.s3.region_of(self.bucket)
        try:
            waiting = batches(iter(targets))
            gateway = services.gateway
            await delete_batches(gateway, self.bucket, waiting, progress, region, answered=answered)
        except BaseException as stop:
            raise self._stopped(stop, progress, many) from None
        if self._failed:
            raise self._report(screen, many)
        return (self.told or plural(many, self.noun)) if many else "nothing was left of the list"

    async def _changed(self, targets: Targets) -> list[DeleteFailure]:
        from tui.aws.s3.delete import changed_since

        if not self.shown:
            return []
        wanted = {row.key for row in self.shown}
        there = await self.services.gateway.run(
            lambda: {one.key for one in targets if one.key in wanted}
        )
        rows = [row for row in self.shown if row.key in there]
        return list(await changed_since(self.services.s3, self.bucket, rows))

    def _left(self) -> Targets:
        """What is not deleted yet: all at first, then what failed or was not asked for. Blocks."""
        from tui.aws.s3.delete import batches

        if not self._answered and not self._failed:
            return self.targets
        left = Targets()
        for failure in self._failed:
            left.add(failure.key, failure.version_id)
        for batch in batches(iter(self.targets)):
            if batch.number not in self._answered:
                for target in batch.targets:
                    left.add(*target)
        return left

    def _stopped(self, stop: BaseException, progress: Progress, many: int) -> BaseException:
        import asyncio

        if isinstance(stop, (asyncio.CancelledError, JobCancelled)):
            done = f"{fmt.count(progress.items_done)} of {fmt.count(many)}"
            rest = "; retry goes on with the rest" if progress.items_done < many else ""
            return type(stop)(f"cancelled, {done} deleted{rest}")
        return stop

    def _report(self, screen: S3Acting, many: int) -> UserError:
        failures = tuple(self._failed)
        title = f"{plural(len(failures), self.noun)} of {fmt.count(many)} stayed"
        screen.post_message(DeletesFailed(title, failures, lambda: self.begin(screen)))
        first = failures[0]
        return UserError(
            title,
            f"{first.key}: {first.message or first.code}",
            f"The others are deleted; retry in the jobs ({hint('app.jobs')[0]}) tries these again.",
            code=first.code,
        )


def _without(targets: Targets, keys: set[str]) -> Targets:
    left = Targets()
    for target in targets:
        if target.key not in keys:
            left.add(*target)
    return left
