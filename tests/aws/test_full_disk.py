"""A disk that is really full: the job pauses, the old file is intact, and later all is there."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aws.transfer_support import BIG, left_over, noise
from tui.aws.gateway import Gateway
from tui.aws.s3.service import S3
from tui.aws.transfers.service import Transfers
from tui.core.errors import JobPaused
from tui.core.ledger import Owner
from tui.core.ledger_folder import LedgerFolder
from tui.core.progress import Progress

MIB = 1024 * 1024


class Disk:
    """A disk of its own, in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mount("size=20m", "tmpfs")

    def grow(self) -> None:
        self._mount("remount,size=64m", "tmpfs")

    def fill(self, but: int) -> Path:
        """Leave only `but` bytes free."""
        filler = self.folder / "filler"
        filler.write_bytes(bytes(shutil.disk_usage(self.folder).free - but))
        return filler

    def _mount(self, options: str, kind: str) -> None:
        command = ["mount", "-t", kind, "-o", options, kind, str(self.folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("no disk may be mounted here")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    made = Disk(folder)
    yield made
    subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=True)


@pytest.fixture
def transfers(gateway: Gateway, s3: S3, tmp_path: Path) -> Iterator[Transfers]:
    owner = Owner("000000000000", "sandbox:/kept")
    made = Transfers(gateway, s3, LedgerFolder(tmp_path / "ledgers", owner))
    yield made
    made.close()


async def test_a_big_download_waits_for_room(
    disk: Disk, transfers: Transfers, bucket: str, outside: Any, big_bytes: bytes
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=big_bytes)
    target = disk.folder / "k"
    target.write_bytes(b"old")
    progress = Progress()
    with pytest.raises(JobPaused) as caught:
        await transfers.download(bucket, "k", target, progress)
    assert caught.value.waits_for == "user"
    told = caught.value.reason
    assert told.title == f"The disk of {disk.folder} is full"
    assert told.message == "21.0 MB free, 33.6 MB needed"
    assert target.read_bytes() == b"old"
    disk.grow()
    await transfers.download(bucket, "k", target, progress.successor())
    assert target.read_bytes() == big_bytes
    assert left_over(disk.folder) == []


async def test_a_disk_that_fills_up_midway_keeps_what_is_there(
    disk: Disk,
    transfers: Transfers,
    bucket: str,
    outside: Any,
    big_bytes: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tui.aws.transfers import fetch

    outside.put_object(Bucket=bucket, Key="k", Body=big_bytes)
    target = disk.folder / "k"
    target.write_bytes(b"old")
    monkeypatch.setattr(fetch, "_refuse_full_disk", lambda *_: None)  # somebody else fills it
    progress = Progress()
    with pytest.raises(JobPaused, match="is full"):
        await transfers.download(bucket, "k", target, progress)
    assert target.read_bytes() == b"old"
    disk.grow()
    again = progress.successor()
    await transfers.download(bucket, "k", target, again)
    assert target.read_bytes() == big_bytes
    assert again.done == BIG
    assert left_over(disk.folder) == []


async def test_many_small_downloads_go_on_where_the_disk_was_full(
    disk: Disk, transfers: Transfers, bucket: str, outside: Any
) -> None:
    data = noise(100_000)
    for number in range(40):
        outside.put_object(Bucket=bucket, Key=f"raw/{number:02}", Body=data)
    filler = disk.fill(but=1_500_000)
    progress = Progress()
    with pytest.raises(JobPaused, match="is full"):
        await transfers.download_prefix(bucket, "raw/", disk.folder, progress)
    there = [path for path in disk.folder.iterdir() if path != filler]
    assert 0 < len(there) < 40
    assert all(path.read_bytes() == data for path in there)
    filler.unlink()
    again = progress.successor()
    report = await transfers.download_prefix(bucket, "raw/", disk.folder, again)
    assert (report.files, report.failures) == (40, ())
    assert again.before >= (len(there) - 8) * len(data)  # those were not fetched again
    assert sorted(path.name for path in disk.folder.iterdir()) == [f"{n:02}" for n in range(40)]
