"""A job over many keys: what fails is shown key by key, and tried again as it was planned."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.core.errors import UserError
from tui.core.failures import KeyFailure
from tui.core.jobs import Job, Progress
from tui.screens.s3.jobs import start
from tui.screens.s3.messages import KeysFailed

if TYPE_CHECKING:
    from tui.aws.transfers.many import TransferReport
    from tui.screens.s3.acting import S3Acting


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a run.

    Attributes:
        title: how many failed, of how many.
        finish: makes the job's last note; raises `UserError` where some failed.
    """

    title: str
    failures: Sequence[KeyFailure]
    finish: Callable[[], str]


def ended(report: TransferReport) -> Ended:
    """What came of a transfer. For a thread: there may be many failures."""
    failures = [
        KeyFailure(one.name, one.error.code, one.error.message or one.error.title)
        for one in sorted(report.failures, key=lambda one: one.name)
    ]
    return Ended(report.failed, failures, report.finish)


@dataclass(eq=False)
class KeyedJob:
    """What a plan says, as a job; `act` leaves out what it has done before.

    Attributes:
        changes: the (bucket, prefix) to list again.
        lists: whether what failed is shown in a list of its own.
        pausable: whether it is a transfer, which goes on where it was paused.
    """

    screen: S3Acting
    verb: str
    subject: str
    act: Callable[[Progress], Awaitable[Ended]]
    changes: tuple[str, str] | None = None
    unit: str = "bytes"
    lists: bool = True
    pausable: bool = False

    def __post_init__(self) -> None:
        self._runs = False
        self._job: Job | None = None

    def begin(self) -> None:
        """Start it, or start it again with what is left."""
        jobs = self.screen.services.jobs
        again = jobs.retry(self._job.id) if self._job is not None else None
        self._job = again or start(
            self.screen,
            self.verb,
            self.subject,
            self._work,
            changes=self.changes,
            unit=self.unit,
            pausable=self.pausable,
        )

    async def _work(self, progress: Progress) -> str:
        if self._runs:  # from the list of failures, while the jobs' own retry runs
            raise UserError("Not started twice", "this very plan is being done already")
        self._runs = True
        try:
            ended = await self.act(progress)
        finally:
            self._runs = False
        if ended.failures and self.lists:
            told = "All else is done. "
            self.screen.post_message(KeysFailed(ended.title, ended.failures, self.begin, told))
        return ended.finish()
