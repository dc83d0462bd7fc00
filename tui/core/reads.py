"""Reading parts of something far away: what readers ask for, and a file over it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing_extensions import Buffer

AHEAD_BYTES = 256 * 1024  # a read that has to ask brings this much


class BeyondAllowanceError(Exception):
    """A read would bring more bytes than the user has asked for; `needed` more would do."""

    def __init__(self, needed: int) -> None:
        super().__init__(f"{needed} bytes more than allowed")
        self.needed = needed


class Reads(Protocol):
    """Bytes by position. All methods may block."""

    @property
    def size_bytes(self) -> int:
        """How many there are in all."""

    @property
    def left(self) -> int:
        """How many more may be asked for."""

    @property
    def content_type(self) -> str:
        """What the bytes are said to be; "" if nobody said."""

    def read_at(self, start: int, length: int, ahead: int = 0) -> bytes:
        """Return `length` bytes from `start`; fewer at the end.

        Raises:
            BeyondAllowanceError: it would be more than `left`.
        """

    def tail(self, length: int) -> bytes:
        """Return the last `length` bytes."""

    def kept_from(self, start: int) -> int:
        """How many bytes from `start` on need not be asked for."""


class BytesReads:
    """The first bytes of something as `Reads`: nothing beyond them may be read."""

    def __init__(self, data: bytes, size_bytes: int | None = None) -> None:
        self._data = data
        self.size_bytes = len(data) if size_bytes is None else max(size_bytes, len(data))
        self.left = 0
        self.content_type = ""

    def read_at(self, start: int, length: int, ahead: int = 0) -> bytes:
        """Return what there is."""
        end = min(start + length, self.size_bytes)
        if end > len(self._data):
            raise BeyondAllowanceError(end - len(self._data))
        return self._data[start:end]

    def tail(self, length: int) -> bytes:
        """Return the end, if that is here."""
        begins = max(0, self.size_bytes - length)
        return self.read_at(begins, self.size_bytes - begins)

    def kept_from(self, start: int) -> int:
        """All that is here."""
        return max(0, len(self._data) - start)


class ReadsFile(io.RawIOBase):
    """A seekable file over `Reads`, for readers that want one (pyarrow, zipfile, gzip).

    Raises what `Reads.read_at` raises; a read that failed so may be made again later.
    """

    def __init__(self, reads: Reads, ahead: int = AHEAD_BYTES) -> None:
        super().__init__()
        self.reads = reads
        self._ahead, self._at = ahead, 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def size(self) -> int:
        """The size in bytes; pyarrow asks."""
        return self.reads.size_bytes

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go somewhere else; asks nothing."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size()}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Return up to `size` bytes, all that remain by default."""
        left = max(0, self.size() - self._at)
        wanted = left if size is None or size < 0 else min(size, left)
        data = self.reads.read_at(self._at, wanted, self._ahead) if wanted else b""
        self._at += len(data)
        return data

    def readinto(self, buffer: Buffer) -> int:
        """Fill a buffer as far as the bytes go."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)
