"""Range reads of one object: counted, kept within what is allowed, and of one version."""

from __future__ import annotations

from typing import Any

import pytest

from tui.aws.s3.ranges import CHANGED, ObjectRanges
from tui.aws.s3.service import S3
from tui.core.errors import AwsError, JobCancelled
from tui.core.reads import BeyondAllowanceError

DATA = bytes(range(256)) * 4096  # 1 MiB


@pytest.fixture
def key(outside: Any, bucket: str) -> str:
    outside.put_object(Bucket=bucket, Key="x.bin", Body=DATA, ContentType="text/csv")
    return "x.bin"


def ranges(s3: S3, bucket: str, **options: Any) -> ObjectRanges:
    return ObjectRanges(s3, bucket, "x.bin", **options)


def test_ranges_are_exact_and_what_is_kept_is_not_asked_again(
    s3: S3, bucket: str, key: str
) -> None:
    reads = ranges(s3, bucket)
    assert reads.read_at(1000, 10, ahead=5000) == DATA[1000:1010]
    assert (reads.size_bytes, reads.content_type) == (len(DATA), "text/csv")
    assert reads.spent == 5000
    assert reads.read_at(3000, 3000) == DATA[3000:6000]
    assert reads.spent == 5000  # all of it was there already
    assert reads.read_at(5900, 300) == DATA[5900:6200]
    assert reads.spent == 5200  # only what was missing
    assert reads.kept_from(6000) == 200
    assert reads.read_at(len(DATA) - 5, 100) == DATA[-5:]
    assert reads.read_at(len(DATA), 1) == b""


def test_the_end_comes_by_a_suffix_range_before_the_size_is_known(
    s3: S3, bucket: str, key: str
) -> None:
    reads = ranges(s3, bucket)
    assert reads.tail(100) == DATA[-100:]
    assert reads.size_bytes == len(DATA)
    assert reads.spent == 100
    whole = ranges(s3, bucket, allowance=2 * len(DATA))
    assert whole.tail(2 * len(DATA)) == DATA


def test_nothing_is_read_beyond_what_is_allowed(s3: S3, bucket: str, key: str) -> None:
    reads = ranges(s3, bucket, allowance=1000)
    assert len(reads.read_at(0, 600, ahead=5000)) == 600
    assert reads.spent == 1000  # reading ahead gives way
    with pytest.raises(BeyondAllowanceError) as refused:
        reads.read_at(5000, 600)
    assert refused.value.needed == 600
    reads.allow(600)
    assert reads.read_at(5000, 600) == DATA[5000:5600]
    assert reads.left == 0


def test_bytes_of_two_versions_are_never_mixed(s3: S3, bucket: str, key: str, outside: Any) -> None:
    reads = ranges(s3, bucket)
    reads.read_at(0, 100)
    outside.put_object(Bucket=bucket, Key=key, Body=DATA[::-1])
    assert reads.read_at(0, 100) == DATA[:100]
    with pytest.raises(AwsError) as changed:
        reads.read_at(5000, 100)
    assert changed.value.code in CHANGED


def test_a_dropped_read_ends(s3: S3, bucket: str, key: str) -> None:
    reads = ranges(s3, bucket)
    reads.drop()
    with pytest.raises(JobCancelled):
        reads.read_at(0, 100)


def test_what_goes_wrong_is_a_sentence(s3: S3, bucket: str) -> None:
    with pytest.raises(AwsError) as missing:
        ranges(s3, bucket).read_at(0, 100)
    assert missing.value.code == "NoSuchKey"
    assert "x.bin" in missing.value.title


def test_only_the_newest_bytes_are_kept(s3: S3, bucket: str, key: str) -> None:
    reads = ranges(s3, bucket, cache_bytes=1000)
    for start in range(0, 5000, 500):
        reads.read_at(start, 500)
    assert sum(len(data) for data in reads._kept.values()) <= 1000
    assert reads.read_at(4600, 100) == DATA[4600:4700]


async def test_a_server_without_ranges_gives_the_beginning_and_a_reason(
    s3: S3, bucket: str, key: str
) -> None:
    client = await s3.gateway.client("s3")

    def plain(request: Any, **_: Any) -> None:
        del request.headers["Range"]

    client.meta.events.register("before-sign.s3.GetObject", plain)
    reads = ranges(s3, bucket)
    assert reads.read_at(0, 100) == DATA[:100]
    with pytest.raises(AwsError) as refused:
        reads.read_at(70_000, 100)
    assert "whole objects" in refused.value.message


class Breaking:
    """A body whose connection breaks."""

    def __enter__(self) -> Breaking:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def read(self, _amount: int = -1) -> bytes:
        raise ConnectionResetError("gone")


async def test_a_connection_that_breaks_in_the_body_is_a_sentence(
    s3: S3, bucket: str, key: str
) -> None:
    client = await s3.gateway.client("s3")
    whole = client.get_object
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "get_object", lambda **asked: whole(**asked) | {"Body": Breaking()})
        with pytest.raises(AwsError) as broken:
            ranges(s3, bucket).read_at(0, 100)
    assert "x.bin" in broken.value.title
