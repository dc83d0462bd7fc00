"""The body of an upload request: counts bytes as they leave, and stops when the job is cancelled.

A plain `bytes` body would move the progress in steps of a whole part, and hold up a cancel until
the part has gone: minutes on a slow line.
"""

from __future__ import annotations

import io
from typing import Any, Final

from tui.aws.transfers.meter import ASKING, Meter

SEND_BYTES: Final = 256 * 1024  # urllib3 asks for 16 KiB a time, which costs a system call each


class MeteredBody:
    """A part's bytes as the readable, seekable body that botocore and urllib3 take.

    botocore also reads a body to sign it, and reads it again for a retry. Only what is read after
    `begin` (the event `before-send`) counts; a seek takes it back.
    """

    def __init__(self, data: bytes, meter: Meter) -> None:
        self._view = memoryview(data)
        self._meter = meter
        self._position = 0
        self._counted = 0
        self._sending = False

    def __len__(self) -> int:
        return len(self._view)

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move, as for another reading; what was counted is taken back."""
        self._stop_counting()
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: len(self._view)}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int | None = -1) -> memoryview:
        """Return the next bytes; while sending, more than asked (urllib3 sends what it gets).

        Raises:
            JobCancelled: the job, or this transfer, is to end.
        """
        self._meter.check()
        if size is None or size < 0:
            size = len(self._view)
        elif self._sending:
            size = min(SEND_BYTES, self._meter.piece_bytes)
        chunk = self._view[self._position : self._position + size]
        self._position += len(chunk)
        if self._sending:
            self._counted += len(chunk)
            self._meter.advance(len(chunk))
        return chunk

    def begin(self) -> None:
        """Count from here: the request is about to leave."""
        self._stop_counting()
        self._meter.check()
        self._sending = True

    def finish(self) -> None:
        """The server has it all, whatever was read."""
        self._sending = False
        rest, self._counted = len(self._view) - self._counted, len(self._view)
        self._meter.advance(rest)

    def _stop_counting(self) -> None:
        self._sending = False
        taken, self._counted = self._counted, 0
        if taken:
            self._meter.take_back(taken)


def install(client: Any) -> None:
    """Have an S3 client tell bodies when they leave, and send nothing for a cancelled job."""
    client.meta.events.register("before-send.s3", _begin)


def _begin(request: Any, **_: Any) -> None:
    if isinstance(request.body, MeteredBody):
        request.body.begin()
    elif (meter := ASKING.get()) is not None:  # also before botocore's own retries
        meter.check()
