from __future__ import annotations

import base64
import hashlib
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.aws.checksums import (
    CRCS,
    Digest,
    Hasher,
    combined,
    combined_crc32,
    crc32_text,
    crc_of,
    expected_digest,
    expected_of_parts,
)
from tui.sandbox.front.crc import CRC32C, CRC64NVME

REFERENCES = {
    "crc32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "crc32c": CRC32C.digest,
    "crc64nvme": CRC64NVME.digest,
}


@pytest.mark.parametrize("kind", CRCS)
@given(st.lists(st.binary(max_size=3000), max_size=8))
def test_the_parts_crcs_combine_to_the_crc_of_the_whole(kind: str, parts: list[bytes]) -> None:
    whole = combined(kind, [(crc_of(kind, part), len(part)) for part in parts])
    assert whole.to_bytes(CRCS[kind], "big") == REFERENCES[kind](b"".join(parts))


@pytest.mark.parametrize("kind", CRCS)
def test_combining_holds_for_parts_of_16_mib(kind: str) -> None:
    part, tail = bytes(range(256)) * 65_536, b"tail"
    whole = Hasher(kind)
    for data in (part, part, tail):
        whole.update(data)
    crc, end = (crc_of(kind, part), len(part)), (crc_of(kind, tail), 4)
    assert combined(kind, [crc, crc, end]).to_bytes(CRCS[kind], "big") == whole.digest()
    if kind == "crc32":
        assert combined_crc32([crc, crc, end]).to_bytes(4, "big") == whole.digest()


@given(st.binary(max_size=700), st.integers(0, 3_000_000))
def test_a_long_crc_is_added_up_in_steps(data: bytes, size: int) -> None:
    data = (data or b"x") * (size // max(len(data), 1) + 1)
    assert crc_of("crc32", memoryview(data), 7) == zlib.crc32(data, 7)


def test_a_crc_is_written_as_s3_writes_it() -> None:
    assert crc32_text(zlib.crc32(b"hello")) == "NhCmhg=="


@pytest.mark.parametrize("kind", ["crc32", "crc32c", "crc64nvme", "md5", "sha1", "sha256"])
def test_hashing_piece_by_piece_is_hashing_the_whole(kind: str) -> None:
    hasher = Hasher(kind)
    for piece in (b"hel", b"", memoryview(b"lo")):
        hasher.update(piece)
    reference = REFERENCES.get(kind, lambda data: hashlib.new(kind, data).digest())
    assert hasher.digest() == reference(b"hello")
    assert Hasher(kind).digest() == reference(b"")


MD5 = hashlib.md5(b"hello").hexdigest()
CRC = base64.b64encode(zlib.crc32(b"hello").to_bytes(4, "big")).decode()
NVME = base64.b64encode(CRC64NVME.digest(b"hello")).decode()
FULL, COMPOSITE = {"ChecksumType": "FULL_OBJECT"}, {"ChecksumType": "COMPOSITE"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"ETag": f'"{MD5}"'}, "md5"),
        ({"ETag": f'"{MD5}"', "ServerSideEncryption": "AES256"}, "md5"),
        ({"ETag": f'"{MD5}"', "ServerSideEncryption": "aws:kms"}, None),
        ({"ETag": f'"{MD5}"', "SSECustomerAlgorithm": "AES256"}, None),
        ({"ETag": f'"{MD5}"', "StorageClass": "EXPRESS_ONEZONE"}, None),
        ({"ETag": f'"{MD5}-3"'}, None),
        ({"ETag": f'"{MD5}-3"', "ChecksumCRC32": CRC, **FULL}, "crc32"),
        ({"ETag": f'"{MD5}-3"', "ChecksumCRC32C": CRC, **FULL}, "crc32c"),
        ({"ETag": f'"{MD5}-3"', "ChecksumCRC64NVME": NVME, **FULL}, "crc64nvme"),
        ({"ETag": f'"{MD5}-3"', "ChecksumCRC32": CRC, **COMPOSITE}, None),
        ({"ETag": f'"{MD5}-3"', "ChecksumCRC32": f"{CRC}-3"}, None),
        ({"ETag": f'"{MD5}"', "ChecksumCRC32": "not base64"}, "md5"),
        ({"ETag": f'"{MD5}"', "ChecksumCRC64NVME": CRC}, "md5"),  # of a wrong length
        ({"ChecksumXXHASH64": NVME, **FULL}, None),
        ({}, None),
    ],
)
def test_only_digests_of_the_whole_object_count(answer: dict[str, str], kind: str | None) -> None:
    found = expected_digest(answer)
    assert (found and found.kind) == kind
    if kind == "md5":
        assert found == Digest("md5", bytes.fromhex(MD5))


@pytest.mark.parametrize(
    ("answer", "kind", "parts"),
    [
        ({"ETag": f'"{MD5}-3"'}, "md5", 3),
        ({"ETag": f'"{MD5}-3"', "ServerSideEncryption": "aws:kms"}, None, 0),
        ({"ETag": f'"{MD5}-3"', "ChecksumCRC32": f"{CRC}-3", **COMPOSITE}, "crc32", 3),
        ({"ETag": f'"{MD5}-3"', "ChecksumCRC32": f"{CRC}-0"}, "md5", 3),
        ({"ETag": f'"{MD5}-0"'}, None, 0),
        ({"ETag": f'"{MD5}"'}, None, 0),
        ({"ETag": '"something else-3"'}, None, 0),
        ({}, None, 0),
    ],
)
def test_digests_of_the_parts_digests_say_of_how_many(
    answer: dict[str, Any], kind: str | None, parts: int
) -> None:
    found = expected_of_parts(answer)
    assert (found and found.kind) == kind
    assert (found.parts if found else 0) == parts
