"""One file to one object, whole or not at all. Blocks: runs on a transfer's coordinator.

Up to 16 MiB goes as one PutObject, from one read. More goes in parts by several threads, each part
with its CRC-32 and the whole with the parts' combined one, so that S3 itself refuses a damaged
file. A source that changes meanwhile, a failure or a cancel leave nothing behind.
"""

from __future__ import annotations

import hashlib
import mimetypes
import os
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tui.aws.checksums import combined_crc32, crc32_text
from tui.aws.errors import error_code
from tui.aws.s3.running_uploads import running
from tui.aws.transfers.body import MeteredBody
from tui.aws.transfers.condition import Condition, etag_of_parts, write_as_seen
from tui.aws.transfers.engine import PART_BYTES, Engine, Remote, local_file, part_size, spans
from tui.aws.transfers.fast import Unsure
from tui.aws.transfers.meter import Meter
from tui.core.errors import LocalError


@dataclass(frozen=True, slots=True)
class _Source:
    """An open file and what it was when it was opened."""

    handle: int
    path: Path
    size_bytes: int
    mark: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Part:
    number: int
    etag: str
    crc: int
    length: int


@dataclass(frozen=True, slots=True)
class _Upload:
    """One multi-part upload. `checked` says whether the server takes checksums; `seen` is the
    ETag of what it may replace (`condition`).
    """

    client: Any
    remote: Remote
    upload_id: str
    source: _Source
    meter: Meter
    checked: bool
    seen: str | None

    @property
    def params(self) -> dict[str, str]:
        return self.remote.params | {"UploadId": self.upload_id}


def upload_file(
    engine: Engine,
    remote: Remote,
    path: Path,
    meter: Meter,
    planned_bytes: int | None = None,
    *,
    seen: str | None = None,
) -> int:
    """Upload a file and return its size in bytes.

    With `planned_bytes`, a file of another size counts as changed. `seen` is the ETag of the
    object that may be replaced, "" for none; with None, whatever is there is replaced.

    Raises:
        LocalError: the file can't be read, is no plain file, or changed meanwhile.
        AwsError: what is at the key is not what was seen; it stays.
        JobCancelled: the job was cancelled; an unfinished upload has been cleaned up.
        Exception: botocore's own, for `tui.aws.errors.explain`.
    """
    with local_file("read", path):
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        source = _opened(handle, path)
        if planned_bytes not in (None, source.size_bytes):
            raise _changed(source)
        if source.size_bytes <= PART_BYTES:
            _put(engine, remote, source, meter, seen)
        else:
            _put_parts(engine, remote, source, meter, seen)
    finally:
        os.close(handle)
    return source.size_bytes


def content_type(path: Path) -> str:
    """Guess the MIME type from a file's name; a compressed file is what its compression is."""
    kind, encoding = mimetypes.guess_type(path.name)
    if encoding:
        return {"gzip": "application/gzip", "bzip2": "application/x-bzip2"}.get(encoding, "")
    return kind or ""


def _opened(handle: int, path: Path) -> _Source:
    with local_file("read", path):
        status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        kind = "it is a folder" if stat.S_ISDIR(status.st_mode) else "it is no plain file"
        raise LocalError(f"Can't upload {path}", kind, "Choose a file.")
    return _Source(handle, path, status.st_size, _mark(status))


def _mark(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _refuse_change(source: _Source) -> None:
    """Raise unless the file is, by its name and by what is open, what it was at the start."""
    with local_file("read", source.path):
        now = {_mark(os.fstat(source.handle)), _mark(source.path.stat())}
    if now != {source.mark}:
        raise _changed(source)


def _changed(source: _Source) -> LocalError:
    return LocalError(
        f"Can't upload {source.path}",
        "the file changed during the upload",
        "Nothing was kept at S3; retry once the file is at rest.",
        retryable=True,
    )


def _read(source: _Source, start: int, length: int) -> bytes:
    """Read exactly `length` bytes, or say that the file shrank."""
    pieces: list[bytes] = []
    while length:
        with local_file("read", source.path):
            piece = os.pread(source.handle, length, start)
        if not piece:
            raise _changed(source)
        pieces.append(piece)
        start, length = start + len(piece), length - len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _typed(remote: Remote, source: _Source) -> dict[str, Any]:
    kind = content_type(source.path)
    return remote.params | ({"ContentType": kind} if kind else {})


def _put(engine: Engine, remote: Remote, source: _Source, meter: Meter, seen: str | None) -> None:
    client = engine.client(remote.region)
    meter.check()
    data = _read(source, 0, source.size_bytes)
    _refuse_change(source)
    crc = zlib.crc32(data)
    checksum = _checksum(crc, engine.gateway.connection.full_checksums)
    body, quick = MeteredBody(data, meter), False

    def write(condition: Condition) -> None:
        nonlocal quick
        try:
            engine.fast.put(
                remote,
                data,
                meter,
                crc=crc if checksum else None,
                content_type=content_type(source.path),
                condition=condition,
            )
            quick = True
        except Unsure:
            body.seek(0)
            with engine.fast.instead(meter):
                client.put_object(**_typed(remote, source), Body=body, **checksum, **condition)

    def landed() -> bool:
        etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
        with engine.fast.instead(meter):
            return _is_there(client, remote, len(data), crc32_text(crc), etag)

    write_as_seen(engine, remote, seen, write, landed)
    if not quick:
        body.finish()


def _put_parts(
    engine: Engine, remote: Remote, source: _Source, meter: Meter, seen: str | None
) -> None:
    client = engine.client(remote.region)
    checked = engine.gateway.connection.full_checksums
    algorithm = {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"} if checked else {}
    finished = False
    meter.check()
    with meter.progress.owing():
        begun = client.create_multipart_upload(**_typed(remote, source), **algorithm)
        upload = _Upload(client, remote, begun["UploadId"], source, meter, checked, seen)
        try:
            with running(upload.upload_id):
                parts = engine.each(_part_calls(upload), meter)
                _refuse_change(source)
                meter.check()
                finished = _complete(engine, upload, parts)
        finally:
            if not finished:
                # Nothing shows the parts of an unfinished upload, but they are paid for.
                with suppress(Exception):
                    client.abort_multipart_upload(**upload.params)


def _part_calls(upload: _Upload) -> Iterator[Callable[[], _Part]]:
    size = upload.source.size_bytes
    for number, start, length in spans(size, part_size(size)):
        yield partial(_send, upload, number, start, length)


def _send(upload: _Upload, number: int, start: int, length: int) -> _Part:
    upload.meter.check()
    data = _read(upload.source, start, length)
    crc = zlib.crc32(data)
    body = MeteredBody(data, upload.meter)
    checksum = _checksum(crc, upload.checked)
    answer = upload.client.upload_part(**upload.params, PartNumber=number, Body=body, **checksum)
    body.finish()
    return _Part(number, answer["ETag"], crc, length)


def _complete(engine: Engine, upload: _Upload, parts: list[_Part]) -> bool:
    """Make the parts one object; False where it is there already, and the parts are too much."""
    whole = crc32_text(combined_crc32((part.crc, part.length) for part in parts))
    size = sum(part.length for part in parts)
    asked: dict[str, Any] = upload.params
    asked["MultipartUpload"] = {"Parts": [_listed(part, upload.checked) for part in parts]}
    if upload.checked:
        asked |= {"ChecksumCRC32": whole, "ChecksumType": "FULL_OBJECT", "MpuObjectSize": size}

    def write(condition: Condition) -> None:
        try:
            upload.client.complete_multipart_upload(**asked, **condition)
        except Exception as error:
            # A lost answer, or the retry after one: only the object itself can tell.
            lost = error_code(error) in ("", "NoSuchUpload", "404", "500", "502", "503", "504")
            if not (lost and landed()):
                raise

    def landed() -> bool:
        return _is_there(
            upload.client, upload.remote, size, whole, etag_of_parts([part.etag for part in parts])
        )

    return write_as_seen(engine, upload.remote, upload.seen, write, landed)


def _listed(part: _Part, checked: bool) -> dict[str, Any]:
    listed: dict[str, Any] = {"PartNumber": part.number, "ETag": part.etag}
    return listed | _checksum(part.crc, checked)


def _checksum(crc: int, checked: bool) -> dict[str, str]:
    return {"ChecksumCRC32": crc32_text(crc)} if checked else {}


def _is_there(client: Any, remote: Remote, size: int, whole_crc: str, etag: str) -> bool:
    """Say whether the object that is there now is the one that was sent."""
    try:
        found = client.head_object(**remote.params, ChecksumMode="ENABLED")
    except Exception:  # whatever it is, the first error tells more
        return False
    if found.get("ContentLength") != size:
        return False
    if found.get("ChecksumType") == "FULL_OBJECT" and found.get("ChecksumCRC32"):
        return bool(found["ChecksumCRC32"] == whole_crc)
    return bool(found.get("ETag", "").strip('"') == etag)
