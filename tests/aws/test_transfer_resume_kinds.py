"""Every kind of transfer goes on after it was interrupted; and what is lost on the way is found."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.aws.resume_support import Asked, files_of, paused, pausing, released
from tests.aws.transfer_faults import Faults
from tests.aws.transfer_support import BIG, left_over, noise, unfinished
from tui.aws.gateway import Gateway
from tui.aws.s3 import copy as copy_module
from tui.aws.s3 import sync as s3_sync
from tui.aws.s3.copy_plan import CopyItem, CopyPlan
from tui.aws.s3.service import S3
from tui.aws.s3.sync_plan import SyncOptions, SyncPlan
from tui.aws.transfers.engine import MEBIBYTE
from tui.aws.transfers.service import Transfers
from tui.core.errors import AwsError
from tui.core.ledger_folder import LedgerFolder
from tui.core.progress import Progress
from tui.core.versions import ObjectVersion


def slow(progress: Progress) -> Progress:
    """One at a time, so that one knows what is done."""
    progress.limits.at_once = 1
    return progress


@pytest.mark.parametrize("changed", [False, True])
async def test_a_single_upload_goes_on_in_another_process(
    changed: bool,
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    ledgers: LedgerFolder,
    big_bytes: bytes,
) -> None:
    (folder / "big").write_bytes(big_bytes)
    progress = slow(Progress())
    faults.before("UploadPart", pausing(progress, 3))
    work = transfers.upload(bucket, "k", folder / "big", progress, "")
    name = await released(transfers, work, progress)
    data = big_bytes + b"more" if changed else big_bytes
    (folder / "big").write_bytes(data) if changed else None
    again = Progress()
    assert (await transfers.resume(name, again)).size_bytes == len(data)
    assert again.done == len(data)
    assert outside.get_object(Bucket=bucket, Key="k")["Body"].read() == data
    assert files_of(ledgers) == unfinished(outside, bucket) == []


async def test_a_resumed_job_that_is_paused_again_goes_on_by_its_name(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    asked: Asked,
    big_bytes: bytes,
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=big_bytes)
    progress, second = slow(Progress()), slow(Progress())

    def stop(number: int) -> None:
        if number in (2, 3):
            (progress, second)[number - 2].cancel(suspend=True)

    faults.before("GetObject", stop)
    work = transfers.download(bucket, "k", folder / "k", progress)
    name = await released(transfers, work, progress)
    third = await paused(transfers.resume(name, second), second)
    asked.all.clear()
    await transfers.resume(name, third)
    assert (folder / "k").read_bytes() == big_bytes
    assert asked.count("GetObject") == 2


async def test_a_version_goes_on(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    big_bytes: bytes,
) -> None:
    outside.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    own_id = outside.put_object(Bucket=bucket, Key="k", Body=big_bytes)["VersionId"]
    outside.put_object(Bucket=bucket, Key="k", Body=b"newer")
    progress = slow(Progress())
    faults.before("GetObject", pausing(progress, 2))
    version = ObjectVersion("k", own_id, datetime.now(UTC), BIG)
    work = transfers.download_version(bucket, version, folder / "k", progress, replaces=False)
    name = await released(transfers, work, progress)
    await transfers.resume(name, Progress())
    assert (folder / "k").read_bytes() == big_bytes
    assert left_over(folder) == []


async def test_a_copy_in_parts_is_begun_anew_and_leaves_no_other(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    faults: Faults,
    ledgers: LedgerFolder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = noise(11 * MEBIBYTE)
    monkeypatch.setattr("tui.aws.transfers.service.WHOLE_BYTES", 6 * MEBIBYTE)
    monkeypatch.setattr(copy_module, "WHOLE_BYTES", 6 * MEBIBYTE)
    monkeypatch.setattr(copy_module, "COPY_PART_BYTES", 5 * MEBIBYTE)
    etag = outside.put_object(Bucket=bucket, Key="in/x", Body=data)["ETag"].strip('"')
    plan = CopyPlan(bucket, bucket, (CopyItem("in/x", "out/x", len(data), etag, seen=""),))
    progress = slow(Progress())
    faults.before("UploadPartCopy", pausing(progress, 2))
    name = await released(transfers, transfers.copy_planned(plan, progress), progress)
    assert len(unfinished(outside, bucket)) == 1
    report = await transfers.resume(name, Progress())
    assert (report.files, report.failures) == (1, ())
    assert outside.get_object(Bucket=bucket, Key="out/x")["Body"].read() == data
    assert unfinished(outside, bucket) == files_of(ledgers) == []


async def planned(s3: S3, bucket: str, folder: Path, *, up: bool) -> SyncPlan:
    options = SyncOptions(up=up, deletes=True)
    return await s3_sync.planned(s3, bucket, "p/", folder, options, told=lambda text: None)


@pytest.mark.parametrize("up", [True, False])
async def test_a_sync_meets_what_it_did_and_could_not_write_down(
    up: bool,
    transfers: Transfers,
    s3: S3,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    ledgers: LedgerFolder,
) -> None:
    mine, theirs = {"a": b"1", "b": b"22"}, {"b": b"old", "gone": b"x"}
    for name, data in (mine if up else theirs).items():
        (folder / name).write_bytes(data)
    for name, data in (theirs if up else mine).items():
        outside.put_object(Bucket=bucket, Key=f"p/{name}", Body=data)
    plan = await planned(s3, bucket, folder, up=up)
    assert [action.kind for action in plan.actions] == ["copy", "overwrite", "delete"]
    progress = slow(Progress())
    faults.before("PutObject" if up else "GetObject", pausing(progress, 1))
    name = await released(transfers, transfers.sync_planned(plan, progress), progress)
    # All that the first run did, as a crash before its records were on the disk leaves it.
    await transfers.sync_planned(plan, Progress())
    report = await transfers.resume(name, Progress())
    assert report.failures == ()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == mine
    rows = outside.list_objects_v2(Bucket=bucket, Prefix="p/")["Contents"]
    assert [row["Key"] for row in rows] == ["p/a", "p/b"]
    assert files_of(ledgers) == []


async def test_a_lost_answer_to_the_first_request_leaves_no_upload(
    transfers: Transfers,
    gateway: Gateway,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    big_bytes: bytes,
) -> None:
    (folder / "big").write_bytes(big_bytes)
    lost = iter([True])

    def lose(response: Any, **_: Any) -> int | None:
        return 0 if next(lost, False) else None  # as if it had not come: ask once more

    client = await gateway.client("s3")
    client.meta.events.register_first("needs-retry.s3.CreateMultipartUpload", lose)
    await transfers.upload(bucket, "k", folder / "big", Progress())
    assert unfinished(outside, bucket) == []
    assert outside.head_object(Bucket=bucket, Key="k")["ContentLength"] == BIG


async def test_an_item_that_can_be_read_no_more_leaves_no_upload(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    big_bytes: bytes,
) -> None:
    (folder / "big").write_bytes(big_bytes)
    progress = Progress()
    faults.before("UploadPart", pausing(progress, 2))
    again = await paused(transfers.upload_folder(bucket, "raw", folder, progress), progress)
    (folder / "big").unlink()
    report = await transfers.upload_folder(bucket, "raw", folder, again)
    assert [one.name for one in report.failures] == ["raw/big"]
    assert unfinished(outside, bucket) == []


async def test_who_pays_is_remembered(
    transfers: Transfers, gateway: Gateway, bucket: str, folder: Path, faults: Faults
) -> None:
    (folder / "a").write_bytes(b"a")
    gateway.requester.accept(bucket)
    progress = Progress()
    faults.before("PutObject", pausing(progress, 1))
    name = await released(
        transfers, transfers.upload_folder(bucket, "", folder, progress), progress
    )
    gateway.requester.forget(bucket)
    await transfers.resume(name, Progress())
    assert gateway.requester.pays(bucket)


async def test_a_job_whose_plan_is_damaged_can_still_be_cleaned_up(
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
    faults.before("UploadPart", pausing(progress, 2))
    work = transfers.upload_folder(bucket, "raw", folder, progress)
    name = await released(transfers, work, progress)
    (ledgers._folder / f"{name}.rows").write_text("[1")
    again = Progress()
    with pytest.raises(Exception, match="its plan can't be read"):
        await transfers.resume(name, again)
    await transfers.discard(name, again)
    assert files_of(ledgers) == unfinished(outside, bucket) == []


async def test_a_pause_lets_go_of_a_request_that_gets_no_answer(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    monkeypatch: pytest.MonkeyPatch,
    big_bytes: bytes,
) -> None:
    monkeypatch.setattr("tui.aws.transfers.runs.PATIENCE_SECONDS", 0.1)
    (folder / "big").write_bytes(big_bytes)
    progress, reached, answer = Progress(), asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang(number: int) -> None:
        loop.call_soon_threadsafe(reached.set)
        asyncio.run_coroutine_threadsafe(answer.wait(), loop).result(30)
        raise AwsError("too late")

    faults.before("UploadPart", hang)
    task = asyncio.create_task(transfers.upload(bucket, "k", folder / "big", progress))
    await reached.wait()
    progress.cancel(suspend=True)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    answer.set()
    assert len(unfinished(outside, bucket)) == 1
    again = progress.successor()
    await transfers.discard(again.ledger.id, again)
    assert unfinished(outside, bucket) == []


async def test_a_run_waits_for_one_that_was_given_up(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    monkeypatch: pytest.MonkeyPatch,
    big_bytes: bytes,
) -> None:
    monkeypatch.setattr("tui.aws.transfers.runs.PATIENCE_SECONDS", 0.1)
    outside.put_object(Bucket=bucket, Key="k", Body=big_bytes)
    progress, reached, answer = Progress(), threading.Event(), threading.Event()

    def hang(number: int) -> None:
        if number == 1:
            reached.set()
            answer.wait(30)

    faults.before("GetObject", hang)
    task = asyncio.create_task(transfers.download(bucket, "k", folder / "k", progress))
    await asyncio.to_thread(reached.wait, 30)
    progress.cancel(suspend=True)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    again = progress.successor()
    second = asyncio.create_task(transfers.download(bucket, "k", folder / "k", again))
    while not again.note:
        await asyncio.sleep(0.01)
    assert "before the pause" in again.note
    answer.set()
    assert (await second).size_bytes == BIG
    assert (folder / "k").read_bytes() == big_bytes
    assert left_over(folder) == []


async def test_a_job_that_is_cancelled_before_its_turn_cleans_up_what_the_pause_left(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    ledgers: LedgerFolder,
    big_bytes: bytes,
) -> None:
    (folder / "big").write_bytes(big_bytes)
    progress, free = Progress(), threading.Event()
    faults.before("UploadPart", pausing(progress, 2))
    again = await paused(transfers.upload(bucket, "k", folder / "big", progress), progress)
    coordinators = transfers._engine.coordinators
    for _ in range(coordinators.workers):
        coordinators.submit(free.wait, 30)
    task = asyncio.create_task(transfers.upload(bucket, "k", folder / "big", again))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    free.set()
    assert unfinished(outside, bucket) == files_of(ledgers) == []
