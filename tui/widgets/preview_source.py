"""The bytes of an object from any position, through whatever packs them: gzip, bz2, xz, zstd, lz4.

Packed bytes are unpacked as they are asked for, so a bomb unpacks no further than a page.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from typing import IO, Any, Protocol, cast

from tui.core.reads import BeyondAllowanceError, Reads, ReadsFile
from tui.widgets.preview_data import READ_BYTES

_PIECE = 32 * 1024
PACKINGS = {
    b"\x1f\x8b\x08": "gz",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zst",
    b"\x04\x22\x4d\x18": "lz4",
}
_ARROW = {"zst": "zstd", "lz4": "lz4"}
# What truncated and damaged streams raise; pyarrow's errors are OSErrors and ValueErrors.
BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError)


class Source(Protocol):
    """Bytes as they are meant, unpacked."""

    packing: str
    broken: bool

    def read(self, at: int, length: int) -> tuple[bytes, bool]:
        """Return up to `length` bytes from `at`, and whether the end was reached.

        Fewer where no more is allowed to be read just now.
        """

    @property
    def size_bytes(self) -> int | None:
        """The size of it all unpacked; None while that is not known."""

    def about(self) -> int:
        """The same, estimated if need be."""


class PlainSource:
    """Bytes that are not packed."""

    packing = ""
    broken = False

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    @property
    def size_bytes(self) -> int:
        """The object's own size."""
        return self._reads.size_bytes

    def about(self) -> int:
        """The object's own size."""
        return self._reads.size_bytes

    def read(self, at: int, length: int) -> tuple[bytes, bool]:
        """Read a range, or what is kept of it."""
        size = self._reads.size_bytes
        free = self._reads.kept_from(at)
        length = min(length, size - at, max(free, free + self._reads.left))
        data = self._reads.read_at(at, length, length)
        return data, at + len(data) >= size


class PackedSource:
    """A packed stream, read forwards; going back begins anew."""

    def __init__(self, reads: Reads, packing: str) -> None:
        self.packing = packing
        self.broken = False
        self._reads = reads
        self._file = ReadsFile(reads, READ_BYTES)
        self._stream: Any = None
        self._held = bytearray()  # what was unpacked last, for pages that overlap
        self._begins = 0  # where that begins
        self._unpacked = 0  # where it ends
        self._one = packing not in _ARROW  # whether it reads piece by piece
        self._size: int | None = None
        self._share = 0.0  # unpacked bytes a packed one

    @property
    def size_bytes(self) -> int | None:
        """How much it unpacks to, once the end was seen."""
        return self._size

    def about(self) -> int:
        """By the share of what was unpacked so far."""
        return round(self._reads.size_bytes * self._share) if self._size is None else self._size

    def read(self, at: int, length: int) -> tuple[bytes, bool]:
        """Unpack from `at` on."""
        if self._stream is None or at < self._begins:
            self._begin()
        while self._unpacked < at + length and not self._ended:
            if not self._step(min(_PIECE, at + length - self._unpacked)):
                break
            del self._held[: max(0, min(at - self._begins, len(self._held)))]
            self._begins = min(max(self._begins, at), self._unpacked)
        data = bytes(self._held[at - self._begins :][:length])
        return data, self._ended and at + len(data) >= self._unpacked

    @property
    def _ended(self) -> bool:
        return self._size is not None

    def _begin(self) -> None:
        self._file.seek(0)
        self._stream = _opened(self._file, self.packing)
        self._held.clear()
        self._begins = self._unpacked = 0
        self._size, self.broken = None, False

    def _step(self, length: int) -> bool:
        """Unpack one piece; False where the stream ends or may not be read further."""
        try:
            piece = self._stream.read1(length) if self._one else self._stream.read(length)
        except BeyondAllowanceError:
            self._stream = None  # it may have lost what it was in the middle of
            return False
        except BROKEN:
            self.broken, piece = True, b""
        if not piece:
            self._size = self._unpacked
            return False
        self._held += piece
        self._unpacked += len(piece)
        self._share = self._unpacked / max(1, self._file.tell())
        return True


def _opened(file: ReadsFile, packing: str) -> Any:
    """A stream that unpacks; several streams one after the other count as one."""
    if packing == "gz":
        return gzip.GzipFile(fileobj=file)
    if packing == "bz2":
        return bz2.BZ2File(file)
    if packing == "xz":
        return lzma.LZMAFile(cast("IO[bytes]", file))
    import pyarrow as pa

    return pa.CompressedInputStream(pa.PythonFile(file, mode="r"), _ARROW[packing])


def packing_of(head: bytes) -> str:
    """How the bytes are packed, by their first few; "" if they are not."""
    return next((name for magic, name in PACKINGS.items() if head.startswith(magic)), "")


def source_of(reads: Reads, head: bytes) -> Source:
    """The bytes of an object, unpacked if they are packed in a way that can be read.

    What only looks packed (its first bytes do not unpack) is taken as it is.
    """
    packing = packing_of(head)
    if not packing:
        return PlainSource(reads)
    packed = PackedSource(reads, packing)
    first, _ = packed.read(0, 1)
    if not first and packed.broken:
        return PlainSource(reads)
    return packed
