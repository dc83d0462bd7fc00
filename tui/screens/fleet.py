"""The instances as they are now: asked for in one place, shown in header, EC2, Cost and Console."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from tui.aws.calls import caused_by
from tui.core.errors import NotConnected, UserError
from tui.core.records import Instance
from tui.screens.faults import place_of, told_fault

if TYPE_CHECKING:
    from tui.aws.ec2.service import Ec2
    from tui.cost import PriceBook

CHANGING = frozenset({"pending", "stopping", "shutting-down"})
BUSY_SECONDS, CALM_SECONDS = 1.0, 10.0


@dataclass(frozen=True, slots=True)
class FleetState:
    """What runs and what it costs; None where a price is not known or nothing was asked yet."""

    instances: tuple[Instance, ...] = ()
    per_hour: Decimal | None = None
    today: Decimal | None = None
    asked_at: datetime | None = None
    error: UserError | None = None

    @property
    def running(self) -> tuple[Instance, ...]:
        """Those that run or start."""
        return tuple(one for one in self.instances if one.state in ("running", "pending"))


class Fleet:
    """Asks for the instances every 10 s, every second while one changes its state.

    A fault of ours, here or in a listener, is told once and stops neither the asking nor the
    other listeners.
    """

    def __init__(self, ec2: Ec2, book: PriceBook) -> None:
        self._ec2, self._book = ec2, book
        self.state = FleetState()
        self.listeners: list[Callable[[FleetState], None]] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._told: set[str] = set()  # faults

    def start(self) -> None:
        """Begin asking, on the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="fleet")

    def stop(self) -> None:
        """Ask no more, and tell nobody: a job of this connection may still ask."""
        self.listeners.clear()
        if self._task is not None:
            self._task.cancel()
            # Its CancelledError knows this fleet: a cycle, and a frozen one is never found.
            self._task = None

    def refresh_soon(self) -> None:
        """Ask now: something was just changed."""
        self._wake.set()

    async def refresh(self) -> FleetState:
        """Ask once; an error keeps the instances known so far and says what went wrong."""
        try:
            with caused_by(None):
                instances = await self._ec2.instances()
            per_hour, today = self._costs(instances)
            self.state = FleetState(instances, per_hour, today, datetime.now(UTC))
        except UserError as error:
            self.state = replace(self.state, error=error)
        except Exception as error:
            self.state = replace(self.state, error=told_fault("Can't list the instances", error))
            self._report(error)
        self._tell()
        return self.state

    def _tell(self) -> None:
        for listener in tuple(self.listeners):
            try:
                listener(self.state)
            except NotConnected:
                continue  # it looks at another connection already
            except Exception as error:
                self._report(error)

    def _report(self, error: Exception) -> None:
        """Have the app tell a fault, as that of any task; each once, however often we ask."""
        place = place_of(error)
        if place not in self._told:
            self._told.add(place)
            context = {"message": "a fault in the fleet", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)

    def _costs(self, instances: tuple[Instance, ...]) -> tuple[Decimal | None, Decimal | None]:
        from tui.cost import running_cost

        cost = running_cost(instances, self._book, datetime.now(UTC))
        return cost.per_hour, cost.today

    async def _run(self) -> None:
        while True:
            self._wake.clear()  # before asking: the answer may be older than a change meanwhile
            state = await self.refresh()
            busy = any(one.state in CHANGING for one in state.instances)
            try:
                await asyncio.wait_for(self._wake.wait(), BUSY_SECONDS if busy else CALM_SECONDS)
            except TimeoutError:
                continue
