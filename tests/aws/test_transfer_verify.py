"""Every download is checked by whatever its object's checksum is; one that can't be, is counted."""

from __future__ import annotations

import base64
import hashlib
import io
import zlib
from pathlib import Path
from typing import Any

import pytest

from tests.aws.transfer_faults import Faults, flipped
from tests.aws.transfer_support import left_over, noise
from tui.aws.transfers.engine import PART_BYTES, Remote
from tui.aws.transfers.meter import Meter
from tui.aws.transfers.service import Transfers
from tui.aws.transfers.verify import Written, matches
from tui.core.errors import AwsError
from tui.core.progress import Progress
from tui.sandbox.front.crc import CRC32C, CRC64NVME

MIB = 1024 * 1024


def put_parts(outside: Any, bucket: str, key: str, parts: list[bytes], **wish: Any) -> None:
    """Upload in parts of these very sizes."""
    begun = outside.create_multipart_upload(Bucket=bucket, Key=key, **wish)
    named = {"Bucket": bucket, "Key": key, "UploadId": begun["UploadId"]}
    algorithm = {k: v for k, v in wish.items() if k == "ChecksumAlgorithm"}
    listed = []
    for number, part in enumerate(parts, 1):
        sent = outside.upload_part(**named, PartNumber=number, Body=part, **algorithm)
        sums = {k: v for k, v in sent.items() if k.startswith("Checksum") and k != "ChecksumType"}
        listed.append({"PartNumber": number, "ETag": sent["ETag"], **sums})
    outside.complete_multipart_upload(**named, MultipartUpload={"Parts": listed})


def cut(data: bytes, *sizes: int) -> list[bytes]:
    parts, at = [], 0
    for size in sizes:
        parts.append(data[at : at + size])
        at += size
    return [*parts, data[at:]]


DIGESTS = {
    "CRC32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "CRC32C": CRC32C.digest,
    "CRC64NVME": CRC64NVME.digest,
    "SHA1": lambda data: hashlib.sha1(data).digest(),
    "SHA256": lambda data: hashlib.sha256(data).digest(),
}
SMALL, BIG = 100_000, PART_BYTES + 1000


@pytest.mark.parametrize(
    ("kind", "size"),
    [*((kind, SMALL) for kind in DIGESTS), ("CRC32C", BIG), ("CRC64NVME", BIG), ("SHA1", BIG)],
)
async def test_a_checksum_of_any_kind_catches_a_flipped_bit(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    kind: str,
    size: int,
) -> None:
    data = noise(size)
    value = base64.b64encode(DIGESTS[kind](data)).decode()
    outside.put_object(Bucket=bucket, Key="k", Body=data, **{f"Checksum{kind}": value})
    report = await transfers.download(bucket, "k", folder / "whole", Progress())
    assert (folder / "whole").read_bytes() == data
    assert report.unchecked == 0
    faults.body(lambda _, body: body_of(flipped(body)))
    with pytest.raises(AwsError, match="checksum"):
        await transfers.download(bucket, "k", folder / "bad", Progress())
    assert left_over(folder) == []
    assert not (folder / "bad").exists()


def body_of(data: bytes) -> Any:
    return io.BytesIO(data)


@pytest.mark.parametrize(
    ("sizes", "wish"),
    [
        ((5 * MIB, 1), {}),
        ((5 * MIB, 5 * MIB, 5 * MIB, 2 * MIB), {}),
        ((6 * MIB, 5 * MIB, 6 * MIB, 1), {}),  # no tool does that, but S3 takes it
        ((5 * MIB, 6 * MIB), {"ChecksumAlgorithm": "SHA256", "ChecksumType": "COMPOSITE"}),
        ((5 * MIB, 1), {"ChecksumAlgorithm": "CRC32", "ChecksumType": "COMPOSITE"}),
    ],
)
async def test_an_object_of_parts_is_checked_by_its_parts(
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    faults: Faults,
    sizes: tuple[int, ...],
    wish: dict[str, str],
) -> None:
    data = noise(sum(sizes))
    put_parts(outside, bucket, "k", cut(data, *sizes[:-1]), **wish)
    report = await transfers.download(bucket, "k", folder / "whole", Progress())
    assert (folder / "whole").read_bytes() == data
    assert report.unchecked == 0
    faults.body(lambda _, body: body_of(flipped(body)))
    with pytest.raises(AwsError, match="checksum"):
        await transfers.download(bucket, "k", folder / "bad", Progress())
    assert left_over(folder) == []


class PartlessClient:
    """A look-alike that takes no part numbers; `parts` is what it says of them all the same."""

    def __init__(self, size: int) -> None:
        self.size = size

    def head_object(self, **_: Any) -> dict[str, Any]:
        return {"ContentLength": self.size}


@pytest.mark.parametrize(
    ("sizes", "told"), [((8 * MIB,), True), ((5 * MIB,), True), ((6 * MIB,), None)]
)
def test_where_parts_are_not_told_the_usual_sizes_are_tried(
    outside: Any, bucket: str, tmp_path: Path, sizes: tuple[int, ...], told: bool | None
) -> None:
    data = noise(9 * MIB)
    put_parts(outside, bucket, "k", cut(data, *sizes))
    path = tmp_path / "k"
    path.write_bytes(data)
    with path.open("rb") as file:
        client, remote = PartlessClient(len(data)), Remote(bucket, "k")
        written = Written(client, remote, file.fileno(), path, len(data), Meter(Progress()))
        assert matches(written, outside.head_object(Bucket=bucket, Key="k")) is told


async def test_what_cannot_be_checked_is_counted(
    transfers: Transfers, bucket: str, outside: Any, folder: Path, gateway: Any
) -> None:
    for key in "abc":
        outside.put_object(Bucket=bucket, Key=f"d/{key}", Body=b"x" * 1000)
    transfers._engine.fast.enabled = False
    client = await gateway.client("s3")

    def keyed(parsed: dict[str, Any], **_: Any) -> None:
        parsed["ServerSideEncryption"] = "aws:kms"  # so the ETag is no MD5
        for name in [name for name in parsed if name.startswith("Checksum")]:
            del parsed[name]

    client.meta.events.register("after-call.s3.GetObject", keyed)
    report = await transfers.download_prefix(bucket, "d/", folder, Progress())
    assert (report.files, report.unchecked) == (3, 3)
    assert report.finish().endswith("3 without a checksum to check them by")
