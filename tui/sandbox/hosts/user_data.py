"""The user data of an instance as its first boot needs it."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any

GZIP = b"\x1f\x8b"
MOST_BYTES = 16384
"""EC2's own limit, before base64."""
UNPACKED_MOST = 256 << 10


def raw(data: Any) -> bytes:
    """The bytes of what moto keeps, a base64 text in a class of its own; b"" when there is none."""
    if data is None:
        return b""
    try:
        return base64.b64decode(str(data))
    except (binascii.Error, ValueError):
        return b""


def script(data: Any) -> str:
    """The text to run, unpacked as cloud-init does; bytes that are no UTF-8 are kept as surrogates.

    Raises:
        ValueError: it is packed and broken, or grows beyond UNPACKED_MOST.
    """
    found = raw(data)
    if found.startswith(GZIP):
        found = _unpack(found)
    return found.decode("utf-8", "surrogateescape")


def _unpack(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        found = unpacker.decompress(packed, UNPACKED_MOST)
    except zlib.error as error:
        raise ValueError("its gzip data is broken") from error
    if not unpacker.eof:
        raise ValueError(f"its gzip data is broken, or more than {UNPACKED_MOST >> 10} KB unpacked")
    return found
