"""Whatever goes wrong while files go up: nothing wrong is kept, nothing half-done is left."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.aws.transfer_faults import Faults
from tests.aws.transfer_support import BIG, noise, unfinished
from tui.aws.gateway import Gateway
from tui.aws.transfers import upload
from tui.aws.transfers.service import Transfers
from tui.core.errors import AwsError, LocalError
from tui.core.jobs import Progress


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
    real = upload._read

    def read(opened: Any, start: int, length: int) -> bytes:
        data = real(opened, start, length)
        with source.open("ab") as stream:
            stream.write(b"more")
        return data

    monkeypatch.setattr(upload, "_read", read)
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


@pytest.mark.parametrize("size", [5_000, BIG])
async def test_a_source_that_another_file_takes_the_place_of_is_not_uploaded(
    size: int,
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As editors save: the new file has the old one's name, and here its size and time too."""
    source = folder / "a"
    source.write_bytes(noise(size))
    real = upload._read

    first = iter([True])

    def read(opened: Any, start: int, length: int) -> bytes:
        data = real(opened, start, length)
        if next(first, False):
            (folder / "b").write_bytes(noise(size, 2))
            os.utime(folder / "b", ns=(source.stat().st_mtime_ns,) * 2)
            os.link(source, folder / "old")
            (folder / "b").replace(source)
        return data

    monkeypatch.setattr(upload, "_read", read)
    with pytest.raises(LocalError, match="changed during the upload"):
        await transfers.upload(bucket, "k", source, Progress())
    assert outside.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert unfinished(outside, bucket) == []


@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
async def test_what_is_no_plain_file_is_refused_and_nothing_hangs(
    kind: str, transfers: Transfers, bucket: str, folder: Path
) -> None:
    path = folder / kind
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = Path("/dev/zero")
    else:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(str(path))
    with pytest.raises(LocalError, match="plain file"):
        await transfers.upload(bucket, "k", path, Progress())


@pytest.mark.parametrize("theirs", [False, True])
@pytest.mark.parametrize("lost", ["connection", "InternalError", "NoSuchUpload"])
async def test_a_lost_answer_to_the_last_request_is_looked_up(
    faults: Faults,
    gateway: Gateway,
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    big_bytes: bytes,
    lost: str,
    theirs: bool,
) -> None:
    """What has the same size, but is another's, is no success."""
    (folder / "a").write_bytes(big_bytes)

    def lose(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
        from botocore.exceptions import ClientError, ConnectionClosedError

        if theirs:
            outside.put_object(Bucket=bucket, Key="k", Body=big_bytes[::-1])
        if lost == "connection":
            raise ConnectionClosedError(endpoint_url="http://x")
        status = 500 if lost == "InternalError" else 404
        told = {"Error": {"Code": lost}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(told, "CompleteMultipartUpload")

    client = await gateway.client("s3")
    client.meta.events.register("after-call.s3.CompleteMultipartUpload", lose)
    if theirs:
        with pytest.raises(AwsError, match="upload"):
            await transfers.upload(bucket, "k", folder / "a", Progress())
        return
    await transfers.upload(bucket, "k", folder / "a", Progress())
    body = outside.get_object(Bucket=bucket, Key="k")["Body"].read()
    assert hashlib.sha256(body).digest() == hashlib.sha256(big_bytes).digest()


@pytest.mark.parametrize("theirs", [False, True])
async def test_a_lost_answer_to_a_small_upload_is_looked_up(
    faults: Faults,
    gateway: Gateway,
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    theirs: bool,
) -> None:
    from botocore.exceptions import ConnectionClosedError

    data = noise(5_000)
    (folder / "a").write_bytes(data)

    def lose(**_: Any) -> None:
        if theirs:
            outside.put_object(Bucket=bucket, Key="k", Body=data[::-1])
        raise ConnectionClosedError(endpoint_url="http://x")

    (await gateway.client("s3")).meta.events.register("after-call.s3.PutObject", lose)
    if theirs:
        with pytest.raises(AwsError, match="upload"):
            await transfers.upload(bucket, "k", folder / "a", Progress())
        return
    await transfers.upload(bucket, "k", folder / "a", Progress())
    assert outside.get_object(Bucket=bucket, Key="k")["Body"].read() == data


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
