"""What a running step has at hand, and what steps remember for those after them."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from tui.core.errors import JobCancelled, UserError
from tui.core.jobs import Progress
from tui.workflow.parameters import Parameters
from tui.workflow.ports import Ports

T = TypeVar("T")

ANSWER_SECONDS = 120.0
_PERCENT = re.compile(r"(?<![\d.])(\d{1,3})%")


@dataclass(slots=True)
class Memory:
    """What one step found that a later one needs.

    Attributes:
        machine_id: the instance that has the script.
        ran_at: when the last full run began, UTC.
    """

    machine_id: str = ""
    ran_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """One run of one step. `log` takes (kind, text); see `steps.LogLine`."""

    parameters: Parameters
    ports: Ports
    progress: Progress
    memory: Memory
    log: Callable[[str, str], None]

    def say(self, text: str) -> None:
        """Log what happens, and show it as the job's line."""
        self.progress.say(text)
        self.log("say", text)

    def good(self, text: str) -> None:
        """Log what was achieved or found to be right."""
        self.log("good", text)

    def command(self, text: str) -> None:
        """Log a command that is about to run."""
        self.log("command", f"$ {text}")


@dataclass(slots=True)
class Following:
    """Hands on a program's lines and reads its percentages as the job's progress."""

    context: Context
    total: int
    text: str = ""
    _done: int = field(default=0)

    def line(self, line: str) -> None:
        """Take one line."""
        self.context.log("out", line)
        self.text = (self.text + line + "\n")[-8_000:]
        if found := _PERCENT.findall(line):
            now = self.total * min(100, int(found[-1])) // 100
            if now > self._done and not self.context.progress.cancelled.is_set():
                self.context.progress.advance(now - self._done)
                self._done = now


def from_thread(
    loop: asyncio.AbstractEventLoop,
    make: Callable[[], Coroutine[Any, Any, T]],
    stop: threading.Event,
) -> T:
    """Run a coroutine on the loop from another thread and wait for its result.

    Raises:
        UserError: no answer in two minutes.
        JobCancelled: `stop` is set.
    """
    if stop.is_set():
        raise JobCancelled
    future = asyncio.run_coroutine_threadsafe(make(), loop)
    try:
        return future.result(ANSWER_SECONDS)
    except TimeoutError as error:  # an OSError, which would be told as the disk's
        future.cancel()
        raise UserError(
            "Can't read the data set",
            "no answer in two minutes",
            "Check the network, then run the step again.",
            retryable=True,
        ) from error
