"""A long listing asked for in parts comes as if it was asked for page by page."""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.aws.s3.key_space import Pace
from tui.aws.s3.shards import listed
from tui.core.errors import AwsError
from tui.core.packed import packed
from tui.core.records import ObjectPage, ObjectQuery, S3Object

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)


class Server:
    """ListObjectsV2 over keys in memory, as S3 has it."""

    def __init__(self, keys: Sequence[str], page: int = 10, *, prefix: str = "", deep: bool = True):
        self.keys, self.page = sorted(set(keys)), page
        self.query = ObjectQuery("b", prefix, recursive=deep)
        self.asked: list[dict[str, Any]] = []
        self.under_way = self.most = 0
        self.takes_start_after = True
        self.fails_after = 10**9

    async def fetch(self, where: Mapping[str, Any]) -> tuple[ObjectPage, str | None]:
        self.asked.append(dict(where))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        finally:
            self.under_way -= 1
        if len(self.asked) > self.fails_after:
            raise AwsError("Can't list b", "it broke")
        after = where.get("StartAfter", "") if self.takes_start_after else ""
        return self._page(where.get("ContinuationToken", after), where.get("MaxKeys", self.page))

    def _page(self, after: str, limit: int) -> tuple[ObjectPage, str | None]:
        objects: list[str] = []
        prefixes: list[str] = []
        start, at = self.query.prefix, bisect_right(self.keys, after)
        while at < len(self.keys) and len(objects) + len(prefixes) < limit:
            key = self.keys[at]
            cut = key.find("/", len(start)) if not self.query.recursive else -1
            after = key
            if not key.startswith(start):
                at += 1
            elif cut < 0:
                objects.append(key)
                at += 1
            else:
                prefixes.append(key[: cut + 1])
                while at < len(self.keys) and self.keys[at].startswith(prefixes[-1]):
                    after = self.keys[at]
                    at += 1
        page = ObjectPage(packed([S3Object(key, 1, MOMENT) for key in objects]), tuple(prefixes))
        return page, after if at < len(self.keys) else None

    def expected(self) -> tuple[list[str], list[str]]:
        page, _ = self._page("", 10**9)
        return [row.key for row in page.objects], list(page.prefixes)

    async def listed(self, after: str = "") -> tuple[list[str], list[str]]:
        objects: list[str] = []
        prefixes: list[str] = []
        async for page in listed(self.fetch, self.query, after):
            objects += [row.key for row in page.objects]
            prefixes += page.prefixes
        return objects, prefixes

    def check(self) -> None:
        objects, prefixes = asyncio.run(self.listed())
        assert (objects, prefixes) == self.expected()


def counted(count: int, form: str = "raw/part-{:07d}.csv") -> list[str]:
    return [form.format(n) for n in range(count)]


def hashed(count: int) -> list[str]:
    chance = random.Random(7)
    return [f"{chance.randbytes(8).hex()}/{n}" for n in range(count)]


SHAPES = {
    "counted": counted(3000),
    "without leading zeros": counted(3000, "file{}"),
    "hashed": hashed(3000),
    "dates": [f"{y}/{m:02d}/{d:02d}/h{n}" for y in (24, 25) for m in range(1, 13)
              for d in range(1, 29) for n in range(4)],
    "not ASCII": counted(1500, "é{}漢/{}".replace("{}", "{0:05d}")),
    "one long folder between short ones": [*counted(50, "a/{}"), *counted(2000, "b/{}"), "c/1"],
    "shared far in": counted(2000, "x" * 200 + "/{:04d}"),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_a_long_listing_is_complete_and_in_order_from_many_parts(shape: str) -> None:
    server = Server(SHAPES[shape])
    server.check()
    assert server.most > 4, "it was not asked for in parts"
    pages = len(server.keys) / server.page
    assert len(server.asked) < pages * 1.6 + 40


@given(
    keys=st.lists(st.text("ab/09\U0010ffff", min_size=1, max_size=6), max_size=300),
    prefix=st.sampled_from(["", "a", "a/", "b"]),
    deep=st.booleans(),
    page=st.integers(1, 9),
)
@settings(max_examples=150, deadline=None)
def test_any_keys_prefixes_and_folders_come_once_and_in_order(
    keys: list[str], prefix: str, deep: bool, page: int
) -> None:
    Server(keys, page, prefix=prefix, deep=deep).check()


@pytest.mark.parametrize("keys", [counted(3000, "{:05d}/x"), counted(3000, "{:05d}")])
def test_folders_and_objects_of_one_level_are_listed_in_parts_too(keys: list[str]) -> None:
    server = Server([*keys, *(f"{key}z" for key in keys)], deep=False)
    server.check()
    assert server.most > 4


def test_a_short_listing_asks_for_nothing_but_its_pages() -> None:
    server = Server(counted(20))
    server.check()
    assert len(server.asked) == 2


def test_a_server_that_takes_no_notice_of_start_after_is_listed_page_by_page() -> None:
    server = Server(counted(2000))
    server.takes_start_after = False
    server.check()
    assert server.most <= 2  # its probe


def test_a_directory_bucket_is_not_cut() -> None:
    server = Server(counted(300))
    server.query = ObjectQuery("fast--use1-az4--x-s3", recursive=True)
    server.check()
    assert all("StartAfter" not in asked for asked in server.asked)


def test_one_part_that_fails_fails_the_listing_once_and_stops_the_others() -> None:
    server = Server(counted(5000))
    server.fails_after = 60

    async def run() -> int:
        with pytest.raises(AwsError, match="it broke"):
            await server.listed()
        asked = len(server.asked)
        await asyncio.sleep(0.02)
        assert len(server.asked) == asked
        return len(asyncio.all_tasks())

    assert asyncio.run(run()) == 1


async def test_leaving_the_loop_stops_all_parts_at_once() -> None:
    server = Server(counted(20_000))
    pages = listed(server.fetch, server.query)
    count = 0
    async for _ in pages:
        count += 1
        if count == 30:
            break
    await pages.aclose()
    asked = len(server.asked)
    assert asked < 500
    await asyncio.sleep(0.02)
    assert len(server.asked) == asked


async def test_a_slow_reader_does_not_make_it_list_ahead_for_ever() -> None:
    server = Server(counted(60_000), 10)
    pages = listed(server.fetch, server.query)
    for _ in range(12):
        await anext(pages)
    for _ in range(5000):
        await asyncio.sleep(0)
    assert len(server.asked) < 1000
    await pages.aclose()


async def test_a_listing_goes_on_after_a_key_or_a_folder() -> None:
    keys = [*counted(300, "a/{:03d}"), *counted(300, "b{:03d}"), *counted(300, "c/{:03d}")]
    deep = Server(keys)
    assert (await deep.listed("b100"))[0] == deep.keys[401:]
    flat = Server(keys, deep=False)
    assert await flat.listed("a/") == (counted(300, "b{:03d}"), ["c/"])


@pytest.mark.parametrize(
    ("page", "key", "pages"),
    [
        (counted(1000), "raw/part-0000999.csv", 10),
        (counted(1000, "{:x}".replace("x", "05x")), "003e7", 10),
    ],
)
def test_a_counted_key_is_guessed_pages_ahead(page: list[str], key: str, pages: int) -> None:
    pace = Pace(page, 0)
    cut = pace.ahead(key, pages)
    assert pace.pages_between(key, cut) == pytest.approx(pages, abs=0.1)
    assert cut > key
    assert pace.ahead("zzzz~~~~", 10**9) == ""
