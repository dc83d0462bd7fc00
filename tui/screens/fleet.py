"""The instances as they are now: asked for in one place, shown in header, EC2, Cost and Console."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from tui.aws.calls import caused_by
from tui.core.errors import UserError
from tui.core.records import Instance

if TYPE_CHECKING:
    from tui.aws.ec2 import Ec2
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
    """Asks for the instances every 10 s, every second while one changes its state."""

    def __init__(self, ec2: Ec2, book: PriceBook) -> None:
        self._ec2, self._book = ec2, book
        self.state = FleetState()
        self.listeners: list[Callable[[FleetState], None]] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin asking, on the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="fleet")

    def stop(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()

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
            known = self.state
            self.state = FleetState(
                known.instances, known.per_hour, known.today, known.asked_at, error
            )
        for listener in tuple(self.listeners):
            listener(self.state)
        return self.state

    def _costs(self, instances: tuple[Instance, ...]) -> tuple[Decimal | None, Decimal | None]:
        from tui.cost import running_cost

        cost = running_cost(instances, self._book, datetime.now(UTC))
        return cost.per_hour, cost.today

    async def _run(self) -> None:
        while True:
            state = await self.refresh()
            busy = any(one.state in CHANGING for one in state.instances)
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), BUSY_SECONDS if busy else CALM_SECONDS)
            except TimeoutError:
                continue
