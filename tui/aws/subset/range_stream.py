"""An object as a file that is read in ranges, pinned to one version of it by If-Match. Blocks.

For jobs: bytes are counted into the job's progress, and a cancel ends a read that waits.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from tui.aws.errors import error_code
from tui.aws.transfers.engine import BODY_TRIES, CHUNK_BYTES, breaks_off
from tui.aws.transfers.meter import Meter
from tui.core.errors import AwsError

WINDOW_BYTES = 8 * 1024 * 1024  # of a request, where an object is read front to back
_CHANGED = ("PreconditionFailed", "412", "InvalidRange", "416")


@dataclass(frozen=True, slots=True)
class Pinned:
    """One version of an object: what it is asked for with, and how big it is."""

    bucket: str
    key: str
    size_bytes: int
    etag: str = ""
    version_id: str = ""

    @property
    def params(self) -> dict[str, str]:
        """How boto3 names it."""
        named = {"Bucket": self.bucket, "Key": self.key}
        if self.version_id:
            named["VersionId"] = self.version_id
        if self.etag:
            named["IfMatch"] = f'"{self.etag}"'
        return named

    def __str__(self) -> str:
        return f"{self.bucket}/{self.key}"


class RangeStream(io.RawIOBase):
    """A seekable file over range requests.

    Args:
        client: boto3's, of the object's region.
        window: the least that a request asks for. What of it is not read is not fetched either:
            the answer is read as it is wanted, and dropped at a seek. 0 asks for each read alone.
    """

    def __init__(
        self, client: Any, pinned: Pinned, meter: Meter, window: int = WINDOW_BYTES
    ) -> None:
        super().__init__()
        self._client, self._pinned, self._meter = client, pinned, meter
        self._window = window
        self._at = 0
        self._body: Any = None
        self._body_ends = 0
        self.fetched = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go somewhere; nothing is asked for until something is read there."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._pinned.size_bytes}
        at = max(0, base[whence] + offset)
        if at != self._at:
            self._drop()
            self._at = at
        return at

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with what comes next, fewer bytes where the server sends fewer at once.

        Raises:
            AwsError: the object changed meanwhile, or the server knows no ranges.
            JobCancelled: the job was cancelled.
            Exception: botocore's own, for `tui.aws.errors.explain`.
        """
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self._pinned.size_bytes - self._at)
        if wanted <= 0:
            return 0
        for attempt in range(1, BODY_TRIES + 1):
            try:
                data = self._some(wanted)
            except Exception as error:
                self._drop()
                self._meter.check()  # a cancel breaks bodies off
                early = isinstance(error, EndedEarlyError)
                if not (early or breaks_off(error)) or attempt == BODY_TRIES:
                    raise
                self._meter.pause(min(0.2 * 2**attempt, 2.0))
                continue
            view[: len(data)] = data
            self._at += len(data)
            self.fetched += len(data)
            self._meter.advance(len(data))
            return len(data)
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Let go of the connection."""
        self._drop()
        super().close()

    def _some(self, wanted: int) -> bytes:
        """The next bytes, from the answer at hand or of another request."""
        if self._body is not None and self._at >= self._body_ends:
            self._drop()
        if self._body is None:
            self._ask(wanted)
        with self._meter.reading(_Kept(self._body)) as kept:
            data: bytes = kept.body.read(min(wanted, CHUNK_BYTES, self._body_ends - self._at))
        if not data:
            raise EndedEarlyError
        return data

    def _ask(self, wanted: int) -> None:
        end = min(self._at + max(wanted, self._window), self._pinned.size_bytes)
        span = f"bytes={self._at}-{end - 1}"
        self._meter.check()
        try:
            with self._meter.asking():
                answer = self._client.get_object(**self._pinned.params, Range=span)
        except Exception as error:
            if error_code(error) in _CHANGED:
                raise self._changed() from error
            raise
        if self._at and answer["ResponseMetadata"]["HTTPStatusCode"] != 206:
            answer["Body"].close()
            raise AwsError(
                f"Can't read {self._pinned}",
                "this server doesn't send parts of an object",
                "Download it whole instead.",
                code="NoRanges",
            )
        self._body, self._body_ends = answer["Body"], end

    def _drop(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None

    def _changed(self) -> AwsError:
        return AwsError(
            f"Can't read {self._pinned}",
            "it changed while it was read",
            "Nothing was kept; start again.",
            code="PreconditionFailed",
            retryable=True,
        )


class EndedEarlyError(Exception):
    """An answer ended before its length."""


class _Kept:
    """A body that a `with` does not close: it is read further later."""

    def __init__(self, body: Any) -> None:
        self.body = body
        self._raw_stream = getattr(body, "_raw_stream", None)  # what `hang_up` ends

    def __enter__(self) -> _Kept:
        return self

    def __exit__(self, *_: object) -> None:
        pass
