"""Interrupted transfers where something else happens too: a cancel, a queue, rights, a reboot."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.resume_support import ME, Asked, files_of, paused, pausing, released
from tests.aws.transfer_faults import Faults
from tests.aws.transfer_support import left_over, unfinished
from tui.aws.gateway import Gateway
from tui.aws.s3.copy_plan import CopyItem, CopyPlan
from tui.aws.s3.service import S3
from tui.aws.s3.sync import planned
from tui.aws.s3.sync_plan import SyncOptions
from tui.aws.transfers.service import TransferReport, Transfers
from tui.core.errors import UserError
from tui.core.job import Job, JobState
from tui.core.jobs import JobManager
from tui.core.ledger_folder import LedgerFolder
from tui.core.progress import Progress


@pytest.mark.parametrize("pauses", [True, False])
async def test_a_resume_that_is_stopped_while_it_opens_its_ledger(
    pauses: bool,
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    ledgers: LedgerFolder,
    monkeypatch: pytest.MonkeyPatch,
    big_bytes: bytes,
) -> None:
    (folder / "big").write_bytes(big_bytes)
    progress = Progress()
    faults.before("UploadPart", pausing(progress))
    work = transfers.upload(bucket, "k", folder / "big", progress)
    name = await released(transfers, work, progress)
    reached, go_on, real = threading.Event(), threading.Event(), ledgers.open

    def slow(ledger_id: str) -> Any:
        opened = real(ledger_id)
        reached.set()
        go_on.wait(30)
        return opened

    monkeypatch.setattr(ledgers, "open", slow)
    again = Progress()
    task = asyncio.create_task(transfers.resume(name, again))
    await asyncio.to_thread(reached.wait, 30)
    again.cancel(suspend=pauses)
    task.cancel()
    await asyncio.sleep(0.01)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    if pauses:
        assert (await transfers.resume(name, again.successor())).files == 1
    assert files_of(ledgers) == unfinished(outside, bucket) == []


async def test_a_job_that_waits_for_its_turn_has_its_ledger_already(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    ledgers: LedgerFolder,
) -> None:
    (folder / "a").write_bytes(b"small")
    free, coordinators = threading.Event(), transfers._engine.coordinators
    for _ in range(coordinators.workers):
        coordinators.submit(free.wait, 30)
    progress = Progress()
    task = asyncio.create_task(transfers.upload(bucket, "k", folder / "a", progress))
    for _ in range(500):
        if progress.ledger is not None:
            break
        await asyncio.sleep(0.01)
    assert len(files_of(ledgers)) == 2
    assert progress.total == 5
    free.set()
    assert (await task).files == 1
    assert files_of(ledgers) == []


async def test_a_cancelled_job_whose_server_hangs_is_forgotten_once_it_ends(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    ledgers: LedgerFolder,
    monkeypatch: pytest.MonkeyPatch,
    big_bytes: bytes,
) -> None:
    monkeypatch.setattr("tui.aws.transfers.runs.PATIENCE_SECONDS", 0.1)
    outside.put_object(Bucket=bucket, Key="k", Body=big_bytes)
    reached, answer = threading.Event(), threading.Event()

    def hang(number: int) -> None:
        reached.set()
        answer.wait(30)

    async def body(job: Job) -> str:
        return (await transfers.download(bucket, "k", folder / "k", job.progress)).finish()

    faults.before("GetObject", hang)
    jobs = JobManager()
    job = jobs.start("download", "k", body, pausable=True)
    await asyncio.to_thread(reached.wait, 30)
    jobs.cancel(job.id)
    assert (await job.wait()).state is JobState.CANCELLED
    answer.set()
    for _ in range(500):
        if not files_of(ledgers):
            break
        await asyncio.sleep(0.01)
    assert files_of(ledgers) == left_over(folder) == []
    await jobs.close()


async def test_a_plan_that_lost_rows_is_not_taken_for_all_of_it(
    transfers: Transfers,
    bucket: str,
    folder: Path,
    faults: Faults,
    ledgers: LedgerFolder,
    big_bytes: bytes,
) -> None:
    (folder / "a").write_bytes(b"small")
    (folder / "big").write_bytes(big_bytes)
    progress = Progress()
    faults.before("UploadPart", pausing(progress))
    work = transfers.upload_folder(bucket, "raw", folder, progress)
    name = await released(transfers, work, progress)
    rows = ledgers._folder / f"{name}.rows"
    rows.write_bytes(rows.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(UserError, match="plan can't be read"):
        await transfers.resume(name, Progress())


async def test_a_disk_that_has_another_number_after_a_reboot_is_the_same(
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
    faults.before("UploadPart", pausing(progress))
    again = await paused(transfers.upload(bucket, "k", folder / "big", progress), progress)
    begun = again.ledger.state.uploads[0]
    begun.mark = (begun.mark[0] + 1, *begun.mark[1:])
    asked.all.clear()
    await transfers.upload(bucket, "k", folder / "big", again)
    assert asked.count("CreateMultipartUpload") == 0
    assert outside.get_object(Bucket=bucket, Key="k")["Body"].read() == big_bytes


async def test_who_may_not_list_parts_goes_on_with_those_of_the_ledger(
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
    progress.limits.at_once = 1
    faults.before("UploadPart", pausing(progress, 3))
    again = await paused(transfers.upload(bucket, "k", folder / "big", progress), progress)

    def refuse(number: int) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "ListParts")

    faults.before("ListParts", refuse)
    asked.all.clear()
    await transfers.upload(bucket, "k", folder / "big", again)
    assert (asked.count("CreateMultipartUpload"), asked.count("UploadPart")) == (0, 1)
    assert outside.get_object(Bucket=bucket, Key="k")["Body"].read() == big_bytes


async def test_both_buckets_of_a_copy_have_their_regions_looked_up_again(
    transfers: Transfers,
    gateway: Gateway,
    bucket: str,
    outside: Any,
    faults: Faults,
    asked: Asked,
    ledgers: LedgerFolder,
) -> None:
    far = "skydeck-test-7421-far"
    outside.create_bucket(Bucket=far)
    etag = outside.put_object(Bucket=bucket, Key="a", Body=b"a")["ETag"].strip('"')
    plan = CopyPlan(bucket, far, (CopyItem("a", "a", 1, etag, seen=""),))
    progress = Progress()
    faults.before("CopyObject", pausing(progress, 1))
    name = await released(transfers, transfers.copy_planned(plan, progress), progress)
    theirs = Transfers(gateway, S3(gateway), ledgers)
    asked.all.clear()
    assert (await theirs.resume(name, Progress())).files == 1
    assert asked.count("HeadBucket") == 2
    theirs.close()


async def test_a_cancel_while_an_earlier_run_still_hangs_has_that_one_clean_up(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    ledgers: LedgerFolder,
    monkeypatch: pytest.MonkeyPatch,
    big_bytes: bytes,
) -> None:
    monkeypatch.setattr("tui.aws.transfers.runs.PATIENCE_SECONDS", 0.1)
    (folder / "big").write_bytes(big_bytes)
    reached, answer = threading.Event(), threading.Event()

    def hang(number: int) -> None:
        reached.set()
        answer.wait(30)

    async def body(job: Job) -> str:
        return (await transfers.upload(bucket, "k", folder / "big", job.progress)).finish()

    faults.before("UploadPart", hang)
    jobs = JobManager()
    job = jobs.start("upload", "k", body, pausable=True)
    await asyncio.to_thread(reached.wait, 30)
    jobs.pause(job.id)
    while job.state is not JobState.PAUSED:
        await asyncio.sleep(0.01)
    jobs.resume(job.id)
    while "before the pause" not in job.progress.note:
        await asyncio.sleep(0.01)
    jobs.cancel(job.id)
    assert (await job.wait()).state is JobState.CANCELLED
    answer.set()
    for _ in range(500):
        if not files_of(ledgers):
            break
        await asyncio.sleep(0.01)
    assert files_of(ledgers) == unfinished(outside, bucket) == []
    await jobs.close()


async def test_what_cant_be_gone_on_with_keeps_nothing_over_an_outage(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    ledgers: LedgerFolder,
    big_bytes: bytes,
) -> None:
    (folder / "big").write_bytes(big_bytes)

    def expire(number: int) -> None:
        if number == 2:
            raise ClientError({"Error": {"Code": "ExpiredToken"}}, "UploadPart")

    async def body(job: Job) -> str:
        return (await transfers.upload(bucket, "k", folder / "big", job.progress)).finish()

    faults.before("UploadPart", expire)
    jobs = JobManager()
    job = jobs.start("upload", "k", body)
    snapshot = await job.wait()
    assert snapshot.state is JobState.FAILED
    assert snapshot.error is not None
    assert "login" in str(snapshot.error)
    assert files_of(ledgers) == unfinished(outside, bucket) == []
    await jobs.close()


async def test_a_move_whose_source_and_copy_are_gone_says_which_went(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    faults: Faults,
) -> None:
    etag = outside.put_object(Bucket=bucket, Key="a", Body=b"a")["ETag"].strip('"')
    plan = CopyPlan(bucket, bucket, (CopyItem("a", "b", 1, etag, seen=""),), moves=True)
    progress = Progress()
    faults.before("HeadObject", pausing(progress, 1))
    again = await paused(transfers.copy_planned(plan, progress), progress)
    for key in "ab":
        outside.delete_object(Bucket=bucket, Key=key)
    report = await transfers.copy_planned(plan, again)
    assert [one.error.message for one in report.failures] == ["it is gone since the plan was made"]


async def test_a_sync_paused_between_its_deletions_never_counts_above_its_total(
    transfers: Transfers,
    s3: S3,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
) -> None:
    (folder / "a").write_bytes(b"small")
    for key in ("x", "y", "z"):
        outside.put_object(Bucket=bucket, Key=f"raw/{key}", Body=b"much more than that")
    options = SyncOptions(up=True, deletes=True)
    plan = await planned(s3, bucket, "raw/", folder, options, told=lambda _: None)
    progress = Progress()
    progress.limits.at_once = 1
    faults.before("DeleteObject", pausing(progress, 3))
    again = await paused(transfers.sync_planned(plan, progress), progress)
    report = await transfers.sync_planned(plan, again)
    assert (report.files, report.size_bytes, report.after) == (1, 5, "3 deleted")
    assert (again.done, again.total) == (5, 5)


def test_the_note_of_a_resumed_job_gives_the_time_of_what_it_moved_itself() -> None:
    report = TransferReport(1, 400_000_000, 5.0, found_bytes=150_000_000)
    assert report.finish() == "1 file, 400.0 MB, the last 250.0 MB in 5s, 50.0 MB/s"
    assert TransferReport(1, 400_000_000, 5.0).finish() == "1 file, 400.0 MB in 5s, 80.0 MB/s"


@pytest.mark.parametrize("pauses", [True, False])
async def test_the_apps_end_leaves_no_upload_that_no_journal_knows(
    pauses: bool,
    gateway: Gateway,
    s3: S3,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    big_bytes: bytes,
) -> None:
    (folder / "big").write_bytes(big_bytes)
    (folder / "file").write_bytes(b"")
    transfers = Transfers(gateway, s3, LedgerFolder(folder / "file" / "no folder", ME))
    reached = threading.Event()

    async def body(job: Job) -> str:
        job.progress.limits.at_once = 1
        return (await transfers.upload(bucket, "k", folder / "big", job.progress)).finish()

    async def clean(job: Job) -> str:
        await transfers.discard(job.progress.ledger.id, job.progress)
        return ""

    faults.before("UploadPart", lambda number: reached.set() if number == 2 else None)
    jobs = JobManager()
    job = jobs.start("upload", "k", body, pausable=True, clean=clean)
    await asyncio.to_thread(reached.wait, 30)
    if pauses:
        jobs.pause(job.id)
        while job.state is not JobState.PAUSED:
            await asyncio.sleep(0.01)
    await jobs.close()
    assert job.state is JobState.CANCELLED
    assert unfinished(outside, bucket) == []
    transfers.close()
