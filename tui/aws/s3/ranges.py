"""One object read by ranges: pinned to one version of it, kept within an allowance of bytes.

The first answer's ETag pins the object: every later range carries If-Match, so bytes of two
versions are never mixed. What is read is counted, and nothing is read beyond what was allowed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tui.aws.errors import explain
from tui.core.errors import AwsError, JobCancelled, UserError
from tui.core.reads import AHEAD_BYTES, BeyondAllowanceError, ReadsFile

if TYPE_CHECKING:
    from tui.aws.s3.service import S3

__all__ = ["AHEAD_BYTES", "CHANGED", "UNASKED_BYTES", "BeyondAllowanceError", "ObjectRanges"]

UNASKED_BYTES = 1024 * 1024  # what is read before the user asks for more
CACHE_BYTES = 4 * 1024 * 1024
CHANGED = frozenset({"PreconditionFailed", "412"})
_PIECE = 64 * 1024  # a body is read in such pieces, so that a dropped read ends early


@dataclass(frozen=True, slots=True)
class RangeFacts:
    """What the first answer said of the object.

    Attributes:
        size_bytes: of the whole object, whatever the listing said.
        etag: with its quotes, as If-Match wants it.
    """

    size_bytes: int
    etag: str
    modified_at: datetime | None
    content_type: str = ""


class ObjectRanges:
    """Range reads of one object (`tui.core.reads.Reads`). Methods block, from any thread.

    Args:
        s3: where the bucket's region and the client come from.
        version_id: a version to read in place of the newest.
        allowance: how many bytes may be read in all; `allow` raises it.
        cache_bytes: how much of what was read is kept.
    """

    def __init__(
        self,
        s3: S3,
        bucket: str,
        key: str,
        *,
        version_id: str = "",
        allowance: int = UNASKED_BYTES,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        self.bucket, self.key, self.version_id = bucket, key, version_id
        self.facts: RangeFacts | None = None
        self.spent = 0
        self._allowance, self._cache_bytes = allowance, cache_bytes
        self._s3 = s3
        self._dropped = False
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, bytes] = OrderedDict()  # by where they begin

    @property
    def size_bytes(self) -> int:
        """The object's size; 0 until an answer told it."""
        return self.facts.size_bytes if self.facts is not None else 0

    @property
    def content_type(self) -> str:
        """As the first answer said it; "" before that."""
        return self.facts.content_type if self.facts is not None else ""

    @property
    def left(self) -> int:
        """How many bytes may still be read."""
        return max(0, self._allowance - self.spent)

    def allow(self, more_bytes: int) -> None:
        """Let this many bytes be read from now on: the user asked for more."""
        self._allowance = self.spent + more_bytes

    def drop(self) -> None:
        """Nobody waits any more: what is under way stops at its next piece."""
        self._dropped = True

    def read_at(self, start: int, length: int, ahead: int = 0) -> bytes:
        """Return `length` bytes from `start`; fewer at the object's end.

        What is not kept is asked for, `ahead` bytes of it if that is more and is allowed.

        Raises:
            BeyondAllowanceError: it would be more than is allowed.
            AwsError: it cannot be read, or the object is another by now (code in `CHANGED`).
        """
        if self.facts is not None:
            length = min(length, self.size_bytes - start)
            ahead = min(ahead, self.size_bytes - start)
        if length <= 0:
            return b""
        kept = self._from_kept(start, length)
        if len(kept) == length:
            return kept
        if kept:
            return kept + self.read_at(start + len(kept), length - len(kept), ahead)
        if length > self.left:
            raise BeyondAllowanceError(length - self.left)
        wanted = max(length, min(ahead, self.left))
        return self._ask(f"bytes={start}-{start + wanted - 1}", start, wanted)[:length]

    def tail(self, length: int) -> bytes:
        """Return the last `length` bytes (a suffix range), all of a smaller object."""
        if self.facts is not None:
            length = min(length, self.size_bytes)
            return self.read_at(self.size_bytes - length, length)
        if length > self.left:
            raise BeyondAllowanceError(length - self.left)
        return self._ask(f"bytes=-{length}", None, length)

    def kept_from(self, start: int) -> int:
        """How many bytes from `start` on need no request."""
        with self._lock:
            ends = (at + len(data) for at, data in self._kept.items() if at <= start)
            return max(0, max(ends, default=0) - start)

    def opened(self, ahead: int = AHEAD_BYTES) -> ReadsFile:
        """A seekable file of its own position over these reads."""
        if self.facts is None:
            self.read_at(0, 1, ahead)
        return ReadsFile(self, ahead)

    # -- asking ----------------------------------------------------------------------------

    def _ask(self, span: str, start: int | None, length: int) -> bytes:
        if self._dropped:
            raise JobCancelled
        try:
            return self._answered(span, start, length)
        except (UserError, JobCancelled):
            raise
        except Exception as error:
            connection = self._s3.gateway.connection
            raise explain(error, "get_object", f"{self.bucket}/{self.key}", connection) from error

    def _answered(self, span: str, start: int | None, length: int) -> bytes:
        params: dict[str, Any] = {"Bucket": self.bucket, "Key": self.key, "Range": span}
        if self.version_id:
            params["VersionId"] = self.version_id
        if self.facts is not None and self.facts.etag:
            params["IfMatch"] = self.facts.etag
        client = self._s3.gateway.client_now("s3", self._s3.region_of(self.bucket))
        answer = client.get_object(**params)
        with answer["Body"] as body:
            begins, size = _span_of(answer)
            if begins != (max(0, size - length) if start is None else start):
                raise self._no_ranges()
            self._learn(answer, size)
            data = self._pieces(body, min(length, size - begins))
        self._keep(begins, data)
        return data

    def _pieces(self, body: Any, length: int) -> bytes:
        made: list[bytes] = []
        while length > 0:
            if self._dropped:
                raise JobCancelled
            piece = body.read(min(_PIECE, length))
            if not piece:
                break
            made.append(piece)
            length -= len(piece)
            with self._lock:
                self.spent += len(piece)
        return b"".join(made)

    def _learn(self, answer: Mapping[str, Any], size: int) -> None:
        if self.facts is None:
            self.facts = RangeFacts(
                size,
                str(answer.get("ETag") or ""),
                answer.get("LastModified"),
                str(answer.get("ContentType") or ""),
            )

    def _no_ranges(self) -> AwsError:
        return AwsError(
            f"Can't read a part of {self.bucket}/{self.key}",
            "this server sends whole objects only",
            "Download it to look into it.",
            code="NoRanges",
        )

    # -- what is kept ----------------------------------------------------------------------

    def _from_kept(self, start: int, length: int) -> bytes:
        with self._lock:
            best, best_at = b"", 0
            for at, data in self._kept.items():
                if at <= start < at + len(data) and at + len(data) > best_at + len(best):
                    best, best_at = data, at
            if best:
                self._kept.move_to_end(best_at)
            return best[start - best_at : start - best_at + length]

    def _keep(self, begins: int, data: bytes) -> None:
        with self._lock:
            if len(self._kept.get(begins, b"")) < len(data):
                self._kept[begins] = data
                self._kept.move_to_end(begins)
            held = sum(len(kept) for kept in self._kept.values())
            while held > self._cache_bytes and len(self._kept) > 1:
                held -= len(self._kept.popitem(last=False)[1])


def _span_of(answer: Mapping[str, Any]) -> tuple[int, int]:
    """Where the body begins, and the whole object's size."""
    told = str(answer.get("ContentRange") or "")  # "bytes 0-65535/1073741824"
    if not told:
        return 0, int(answer["ContentLength"])  # a server without ranges sends it all
    span, _, size = told.removeprefix("bytes ").partition("/")
    return int(span.partition("-")[0]), int(size)
