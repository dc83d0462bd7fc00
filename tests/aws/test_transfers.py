"""Uploads and downloads: there and back, cancelled, and in parts that cover the file once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.aws.transfer_faults import Faults
from tests.aws.transfer_support import BIG, left_over, noise, unfinished
from tui.aws.transfers.engine import PART_BYTES, part_size, spans
from tui.aws.transfers.service import Transfers
from tui.core.errors import JobCancelled
from tui.core.jobs import JobManager, JobState, Progress

# -- there and back ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 5_000, PART_BYTES, PART_BYTES + 1, BIG])
async def test_what_goes_up_comes_back_byte_for_byte(
    size: int, transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    source, target = folder / "a.csv", folder / "new" / "b.csv"
    source.write_bytes(noise(size))
    up, down = Progress(), Progress()
    report = await transfers.upload(bucket, "raw/a.csv", source, up)
    assert (report.files, report.size_bytes, up.done, up.total) == (1, size, size, size)
    head = outside.head_object(Bucket=bucket, Key="raw/a.csv")
    assert (head["ContentLength"], head["ContentType"]) == (size, "text/csv")
    await transfers.download(bucket, "raw/a.csv", target, down)
    assert (down.done, down.total, down.items_done) == (size, size, 1)
    assert target.read_bytes() == source.read_bytes()
    assert left_over(folder) == []
    assert unfinished(outside, bucket) == []


async def test_a_big_object_carries_the_checksum_of_the_whole(
    transfers: Transfers, bucket: str, outside: Any, folder: Path, big_bytes: bytes
) -> None:
    import base64
    import zlib

    (folder / "big").write_bytes(big_bytes)
    await transfers.upload(bucket, "big", folder / "big", Progress())
    head = outside.head_object(Bucket=bucket, Key="big", ChecksumMode="ENABLED")
    assert head["ChecksumType"] == "FULL_OBJECT"
    assert base64.b64decode(head["ChecksumCRC32"]) == zlib.crc32(big_bytes).to_bytes(4, "big")


async def test_a_folder_goes_up_and_comes_back(
    transfers: Transfers, bucket: str, outside: Any, folder: Path, big_bytes: bytes
) -> None:
    tree = folder / "tree"
    for name, data in {
        "a.txt": b"a",
        "sub/b.txt": b"bb",
        "sub/deep/c": b"",
        "big": big_bytes,
    }.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(data)
    progress = Progress()
    report = await transfers.upload_folder(bucket, "raw", tree, progress)
    assert (report.files, report.failures, report.skipped) == (4, (), ())
    assert (progress.items_done, progress.items_total) == (4, 4)
    assert progress.done == progress.total == BIG + 3
    keys = [entry["Key"] for entry in outside.list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == ["raw/a.txt", "raw/big", "raw/sub/b.txt", "raw/sub/deep/c"]
    report = await transfers.download_prefix(bucket, "raw/", folder / "back", Progress())
    assert report.finish().startswith("4 files, 33.6 MB in ")
    assert {
        str(path.relative_to(folder / "back")): path.read_bytes()
        for path in (folder / "back").rglob("*")
        if path.is_file()
    } == {"a.txt": b"a", "sub/b.txt": b"bb", "sub/deep/c": b"", "big": big_bytes}


async def test_a_replaced_file_keeps_its_mode(
    transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=b"new")
    target = folder / "k"
    target.write_bytes(b"old")
    target.chmod(0o640)
    await transfers.download(bucket, "k", target, Progress())
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o640


async def test_a_link_at_the_target_is_replaced_and_not_followed(
    transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=b"new")
    (folder / "precious").write_bytes(b"old")
    (folder / "link").symlink_to(folder / "precious")
    await transfers.download(bucket, "k", folder / "link", Progress())
    assert (folder / "precious").read_bytes() == b"old"
    assert not (folder / "link").is_symlink()


# -- cancelling ----------------------------------------------------------------------------------


async def test_a_cancelled_upload_leaves_nothing_at_s3(
    faults: Faults, transfers: Transfers, bucket: str, outside: Any, folder: Path, big_bytes: bytes
) -> None:
    (folder / "a").write_bytes(big_bytes)
    manager, started = JobManager(), asyncio.Event()
    loop = asyncio.get_running_loop()
    faults.before("UploadPart", lambda _: loop.call_soon_threadsafe(started.set))

    async def body(job: Any) -> str:
        return (await transfers.upload(bucket, "k", folder / "a", job.progress)).finish()

    job = manager.start("upload", "a", body)
    await started.wait()
    manager.cancel(job.id)
    assert (await job.wait()).state is JobState.CANCELLED
    assert unfinished(outside, bucket) == []
    assert outside.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


async def test_a_cancelled_download_leaves_no_file(
    faults: Faults, transfers: Transfers, bucket: str, outside: Any, folder: Path, big_bytes: bytes
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=big_bytes)
    progress = Progress()
    faults.before("GetObject", lambda _: progress.cancelled.set())
    with pytest.raises(JobCancelled):
        await transfers.download(bucket, "k", folder / "k", progress)
    assert list(folder.iterdir()) == []


# -- sizes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, PART_BYTES, BIG, 10_000 * PART_BYTES + 1, 5 * 2**40])
def test_parts_cover_the_file_once_and_are_never_too_many(size: int) -> None:
    each = part_size(size)
    assert each >= PART_BYTES
    assert -(-size // each) <= 10_000
    if size < 2**40:
        found = list(spans(size, each))
        assert sum(length for _, _, length in found) == size
        assert [number for number, _, _ in found] == list(range(1, len(found) + 1))
