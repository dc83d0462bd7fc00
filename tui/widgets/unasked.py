"""A question that opens by itself, perhaps under hands that type something else.

A login, a job or a start asks when it comes so far, not when a key was pressed. What was typed for
a terminal or a table must not answer: the dialog takes no key, and is not seen, until the keyboard
is still.
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
from tui.widgets.dialog import Confirm, Dialog

STILL_SECONDS = 0.3


class Unasked(Dialog[Any]):
    """A dialog that begins once no key was pressed for 0.3 s; earlier keys are dropped."""

    AUTO_FOCUS: ClassVar[str] = ""  # not yet: what has the focus would take the keys

    def __init__(self, *args: Any, asked: bool = False, **kwargs: Any) -> None:
        """`asked`: a key has opened it, this time; it need not wait."""
        super().__init__(*args, **kwargs)
        self._asked = asked
        self.begun_at = math.inf
        """When the dialog was to be seen, on the clock of events."""
        self._still: Timer | None = None

    @property
    def begun(self) -> bool:
        """True once keys answer."""
        return self.begun_at < math.inf

    def begin(self) -> None:
        """It is seen: give the focus to what takes keys. Subclasses act here."""

    def on_mount(self) -> None:
        """Wait for a still keyboard."""
        if self._asked:
            self._seen()
            return
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
        self.begin()

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


class UnaskedConfirm(Unasked, Confirm):
    """A `Confirm` that waits for a still keyboard."""

    READING_SECONDS: ClassVar[float] = 0.0  # it has waited

    def begin(self) -> None:
        """Have what is to be typed typed."""
        for field in self.query("#confirm-typed"):
            field.focus()


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
