"""Transfers that were killed, or left at the end of the app: found, gone on with, or cleaned up."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.aws.resume_support import ME, Asked, files_of, paused, pausing, released
from tests.aws.transfer_faults import Faults
from tests.aws.transfer_support import BIG, left_over, unfinished
from tests.aws.transfer_victim import Order, killed_while
from tui.aws.gateway import Gateway
from tui.aws.s3.copy_plan import CopyItem, CopyPlan
from tui.aws.s3.service import S3
from tui.aws.transfers import fetch as fetch_module
from tui.aws.transfers.engine import PART_BYTES
from tui.aws.transfers.service import Transfers
from tui.core.errors import JobCancelled, JobPaused, UserError
from tui.core.ledger import Owner
from tui.core.ledger_folder import LedgerFolder
from tui.core.progress import Progress

TWO_PARTS = 2 * PART_BYTES


@pytest.fixture
def order(
    clean_sandbox: Any, ledgers: LedgerFolder, bucket: str, folder: Path
) -> Callable[..., Order]:
    info = clean_sandbox.info

    def made(verb: str, operation: str, nth: int, before: bool = True) -> Order:
        keys = info.access_key_id, info.secret_access_key
        where = str(ledgers._folder)
        endpoint = info.endpoint_url
        return Order(
            endpoint, keys, where, verb, bucket, str(folder), operation, nth, before=before
        )

    return made


@pytest.mark.parametrize(
    ("operation", "nth", "before"),
    [
        ("CreateMultipartUpload", 1, False),
        ("UploadPart", 2, False),
        ("CompleteMultipartUpload", 1, False),
    ],
)
@pytest.mark.parametrize("resumes", [True, False])
async def test_a_killed_upload_goes_on_or_leaves_nothing(
    operation: str,
    nth: int,
    before: bool,
    resumes: bool,
    order: Callable[..., Order],
    transfers: Transfers,
    ledgers: LedgerFolder,
    bucket: str,
    outside: Any,
    folder: Path,
    big_bytes: bytes,
) -> None:
    (folder / "a").write_bytes(b"small")
    (folder / "big").write_bytes(big_bytes)
    killed_while(order("upload", operation, nth, before))
    (one,) = await transfers.interrupted()
    assert (one.verb, one.bucket, one.items_total, one.mine) == ("upload", bucket, 2, True)
    if resumes:
        report = await transfers.resume(one.id, Progress())
        assert (report.files, report.failures) == (2, ())
        assert outside.get_object(Bucket=bucket, Key="raw/big")["Body"].read() == big_bytes
        assert outside.get_object(Bucket=bucket, Key="raw/a")["Body"].read() == b"small"
    else:
        await transfers.discard(one.id, Progress())
    assert await transfers.interrupted() == ()
    assert files_of(ledgers) == unfinished(outside, bucket) == []


@pytest.mark.parametrize("resumes", [True, False])
async def test_a_killed_download_goes_on_or_leaves_nothing(
    resumes: bool,
    order: Callable[..., Order],
    transfers: Transfers,
    ledgers: LedgerFolder,
    bucket: str,
    outside: Any,
    folder: Path,
    big_bytes: bytes,
) -> None:
    outside.put_object(Bucket=bucket, Key="raw/big", Body=big_bytes)
    outside.put_object(Bucket=bucket, Key="raw/deep/a", Body=b"small")
    killed_while(order("download", "GetObject", 3, before=True))
    assert len(left_over(folder)) >= 1
    (one,) = await transfers.interrupted()
    if resumes:
        progress = Progress()
        report = await transfers.resume(one.id, progress)
        assert (report.files, progress.done) == (2, BIG + 5)
        assert (folder / "big").read_bytes() == big_bytes
        assert (folder / "deep" / "a").read_bytes() == b"small"
    else:
        await transfers.discard(one.id, Progress())
        assert not (folder / "big").exists()
    assert files_of(ledgers) == left_over(folder) == []


async def test_others_unfinished_uploads_of_the_key_are_left_alone(
    order: Callable[..., Order],
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    big_bytes: bytes,
) -> None:
    (folder / "big").write_bytes(big_bytes)
    theirs = outside.create_multipart_upload(Bucket=bucket, Key="raw/big")["UploadId"]
    named = {"Bucket": bucket, "Key": "raw/big", "UploadId": theirs}
    outside.upload_part(**named, PartNumber=1, Body=b"x")
    near = outside.create_multipart_upload(Bucket=bucket, Key="raw/big.2")["UploadId"]
    killed_while(order("upload", "CreateMultipartUpload", 1, before=False))
    (one,) = await transfers.interrupted()
    await transfers.discard(one.id, Progress())
    assert {upload["UploadId"] for upload in unfinished(outside, bucket)} == {theirs, near}


async def test_another_accounts_job_is_not_touched(
    transfers: Transfers,
    gateway: Gateway,
    s3: S3,
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
    work = transfers.upload(bucket, "k", folder / "big", progress)
    name = await released(transfers, work, progress)
    other = Transfers(gateway, s3, LedgerFolder(ledgers._folder, Owner("111111111111")))
    (one,) = await other.interrupted()
    assert not one.mine
    for act in (other.resume, other.discard):
        with pytest.raises(UserError, match="it is one of"):
            await act(name, Progress())
    other.close()
    assert (await transfers.resume(name, Progress())).files == 1
    assert unfinished(outside, bucket) == []


async def test_what_is_gone_is_said(transfers: Transfers) -> None:
    for act in (transfers.resume, transfers.discard):
        with pytest.raises(UserError, match="it has ended"):
            await act("1-nothing", Progress())
        with pytest.raises(UserError, match="it has ended"):
            await act("../x", Progress())


async def test_a_dead_sandboxs_files_go_silently(
    gateway: Gateway,
    s3: S3,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    ledgers: LedgerFolder,
    big_bytes: bytes,
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=big_bytes)
    dead = LedgerFolder(ledgers._folder, Owner(ME.account, "sandbox:http://127.0.0.1:1"))
    theirs = Transfers(gateway, s3, dead)
    theirs._engine.fast.enabled = False
    progress = Progress()
    faults.before("GetObject", pausing(progress))
    work = theirs.download(bucket, "k", folder / "k", progress)
    again = await paused(work, progress)
    again.ledger.release()
    assert len(left_over(folder)) == 1
    mine = Transfers(gateway, s3, ledgers)
    assert await mine.interrupted() == ()
    assert files_of(ledgers) == left_over(folder) == []
    for one in (theirs, mine):
        one.close()


async def test_a_move_whose_source_went_just_before_the_crash_is_done(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    faults: Faults,
    ledgers: LedgerFolder,
) -> None:
    etags = {}
    for name in "abc":
        put = outside.put_object(Bucket=bucket, Key=f"in/{name}", Body=name.encode())
        etags[name] = put["ETag"].strip('"')
    items = tuple(CopyItem(f"in/{one}", f"out/{one}", 1, etags[one], seen="") for one in "abc")
    plan = CopyPlan(bucket, bucket, items, moves=True)
    progress = Progress()
    progress.limits.at_once = 1
    faults.before("CopyObject", pausing(progress, 2))
    work = transfers.copy_planned(plan, progress)
    name = await released(transfers, work, progress)
    for one in "bc":  # whatever of it the first run did, and could not write down
        outside.copy_object(Bucket=bucket, Key=f"out/{one}", CopySource=f"{bucket}/in/{one}")
        outside.delete_object(Bucket=bucket, Key=f"in/{one}")
    report = await transfers.resume(name, Progress())
    assert (report.files, report.failures) == (3, ())
    keys = [entry["Key"] for entry in outside.list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == ["out/a", "out/b", "out/c"]
    assert files_of(ledgers) == []


async def test_an_outage_pauses_the_job_with_its_parts(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    asked: Asked,
    monkeypatch: pytest.MonkeyPatch,
    big_bytes: bytes,
) -> None:
    outside.put_object(Bucket=bucket, Key="raw/big", Body=big_bytes)
    outside.put_object(Bucket=bucket, Key="raw/c", Body=b"small")
    real, full = os.pwrite, True

    def pwrite(handle: int, data: Any, at: int) -> int:
        if full and at >= TWO_PARTS:
            raise OSError(28, "No space left on device")
        return real(handle, data, at)

    monkeypatch.setattr(fetch_module.os, "pwrite", pwrite)
    progress = Progress()
    progress.limits.at_once = 1
    with pytest.raises(JobPaused) as caught:
        await transfers.download_prefix(bucket, "raw/", folder, progress)
    assert caught.value.waits_for == "user"
    assert len(left_over(folder)) == 1
    full = False
    again = progress.successor()
    asked.all.clear()
    report = await transfers.download_prefix(bucket, "raw/", folder, again)
    assert (report.files, report.failures, again.before) == (2, (), TWO_PARTS + 5)
    assert asked.count("GetObject") == 1
    assert (folder / "big").read_bytes() == big_bytes


async def test_a_task_that_is_cancelled_over_a_pause_keeps_what_is_begun(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    big_bytes: bytes,
) -> None:
    (folder / "big").write_bytes(big_bytes)
    progress, reached = Progress(), asyncio.Event()
    loop = asyncio.get_running_loop()
    faults.before("UploadPart", lambda number: loop.call_soon_threadsafe(reached.set))
    task = asyncio.create_task(transfers.upload(bucket, "k", folder / "big", progress))
    await reached.wait()
    progress.cancel(suspend=True)
    task.cancel()
    with pytest.raises((asyncio.CancelledError, JobCancelled)):
        await task
    assert len(unfinished(outside, bucket)) == 1
    again = progress.successor()
    await transfers.discard(again.ledger.id, again)
    assert unfinished(outside, bucket) == []
