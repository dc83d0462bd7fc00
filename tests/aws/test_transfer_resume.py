"""Transfers that are paused, killed or given up: they go on where they were, or leave nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.aws.resume_support import Asked, files_of, paused, pausing
from tests.aws.transfer_faults import Faults
from tests.aws.transfer_support import BIG, left_over, noise, unfinished
from tui.aws.transfers.engine import PART_BYTES
from tui.aws.transfers.service import Transfers
from tui.core.errors import JobCancelled
from tui.core.job_items import ItemState
from tui.core.ledger_folder import LedgerFolder
from tui.core.progress import Progress

TWO_PARTS = 2 * PART_BYTES


# -- paused, and gone on with in the same app -----------------------------------------------------


async def test_a_paused_upload_goes_on_with_its_parts(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    asked: Asked,
    ledgers: LedgerFolder,
    big_bytes: bytes,
) -> None:
    (folder / "big").write_bytes(big_bytes)
    progress = Progress()
    progress.limits.at_once = 1
    faults.before("UploadPart", pausing(progress, 3))
    again = await paused(transfers.upload(bucket, "k", folder / "big", progress, ""), progress)
    (upload,) = unfinished(outside, bucket)
    assert await transfers.interrupted() == ()  # it is held
    asked.all.clear()
    report = await transfers.upload(bucket, "k", folder / "big", again, "")
    assert (report.files, report.size_bytes) == (1, BIG)
    assert asked.count("CreateMultipartUpload") == 0
    assert asked.count("UploadPart") == 1
    assert (again.done, again.before, again.items_done) == (BIG, TWO_PARTS, 1)
    assert outside.get_object(Bucket=bucket, Key="k")["Body"].read() == big_bytes
    assert upload["Key"] == "k"
    assert unfinished(outside, bucket) == []
    assert files_of(ledgers) == []


async def test_a_paused_download_goes_on_with_its_parts(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    asked: Asked,
    ledgers: LedgerFolder,
    big_bytes: bytes,
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=big_bytes)
    progress = Progress()
    progress.limits.at_once = 1
    faults.before("GetObject", pausing(progress, 3))
    again = await paused(transfers.download(bucket, "k", folder / "k", progress), progress)
    assert len(left_over(folder)) == 1
    asked.all.clear()
    await transfers.download(bucket, "k", folder / "k", again)
    assert asked.count("GetObject") == 1
    assert (again.done, again.before) == (BIG, TWO_PARTS)
    assert (folder / "k").read_bytes() == big_bytes
    assert left_over(folder) == []
    assert files_of(ledgers) == []


async def test_a_part_that_is_not_what_was_fetched_is_fetched_again(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    asked: Asked,
    big_bytes: bytes,
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=big_bytes)
    progress = Progress()
    progress.limits.at_once = 1
    faults.before("GetObject", pausing(progress, 3))
    again = await paused(transfers.download(bucket, "k", folder / "k", progress), progress)
    with (folder / left_over(folder)[0]).open("r+b") as file:  # what a power cut does
        file.seek(PART_BYTES + 5_000)
        file.write(bytes(4096))
    asked.all.clear()
    await transfers.download(bucket, "k", folder / "k", again)
    assert asked.count("GetObject") == 2
    assert (folder / "k").read_bytes() == big_bytes


async def test_an_object_that_changed_meanwhile_is_fetched_anew(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    big_bytes: bytes,
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=big_bytes)
    progress = Progress()
    progress.limits.at_once = 1
    faults.before("GetObject", pausing(progress, 3))
    again = await paused(transfers.download(bucket, "k", folder / "k", progress), progress)
    other = noise(BIG, 2)
    outside.put_object(Bucket=bucket, Key="k", Body=other)
    await transfers.download(bucket, "k", folder / "k", again)
    assert again.before == 0
    assert (folder / "k").read_bytes() == other
    assert left_over(folder) == []


@pytest.mark.parametrize("fast", [False, True])
async def test_an_object_that_got_small_meanwhile_has_nothing_of_the_old_one(
    fast: bool,
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    big_bytes: bytes,
) -> None:
    outside.put_object(Bucket=bucket, Key="p/k", Body=big_bytes)
    progress = Progress()
    progress.limits.at_once = 1
    faults.before("GetObject", pausing(progress, 3))
    again = await paused(transfers.download_prefix(bucket, "p/", folder, progress), progress)
    outside.put_object(Bucket=bucket, Key="p/k", Body=b"small")
    transfers._engine.fast.enabled = fast
    await transfers.download_prefix(bucket, "p/", folder, again)
    assert (folder / "k").read_bytes() == b"small"
    assert left_over(folder) == []


async def test_a_temporary_file_that_is_gone_is_no_matter(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    big_bytes: bytes,
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=big_bytes)
    progress = Progress()
    faults.before("GetObject", pausing(progress, 3))
    again = await paused(transfers.download(bucket, "k", folder / "k", progress), progress)
    (folder / left_over(folder)[0]).unlink()
    await transfers.download(bucket, "k", folder / "k", again)
    assert (folder / "k").read_bytes() == big_bytes


async def test_a_file_that_changed_meanwhile_is_uploaded_anew(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    big_bytes: bytes,
) -> None:
    (folder / "big").write_bytes(big_bytes)
    progress = Progress()
    faults.before("UploadPart", pausing(progress, 3))
    again = await paused(transfers.upload(bucket, "k", folder / "big", progress), progress)
    other = noise(BIG, 2)
    (folder / "big").write_bytes(other)
    await transfers.upload(bucket, "k", folder / "big", again)
    assert outside.get_object(Bucket=bucket, Key="k")["Body"].read() == other
    assert unfinished(outside, bucket) == []


@pytest.mark.parametrize("completed", [True, False])
async def test_an_upload_that_is_no_more_was_completed_or_is_begun_anew(
    completed: bool,
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    asked: Asked,
    big_bytes: bytes,
) -> None:
    (folder / "big").write_bytes(big_bytes)
    progress = Progress()
    faults.before("CompleteMultipartUpload", pausing(progress, 1))

    def stop(number: int) -> None:
        if number == 1:
            raise JobCancelled

    faults.before("CompleteMultipartUpload", stop)
    again = await paused(transfers.upload(bucket, "k", folder / "big", progress, ""), progress)
    (upload,) = unfinished(outside, bucket)
    named = {"Bucket": bucket, "Key": "k", "UploadId": upload["UploadId"]}
    if completed:
        parts = [
            {name: part[name] for name in ("PartNumber", "ETag")}
            for part in outside.list_parts(**named)["Parts"]
        ]
        outside.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
    else:
        outside.abort_multipart_upload(**named)
    asked.all.clear()
    await transfers.upload(bucket, "k", folder / "big", again, "")
    assert asked.count("UploadPart") == (0 if completed else 3)
    assert outside.get_object(Bucket=bucket, Key="k")["Body"].read() == big_bytes
    assert unfinished(outside, bucket) == []


async def test_a_paused_folder_goes_on_with_what_is_not_done(
    transfers: Transfers, bucket: str, folder: Path, faults: Faults, asked: Asked
) -> None:
    for number in range(40):
        (folder / f"{number:02}").write_bytes(b"x" * number)
    progress = Progress()
    progress.limits.at_once = 1
    faults.before("PutObject", pausing(progress, 31))
    work = transfers.upload_folder(bucket, "raw", folder, progress)
    again = await paused(work, progress)
    assert progress.items.count(ItemState.RUNNING) == 0
    done = progress.items.count(ItemState.DONE)
    assert done == progress.items_done >= 30
    (folder / "new").write_bytes(b"is not in the plan")
    asked.all.clear()
    report = await transfers.upload_folder(bucket, "raw", folder, again)
    assert asked.count("PutObject") == 40 - done
    assert (report.files, again.items_done, again.items_total) == (40, 40, 40)
    assert again.done == again.total == sum(range(40))
    assert again.items.count(ItemState.DONE) == 40
