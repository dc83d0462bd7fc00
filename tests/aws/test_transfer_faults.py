"""Whatever goes wrong on the way, the old file stays and nothing half-done is left."""

from __future__ import annotations

import errno
import io
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.aws.transfer_faults import CutBody, Faults, flipped
from tests.aws.transfer_support import BIG, left_over, noise, unfinished
from tui.aws.calls import CallLog
from tui.aws.gateway import Connection, Gateway
from tui.aws.s3.service import S3
from tui.aws.transfers import fetch
from tui.aws.transfers.meter import Meter
from tui.aws.transfers.service import Transfers
from tui.core.errors import AwsError, JobPaused, LocalError, UserError
from tui.core.jobs import Progress


@pytest.mark.parametrize("size", [5_000, BIG])
async def test_a_flipped_bit_is_never_kept(
    size: int, faults: Faults, transfers: Transfers, bucket: str, folder: Path
) -> None:
    source, target = folder / "a", folder / "b"
    source.write_bytes(noise(size))
    target.write_bytes(b"old")
    await transfers.upload(bucket, "k", source, Progress())
    faults.body(lambda number, data: io.BytesIO(flipped(data) if number == 1 else data))
    progress = Progress()
    with pytest.raises(AwsError) as caught:
        await transfers.download(bucket, "k", target, progress)
    assert caught.value.code == "ChecksumMismatch"
    assert target.read_bytes() == b"old"
    assert left_over(folder) == []
    assert progress.done == 0


@pytest.mark.parametrize("size", [5_000, BIG])
async def test_an_object_that_changes_midway_is_never_a_mixture(
    size: int, faults: Faults, transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    old, new = noise(size, 1), noise(size, 2)
    outside.put_object(Bucket=bucket, Key="k", Body=old)

    def swap(number: int) -> None:
        if number == 2 or size < BIG:
            outside.put_object(Bucket=bucket, Key="k", Body=new)

    faults.before("GetObject", swap)
    progress = Progress()
    await transfers.download(bucket, "k", folder / "k", progress)
    assert (folder / "k").read_bytes() == new
    assert progress.done == size


async def test_an_object_that_keeps_changing_fails_in_the_end(
    faults: Faults, transfers: Transfers, bucket: str, outside: Any, folder: Path, big_bytes: bytes
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=big_bytes)
    faults.before(
        "GetObject",  # never the first bytes again: three parts ask at once, in any order
        lambda number: outside.put_object(Bucket=bucket, Key="k", Body=noise(BIG, 100 + number)),
    )
    with pytest.raises(AwsError) as caught:
        await transfers.download(bucket, "k", folder / "k", Progress())
    assert "kept changing" in str(caught.value)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("size", [5_000, BIG])
async def test_a_connection_that_breaks_off_is_taken_up_again(
    size: int, faults: Faults, transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    data = noise(size)
    outside.put_object(Bucket=bucket, Key="k", Body=data)
    faults.body(lambda number, body: CutBody(body[:999]) if number == 1 else io.BytesIO(body))
    progress = Progress()
    await transfers.download(bucket, "k", folder / "k", progress)
    assert (folder / "k").read_bytes() == data
    assert progress.done == size


async def test_a_connection_that_always_breaks_off_fails(
    faults: Faults,
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Meter, "pause", lambda meter, _: meter.check())
    outside.put_object(Bucket=bucket, Key="k", Body=b"12345")
    faults.body(lambda _, body: CutBody(body[:3]))
    with pytest.raises(AwsError, match="download"):
        await transfers.download(bucket, "k", folder / "k", Progress())
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("size", [5_000, BIG])
async def test_a_full_disk_pauses_the_job_and_leaves_the_old_file(
    size: int,
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    full_disk: Any,
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=noise(size))
    (folder / "k").write_bytes(b"old")

    monkeypatch.setattr(os, "pwrite", full_disk)
    with pytest.raises(JobPaused) as caught:
        await transfers.download(bucket, "k", folder / "k", Progress())
    assert f"The disk of {folder} is full" in str(caught.value)
    assert [path.name for path in folder.iterdir() if path.suffix != ".part"] == ["k"]
    assert (folder / "k").read_bytes() == b"old"


async def test_a_disk_that_is_too_small_is_told_before_the_first_byte(
    faults: Faults,
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    big_bytes: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=big_bytes)
    usage = type("Usage", (), {"free": BIG - 1})
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda _: usage)
    faults.before("GetObject", lambda _: pytest.fail("asked for bytes"))
    with pytest.raises(JobPaused, match="MB needed"):
        await transfers.download(bucket, "k", folder / "k", Progress())
    assert list(folder.iterdir()) == []


async def test_a_full_disk_pauses_a_folders_download_at_once(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    full_disk: Any,
) -> None:
    for number in range(30):
        outside.put_object(Bucket=bucket, Key=f"raw/{number}", Body=b"x")

    monkeypatch.setattr(os, "pwrite", full_disk)
    with pytest.raises(JobPaused) as caught:
        await transfers.download_prefix(bucket, "raw/", folder, Progress())
    assert caught.value.reason.code == "ENOSPC"
    assert list(folder.iterdir()) == []


async def test_one_bad_file_of_many_fails_alone(
    faults: Faults, transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    for number in range(20):
        (folder / f"{number:02}").write_bytes(b"12345")

    def refuse(number: int) -> None:
        if number == 3:
            raise AwsError("Can't write", "access denied", code="AccessDenied")

    faults.before("PutObject", refuse)
    progress = Progress()
    report = await transfers.upload_folder(bucket, "", folder, progress)
    assert (report.files, len(report.failures), progress.done) == (19, 1, 95)
    assert outside.list_objects_v2(Bucket=bucket)["KeyCount"] == 19
    with pytest.raises(UserError, match="1 of 20 files failed"):
        report.finish()


async def test_what_fails_for_all_ends_the_job_at_once(
    transfers: Transfers, folder: Path, bucket: str
) -> None:
    for number in range(50):
        (folder / f"{number:02}").write_bytes(b"12345")
    with pytest.raises(AwsError) as caught:
        await transfers.upload_folder("skydeck-not-there-7421", "", folder, Progress())
    assert "there is no such bucket" in str(caught.value)


@pytest.mark.parametrize("name", ["missing", "folder"])
async def test_a_source_that_is_no_file_says_so(
    name: str, transfers: Transfers, bucket: str, folder: Path
) -> None:
    (folder / "folder").mkdir()
    with pytest.raises(LocalError, match=name):
        await transfers.upload(bucket, "k", folder / name, Progress())


async def test_an_unreadable_file_says_so(
    transfers: Transfers, bucket: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a").write_bytes(b"x")
    real = os.open

    def refuse(path: Any, *rest: Any, **options: Any) -> int:  # root would read it
        if Path(path).name == "a":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(path, *rest, **options)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(LocalError, match="read") as caught:
        await transfers.upload(bucket, "k", folder / "a", Progress())
    assert "permission denied" in str(caught.value)


@pytest.mark.parametrize("size", [5_000, BIG])
async def test_read_only_mode_uploads_nothing(
    size: int, connection: Connection, bucket: str, outside: Any, folder: Path
) -> None:
    (folder / "a").write_bytes(noise(size))
    gateway = Gateway(replace(connection, read_only=True), CallLog())
    transfers = Transfers(gateway, S3(gateway))
    for act in (
        transfers.upload(bucket, "k", folder / "a", Progress()),
        transfers.upload_folder(bucket, "", folder, Progress()),
    ):
        with pytest.raises(AwsError) as caught:
            await act
        assert caught.value.code == "ReadOnly"
    assert outside.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert unfinished(outside, bucket) == []
    transfers.close()
    gateway.close()


async def test_an_object_that_is_gone_leaves_no_file(
    transfers: Transfers, bucket: str, folder: Path
) -> None:
    with pytest.raises(AwsError) as caught:
        await transfers.download(bucket, "gone", folder / "k", Progress())
    assert "isn't there any more" in str(caught.value)
    assert list(folder.iterdir()) == []
