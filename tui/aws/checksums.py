"""Checksums of objects, as S3 gives them and as local bytes add up to.

CRCs come from anycrc, which is imported with the first byte that is added up: it knows CRC-64/NVME,
the default of today's AWS tools, and is several times as fast as zlib where the processor helps.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol

CRCS: Final = {"crc32": 4, "crc32c": 4, "crc64nvme": 8}
"""The CRCs that S3 knows and their bytes: the parts' add up to the whole's (`combined`)."""
KINDS: Final = ("crc64nvme", "crc32c", "crc32", "sha256", "sha1", "sha512", "md5")
"""What a checksum that S3 gives may be, what is quickest first."""

_MODELS: Final = {"crc32": "CRC32-ISO-HDLC", "crc32c": "CRC32-ISCSI", "crc64nvme": "CRC64-NVME"}
_STEP_BYTES: Final = 1024 * 1024  # at once: a CRC holds the interpreter, for a tenth of a ms
_MD5 = re.compile(r"[0-9a-f]{32}")
_MD5_OF_PARTS = re.compile(r"([0-9a-f]{32})-([1-9][0-9]{0,4})")


class _Crc(Protocol):
    def calc(self, data: bytes | memoryview, init: int) -> int: ...

    def combine(self, crc1: int, crc2: int, length: int) -> int: ...


@dataclass(frozen=True, slots=True)
class Digest:
    """What the bytes of an object must add up to.

    Attributes:
        kind: one of `KINDS`.
        parts: 0 for a digest of the bytes; else it is the digest of so many parts' digests.
    """

    kind: str
    value: bytes
    parts: int = 0


class Hasher:
    """Adds up bytes in order, for one kind of digest."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._crc = 0
        self._hash = None if kind in CRCS else hashlib.new(kind, usedforsecurity=False)

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        if self._hash is None:
            self._crc = crc_of(self._kind, data, self._crc)
        else:
            self._hash.update(data)

    def digest(self) -> bytes:
        """Return the sum of all bytes so far."""
        if self._hash is None:
            return self._crc.to_bytes(CRCS[self._kind], "big")
        return self._hash.digest()


def crc_of(kind: str, data: bytes | memoryview, crc: int = 0) -> int:
    """Return the CRC of what was added up before (`crc`) and these bytes."""
    model = _model(kind)
    if len(data) <= _STEP_BYTES:
        return model.calc(data, crc)
    view = memoryview(data)
    for at in range(0, len(view), _STEP_BYTES):
        crc = model.calc(view[at : at + _STEP_BYTES], crc)
    return crc


def combined(kind: str, parts: Iterable[tuple[int, int]]) -> int:
    """Return the CRC of a whole from its parts' (CRC, length in bytes), in order."""
    model, whole = _model(kind), 0
    for crc, length in parts:
        whole = model.combine(whole, crc, length)
    return whole


def combined_crc32(parts: Iterable[tuple[int, int]]) -> int:
    """Return the CRC-32 of a whole from its parts' (CRC-32, length in bytes), in order."""
    return combined("crc32", parts)


def expected_digest(answer: Mapping[str, Any]) -> Digest | None:
    """Return the digest of the whole bytes that HeadObject or GetObject gives, or None.

    The ETag is the MD5 of the bytes only for a single-part object that no KMS or customer key
    encrypts, and not in a directory bucket.
    """
    if not _is_composite(answer):
        for kind in KINDS:
            value = answer.get(f"Checksum{kind.upper()}", "")
            if value and "-" not in value and (raw := _raw(kind, value)) is not None:
                return Digest(kind, raw)
    etag = answer.get("ETag", "").strip('"')
    if _MD5.fullmatch(etag) and _is_sum(answer):
        return Digest("md5", bytes.fromhex(etag))
    return None


def expected_of_parts(answer: Mapping[str, Any]) -> Digest | None:
    """Return the digest of the parts' digests that an answer gives, or None.

    Such are composite checksums ("…-7") and the ETags of multi-part objects.
    """
    found = _MD5_OF_PARTS.fullmatch(answer.get("ETag", "").strip('"'))
    for kind in KINDS:
        value, _, parts = answer.get(f"Checksum{kind.upper()}", "").partition("-")
        if not parts and found is not None and _is_composite(answer):
            parts = found[2]
        if parts.isdecimal() and int(parts) and (raw := _raw(kind, value)) is not None:
            return Digest(kind, raw, int(parts))
    if found is not None and _is_sum(answer):
        return Digest("md5", bytes.fromhex(found[1]), int(found[2]))
    return None


def crc32_text(crc: int) -> str:
    """Return a CRC-32 as S3 writes it: base64 of four bytes, big end first."""
    return base64.b64encode(crc.to_bytes(4, "big")).decode()


def _is_composite(answer: Mapping[str, Any]) -> bool:
    return str(answer.get("ChecksumType", "")).startswith("COMPOSITE")


def _is_sum(answer: Mapping[str, Any]) -> bool:
    """Whether the ETag is of the bytes: not of what a key made of them, and no random number."""
    plain = answer.get("ServerSideEncryption", "AES256") == "AES256"
    express = answer.get("StorageClass") == "EXPRESS_ONEZONE"
    return plain and not express and not answer.get("SSECustomerAlgorithm")


def _raw(kind: str, value: str) -> bytes | None:
    try:
        raw = base64.b64decode(value, validate=True)
    except binascii.Error:
        return None
    size = CRCS.get(kind) or hashlib.new(kind, usedforsecurity=False).digest_size
    return raw if len(raw) == size else None


@lru_cache(maxsize=8)
def _model(kind: str) -> _Crc:
    import anycrc

    model: _Crc = anycrc.Model(_MODELS[kind])
    return model
