"""Objects whose ETags hold still while others read them, and uploads joined without the memory.

moto adds an ETag up when it is first asked for, by seeking in the file that other threads read;
and it joins an upload's parts three times over in memory: 3 GB for an object of one.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
import zlib
from collections.abc import Callable, Iterable
from typing import Any

from tui.sandbox.patches.base import PatchContext, need, put
from tui.sandbox.records import SPOOL_BYTES

SMALLEST_PART = 5 << 20
"""Bytes; only the last part may be smaller."""


class Joined:
    """The body of a finished upload, in a file that its object takes over."""

    def __init__(self, parts: list[Any], pass_on: Callable[[bytes], None]) -> None:
        """Join the parts; each is handed to `pass_on` too, while it is at hand."""
        # It lives as long as its object, and is gone with it.
        self.file: Any = tempfile.SpooledTemporaryFile(SPOOL_BYTES)  # noqa: SIM115
        self.size = 0
        for part in parts:
            data = part.value
            self.file.write(data)
            self.size += len(data)
            pass_on(data)


def install_etags(context: PatchContext) -> None:
    """Add the ETag up once, from the bytes at hand, before anybody can ask for it."""
    from moto.s3.models import FakeKey

    initialise = need(FakeKey, "__init__", "name", "value", "etag")

    def init(self: Any, name: str, value: Any, *args: Any, **kwargs: Any) -> None:
        initialise(self, name, value, *args, **kwargs)
        if self._etag is None and isinstance(value, bytes):
            self._etag = hashlib.md5(value, usedforsecurity=False).hexdigest()

    put(FakeKey, __init__=init)


def install_joining(context: PatchContext) -> None:
    """Join an upload's parts from file to file, one part in memory at a time."""
    from moto.s3 import models
    from moto.s3.models import FakeKey, FakeMultipart

    need(FakeMultipart, "complete", "body")
    need(models, "MultipartChecksumBuilder")
    value = need(FakeKey, "value")

    def set_value(self: Any, body: Any) -> None:
        if not isinstance(body, Joined):
            value.fset(self, body)
            return
        self._value_buffer.close()
        self._value_buffer, self.contentsize = body.file, body.size

    def complete(self: Any, body: Iterable[tuple[int, str]]) -> Any:
        parts = _parts(self, body)
        digests = b"".join(bytes.fromhex(part.etag.strip('"')) for part in parts)
        etag = hashlib.md5(digests, usedforsecurity=False).hexdigest()
        checksum = _Checksum(self.metadata)
        joined = Joined(parts, checksum.add)
        return joined, f"{etag}-{len(parts)}", checksum.found()

    put(FakeKey, value=value.setter(set_value))
    put(FakeMultipart, complete=complete)


def install_parts(context: PatchContext) -> None:
    """Tell a part's size as of the object that it is in, with that one's ETag and checks."""
    from moto.s3.responses import S3Response

    head = need(S3Response, "head_object", "bucket_name", "query", "key_name", "headers")

    def head_object(
        self: Any, bucket_name: str, query: Any, key_name: str, headers: Any
    ) -> tuple[int, dict[str, Any], Any]:
        number = int(query.get("partNumber", ["0"])[0])
        version = query.get("versionId", [None])[0]
        key = self.backend.get_object(bucket_name, key_name, version) if number else None
        upload = getattr(key, "multipart", None)
        if upload is not None:
            query = {name: value for name, value in query.items() if name != "partNumber"}
        answer: tuple[int, dict[str, Any], Any] = head(self, bucket_name, query, key_name, headers)
        if answer[0] != 200 or upload is None:
            return answer
        part = upload.parts.get(number)
        if part is None:
            return 416, {}, ""
        size = {"content-length": str(part.contentsize)}
        count = {"x-amz-mp-parts-count": str(len(upload.partlist))}
        return 206, answer[1] | size | count, answer[2]

    put(S3Response, head_object=head_object)


def _parts(upload: Any, listed: Iterable[tuple[int, str]]) -> list[Any]:
    """The parts that the caller lists, checked as S3 does."""
    from moto.s3.exceptions import EntityTooSmall, InvalidPart, MalformedXML

    parts: list[Any] = []
    for number, etag in listed:
        part = upload.parts.get(number)
        if part is None or part.etag.strip('"') != etag.strip('"'):
            raise InvalidPart()
        if parts and parts[-1].contentsize < SMALLEST_PART:
            raise EntityTooSmall()
        parts.append(part)
    if not parts:
        raise MalformedXML()
    return parts


class _Checksum:
    """The whole's checksum, added up part by part where its kind allows."""

    def __init__(self, metadata: Any) -> None:
        from moto.s3.models import MultipartChecksumBuilder

        algorithm = metadata.get("x-amz-checksum-algorithm")
        kind = metadata.get("x-amz-checksum-type")
        self._builder = MultipartChecksumBuilder(algorithm, kind)
        self._running = (algorithm, kind) == ("CRC32", "FULL_OBJECT")
        self._crc = 0

    def add(self, part: bytes) -> None:
        """Count the next part in."""
        if self._running:
            self._crc = zlib.crc32(part, self._crc)
        else:
            self._builder.addPart(part)

    def found(self) -> tuple[str, str, int] | None:
        """The checksum as (type, base64, number of parts)."""
        if self._running:
            return "FULL_OBJECT", base64.b64encode(self._crc.to_bytes(4, "big")).decode(), 1
        built: tuple[str, str, int] | None = self._builder.build()
        return built
