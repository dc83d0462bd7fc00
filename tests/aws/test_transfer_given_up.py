"""Transfers that are cancelled, discarded, or fail: nothing is left, and a retry does the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.aws.resume_support import ME, Asked, files_of, paused, pausing
from tests.aws.transfer_faults import Faults
from tests.aws.transfer_support import left_over, unfinished
from tui.aws.gateway import Gateway
from tui.aws.s3.service import S3
from tui.aws.transfers.engine import PART_BYTES
from tui.aws.transfers.service import Transfers, plan_uploads
from tui.core.errors import AwsError, JobCancelled, JobPaused, UserError
from tui.core.job_items import ItemState
from tui.core.ledger_folder import LedgerFolder
from tui.core.progress import Progress

TWO_PARTS = 2 * PART_BYTES


# -- cancelled ------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["upload", "download"])
async def test_a_cancel_leaves_nothing(
    verb: str,
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    ledgers: LedgerFolder,
    big_bytes: bytes,
) -> None:
    progress = Progress()
    if verb == "upload":
        (folder / "big").write_bytes(big_bytes)
        faults.before("UploadPart", pausing(progress, 2, suspend=False))
        work = transfers.upload(bucket, "k", folder / "big", progress)
    else:
        outside.put_object(Bucket=bucket, Key="k", Body=big_bytes)
        faults.before("GetObject", pausing(progress, 2, suspend=False))
        work = transfers.download(bucket, "k", folder / "k", progress)
    with pytest.raises(JobCancelled):
        await work
    assert progress.ledger is None
    assert files_of(ledgers) == left_over(folder) == unfinished(outside, bucket) == []


@pytest.mark.parametrize("verb", ["upload", "download"])
async def test_what_a_pause_has_left_can_be_discarded(
    verb: str,
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    ledgers: LedgerFolder,
    big_bytes: bytes,
) -> None:
    progress = Progress()
    if verb == "upload":
        (folder / "big").write_bytes(big_bytes)
        faults.before("UploadPart", pausing(progress))
        work = transfers.upload(bucket, "k", folder / "big", progress)
    else:
        outside.put_object(Bucket=bucket, Key="k", Body=big_bytes)
        faults.before("GetObject", pausing(progress))
        work = transfers.download(bucket, "k", folder / "k", progress)
    again = await paused(work, progress)
    await transfers.discard(again.ledger.id, again)
    assert again.ledger is None
    assert files_of(ledgers) == left_over(folder) == unfinished(outside, bucket) == []


async def test_a_resumed_job_that_is_cancelled_cleans_up_what_it_has_not_come_to(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    ledgers: LedgerFolder,
    big_bytes: bytes,
) -> None:
    (folder / "a").write_bytes(b"small")
    (folder / "big").write_bytes(big_bytes)
    progress = Progress()
    faults.before("UploadPart", pausing(progress))
    again = await paused(transfers.upload_folder(bucket, "raw", folder, progress), progress)
    again.cancel()
    with pytest.raises(JobCancelled):
        await transfers.upload_folder(bucket, "raw", folder, again)
    assert files_of(ledgers) == unfinished(outside, bucket) == []


async def test_what_cant_be_cleaned_up_stays_known(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    ledgers: LedgerFolder,
    big_bytes: bytes,
) -> None:
    (folder / "big").write_bytes(big_bytes)
    progress = Progress()
    faults.before("UploadPart", pausing(progress))
    again = await paused(transfers.upload(bucket, "k", folder / "big", progress), progress)
    fails = True

    def refuse(number: int) -> None:
        if fails:
            raise AwsError("Can't abort", code="SlowDown")

    faults.before("AbortMultipartUpload", refuse)
    with pytest.raises((UserError, JobPaused)):
        await transfers.discard(again.ledger.id, again)
    assert len(unfinished(outside, bucket)) == 1
    again.ledger.release()
    (one,) = await transfers.interrupted()
    fails = False
    await transfers.discard(one.id, Progress())
    assert files_of(ledgers) == unfinished(outside, bucket) == []


# -- failed, and tried again ----------------------------------------------------------------------


async def test_a_retry_does_what_has_failed_and_no_more(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    asked: Asked,
    ledgers: LedgerFolder,
) -> None:
    for name in "abc":
        (folder / name).write_bytes(name.encode())
    plan = plan_uploads(folder, "raw/")
    (folder / "b").write_bytes(b"longer than planned")
    progress = Progress()
    report = await transfers.upload_planned(bucket, plan, progress)
    assert (report.files, [one.name for one in report.failures]) == (2, ["raw/b"])
    assert progress.items.count(ItemState.FAILED) == 1
    (folder / "b").write_bytes(b"b")
    again = progress.successor()
    asked.all.clear()
    report = await transfers.upload_planned(bucket, plan, again)
    assert (report.files, report.failures) == (3, ())
    assert asked.all == ["PutObject"]
    assert files_of(ledgers) == []


async def test_a_failed_item_leaves_no_upload(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    ledgers: LedgerFolder,
    big_bytes: bytes,
) -> None:
    (folder / "big").write_bytes(big_bytes)

    def refuse(number: int) -> None:
        raise AwsError("Can't upload", code="AccessDenied")

    faults.before("UploadPart", refuse)
    progress = Progress()
    report = await transfers.upload_folder(bucket, "raw", folder, progress)
    assert len(report.failures) == 1
    assert unfinished(outside, bucket) == []
    progress.ledger.release()
    assert files_of(ledgers) == []


async def test_a_journal_that_cant_be_written_is_said_and_stops_nothing(
    gateway: Gateway, s3: S3, bucket: str, outside: Any, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    (folder / "a").write_bytes(b"a")
    transfers = Transfers(gateway, s3, LedgerFolder(tmp_path / "file", ME))
    progress = Progress()
    assert (await transfers.upload(bucket, "k", folder / "a", progress)).files == 1
    assert "its journal can't be written" in progress.note
    assert await transfers.interrupted() == ()
    transfers.close()
