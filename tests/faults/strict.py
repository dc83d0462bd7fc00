"""What S3 refuses and the sandbox does not: a whole's checksum or size that its parts don't have.

Parts are added up as they reach the server. Their own checksums the sandbox compares itself.
"""

from __future__ import annotations

import base64
import threading
import zlib

from tests.faults.rules import Reply
from tests.faults.wire import Ask
from tui.aws.checksums import combined_crc32


class Strict:
    """The CRC-32 and length of every part that went by. Safe to call from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[int, tuple[int, int]] = {}  # by request
        self._parts: dict[str, dict[int, tuple[int, int]]] = {}  # by upload

    def up(self, ask: Ask, data: bytes) -> None:
        """A piece of a request's body, as the server gets it."""
        if ask.operation != "UploadPart":
            return
        crc, size = self._open.get(ask.number, (0, 0))
        self._open[ask.number] = zlib.crc32(data, crc), size + len(data)

    def ended(self, ask: Ask) -> None:
        """The server has all of a request."""
        found = self._open.pop(ask.number, None)
        if found is not None:
            query = ask.query
            with self._lock:
                parts = self._parts.setdefault(query["uploadId"], {})
                parts[int(query["partNumber"])] = found

    def refusal(self, ask: Ask) -> Reply | None:
        """The refusal that S3 would give to the end of an upload, or None."""
        told = ask.head.get("x-amz-checksum-crc32")
        if ask.operation != "CompleteMultipartUpload" or not told:
            return None
        with self._lock:
            parts = dict(self._parts.get(ask.query["uploadId"], {}))
        if not parts:
            return None  # sent around this proxy
        ordered = [parts[number] for number in sorted(parts)]
        crc = base64.b64encode(combined_crc32(ordered).to_bytes(4, "big")).decode()
        size = str(sum(length for _, length in ordered))
        if crc == told and ask.head.get("x-amz-mp-object-size", size) == size:
            return None
        return Reply(400, "BadDigest")
