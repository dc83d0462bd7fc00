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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tui.aws.checksums import combined_crc32, crc32_text, crc_of
from tui.aws.s3.running_uploads import running
from tui.aws.transfers.body import MeteredBody
from tui.aws.transfers.condition import Condition, answer_lost, etag_of_parts, write_as_seen
from tui.aws.transfers.engine import PART_BYTES, Engine, Remote, local_file, part_size, spans
from tui.aws.transfers.fast import Unsure
from tui.aws.transfers.meter import Meter
from tui.aws.transfers.multipart import abandon, begin_upload, parts_known, unfinished
from tui.core.errors import LocalError
from tui.core.ledger import ItemLedger, OpenUpload, Part


@dataclass(frozen=True, slots=True)
class _Source:
    """An open file and what it was when it was opened."""

    handle: int
    path: Path
    size_bytes: int
    mark: tuple[int, int, int, int]


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
    kept: ItemLedger

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
    kept: ItemLedger,
    seen: str | None = None,
) -> int:
    """Upload a file and return its size in bytes.

    With `planned_bytes`, a file of another size counts as changed. `seen` is the ETag of the
    object that may be replaced, "" for none; with None, whatever is there is replaced. What `kept`
    knows to be begun is gone on with, where it is still of the same file.

    Raises:
        LocalError: the file can't be read, is no plain file, or changed meanwhile.
        AwsError: what is at the key is not what was seen; it stays.
        JobCancelled: the job was cancelled, and an unfinished upload has been cleaned up; or
            paused, and `kept` knows of it.
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
            _put_parts(engine, remote, source, meter, seen, kept)
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
    crc = crc_of("crc32", data)
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
            try:
                with engine.fast.instead(meter):
                    answer = client.put_object(
                        **_typed(remote, source), Body=body, **checksum, **condition
                    )
                    _ = answer["ETag"]  # a network's login page has none
            except Exception as error:
                if not (answer_lost(error) and landed()):
                    raise

    def landed() -> bool:
        etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
        with engine.fast.instead(meter):
            return _is_there(client, remote, len(data), crc32_text(crc), etag)

    write_as_seen(engine, remote, seen, write, landed)
    if not quick:
        body.finish()


def _put_parts(  # noqa: PLR0917 - what an upload is
    engine: Engine,
    remote: Remote,
    source: _Source,
    meter: Meter,
    seen: str | None,
    kept: ItemLedger,
) -> None:
    client, checked = engine.client(remote.region), engine.gateway.connection.full_checksums
    meter.check()
    with unfinished(engine, kept, meter):
        begun = _begun_before(engine, remote, source, kept)
        there = parts_known(client, remote, begun) if begun is not None else None
        if begun is not None and there is None and _was_completed(client, remote, source, begun):
            meter.found(source.size_bytes)
            return
        if begun is None or there is None:
            upload_id, known = _begin(client, remote, source, checked, kept), {}
        else:
            upload_id, known = begun.upload_id, _still_there(begun, there)
        upload = _Upload(client, remote, upload_id, source, meter, checked, seen, kept)
        with running(upload_id):
            parts = engine.each(_part_calls(upload, known), meter)
            _refuse_change(source)
            meter.check()
            kept.ledger.flush()  # who asks later whether it is there has to know all parts
            if not _complete(engine, upload, parts):
                abandon(engine, kept)


def _begin(client: Any, remote: Remote, source: _Source, checked: bool, kept: ItemLedger) -> str:
    algorithm = {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"} if checked else {}
    asked = _typed(remote, source) | algorithm
    size = part_size(source.size_bytes)
    return begin_upload(client, remote, asked, kept, source.mark, size)


def _begun_before(
    engine: Engine, remote: Remote, source: _Source, kept: ItemLedger
) -> OpenUpload | None:
    """What an earlier run has begun of this very file; aborts what it has begun of another."""
    begun = kept.upload
    if begun is None:
        return None
    size = part_size(source.size_bytes)
    # A disk may have another number after a reboot.
    wanted = remote.bucket, remote.key, source.mark[1:], size
    same = (begun.bucket, begun.key, begun.mark[1:], begun.part_bytes) == wanted
    if not same or not begun.upload_id:
        abandon(engine, kept)
        return None
    return begun


def _was_completed(client: Any, remote: Remote, source: _Source, begun: OpenUpload) -> bool:
    """Whether an upload is no more because it was completed, just before its run ended."""
    parts = [begun.parts[number] for number in sorted(begun.parts)]
    if sum(part.length for part in parts) != source.size_bytes:
        return False
    whole = crc32_text(combined_crc32((part.crc, part.length) for part in parts))
    etag = etag_of_parts([part.etag for part in parts])
    return _is_there(client, remote, source.size_bytes, whole, etag)


def _still_there(begun: OpenUpload, there: Mapping[int, tuple[str, int]]) -> dict[int, Part]:
    """The parts that both the ledger and S3 know, and know to be the same."""
    known = begun.parts.items()
    return {at: one for at, one in known if there.get(at) == (one.etag.strip('"'), one.length)}


def _part_calls(upload: _Upload, known: Mapping[int, Part]) -> Iterator[Callable[[], Part]]:
    size = upload.source.size_bytes
    for number, start, length in spans(size, part_size(size)):
        if number in known:
            yield partial(_found, upload, known[number])
        else:
            yield partial(_send, upload, number, start, length)


def _found(upload: _Upload, part: Part) -> Part:
    upload.meter.found(part.length)
    return part


def _send(upload: _Upload, number: int, start: int, length: int) -> Part:
    upload.meter.check()
    data = _read(upload.source, start, length)
    crc = crc_of("crc32", data)
    body = MeteredBody(data, upload.meter)
    checksum = _checksum(crc, upload.checked)
    answer = upload.client.upload_part(**upload.params, PartNumber=number, Body=body, **checksum)
    body.finish()
    part = Part(number, crc, length, answer["ETag"])
    upload.kept.part(part)
    return part


def _complete(engine: Engine, upload: _Upload, parts: list[Part]) -> bool:
    """Make the parts one object; False where it is there already, and the parts are too much."""
    whole = crc32_text(combined_crc32((part.crc, part.length) for part in parts))
    size = sum(part.length for part in parts)
    asked: dict[str, Any] = upload.params
    asked["MultipartUpload"] = {"Parts": [_listed(part, upload.checked) for part in parts]}
    if upload.checked:
        asked |= {"ChecksumCRC32": whole, "ChecksumType": "FULL_OBJECT", "MpuObjectSize": size}

    def write(condition: Condition) -> None:
        try:
            _ = upload.client.complete_multipart_upload(**asked, **condition)["ETag"]
        except Exception as error:
            if not (answer_lost(error) and landed()):
                raise

    def landed() -> bool:
        return _is_there(
            upload.client, upload.remote, size, whole, etag_of_parts([part.etag for part in parts])
        )

    return write_as_seen(engine, upload.remote, upload.seen, write, landed)


def _listed(part: Part, checked: bool) -> dict[str, Any]:
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
