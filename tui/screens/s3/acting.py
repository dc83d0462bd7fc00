"""How a key of the S3 pane acts: on what it acts, and that what goes wrong is said."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any

from tui.core.errors import UserError
from tui.core.s3_address import Address
from tui.screens.s3.ask_address import AskAddress, Judge, Known
from tui.screens.s3.browser import S3Browser
from tui.screens.s3.next_step import with_key
from tui.screens.s3.rows import Row
from tui.widgets.chrome import hint

if TYPE_CHECKING:
    from textual.worker import Worker

    from tui.screens.services import Services

_ACTS_WITH: ContextVar[Services | None] = ContextVar("acts_with", default=None)


class S3Acting(S3Browser):
    """What the parts of the S3 pane share that change something or open something."""

    @property
    def services(self) -> Services:
        """The services; inside of a verb, those that it began with.

        Another profile or region may be chosen while a verb lists or asks. What was seen in one
        account is not to be done in another.
        """
        return _ACTS_WITH.get() or super().services

    def run_worker(self, work: Any, *args: Any, **options: Any) -> Worker[Any]:
        """Start a worker; one that a verb starts, a listing, is the pane's and not the verb's.

        A key does not end another's verb that is still finding out what it will do.
        """
        if options.get("group") == "verb" and (busy := self._busy) is not None:
            self.app.bell()
            self.say(f"Still {self._working} {hint('s3.stop')[0]} stops it.", severity="warning")
            return busy
        context = copy_context()
        context.run(_ACTS_WITH.set, None)
        worker: Worker[Any] = context.run(super().run_worker, work, *args, **options)
        return worker

    @property
    def _busy(self) -> Worker[Any] | None:
        """The verb that works and says so, if any."""
        verbs = (one for one in self.workers if one.group == "verb" and one.node is self)
        return next((one for one in verbs if one.is_running and self._working), None)

    @property
    def chosen_rows(self) -> Sequence[Row]:
        """The selected rows, or the one the cursor is on; none at the root.

        As they are now. A million selected rows are records only where one looks.
        """
        return self.objects_table.chosen if self.place is not None else []

    def ask_address(
        self,
        title: str,
        intro: str,
        value: str = "",
        verb: str = "go there",
        judge: Judge | None = None,
    ) -> AskAddress:
        """The dialog that asks for an address, completed by what this connection can see."""
        from tui.aws.s3.goto import begun

        services = self.services

        async def look(address: Address) -> list[str]:
            return await begun(services.s3, address)

        return AskAddress(
            title,
            intro,
            known=Known(tuple(b.name for b in self.buckets or ()), self._known),
            look=look,
            value=value,
            verb=verb,
            endpoint=services.gateway.connection.endpoint_url or "",
            judge=judge,
        )

    async def guarded(self, act: Awaitable[None]) -> None:
        """Await a verb; what goes wrong is said."""
        token = _ACTS_WITH.set(self.services)
        try:
            await act
        except UserError as error:
            self.complain(with_key(error))
        finally:
            _ACTS_WITH.reset(token)
            if self.is_attached:  # an app that ends has nothing left to paint on
                self.working("")
