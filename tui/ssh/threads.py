"""Blocking calls off the event loop, each on a daemon thread of its own.

Not an executor: its threads are joined at exit, so one read on a dead network would keep the app
from ending; and a pool of few would be starved by readers.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def in_thread(function: Callable[..., T], *args: Any, name: str = "ssh") -> T:
    """Run `function(*args)` on a thread and return its result or raise its exception.

    Cancelling abandons the call: the thread ends by itself, its result is dropped.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(setter: Callable[[Any], None], value: Any) -> None:
        if not future.done():
            setter(value)

    def work() -> None:
        try:
            setter, value = future.set_result, function(*args)
        except BaseException as error:
            setter, value = future.set_exception, error  # type: ignore[assignment]
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle, setter, value)

    threading.Thread(target=work, name=name, daemon=True).start()
    return await future


def paramiko_module() -> Any:
    """Import paramiko (about 300 ms of CPU, so late and off the loop) and quiet its logger.

    Its transport threads log what they also raise; without a handler, logging would print that
    over the screen.
    """
    import logging

    import paramiko

    logger = logging.getLogger("paramiko")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
    return paramiko
