"""What makes the suite cheap, in processor time and in waiting; nothing that a test could notice.

Measured on two cores before: a full pass of the collector after every fifth app took a seventh of
the time, reading botocore's models again and again another seventh, and of a key press's 60 ms
most were sleep.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import time
from typing import Any

import tui.screens.collector

APPS_A_PASS = 3
IDLE_LOOK_SECONDS = 0.005
IDLE_SHARE = 0.1  # of one processor, by all threads of this process
_ended_apps = 0


class _UsualCollector:
    """The collector as the app's own care for it sees it in tests: nothing is frozen by it.

    What an app froze would have to be unfrozen at its end, and every pass would then walk all that
    boto3, pandas and pytest ever made. The real one is at work in the tests that start the app as
    a process of its own.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(gc, name)

    def freeze(self) -> None:
        """Leave it be."""

    unfreeze = freeze

    def get_count(self) -> tuple[int, int, int]:
        """Nothing has grown: a look at it would be a pass each second."""
        return 0, 0, 0

    def set_threshold(self, *_: int) -> None:
        """Leave it be."""


def spare_the_collector() -> None:
    """Let no app change how the collector works; `let_go_of_ended_apps` looks after it."""
    tui.screens.collector.gc = _UsualCollector()  # type: ignore[assignment]


def an_app_ended() -> None:
    """Count an app whose memory is to be freed."""
    global _ended_apps
    _ended_apps += 1


def let_go_of_ended_apps() -> None:
    """Free the memory of apps that have ended, all of it in cycles. Called between tests.

    What survives a pass is there for long and is not walked again.
    """
    global _ended_apps
    if _ended_apps >= APPS_A_PASS:
        _ended_apps = 0
        leave_alone_what_is_there()


def leave_alone_what_is_there() -> None:
    """Free what is waste, and walk what is not no more."""
    gc.collect()
    gc.freeze()
    gc.collect()  # makes it forget their number, by which it puts full passes off


async def wait_for_idle(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
    """Wait until this process works no more, as Textual's own of this name does.

    That one looks every 20 ms and a key press waits for it three times. This one looks oftener, and
    at the loop's queue too: a process that got no turn of the processor uses no time either.
    """
    loop: Any = asyncio.get_running_loop()
    began = time.monotonic()
    while True:
        cpu = time.process_time()
        slept_from = time.monotonic()
        await asyncio.sleep(IDLE_LOOK_SECONDS)
        now = time.monotonic()
        if now - began >= max_sleep:
            return
        share = (time.process_time() - cpu) / (now - slept_from)
        if now - began > min_sleep and share < IDLE_SHARE and not loop._ready:
            return


def wait_shorter() -> None:
    """Have Textual's pilot use our `wait_for_idle`."""
    import textual.app
    import textual.pilot

    for module in (textual.app, textual.pilot):
        module.wait_for_idle = wait_for_idle  # type: ignore[attr-defined]


def share_botocore_models() -> None:
    """Have all sessions of the process work out once what is the same for each of them.

    A client of S3 took 134 ms of processor time, and most tests make two.
    """
    _share_loaded_files()
    _share_endpoint_rules()
    _share_event_names()


def _share_loaded_files() -> None:
    import botocore.session

    create = botocore.session.create_loader
    caches: dict[str | None, dict[Any, Any]] = {}

    def create_loader(search_path_string: str | None = None) -> Any:
        loader = create(search_path_string)
        loader._cache = caches.setdefault(search_path_string, loader._cache)
        return loader

    botocore.session.create_loader = create_loader


def _share_endpoint_rules() -> None:
    import botocore.endpoint_provider

    parse = botocore.endpoint_provider.RuleSet
    parsed: dict[tuple[int, int], tuple[Any, Any, Any]] = {}

    def rule_set(*, partitions: Any, **data: Any) -> Any:
        known = (id(data["rules"]), id(partitions))
        if known not in parsed:  # what the ids stand for is kept, or they would be given again
            parsed[known] = parse(partitions=partitions, **data), data["rules"], partitions
        return parsed[known][0]

    botocore.endpoint_provider.RuleSet = rule_set


def _share_event_names() -> None:
    import botocore.hooks

    aliaser, look_closely = botocore.hooks.EventAliaser, botocore.hooks.accepts_kwargs
    names: dict[str, str] = {}
    begin = aliaser.__init__

    def made(self: Any, event_emitter: Any, event_aliases: Any = None) -> None:
        begin(self, event_emitter, event_aliases)
        if self._event_aliases == botocore.hooks.EVENT_ALIASES:
            self._alias_name_cache = names

    def accepts_kwargs(function: Any) -> Any:
        code = getattr(getattr(function, "__func__", function), "__code__", None)
        if code is not None and not hasattr(function, "__signature__"):
            return code.co_flags & inspect.CO_VARKEYWORDS
        return look_closely(function)

    aliaser.__init__ = made
    botocore.hooks.accepts_kwargs = accepts_kwargs
