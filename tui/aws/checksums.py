"""Checksums of whole objects, as S3 gives them and as local bytes add up to."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_MD5 = re.compile(r"[0-9a-f]{32}")
_POLYNOMIAL = 0xEDB88320  # CRC-32 (ISO 3309), bits reversed, as zlib's


@dataclass(frozen=True, slots=True)
class Digest:
    """What the bytes of a whole object must add up to. `kind` is crc32, sha1, sha256 or md5."""

    kind: str
    value: bytes


class Hasher:
    """Adds up bytes in order, for one kind of digest."""

    def __init__(self, kind: str) -> None:
        self._crc = 0
        self._hash = None if kind == "crc32" else hashlib.new(kind, usedforsecurity=False)

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        if self._hash is None:
            self._crc = zlib.crc32(data, self._crc)
        else:
            self._hash.update(data)

    def digest(self) -> bytes:
        """Return the sum of all bytes so far."""
        return self._crc.to_bytes(4, "big") if self._hash is None else self._hash.digest()


def expected_digest(answer: Mapping[str, Any]) -> Digest | None:
    """Return the full-object digest that HeadObject or GetObject gives, or None.

    A composite checksum ("…-7") is of the parts' checksums, so it does not count. The ETag is
    the MD5 of the bytes only for a single-part object that no KMS or customer key encrypts.
    """
    for kind in ("sha256", "sha1", "crc32"):
        value = answer.get(f"Checksum{kind.upper()}", "")
        if value and "-" not in value and answer.get("ChecksumType") != "COMPOSITE":
            return Digest(kind, base64.b64decode(value))
    etag = answer.get("ETag", "").strip('"')
    encrypted = answer.get("ServerSideEncryption", "AES256") != "AES256"
    if encrypted or answer.get("SSECustomerAlgorithm") or not _MD5.fullmatch(etag):
        return None
    return Digest("md5", bytes.fromhex(etag))


def crc32_text(crc: int) -> str:
    """Return a CRC-32 as S3 writes it: base64 of four bytes, big end first."""
    return base64.b64encode(crc.to_bytes(4, "big")).decode()


def combined_crc32(parts: Iterable[tuple[int, int]]) -> int:
    """Return the CRC-32 of a whole from its parts' (CRC-32, length in bytes), in order."""
    whole = 0
    for crc, length in parts:
        whole = _times(_shift(length), whole) ^ crc
    return whole


def _times(matrix: tuple[int, ...], vector: int) -> int:
    """Multiply over GF(2): the matrix's columns that the vector's bits choose, added."""
    total = 0
    for column in matrix:
        if vector & 1:
            total ^= column
        vector >>= 1
        if not vector:
            break
    return total


@lru_cache(maxsize=16)
def _shift(length: int) -> tuple[int, ...]:
    """Return the matrix that moves a CRC past `length` zero bytes."""
    step = (_POLYNOMIAL, *(1 << bit for bit in range(31)))  # past one zero bit
    result = tuple(1 << bit for bit in range(32))
    bits = length * 8
    while bits:
        if bits & 1:
            result = tuple(_times(step, column) for column in result)
        step = tuple(_times(step, column) for column in step)
        bits >>= 1
    return result
