"""Steps that make something: a cancel waits for them, and takes back what they made."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from tui.core.errors import UserError

T = TypeVar("T")

_UNDER_WAY: set[asyncio.Future[Any]] = set()  # the event loop itself holds tasks weakly


async def whole(step: Awaitable[T], undo: Callable[[T], Awaitable[object]] | None = None) -> T:
    """Await a step to its end; if cancelled meanwhile, undo it, then raise the cancel.

    A second cancel ends the waiting; the undoing goes on behind it. A step that fails leaves
    nothing to undo.
    """
    task = asyncio.ensure_future(step)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await kept(_undone(task, undo))
        raise


async def kept(work: Awaitable[T]) -> T:
    """Await `work`, which goes on to its end even if this is cancelled."""
    task = asyncio.ensure_future(work)
    _UNDER_WAY.add(task)
    task.add_done_callback(_UNDER_WAY.discard)
    return await asyncio.shield(task)


async def _undone(task: asyncio.Future[T], undo: Callable[[T], Awaitable[object]] | None) -> None:
    await asyncio.wait([task])
    if task.cancelled() or task.exception() is not None or undo is None:
        return
    with suppress(UserError):  # the cancel is the news
        await undo(task.result())
