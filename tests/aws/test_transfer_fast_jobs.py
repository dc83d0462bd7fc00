"""Jobs on the fast path: used for what is small, and nothing is lost where it gives up midway."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aws.transfer_faults import flipped
from tests.aws.transfer_support import BIG, left_over, noise
from tui.aws.gateway import Gateway
from tui.aws.transfers.fast import Fast, Fetched, Unsure
from tui.aws.transfers.service import Transfers
from tui.core.errors import AwsError
from tui.core.jobs import Progress

SMALL = 5_000


async def test_small_files_pass_botocore_by(
    gateway: Gateway, transfers: Transfers, bucket: str, folder: Path
) -> None:
    asked: list[str] = []
    client = await gateway.client("s3")
    client.meta.events.register(
        "before-call.s3", lambda model, **_: asked.append(model.name), unique_id="seen"
    )
    for number in range(40):
        (folder / f"{number:02}").write_bytes(noise(number * 100, number))
    up, down = Progress(), Progress()
    await transfers.upload_folder(bucket, "raw", folder, up)
    await transfers.download_prefix(bucket, "raw/", folder / "got", down)
    for number in range(40):
        assert (folder / "got" / f"{number:02}").read_bytes() == noise(number * 100, number)
    assert up.done == down.done == sum(range(40)) * 100
    # botocore makes the pattern of each, and sends neither.
    assert (asked.count("PutObject"), asked.count("GetObject")) == (1, 1)


@pytest.mark.parametrize("size", [SMALL, BIG])
async def test_what_breaks_off_is_fetched_again_by_botocore(
    size: int, transfers: Transfers, bucket: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks = Fetched.chunks

    def broken(fetched: Fetched) -> Iterator[memoryview]:
        for chunk in chunks(fetched):
            yield chunk[: len(chunk) // 2]
            raise Unsure

    (folder / "a").write_bytes(noise(size))
    await transfers.upload(bucket, "k", folder / "a", Progress())
    monkeypatch.setattr(Fetched, "chunks", broken)
    progress = Progress()
    await transfers.download(bucket, "k", folder / "b", progress)
    assert (folder / "b").read_bytes() == noise(size)
    assert progress.done == size


@pytest.mark.parametrize("size", [SMALL, BIG])
async def test_a_flipped_bit_on_the_fast_path_is_never_kept(
    size: int, transfers: Transfers, bucket: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks, spoiled = Fetched.chunks, []

    def spoiling(fetched: Fetched) -> Iterator[memoryview]:
        for chunk in chunks(fetched):
            yield chunk if spoiled else memoryview(flipped(bytes(chunk)))
            spoiled.append(True)

    (folder / "a").write_bytes(noise(size))
    (folder / "b").write_bytes(b"old")
    await transfers.upload(bucket, "k", folder / "a", Progress())
    monkeypatch.setattr(Fetched, "chunks", spoiling)
    with pytest.raises(AwsError) as caught:
        await transfers.download(bucket, "k", folder / "b", Progress())
    assert caught.value.code == "ChecksumMismatch"
    assert (folder / "b").read_bytes() == b"old"
    assert left_over(folder) == []


async def test_a_write_whose_answer_was_lost_meets_itself(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put = Fast.put

    def lost(*args: Any, **options: Any) -> str:
        put(*args, **options)
        args[3].take_back()
        raise Unsure

    (folder / "a").write_bytes(noise(SMALL))
    monkeypatch.setattr(Fast, "put", lost)
    progress = Progress()
    report = await transfers.upload(bucket, "k", folder / "a", progress, seen="")
    assert (report.files, progress.done) == (1, SMALL)
    assert outside.get_object(Bucket=bucket, Key="k")["Body"].read() == noise(SMALL)
