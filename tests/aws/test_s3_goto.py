"""Where an address leads, and what its beginning could become; searching; adding up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.screens.s3_support import HOSTILE
from tui.aws.s3.goto import Target, begun, resolve
from tui.aws.s3.search import found
from tui.aws.s3.service import S3
from tui.aws.s3.total import add_up
from tui.core.errors import AwsError, JobCancelled
from tui.core.find import Pattern
from tui.core.jobs import Progress
from tui.core.records import ObjectQuery
from tui.core.s3_address import Address
from tui.core.tally import Tally

KEYS = ("raw/a.csv", "raw/a.csv.gz", "raw/trips-old/1", "raw/trips/2026/x", "both", "both/x", "z ")


@pytest.fixture
def filled(outside: Any, bucket: str) -> str:
    for key in (*KEYS, *HOSTILE):
        outside.put_object(Bucket=bucket, Key=key, Body=b"12345")
    return bucket


@pytest.mark.parametrize(
    ("key", "target"),
    [
        ("", Target("")),
        ("raw/", Target("raw/")),
        ("nothing/here/", Target("nothing/here/")),
        ("raw/a.csv", Target("raw/", "raw/a.csv")),
        ("raw/trips", Target("raw/trips/")),  # although trips-old comes before it
        ("both", Target("", "both")),
        ("z ", Target("", "z ")),
        ("raw/a.csv ", Target("raw/", "raw/a.csv")),  # pasted with a space
        ("raw/trips/20", Target("raw/trips/", "raw/trips/2026/")),
        ("raw/a.", Target("raw/", "raw/a.csv")),
    ],
)
async def test_an_address_leads_to_its_folder_or_its_object(
    s3: S3, filled: str, key: str, target: Target
) -> None:
    assert await resolve(s3, Address(filled, key)) == target


async def test_hostile_names_are_found_byte_by_byte(s3: S3, filled: str) -> None:
    for key in HOSTILE:
        assert await resolve(s3, Address(filled, key)) == Target(key[: key.rfind("/") + 1], key)


async def test_an_address_where_nothing_is_says_so(s3: S3, filled: str) -> None:
    with pytest.raises(AwsError, match="no object and no folder") as caught:
        await resolve(s3, Address(filled, "raw/b.csv"))
    assert caught.value.code == "NoSuchKey"
    with pytest.raises(AwsError):
        await resolve(s3, Address("no-such-bucket-7421", "x"))


async def test_what_is_typed_could_become_folders_and_keys(s3: S3, filled: str) -> None:
    assert await begun(s3, Address(filled, "raw/")) == [
        "raw/trips-old/",
        "raw/trips/",
        "raw/a.csv",
        "raw/a.csv.gz",
    ]
    assert await begun(s3, Address(filled, "bo")) == ["both/", "both"]


async def test_a_search_hands_on_hits_alone_and_counts_all(s3: S3, filled: str) -> None:
    query = ObjectQuery(filled, "raw/", recursive=True)
    pages = [page async for page in found(s3, query, Pattern("*.csv").matcher("raw/"))]
    assert sum(scanned for scanned, _, _ in pages) == 4
    assert [row.key for _, _, page in pages for row in page.objects] == ["raw/a.csv"]
    assert pages[-1][1] == "raw/trips/2026/x"
    again = [page async for page in found(s3, query, Pattern("*").matcher("raw/"), "raw/a.csv.gz")]
    assert [row.key for row in again[0][2].objects] == ["raw/trips-old/1", "raw/trips/2026/x"]


async def test_a_total_is_all_below_some_folders_and_some_objects(s3: S3, filled: str) -> None:
    tally, progress = Tally("raw/", datetime.now(UTC)), Progress()
    query = ObjectQuery(filled, "raw/a", recursive=True)
    objects = [row async for page in s3.objects(query) for row in page.objects]
    await add_up(
        s3, filled, tally, progress, prefixes=["raw/trips/", "raw/trips-old/"], pages=[objects]
    )
    assert (tally.root.objects, tally.root.size_bytes) == (4, 20)
    assert progress.items_done == 4


async def test_a_cancelled_total_ends_at_its_next_page(s3: S3, filled: str) -> None:
    progress = Progress()
    progress.cancel()
    with pytest.raises(JobCancelled):
        await add_up(s3, filled, Tally("", datetime.now(UTC)), progress, prefixes=[""])
