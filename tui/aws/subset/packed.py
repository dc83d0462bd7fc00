"""Packed streams, recognised by what they begin with. Blocks; Arrow unpacks zstd."""

from __future__ import annotations

import bz2
import gzip
import io
from typing import Any, BinaryIO

_PACKED = {"gz": b"\x1f\x8b", "bz2": b"BZh", "zst": b"\x28\xb5\x2f\xfd"}


def unpacked(stream: Any, most: int = 1024 * 1024) -> tuple[io.BufferedReader[Any], str]:
    """The stream's own bytes and how they were packed, by what it begins with."""
    plain = io.BufferedReader(stream, most)
    start = plain.peek(4)[:4]
    packed = next((name for name, magic in _PACKED.items() if start.startswith(magic)), "")
    opened: Any = {"gz": gzip.GzipFile, "bz2": bz2.BZ2File, "zst": _zstd}.get(packed)
    if opened is None:
        return plain, ""
    if packed == "gz":
        return io.BufferedReader(gzip.GzipFile(fileobj=plain, mode="rb"), most), packed
    return io.BufferedReader(opened(plain), most), packed


def begin_of(data: bytes, most: int = 256 * 1024) -> tuple[bytes, str]:
    """What the first bytes of an object unpack to, as much as can be had, and how it is packed."""
    stream, packed = unpacked(io.BytesIO(data))
    parts: list[bytes] = []
    size = 0
    while size < most:
        try:
            part = stream.read1(most - size)
        except (EOFError, OSError):
            if not packed:
                raise
            break  # it is cut off somewhere
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts), packed


def _zstd(stream: BinaryIO) -> io.RawIOBase:
    import pyarrow as pa

    return _Unzipped(pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd"))


class _Unzipped(io.RawIOBase):
    """Arrow's stream as Python's."""

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
