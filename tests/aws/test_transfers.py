from __future__ import annotations

import asyncio
import errno
import hashlib
import io
import json
import os
import random
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tui.aws import transfer_download, transfer_upload
from tui.aws.calls import CallLog, Note, caused_by
from tui.aws.gateway import Connection, Gateway
from tui.aws.s3 import S3
from tui.aws.transfer_engine import PART_BYTES, Meter, part_size, spans
from tui.aws.transfers import Transfers
from tui.core.errors import AwsError, JobCancelled, LocalError, UserError
from tui.core.jobs import JobManager, JobState, Progress

BIG = 2 * PART_BYTES + 12_345


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.fixture(scope="module")
def big_bytes() -> bytes:
    return noise(BIG)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    made.mkdir()
    return made


def left_over(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.name.startswith(".skydeck")]


def unfinished(outside: Any, bucket: str) -> list[Any]:
    return list(outside.list_multipart_uploads(Bucket=bucket).get("Uploads", ()))


# -- there and back ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 5_000, PART_BYTES, PART_BYTES + 1, BIG])
async def test_what_goes_up_comes_back_byte_for_byte(
    size: int, transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    source, target = folder / "a.csv", folder / "new" / "b.csv"
    source.write_bytes(noise(size))
    up, down = Progress(), Progress()
    report = await transfers.upload(bucket, "raw/a.csv", source, up)
    assert (report.files, report.size_bytes, up.done, up.total) == (1, size, size, size)
    head = outside.head_object(Bucket=bucket, Key="raw/a.csv")
    assert (head["ContentLength"], head["ContentType"]) == (size, "text/csv")
    await transfers.download(bucket, "raw/a.csv", target, down)
    assert (down.done, down.total, down.items_done) == (size, size, 1)
    assert target.read_bytes() == source.read_bytes()
    assert left_over(folder) == []
    assert unfinished(outside, bucket) == []


async def test_a_big_object_carries_the_checksum_of_the_whole(
    transfers: Transfers, bucket: str, outside: Any, folder: Path, big_bytes: bytes
) -> None:
    import base64
    import zlib

    (folder / "big").write_bytes(big_bytes)
    await transfers.upload(bucket, "big", folder / "big", Progress())
    head = outside.head_object(Bucket=bucket, Key="big", ChecksumMode="ENABLED")
    assert head["ChecksumType"] == "FULL_OBJECT"
    assert base64.b64decode(head["ChecksumCRC32"]) == zlib.crc32(big_bytes).to_bytes(4, "big")


async def test_a_folder_goes_up_and_comes_back(
    transfers: Transfers, bucket: str, outside: Any, folder: Path, big_bytes: bytes
) -> None:
    tree = folder / "tree"
    for name, data in {
        "a.txt": b"a",
        "sub/b.txt": b"bb",
        "sub/deep/c": b"",
        "big": big_bytes,
    }.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(data)
    progress = Progress()
    report = await transfers.upload_folder(bucket, "raw", tree, progress)
    assert (report.files, report.failures, report.skipped) == (4, (), ())
    assert (progress.items_done, progress.items_total) == (4, 4)
    assert progress.done == progress.total == BIG + 3
    keys = [entry["Key"] for entry in outside.list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == ["raw/a.txt", "raw/big", "raw/sub/b.txt", "raw/sub/deep/c"]
    report = await transfers.download_prefix(bucket, "raw/", folder / "back", Progress())
    assert report.finish().startswith("4 files, 33.6 MB in ")
    assert {
        str(path.relative_to(folder / "back")): path.read_bytes()
        for path in (folder / "back").rglob("*")
        if path.is_file()
    } == {"a.txt": b"a", "sub/b.txt": b"bb", "sub/deep/c": b"", "big": big_bytes}


async def test_a_replaced_file_keeps_its_mode(
    transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=b"new")
    target = folder / "k"
    target.write_bytes(b"old")
    target.chmod(0o640)
    await transfers.download(bucket, "k", target, Progress())
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o640


async def test_a_link_at_the_target_is_replaced_and_not_followed(
    transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=b"new")
    (folder / "precious").write_bytes(b"old")
    (folder / "link").symlink_to(folder / "precious")
    await transfers.download(bucket, "k", folder / "link", Progress())
    assert (folder / "precious").read_bytes() == b"old"
    assert not (folder / "link").is_symlink()


# -- what goes wrong -----------------------------------------------------------------------------


class Faults:
    """Stands in the gateway's S3 client and spoils chosen answers."""

    def __init__(self, client: Any) -> None:
        self._events = client.meta.events
        self.seen: list[str] = []

    def before(self, operation: str, act: Callable[[int], None]) -> None:
        """Call `act(number)` before each request of an operation, from 1."""
        numbers = iter(range(1, 10_000))

        def handler(**_: Any) -> None:
            act(next(numbers))

        self._events.register(f"before-call.s3.{operation}", handler)

    def body(self, change: Callable[[int, bytes], Any]) -> None:
        """Replace the bodies of GetObject by `change(number, data)`, from 1."""
        numbers = iter(range(1, 10_000))

        def handler(parsed: dict[str, Any], **_: Any) -> None:
            if "Body" in parsed:
                parsed["Body"] = change(next(numbers), parsed["Body"].read())

        self._events.register_last("after-call.s3.GetObject", handler)


class CutBody(io.BytesIO):
    """A body whose connection breaks after its bytes."""

    def read(self, size: int | None = -1) -> bytes:
        from botocore.exceptions import ResponseStreamingError

        if data := super().read(size):
            return data
        raise ResponseStreamingError(error="connection reset")


@pytest.fixture
async def faults(gateway: Gateway) -> Faults:
    return Faults(await gateway.client("s3"))


def flipped(data: bytes) -> bytes:
    return data[:100] + bytes([data[100] ^ 1]) + data[101:]


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
async def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    size: int,
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=noise(size))
    (folder / "k").write_bytes(b"old")

    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(LocalError) as caught:
        await transfers.download(bucket, "k", folder / "k", Progress())
    assert "the disk is full" in str(caught.value)
    assert [path.name for path in folder.iterdir()] == ["k"]
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
    monkeypatch.setattr(transfer_download.shutil, "disk_usage", lambda _: usage)
    faults.before("GetObject", lambda _: pytest.fail("asked for bytes"))
    with pytest.raises(LocalError, match="write"):
        await transfers.download(bucket, "k", folder / "k", Progress())
    assert list(folder.iterdir()) == []


async def test_a_full_disk_ends_a_folders_download_at_once(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(30):
        outside.put_object(Bucket=bucket, Key=f"raw/{number}", Body=b"x")

    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(LocalError) as caught:
        await transfers.download_prefix(bucket, "raw/", folder, Progress())
    assert caught.value.code == "ENOSPC"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("size", [5_000, BIG])
async def test_a_source_that_changes_is_not_uploaded(
    size: int,
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = folder / "a"
    source.write_bytes(noise(size))
    real = transfer_upload._read

    def read(opened: Any, start: int, length: int) -> bytes:
        data = real(opened, start, length)
        with source.open("ab") as stream:
            stream.write(b"more")
        return data

    monkeypatch.setattr(transfer_upload, "_read", read)
    with pytest.raises(LocalError) as caught:
        await transfers.upload(bucket, "k", source, Progress())
    assert "changed during the upload" in str(caught.value)
    assert outside.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert unfinished(outside, bucket) == []


async def test_a_source_that_shrinks_is_not_uploaded(
    faults: Faults, transfers: Transfers, bucket: str, outside: Any, folder: Path, big_bytes: bytes
) -> None:
    source = folder / "a"
    source.write_bytes(big_bytes)
    faults.before("UploadPart", lambda _: os.truncate(source, 10))
    with pytest.raises(LocalError, match="upload"):
        await transfers.upload(bucket, "k", source, Progress())
    assert outside.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert unfinished(outside, bucket) == []


async def test_a_lost_answer_to_the_last_request_is_looked_up(
    faults: Faults,
    gateway: Gateway,
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    big_bytes: bytes,
) -> None:
    (folder / "a").write_bytes(big_bytes)

    def lose(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
        from botocore.exceptions import ConnectionClosedError

        raise ConnectionClosedError(endpoint_url="http://x")

    client = await gateway.client("s3")
    client.meta.events.register("after-call.s3.CompleteMultipartUpload", lose)
    await transfers.upload(bucket, "k", folder / "a", Progress())
    body = outside.get_object(Bucket=bucket, Key="k")["Body"].read()
    assert hashlib.sha256(body).digest() == hashlib.sha256(big_bytes).digest()


async def test_a_failed_last_request_is_a_failure_and_leaves_nothing(
    faults: Faults,
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    big_bytes: bytes,
) -> None:
    (folder / "a").write_bytes(big_bytes)
    outside.put_object(Bucket=bucket, Key="k", Body=b"another")

    def fail(_: int) -> None:
        from botocore.exceptions import ConnectionClosedError

        raise ConnectionClosedError(endpoint_url="http://x")

    faults.before("CompleteMultipartUpload", fail)
    with pytest.raises(AwsError, match="upload"):
        await transfers.upload(bucket, "k", folder / "a", Progress())
    assert outside.get_object(Bucket=bucket, Key="k")["Body"].read() == b"another"
    assert unfinished(outside, bucket) == []


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


# -- cancelling ----------------------------------------------------------------------------------


async def test_a_cancelled_upload_leaves_nothing_at_s3(
    faults: Faults, transfers: Transfers, bucket: str, outside: Any, folder: Path, big_bytes: bytes
) -> None:
    (folder / "a").write_bytes(big_bytes)
    manager, started = JobManager(), asyncio.Event()
    loop = asyncio.get_running_loop()
    faults.before("UploadPart", lambda _: loop.call_soon_threadsafe(started.set))

    async def body(job: Any) -> str:
        return (await transfers.upload(bucket, "k", folder / "a", job.progress)).finish()

    job = manager.start("upload", "a", body)
    await started.wait()
    manager.cancel(job.id)
    assert (await job.wait()).state is JobState.CANCELLED
    assert unfinished(outside, bucket) == []
    assert outside.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


async def test_a_cancelled_download_leaves_no_file(
    faults: Faults, transfers: Transfers, bucket: str, outside: Any, folder: Path, big_bytes: bytes
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=big_bytes)
    progress = Progress()
    faults.before("GetObject", lambda _: progress.cancelled.set())
    with pytest.raises(JobCancelled):
        await transfers.download(bucket, "k", folder / "k", progress)
    assert list(folder.iterdir()) == []


# -- the code drawer -----------------------------------------------------------------------------


async def test_a_transfer_is_one_entry_with_its_own_code(
    transfers: Transfers, gateway: Gateway, bucket: str, folder: Path, big_bytes: bytes
) -> None:
    (folder / "a b'c").write_bytes(big_bytes)
    with caused_by("Upload"):
        await transfers.upload(bucket, 'k"$(x)', folder / "a b'c", Progress())
    with caused_by("Download"):
        await transfers.download_prefix(bucket, "", folder / "back", Progress())
    up, down = gateway.log.entries()
    assert isinstance(up, Note)
    assert isinstance(down, Note)
    words = shlex.split(up.cli)
    assert words[:5] == ["aws", "s3", "cp", str(folder / "a b'c"), f's3://{bucket}/k"$(x)']
    compile(up.python, "note", "exec")
    assert shlex.split(down.cli)[4:6] == [str(folder / "back"), "--recursive"]


async def test_the_noted_programs_do_the_transfer(
    clean_sandbox: Any,
    transfers: Transfers,
    gateway: Gateway,
    bucket: str,
    outside: Any,
    folder: Path,
) -> None:
    tree = folder / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "sub" / "a").write_bytes(b"hello")
    with caused_by("x"):
        await transfers.upload_folder(bucket, "up/", tree, Progress())
        await transfers.download_prefix(bucket, "up/", folder / "down", Progress())
        await transfers.upload(bucket, "one", tree / "sub" / "a", Progress())
        await transfers.download(bucket, "one", folder / "one", Progress())
    programs = [entry.python for entry in gateway.log.entries() if isinstance(entry, Note)]
    for entry in outside.list_objects_v2(Bucket=bucket)["Contents"]:
        outside.delete_object(Bucket=bucket, Key=entry["Key"])
    (folder / "down" / "sub" / "a").unlink()
    (folder / "one").unlink()
    info = clean_sandbox.info
    environment = os.environ | {
        "AWS_ENDPOINT_URL": info.endpoint_url,
        "AWS_ACCESS_KEY_ID": info.access_key_id,
        "AWS_SECRET_ACCESS_KEY": info.secret_access_key,
    }
    assert len(programs) == 4
    each_anew = (
        "import json, sys\n"
        "for program in json.load(sys.stdin):\n"
        "    exec(compile(program, 'note', 'exec'), {'__name__': '__main__'})\n"
    )
    subprocess.run(
        [sys.executable, "-c", each_anew],
        input=json.dumps(programs),
        text=True,
        env=environment,
        check=True,
        timeout=60,
    )
    assert (folder / "down" / "sub" / "a").read_bytes() == b"hello"
    assert (folder / "one").read_bytes() == b"hello"


# -- sizes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, PART_BYTES, BIG, 10_000 * PART_BYTES + 1, 5 * 2**40])
def test_parts_cover_the_file_once_and_are_never_too_many(size: int) -> None:
    each = part_size(size)
    assert each >= PART_BYTES
    assert -(-size // each) <= 10_000
    if size < 2**40:
        found = list(spans(size, each))
        assert sum(length for _, _, length in found) == size
        assert [number for number, _, _ in found] == list(range(1, len(found) + 1))
