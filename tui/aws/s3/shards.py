"""Long listings, several parts at once.

S3 lists a thousand keys a request, one after the other. Once a listing proves long, the key space
ahead is cut at guessed keys and each part is listed from its cut on (StartAfter) to the next one.
The pages still come in key order, without duplicates or gaps: what a part lists beyond its end is
dropped. Parts lie close together, some pages each, so that the rows flow and little is held back.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import lt
from typing import Any

from tui.aws.calls import caused_by
from tui.aws.s3.key_space import Pace
from tui.core.errors import AwsError
from tui.core.packed import Keys, PackedPage, packed
from tui.core.records import ObjectPage, ObjectQuery

WORKERS = 8
PROBED_AFTER, LONG = 2, 3  # full pages
PART_PAGES = 8  # how long a part is meant to be
LEAST_PAGES = 3  # what is thought shorter is not cut
MORE_A_PAGE = 0.25  # a part where nothing is halves how many are listed at once
LOOK_AHEAD = 400  # pages held at most until those before them came
LAST_CHARACTER = "\U0010ffff"

Answer = tuple[ObjectPage, str | None]  # a page, and the token of the next one
Fetch = Callable[[Mapping[str, Any]], Awaitable[Answer]]


async def listed(
    fetch: Fetch, query: ObjectQuery, after: str = ""
) -> AsyncGenerator[ObjectPage, None]:
    """Yield the pages of a listing in key order, those of a long one from several parts at once.

    Args:
        fetch: asks for one page; the parameters given say from where.
        after: begin after this key or common prefix.
    """
    whole = _Part(_beyond(after, query), None, len(query.prefix))
    probe: asyncio.Task[bool] | None = None
    try:
        while probe is None or not (whole.listed >= LONG and probe.done() and probe.result()):
            page = await _next_page(fetch, whole)
            if page is not None:
                yield page
            if whole.done:
                return
            if whole.listed == PROBED_AFTER and whole.straight and _in_key_order(query):
                probe = asyncio.create_task(_takes_start_after(fetch, whole, query))
    finally:
        if probe is not None:
            probe.cancel()
    parallel = _Parallel(fetch, query, whole)
    try:
        async for page in parallel.pages():
            yield page
    finally:
        parallel.stop()


def _in_key_order(query: ObjectQuery) -> bool:
    """Directory buckets (S3 Express) have no order and no StartAfter."""
    return not query.bucket.endswith("--x-s3")


def _beyond(after: str, query: ObjectQuery) -> str:
    is_prefix = after.endswith("/") and not query.recursive and after != query.prefix
    return after + LAST_CHARACTER if is_prefix else after


async def _takes_start_after(fetch: Fetch, whole: _Part, query: ObjectQuery) -> bool:
    """Whether the server begins where it is asked to; some take no notice."""
    cut = _cut_ahead(whole, query, PART_PAGES)
    if not cut:
        return False
    try:
        with caused_by(None):
            page, _ = await fetch({"StartAfter": cut, "MaxKeys": 1})
    except AwsError:
        return False  # the listing itself will tell what is wrong, if anything is
    names = _names(page)
    return not names or names[0] > cut


@dataclass(eq=False)
class _Part:
    """The keys after `after`, up to `end` with it (None: all there are).

    Attributes:
        fixed: how many characters all keys share.
        at: the last key that was listed.
        token: where the server goes on.
        pages: what was listed and not yet handed on.
        names: the keys of the last page.
        straight: whether all came in key order.
        waits: whether no cut of it is thought of until the next page.
    """

    after: str
    end: str | None
    fixed: int
    names: Sequence[str] = ()
    at: str = ""
    token: str | None = None
    pages: deque[ObjectPage] = field(default_factory=deque)
    listed: int = 0
    done: bool = False
    straight: bool = True
    waits: bool = False
    _pace: Pace | None = None

    def __post_init__(self) -> None:
        self.at = self.at or self.after

    def from_where(self) -> dict[str, Any]:
        """The parameters that ask for the next page."""
        if self.token is not None:
            return {"ContinuationToken": self.token}
        return {"StartAfter": self.after} if self.after else {}

    def came(self, names: Sequence[str], token: str | None) -> None:
        """Note that a page was listed."""
        self.listed += 1
        self.token, self.waits = token, False
        reached = False
        if names:
            goes_on = names[0] > self.at or self.listed == 1
            self.straight = self.straight and goes_on and _straight(names)
            self.at, self.names, self._pace = names[-1], names, None
            reached = self.end is not None and names[-1] >= self.end
        self.done = reached or token is None

    @property
    def pace(self) -> Pace | None:
        """How far its last page went; None where that tells nothing."""
        if self._pace is None and self.straight and len(self.names) > 1:
            self._pace = Pace(self.names, self.fixed)
        return self._pace

    @property
    def left(self) -> float:
        """How many pages are still to come, guessed; infinite where nothing is known."""
        if self.end is None:
            return float("inf")
        return self.pace.pages_between(self.at, self.end) if self.pace is not None else 0


async def _next_page(fetch: Fetch, part: _Part) -> ObjectPage | None:
    """List a part's next page; None where nothing in it is the part's own."""
    page, token = await fetch(part.from_where())
    own = _own(page, part)
    part.came(_names(page), token)
    # A first page stands for the whole listing, also where it is empty.
    return own if own.objects or own.prefixes or (part.listed == 1 and not part.after) else None


def _names(page: ObjectPage) -> Sequence[str]:
    """The keys and common prefixes of a page, in order."""
    objects = page.objects
    keys = objects.keys if isinstance(objects, PackedPage) else [row.key for row in objects]
    if not page.prefixes:
        return keys
    return sorted([*keys, *page.prefixes]) if keys else page.prefixes


def _straight(names: Sequence[str]) -> bool:
    return names.ordered if isinstance(names, Keys) else all(map(lt, names, names[1:]))


def _own(page: ObjectPage, part: _Part) -> ObjectPage:
    """What of a page lies in the part."""
    after, end = part.after, part.end
    objects, prefixes = page.objects, page.prefixes
    if prefixes and (prefixes[0] <= after or (end is not None and prefixes[-1] > end)):
        prefixes = tuple(p for p in prefixes if after < p and (end is None or p <= end))
    if objects and (objects[0].key <= after or (end is not None and objects[-1].key > end)):
        keys = _names(ObjectPage(objects))
        first = bisect_right(keys, after)
        last = len(keys) if end is None else bisect_right(keys, end)
        objects = packed(objects).part(first, last)
    return ObjectPage(objects, prefixes)


def _cut_ahead(part: _Part, query: ObjectQuery, pages: float) -> str:
    """A key to cut a part at, so many pages ahead; "" where none is thought of."""
    cut = part.pace.ahead(part.at, pages) if part.pace is not None else ""
    if not query.recursive:
        # Inside a folder, the parts before and after would both list it.
        cut = cut[: len(query.prefix)] + cut[len(query.prefix) :].partition("/")[0]
    inside = cut > part.at and (part.end is None or cut < part.end)
    return cut if inside and cut.startswith(query.prefix) else ""


class _Parallel:
    """Workers that list the parts of one listing, and cut more of them as they become free."""

    def __init__(self, fetch: Fetch, query: ObjectQuery, whole: _Part) -> None:
        self._fetch, self._query = fetch, query
        self._parts = [whole]
        self._unbegun = [whole]
        self._busy, self._at_once = 0, float(WORKERS)
        self._error: Exception | None = None
        self._changed = asyncio.Event()
        self._tasks = [asyncio.create_task(self._work()) for _ in range(WORKERS)]

    async def pages(self) -> AsyncGenerator[ObjectPage, None]:
        """Yield the pages of the parts, in order."""
        while self._parts:
            if self._error is not None:
                raise self._error
            front = self._parts[0]
            if front.pages:
                yield front.pages.popleft()
                self._tell()
                await asyncio.sleep(0)  # what was held back comes in a row: let others have a turn
            elif front.done:
                del self._parts[0]
                self._tell()
            else:
                await self._changed.wait()

    def stop(self) -> None:
        """Ask for nothing more; what is under way is dropped."""
        for task in self._tasks:
            task.cancel()

    async def _work(self) -> None:
        try:
            # One paginator stands in the log for all: the listing's own first pages.
            with caused_by(None):
                while not all(part.done for part in self._parts):
                    part = self._unbegun.pop() if self._unbegun else self._cut()
                    if part is not None:
                        await self._list(part)
                    else:
                        await self._changed.wait()
        except Exception as error:
            self._error = error
            self._tell()

    async def _list(self, part: _Part) -> None:
        self._busy += 1
        while not part.done:
            while self._too_far_ahead(part):
                await self._changed.wait()
            page = await _next_page(self._fetch, part)
            if page is not None:
                part.pages.append(page)
            self._at_once = min(WORKERS, self._at_once + MORE_A_PAGE)
            if page is None and part.listed == 1:
                self._at_once = max(2, self._at_once / 2)
            if part.token is None and not part.names:
                self._nothing_after(part)
            self._tell()
        self._busy -= 1

    def _nothing_after(self, part: _Part) -> None:
        """The listing ends before this part: so do all that were to begin later."""
        if part in self._parts:
            for later in self._parts[self._parts.index(part) + 1 :]:
                later.done = True

    def _too_far_ahead(self, part: _Part) -> bool:
        front, *others = self._parts or [part]
        held = len(front.pages) if part is front else sum(len(one.pages) for one in others)
        return held > LOOK_AHEAD

    def _cut(self) -> _Part | None:
        """Cut the first part that is long, else the longest; None where all are short."""
        found: _Part | None = None
        length = 0.0
        if self._busy >= self._at_once:
            return None
        for part in self._parts:
            if part.done or part.waits:
                continue
            left = part.left
            if left > max(length, LEAST_PAGES):
                found, length = part, left
            if left > PART_PAGES * 1.5:
                break
        if found is None:
            return None
        cut = _cut_ahead(
            found, self._query, PART_PAGES if length > PART_PAGES * 1.5 else length / 2
        )
        if not cut:
            found.waits = True
            return None
        new = _Part(cut, found.end, found.fixed, _pace=found.pace)
        found.end = cut
        self._parts.insert(self._parts.index(found) + 1, new)
        return new

    def _tell(self) -> None:
        """Wake whoever waits for a change."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
