"""Jobs on the fast path: used for what is small, and nothing is lost where it gives up midway."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aws.transfer_faults import flipped
from tests.aws.transfer_support import BIG, left_over, noise
from tui.aws.gateway import Gateway
from tui.aws.transfers import crowd
from tui.aws.transfers.crowd_wire import Peer, Reply
from tui.aws.transfers.engine import Remote
from tui.aws.transfers.fast import Fast, Fetched, Unsure
from tui.aws.transfers.meter import Meter
from tui.aws.transfers.planned import DownloadPlan, PlannedDownload
from tui.aws.transfers.service import Transfers
from tui.core.errors import AwsError
from tui.core.folders import Spot
from tui.core.jobs import Progress
from tui.core.ledger import Ledger

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


@pytest.mark.parametrize("slow", [False, True], ids=["one thread", "slow disk"])
async def test_small_files_count_as_done_once_their_folders_are_on_the_disk(
    slow: bool,
    transfers: Transfers,
    bucket: str,
    folder: Path,
    outside: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(60):
        outside.put_object(
            Bucket=bucket, Key=f"raw/{number % 3}/{number:02}", Body=noise(900, number)
        )
    if slow:
        monkeypatch.setattr(crowd, "_SLOW_SECONDS", -1.0)
    synced, done, link, sync = [0], list[int](), Spot.add, Spot.sync
    named: list[str] = []

    def adding(spot: Spot, name: str) -> None:
        link(spot, name)
        named.append(spot.name)

    def syncing(spot: Spot) -> None:
        before = len(named)
        sync(spot)
        synced[0] = before

    def finished(ledger: Ledger, number: int, size: int) -> None:
        assert synced[0] > len(done), "its folder was not written through before"
        done.append(number)

    monkeypatch.setattr(Spot, "add", adding)
    monkeypatch.setattr(Spot, "sync", syncing)
    monkeypatch.setattr(Ledger, "done", finished)
    progress = Progress()
    await transfers.download_prefix(bucket, "raw/", folder / "got", progress)
    assert sorted(done) == list(range(60))
    assert progress.items_done == 60
    assert progress.done == 60 * 900
    for number in range(60):
        got = folder / "got" / str(number % 3) / f"{number:02}"
        assert got.read_bytes() == noise(900, number)
    assert not left_over(folder)


async def test_a_flipped_bit_in_a_crowd_is_never_kept(
    transfers: Transfers, bucket: str, folder: Path, outside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        outside.put_object(Bucket=bucket, Key=f"raw/{number:02}", Body=noise(900, number))
    receive, spoiled = Peer.receive, list[Reply]()

    def spoiling(peer: Peer[Any]) -> Reply | None:
        reply = receive(peer)
        if reply is not None and len(spoiled) < 5:
            reply.body[100] ^= 1
            spoiled.append(reply)
        return reply

    monkeypatch.setattr(Peer, "receive", spoiling)
    progress = Progress()
    await transfers.download_prefix(bucket, "raw/", folder / "got", progress)
    assert len(spoiled) == 5
    assert progress.done == 20 * 900
    for number in range(20):
        assert (folder / "got" / f"{number:02}").read_bytes() == noise(900, number)
    assert not left_over(folder)


async def test_a_crowd_replaces_what_the_plan_showed_and_nothing_else(
    transfers: Transfers, bucket: str, folder: Path, outside: Any
) -> None:
    for name in ("new", "shown", "appeared"):
        outside.put_object(Bucket=bucket, Key=name, Body=name.encode())
    for name in ("shown", "appeared"):
        (folder / name).write_bytes(b"old")
    (folder / "shown").chmod(0o640)
    items = tuple(
        PlannedDownload(name, folder / name, len(name), replaces=name == "shown")
        for name in ("new", "shown", "appeared")
    )
    report = await transfers.download_planned(bucket, DownloadPlan(folder, items), Progress())
    assert [failure.name for failure in report.failures] == ["appeared"]
    told = {name: (folder / name).read_bytes() for name in ("new", "shown", "appeared")}
    assert told == {"new": b"new", "shown": b"shown", "appeared": b"old"}
    assert (folder / "shown").stat().st_mode & 0o777 == 0o640
    assert not left_over(folder)


def test_little_moves_at_a_time_on_a_limited_bandwidth(transfers: Transfers, bucket: str) -> None:
    """Also where the limit comes midway: a server hangs up on who waits too long between."""
    fast, counted, sent = transfers._engine.fast, Meter(Progress()), list[int]()
    limits, advance = counted.progress.limits, counted.advance
    limits.bytes_per_second = 100_000
    counted.advance = lambda amount: (sent.append(amount), advance(amount))[1]  # type: ignore
    fast.put(Remote(bucket, "k"), noise(30_000), counted)
    assert sent == [limits.piece_bytes, 30_000 - limits.piece_bytes]
    fast.put(Remote(bucket, "k"), noise(900_000), Meter(Progress()))
    limits.bytes_per_second = None
    with fast.get(Remote(bucket, "k"), counted) as found:
        chunks = found.chunks()
        first = bytes(next(chunks))
        limits.bytes_per_second = 100_000
        rest = [bytes(chunk) for chunk in chunks]
    assert max(map(len, rest)) == limits.piece_bytes
    assert first + b"".join(rest) == noise(900_000)


def test_the_clients_of_a_login_that_is_over_are_let_go(
    gateway: Gateway, transfers: Transfers, bucket: str
) -> None:
    fast = transfers._engine.fast
    for _ in range(3):
        gateway.renew()
        fast.put(Remote(bucket, "k"), b"x", Meter(Progress()))
    assert [way.client for way in fast._ways.values()] == [gateway.client_now("s3")]
