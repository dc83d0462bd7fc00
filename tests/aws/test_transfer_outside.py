"""Downloads stay in their folder, whatever becomes of its folders and files meanwhile."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.aws.transfer_support import left_over
from tui.aws.transfers.plan import plan_downloads
from tui.aws.transfers.service import Transfers
from tui.core.errors import UserError
from tui.core.progress import Progress
from tui.core.records import S3Object


@pytest.fixture
def other(tmp_path: Path) -> Path:
    made = tmp_path / "other"
    made.mkdir()
    return made


def put(outside: Any, bucket: str, *keys: str) -> list[S3Object]:
    for key in keys:
        outside.put_object(Bucket=bucket, Key=key, Body=key.encode())
    listed = outside.list_objects_v2(Bucket=bucket)["Contents"]
    return [S3Object(row["Key"], row["Size"], row["LastModified"]) for row in listed]


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_folder_that_became_a_link_since_the_plan_is_not_followed(
    transfers: Transfers, bucket: str, outside: Any, folder: Path, other: Path
) -> None:
    (folder / "sub").mkdir()
    plan = plan_downloads(put(outside, bucket, "sub/a", "sub/deep/b", "c"), folder)
    (folder / "sub").rmdir()
    (folder / "sub").symlink_to(other)
    report = await transfers.download_planned(bucket, plan, Progress())
    assert sorted(one.name for one in report.failures) == ["sub/a", "sub/deep/b"]
    assert {one.error.message for one in report.failures} == {
        f"a symbolic link in {folder} leads out of it"
    }
    assert list(other.iterdir()) == []
    assert (folder / "c").read_bytes() == b"c"


async def test_an_empty_folder_that_cannot_be_made_fails_alone(
    transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    outside.put_object(Bucket=bucket, Key="empty/", Body=b"")
    plan = plan_downloads(put(outside, bucket, "a"), folder)
    (folder / "empty").touch()
    report = await transfers.download_planned(bucket, plan, Progress())
    assert [one.name for one in report.failures] == ["empty"]
    assert (folder / "a").read_bytes() == b"a"


@contextmanager
def swapping(folder: Path, other: Path) -> Iterator[Callable[[], int]]:
    """Swap a folder for a link to another and back, as fast as can be."""
    stop, swaps = threading.Event(), 0

    def work() -> None:
        nonlocal swaps
        aside = folder.with_name("aside")
        while not stop.is_set():
            with suppress(OSError):
                folder.rename(aside)
                folder.symlink_to(other)
                swaps += 1
                folder.unlink()
                aside.rename(folder)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield lambda: swaps
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("fast", [True, False])
async def test_nothing_is_written_outside_while_somebody_swaps_the_folder_for_a_link(
    transfers: Transfers, bucket: str, outside: Any, folder: Path, other: Path, fast: bool
) -> None:
    transfers._engine.fast.enabled = fast
    plan = plan_downloads(put(outside, bucket, *(f"sub/{n}" for n in range(60))), folder)
    with swapping(folder / "sub", other) as swaps:
        report = await transfers.download_planned(bucket, plan, Progress())
    assert list(other.iterdir()) == []
    assert report.files + len(report.failures) == 60
    assert report.files == len(files(folder))
    assert left_over(folder) == []
    assert swaps() > 0


async def test_what_a_file_is_to_others_is_kept_and_what_it_may_run_as_is_not(
    transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    put(outside, bucket, "a")
    target = folder / "a"
    target.write_bytes(b"old")
    os.link(target, folder / "hard")
    target.chmod(0o4751)
    if os.geteuid() == 0:
        os.chown(target, 1234, 4321)
        target.chmod(0o4751)
    await transfers.download(bucket, "a", target, Progress())
    status = target.stat()
    assert status.st_mode & 0o7777 == 0o751
    if os.geteuid() == 0:
        assert (status.st_uid, status.st_gid) == (1234, 4321)
    assert (folder / "hard").read_bytes() == b"old"


async def test_a_link_as_the_file_is_replaced_itself(
    transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    (folder / "real").write_bytes(b"real")
    (folder / "a").symlink_to("real")
    plan = plan_downloads(put(outside, bucket, "a"), folder)
    await transfers.download_planned(bucket, plan, Progress())
    assert not (folder / "a").is_symlink()
    assert (folder / "a").read_bytes() == b"a"
    assert (folder / "real").read_bytes() == b"real"


async def test_a_file_that_became_read_only_stays_and_says_so(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(outside, bucket, "a")
    (folder / "a").write_bytes(b"mine")
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    with pytest.raises(UserError, match="read-only") as told:
        await transfers.download(bucket, "a", folder / "a", Progress())
    assert "Allow writing" in told.value.hint
    assert (folder / "a").read_bytes() == b"mine"
    assert left_over(folder) == []
