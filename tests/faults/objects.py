"""Objects as other programs have stored them: with each kind of checksum that S3 knows."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from tests.faults.world import BUCKET, PART_BYTES, World, noise
from tui.sandbox.front.crc import CRC32C, CRC64NVME

_DIGESTS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "SHA256": lambda data: hashlib.sha256(data).digest(),
    "SHA1": lambda data: hashlib.sha1(data).digest(),
    "CRC32C": CRC32C.digest,
    "CRC64NVME": CRC64NVME.digest,
}
_IN_PARTS: Final = ("parts, CRC32 of parts", "parts, SHA256 of parts", "parts, ETag alone")
WHOLE: Final = ("CRC32", *_DIGESTS)


def kinds_for(size: int) -> tuple[str, ...]:
    """The kinds that an object of so many bytes may be of."""
    return WHOLE + _IN_PARTS if size > PART_BYTES else WHOLE


def store(world: World, key: str, size: int, kind: str) -> None:
    """Store `noise(size, size)` under a key."""
    data = noise(size, size)
    if kind in _IN_PARTS:
        _store_in_parts(world, key, data, kind)
        return
    more = {f"Checksum{kind}": _digest(size, kind)} if kind in _DIGESTS else {}
    world.outside.put_object(Bucket=BUCKET, Key=key, Body=data, **more)


@lru_cache(maxsize=64)
def _digest(size: int, kind: str) -> str:
    return base64.b64encode(_DIGESTS[kind](noise(size, size))).decode()


def _store_in_parts(world: World, key: str, data: bytes, kind: str) -> None:
    client, place = world.outside, {"Bucket": BUCKET, "Key": key}
    algorithm = kind.split()[1]
    wanted: dict[str, Any] = {} if algorithm == "ETag" else {"ChecksumAlgorithm": algorithm}
    begun = client.create_multipart_upload(**place, **wanted)
    place["UploadId"] = begun["UploadId"]
    parts = []
    for number, start in enumerate(range(0, len(data), PART_BYTES), 1):
        piece = data[start : start + PART_BYTES]
        sent = client.upload_part(**place, PartNumber=number, Body=piece, **wanted)
        named = {name: sent[name] for name in ("ETag", f"Checksum{algorithm}") if name in sent}
        parts.append({"PartNumber": number, **named})
    client.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})
