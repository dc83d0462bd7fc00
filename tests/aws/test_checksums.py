from __future__ import annotations

import base64
import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.aws.checksums import Digest, Hasher, combined_crc32, crc32_text, expected_digest


@given(st.lists(st.binary(max_size=3000), max_size=8))
def test_the_parts_crcs_combine_to_the_crc_of_the_whole(parts: list[bytes]) -> None:
    combined = combined_crc32((zlib.crc32(part), len(part)) for part in parts)
    assert combined == zlib.crc32(b"".join(parts))


def test_combining_holds_for_parts_of_16_mib() -> None:
    part, tail = bytes(range(256)) * 65_536, b"tail"
    whole = zlib.crc32(tail, zlib.crc32(part, zlib.crc32(part)))
    crc, end = (zlib.crc32(part), len(part)), (zlib.crc32(tail), 4)
    assert combined_crc32([crc, crc, end]) == whole


def test_a_crc_is_written_as_s3_writes_it() -> None:
    assert crc32_text(zlib.crc32(b"hello")) == "NhCmhg=="


@pytest.mark.parametrize("kind", ["crc32", "md5", "sha1", "sha256"])
def test_hashing_piece_by_piece_is_hashing_the_whole(kind: str) -> None:
    hasher = Hasher(kind)
    for piece in (b"hel", b"", b"lo"):
        hasher.update(piece)
    expected = (
        zlib.crc32(b"hello").to_bytes(4, "big")
        if kind == "crc32"
        else hashlib.new(kind, b"hello").digest()
    )
    assert hasher.digest() == expected


MD5 = hashlib.md5(b"hello").hexdigest()
CRC = base64.b64encode(zlib.crc32(b"hello").to_bytes(4, "big")).decode()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"ETag": f'"{MD5}"'}, "md5"),
        ({"ETag": f'"{MD5}"', "ServerSideEncryption": "AES256"}, "md5"),
        ({"ETag": f'"{MD5}"', "ServerSideEncryption": "aws:kms"}, None),
        ({"ETag": f'"{MD5}"', "SSECustomerAlgorithm": "AES256"}, None),
        ({"ETag": f'"{MD5}-3"'}, None),
        ({"ETag": f'"{MD5}-3"', "ChecksumCRC32": CRC, "ChecksumType": "FULL_OBJECT"}, "crc32"),
        ({"ETag": f'"{MD5}-3"', "ChecksumCRC32": CRC, "ChecksumType": "COMPOSITE"}, None),
        ({"ETag": f'"{MD5}-3"', "ChecksumCRC32": f"{CRC}-3"}, None),
        ({}, None),
    ],
)
def test_only_digests_of_the_whole_object_count(answer: dict[str, str], kind: str | None) -> None:
    found = expected_digest(answer)
    assert (found and found.kind) == kind
    if kind == "md5":
        assert found == Digest("md5", bytes.fromhex(MD5))
