"""A plan that opens by itself, perhaps under hands that type something else.

A login or a job asks when it comes so far, not when a key was pressed. What was typed for a
terminal must not answer: the dialog takes no key, and is not seen, until the keyboard is still.
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any, ClassVar

from textual.app import App
from textual.events import Key, Paste
from textual.timer import Timer

from tui.core.plans import Plan
from tui.widgets.dialog import Confirm

STILL_SECONDS = 0.3


class UnaskedConfirm(Confirm):
    """A `Confirm` that begins once no key was pressed for 0.3 s; earlier keys are dropped."""

    AUTO_FOCUS: ClassVar[str] = ""  # not yet: a field would take the keys
    READING_SECONDS: ClassVar[float] = 0.0  # it has waited

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.begun_at = math.inf
        """When the dialog was to be seen, on the clock of events."""
        self._still: Timer | None = None

    @property
    def begun(self) -> bool:
        """True once keys answer."""
        return self.begun_at < math.inf

    def on_mount(self) -> None:
        """Wait for a still keyboard."""
        self.query_one(".dialog").display = False
        self._wait()

    def _wait(self) -> None:
        if self._still is not None:
            self._still.stop()
        self._still = self.set_timer(STILL_SECONDS, self._begin)

    def _begin(self) -> None:
        self.query_one(".dialog").display = True
        self.call_after_refresh(self._seen)

    def _seen(self) -> None:
        self.begun_at = time.monotonic()
        for field in self.query("#confirm-typed"):
            field.focus()

    def on_key(self, event: Key) -> None:
        """Drop what was typed for something else, also where it arrives late."""
        if event.time < self.begun_at:
            event.stop()
            event.prevent_default()
            if not self.begun:
                self._wait()

    def on_paste(self, event: Paste) -> None:
        """Likewise."""
        if not self.begun:
            event.stop()
            self._wait()


async def agreed(app: App[Any], plan: Plan) -> bool:
    """Show a plan from outside of a worker and wait for the answer.

    Cancelled while it waits, it takes the dialog away.
    """
    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def settle(given: bool | None) -> None:
        if not answer.done():
            answer.set_result(bool(given))

    dialog = UnaskedConfirm(plan)
    app.push_screen(dialog, settle)
    try:
        return await answer
    finally:
        if answer.cancelled() and app.is_running and app.screen is dialog:
            dialog.dismiss(None)
