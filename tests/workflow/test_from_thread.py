"""An answer of the event loop, waited for in a thread."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from tests.workflow.fakes import World, world
from tui.core.errors import JobCancelled, LocalError, UserError
from tui.workflow import context
from tui.workflow.context import from_thread
from tui.workflow.steps import BY_ID, StepState


async def test_a_loop_that_does_not_answer_is_the_networks_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(context, "ANSWER_SECONDS", 0.05)
    cancelled = asyncio.Event()

    async def never() -> bytes:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return b""

    loop = asyncio.get_running_loop()
    with pytest.raises(UserError, match="no answer in two minutes") as caught:
        await asyncio.to_thread(from_thread, loop, never, threading.Event())
    assert caught.value.retryable
    assert not isinstance(caught.value, LocalError)
    await asyncio.wait_for(cancelled.wait(), 5)


async def test_nothing_is_asked_after_a_cancel() -> None:
    stop = threading.Event()
    stop.set()
    loop = asyncio.get_running_loop()
    with pytest.raises(JobCancelled):
        await asyncio.to_thread(from_thread, loop, lambda: pytest.fail("asked"), stop)


async def test_a_slow_network_is_not_told_as_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    w: World = world(tmp_path)
    await w.run("upload")
    monkeypatch.setattr(context, "ANSWER_SECONDS", 0.05)

    async def slow(*_: object) -> bytes:
        await asyncio.sleep(60)
        return b""

    w.s3.read_range = slow  # type: ignore[method-assign,assignment]
    with pytest.raises(UserError, match="Can't read the data set: no answer"):
        await w.run("subset")
    assert w.flow.report(BY_ID["subset"]).state is StepState.FAILED
    assert not [one for one in (tmp_path / "work").iterdir() if one.name.endswith(".part")]
