"""The launch itself: key pair, role, security group, RunInstances, waiting; and the way back.

What was made for a launch that AWS then refused is taken away again. Where the answer was lost,
nothing is taken away: asked again under the same client token, AWS tells of the same instances.
A cancel before RunInstances undoes all; after it the instances run on, and the last word says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tui.aws.calls import caused_by
from tui.core.errors import JobCancelled, UserError
from tui.core.jobs import Job, Progress
from tui.core.paths import expanded_to_write
from tui.core.records import Instance
from tui.launch import LaunchDraft, NewKey, NewSecurityGroup, request
from tui.screens.services import Services

if TYPE_CHECKING:
    from tui.screens.deck import Deck

T = TypeVar("T")
Ending = str | UserError | JobCancelled
STEPS = 5  # key pair, role, security group, RunInstances, running
PATIENCE_SECONDS = 300.0
POLL_SECONDS = 0.5
NAMED = 2  # so many instances are named in a sentence
STOPS = (asyncio.CancelledError, JobCancelled)
# botocore's exceptions and EC2's codes after which nobody knows whether the instance was made.
UNANSWERED = frozenset(
    {
        *("ConnectionClosedError", "ConnectTimeoutError", "EndpointConnectionError"),
        *(
            "ReadTimeoutError",
            "IncompleteReadError",
            "ProxyConnectionError",
            "ResponseStreamingError",
        ),
        *(
            "InternalError",
            "InternalFailure",
            "Unavailable",
            "ServiceUnavailable",
            "RequestTimeout",
        ),
        *("500", "502", "503", "504"),
    }
)


@dataclass(eq=False)
class Launch:
    """One review's launch; run again after a lost answer, it goes on where it was.

    Attributes:
        draft: reviewed, so it has its client token.
        vpc_id: where a new security group belongs.
        makes_role: True if the draft's role has to be made.
        on_launched: called once AWS has the instances, before they run.
        on_ended: called when they run (with a sentence), did not come up (with the error), or are
            left running by a cancel (with its words).
    """

    services: Services
    draft: LaunchDraft
    vpc_id: str
    makes_role: bool
    on_launched: Callable[[tuple[Instance, ...]], None]
    on_ended: Callable[[Ending], None]
    group_id: str = ""
    key_file: Path | None = None
    instances: tuple[Instance, ...] = ()

    async def body(self, job: Job) -> str:
        """The job's body; started again, it goes on where it was."""
        progress = job.progress
        progress.expect(total=STEPS)
        with caused_by(f"Launch {self.draft.name or self.draft.instance_type}"):
            if not self.instances:
                with progress.owing():
                    await self._made_ready(progress)
                    progress.say("asking for the instance")
                    await self._ask()
        try:
            progress.advance(STEPS - 1 - progress.done)
            self.services.fleet.refresh_soon()
            said = await self._until_running(progress)
        except UserError as error:
            self.on_ended(error)
            raise
        except STOPS:
            raise self._stopped_waiting() from None
        self.on_ended(said)
        return said

    async def _made_ready(self, progress: Progress) -> None:
        """Make what the launch needs, or nothing at all."""
        try:
            await self._prepare(progress)
        except UserError as error:
            raise await self._taken_back(error) from error
        except STOPS:
            raise await self._nothing_launched() from None
        except BaseException:
            await seen_through(self._take_back())
            raise

    async def _ask(self) -> None:
        """Send RunInstances; a cancel waits for its answer, so that nothing is made unseen."""

        def keep(instances: tuple[Instance, ...]) -> None:
            self.instances = instances
            self.on_launched(instances)

        try:
            await finished(self.services.ec2.run(request_of(self)), keep)
        except UserError as error:
            if error.code in UNANSWERED:
                raise _lost(error) from error
            raise await self._taken_back(error) from error
        except asyncio.CancelledError:
            if self.instances:
                raise self._stopped_waiting() from None
            raise  # the app ends, and nobody knows what AWS made

    async def _prepare(self, progress: Progress) -> None:
        draft, ec2 = self.draft, self.services.ec2
        if isinstance(draft.key, NewKey) and self.key_file is None:
            from tui.aws.ec2.keys import create_and_save

            progress.say(f"making the key pair {draft.key.name}")
            folder = expanded_to_write(self.services.settings.keys_folder)
            making = create_and_save(ec2, draft.key.name, draft.key.kind, folder)
            await finished(making, lambda made: setattr(self, "key_file", made[1]))
        progress.advance(1)
        if self.makes_role:
            progress.say(f"making the role {draft.role}")
            role = ec2.create_s3_role(draft.role)
            await finished(role, lambda _: setattr(self, "makes_role", False))
        progress.advance(1)
        group = draft.security_group
        if isinstance(group, NewSecurityGroup) and not self.group_id:
            progress.say(f"making the security group {group.name}")
            asked = ec2.create_security_group(
                group.name, group.description, self.vpc_id, group.rules
            )
            await finished(asked, lambda made: setattr(self, "group_id", made.id))
        progress.advance(1)

    # -- a cancel --------------------------------------------------------------------------

    def _stopped_waiting(self) -> JobCancelled:
        """The end of a launch that was cancelled after AWS had made the instances."""
        self.services.fleet.refresh_soon()
        ids = [one.id for one in self.instances]
        named = ", ".join(ids[:NAMED]) + (f" and {len(ids) - NAMED} more" if ids[NAMED:] else "")
        runs = f"{named} runs and costs: t in EC2 terminates it"
        if len(ids) > 1:
            runs = f"{named} run and cost: t in EC2 terminates them"
        ending = JobCancelled(f"stopped waiting; {runs}")
        self.on_ended(ending)
        return ending

    async def _nothing_launched(self) -> JobCancelled:
        """The end of a launch that was cancelled before: nothing of it is left."""
        told = _told(*await seen_through(self._take_back()))
        return JobCancelled(f"cancelled, nothing was launched. {told}".strip())

    # -- the way back ----------------------------------------------------------------------

    async def _taken_back(self, error: UserError) -> UserError:
        told = _told(*await seen_through(self._take_back()))
        hint = f"{error.hint} {told}".strip()
        return UserError(error.title, error.message, hint, code=error.code)

    async def _take_back(self) -> tuple[list[str], list[str]]:
        """Delete the group and the key pair with its file, if this launch made them.

        Returns what is gone, and what could not be deleted.
        """
        undone: list[str] = []
        left: list[str] = []
        group = self.draft.security_group
        if self.group_id and isinstance(group, NewSecurityGroup):
            gone = await self._gone(self._delete_group())
            (undone if gone else left).append(f"security group {group.name}")
        if self.key_file is not None:
            gone = await self._gone(self._delete_key(self.key_file))
            (undone if gone else left).append(f"key pair {self.draft.key_name}")
        return undone, left

    async def _delete_group(self) -> None:
        await self.services.ec2.delete_security_group(self.group_id)
        self.group_id = ""

    async def _delete_key(self, path: Path) -> None:
        await self.services.ec2.delete_key_pair(self.draft.key_name)
        self.key_file = None
        await self.services.gateway.run(path.unlink, True)

    @staticmethod
    async def _gone(deletion: Awaitable[None]) -> bool:
        try:
            await deletion
        except (UserError, OSError):
            return False
        return True

    # -- until it runs ---------------------------------------------------------------------

    async def _until_running(self, progress: Progress) -> str:
        ids = {one.id for one in self.instances}
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE_SECONDS
        while loop.time() < end:
            state = await self.services.fleet.refresh()
            mine = [one for one in state.instances if one.id in ids]
            running = sum(one.state == "running" for one in mine)
            progress.say(f"{running} of {len(ids)} running" if len(ids) > 1 else "waiting for it")
            gone = [one for one in mine if one.state in ("terminated", "shutting-down")]
            if gone:
                reason = gone[0].state_reason or "AWS did not say why"
                raise UserError(f"{gone[0].label} did not start", reason)
            if running == len(ids):
                progress.advance(1)
                return self._said(mine)
            await asyncio.sleep(POLL_SECONDS)
        return "launched, and still pending after 5 minutes"

    @staticmethod
    def _said(instances: list[Instance]) -> str:
        if len(instances) > 1:
            return f"{len(instances)} are running"
        one = instances[0]
        return f"running at {one.public_ip}" if one.public_ip else "running"


async def finished(question: Awaitable[T], keep: Callable[[T], object]) -> None:
    """Await a call and keep its answer, also when cancelled: nothing is made unseen.

    Raises:
        CancelledError: this was cancelled meanwhile, and the call is over.
        UserError: the call failed, whether this was cancelled or not.
    """
    asked = asyncio.ensure_future(question)
    cancelled = await _ended(asked)
    keep(asked.result())
    if cancelled:
        raise asyncio.CancelledError


async def seen_through(work: Awaitable[T]) -> T:
    """Await what has to be done to its end, however often this is cancelled."""
    doing = asyncio.ensure_future(work)
    await _ended(doing)
    return doing.result()


async def _ended(task: asyncio.Future[T]) -> bool:
    """Wait until it is over; True if this was cancelled meanwhile."""
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            cancelled = True
    return cancelled


def told_on(deck: Deck, subject: str) -> Callable[[Ending], None]:
    """Return what says the launch's end as a toast; the wizard is closed by then."""

    def tell(ending: Ending) -> None:
        if isinstance(ending, UserError):
            deck.complain(ending)
        elif isinstance(ending, JobCancelled):
            deck.say(f"{subject}: {ending}.", severity="warning")
        else:
            deck.say(f"{subject}: {ending}.")

    return tell


def request_of(launch: Launch) -> dict[str, object]:
    """The parameters of RunInstances with what was made for it."""
    return dict(request(launch.draft, security_group_id=launch.group_id))


def _told(undone: Sequence[str], left: Sequence[str]) -> str:
    """What was taken away again, and what could not be."""
    gone = f"What was made for it is gone again: {', '.join(undone)}." if undone else ""
    there = f"Still there, and free of charge: {', '.join(left)}." if left else ""
    return f"{gone} {there}".strip()


def _lost(error: UserError) -> UserError:
    return UserError(
        "The launch was not answered",
        error.message,
        "Launch again: the same launch is asked for, never a second one.",
        code=error.code,
        retryable=True,
    )
