"""Jobs that wait for a login go on once somebody has logged in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tui.core.jobs import JobManager, JobSnapshot

if TYPE_CHECKING:
    from tui.aws.gateway import Gateway
    from tui.core.records import Identity


class Logins:
    """Looks out for the next login of one connection, as long as jobs of its group wait for it.

    Attributes:
        say: tells the user, as `Deck.say` does.
    """

    def __init__(self, gateway: Gateway, identity: Identity, jobs: JobManager, group: str) -> None:
        from tui.aws.relogin import Relogin

        self._jobs, self._group = jobs, group
        self.say: Callable[..., Any] = lambda *_, **__: None
        self._profile, self._account = identity.profile, identity.account
        self._relogin = Relogin(gateway, identity.account)
        self._task: asyncio.Task[None] | None = None
        self._waited = False
        jobs.listeners.append(self._changed)

    def close(self) -> None:
        """Look out no more."""
        with suppress(ValueError):
            self._jobs.listeners.remove(self._changed)
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _changed(self, _: tuple[JobSnapshot, ...]) -> None:
        waits = self._jobs.waits_for_login(self._group)
        if waits and not self._waited:  # or once more: somebody had it go on
            self._relogin.look_now()
            if self._task is None or self._task.done():
                self._task = asyncio.get_running_loop().create_task(self._watch(), name="login")
        self._waited = waits

    async def _watch(self) -> None:
        strangers: set[str] = set()
        with suppress(RuntimeError):  # the connection is closed
            while self._jobs.waits_for_login(self._group):
                if await self._relogin.tried():
                    if many := self._jobs.resume_waiting(self._group):
                        told = "the job that waited goes on"
                        told = told if many == 1 else f"the {many} jobs that waited go on"
                        self.say(told, title="logged in again")
                    continue
                if (other := self._relogin.stranger) and other not in strangers:
                    strangers.add(other)
                    self.say(self._strange(other), title="another account", severity="warning")
                await self._relogin.waited()

    def _strange(self, other: str) -> str:
        profile = f"profile {self._profile}" if self._profile else "the login"
        return f"{profile} is account {other} now; the jobs that wait belong to {self._account}"
