"""An object's bytes into an open temporary file: whole, or by ranges side by side; then checked.

Each request is pinned to one version of the object by If-Match. Blocks.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from tui.aws.checksums import CRCS, Digest, Hasher, combined, crc_of, expected_digest
from tui.aws.transfers.engine import (
    BODY_TRIES,
    CHUNK_BYTES,
    PART_BYTES,
    Engine,
    Remote,
    breaks_off,
    local_file,
    part_size,
    spans,
)
from tui.aws.transfers.fast import Unsure
from tui.aws.transfers.fetched import Span, fetched_before, part_or_kept
from tui.aws.transfers.meter import Meter
from tui.aws.transfers.publish import Landing, refuse_newcomer
from tui.aws.transfers.verify import Written, matches
from tui.core.errors import AwsError
from tui.core.ledger import ItemLedger, Part


@dataclass(frozen=True, slots=True)
class Wanted:
    """One object, to be fetched to one open temporary file; `crc` is the parts' kind of it."""

    client: Any
    remote: Remote
    target: Path
    handle: int
    meter: Meter
    landing: Landing
    kept: ItemLedger
    crc: str = "crc32"


class _NoRangesError(Exception):
    """The server answered a range request with the whole object."""


def fetch(engine: Engine, wanted: Wanted, size_bytes: int | None) -> int:
    if size_bytes is not None and size_bytes <= PART_BYTES:
        _refuse_newcomer(wanted, size_bytes)
        return _fetch_whole(engine, wanted, "")
    with wanted.meter.asking():
        head = wanted.client.head_object(**wanted.remote.params, ChecksumMode="ENABLED")
    size: int = head["ContentLength"]
    _refuse_newcomer(wanted, size)
    _refuse_full_disk(wanted, size)
    if size <= PART_BYTES:
        return _fetch_whole(engine, wanted, head["ETag"])
    try:
        return _fetch_parts(engine, wanted, head)
    except _NoRangesError:
        wanted.meter.take_back()
        wanted.meter.stopped.clear()
        return _fetch_whole(engine, wanted, head["ETag"])


def _refuse_newcomer(wanted: Wanted, size: int) -> None:
    if not wanted.landing.replace:
        refuse_newcomer(wanted.target, size)


def _fetch_fast(engine: Engine, wanted: Wanted, etag: str) -> int | None:
    """Fetch the object in one request; None where botocore is to do it, from the start."""
    written = 0
    _empty(wanted)
    try:
        with engine.fast.get(wanted.remote, wanted.meter, pin=etag) as found:
            expected = expected_digest(found.about)
            hasher = Hasher(expected.kind) if expected else None
            for chunk in found.chunks():
                _write(wanted, chunk, written)
                written += len(chunk)
                if hasher:
                    hasher.update(chunk)
                wanted.meter.advance(len(chunk))
    except Unsure:
        wanted.meter.take_back(written)
        return None
    _refuse_damage(wanted, written, found.about, expected, hasher)
    return written


def _fetch_whole(engine: Engine, wanted: Wanted, etag: str) -> int:
    """Fetch the object in one request."""
    if (size := _fetch_fast(engine, wanted, etag)) is not None:
        return size
    with engine.fast.instead(wanted.meter):
        return _fetch_by_botocore(wanted, etag)


def _fetch_by_botocore(wanted: Wanted, etag: str) -> int:
    """Fetch the object in one request; after a break, the same version again from the start."""
    for attempt in range(1, BODY_TRIES + 1):
        written = 0
        _empty(wanted)
        pin = {"IfMatch": etag} if etag else {}
        with wanted.meter.asking():
            answer = wanted.client.get_object(**wanted.remote.params, **pin, ChecksumMode="ENABLED")
        _refuse_other(wanted, answer, etag)
        etag = answer["ETag"]
        expected = expected_digest(answer)
        hasher = Hasher(expected.kind) if expected else None
        try:
            with wanted.meter.reading(answer["Body"]) as body:
                for chunk in _chunks(wanted, body):
                    _write(wanted, chunk, written)
                    written += len(chunk)
                    if hasher:
                        hasher.update(chunk)
                    wanted.meter.advance(len(chunk))
        except Exception as error:
            wanted.meter.check()  # a cancel breaks bodies off
            if not breaks_off(error) or attempt == BODY_TRIES:
                raise
            _start_over(wanted, written, attempt)
            continue
        _refuse_damage(wanted, written, answer, expected, hasher)
        return written
    raise AssertionError("unreachable")


def _fetch_parts(engine: Engine, wanted: Wanted, head: dict[str, Any]) -> int:
    size: int = head["ContentLength"]
    expected = expected_digest(head)
    if expected is not None and expected.kind in CRCS:
        wanted = replace(wanted, crc=expected.kind)
    begun = fetched_before(wanted.kept, head["ETag"], size, part_size(size), wanted.crc)
    with local_file("write", wanted.target):
        if not begun:
            os.ftruncate(wanted.handle, 0)
        os.ftruncate(wanted.handle, size)
    crcs = engine.each(_part_calls(engine, wanted, head["ETag"], size, begun), wanted.meter)
    if expected is None:
        _refuse_other_parts(wanted, head, size, engine)
        return size
    if expected.kind == wanted.crc:
        found = combined(wanted.crc, crcs).to_bytes(CRCS[wanted.crc], "big")
    else:
        found = _digest_of(wanted, expected.kind, size)
    if found != expected.value:
        raise _damaged(wanted)
    return size


def _part_calls(
    engine: Engine, wanted: Wanted, etag: str, size: int, begun: Mapping[int, Part]
) -> Iterator[Callable[[], tuple[int, int]]]:
    for number, start, length in spans(size, part_size(size)):
        span = Span(wanted.handle, wanted.target, wanted.crc, start, length)
        fetch = partial(_fetch_part, engine, wanted, etag, start, length)
        yield partial(part_or_kept, span, wanted.kept, number, begun, wanted.meter, fetch)


def _fetch_part_fast(
    engine: Engine, wanted: Wanted, etag: str, start: int, length: int
) -> int | None:
    """Fetch one range into its place; return its CRC, or None where botocore is to do it."""
    written, crc, span = 0, 0, (start, start + length - 1)
    try:
        with engine.fast.get(wanted.remote, wanted.meter, pin=etag, span=span) as found:
            for chunk in found.chunks():
                _write(wanted, chunk, start + written)
                written += len(chunk)
                crc = crc_of(wanted.crc, chunk, crc)
                wanted.meter.advance(len(chunk))
    except Unsure:
        wanted.meter.take_back(written)
        return None
    return crc


def _fetch_part(
    engine: Engine, wanted: Wanted, etag: str, start: int, length: int
) -> tuple[int, int]:
    """Fetch one range into its place; return its CRC and length."""
    crc = _fetch_part_fast(engine, wanted, etag, start, length)
    if crc is not None:
        return crc, length
    return _fetch_part_by_botocore(wanted, etag, start, length)


def _fetch_part_by_botocore(wanted: Wanted, etag: str, start: int, length: int) -> tuple[int, int]:
    """Fetch one range into its place; after a break, the same range again from the start."""
    span = f"{start}-{start + length - 1}"
    for attempt in range(1, BODY_TRIES + 1):
        wanted.meter.check()
        with wanted.meter.asking():
            answer = wanted.client.get_object(
                **wanted.remote.params, IfMatch=etag, Range=f"bytes={span}"
            )
        told = answer.get("ContentRange") or f"bytes {span}/"
        partly = answer["ResponseMetadata"]["HTTPStatusCode"] == 206
        if not partly or not told.startswith(f"bytes {span}/"):
            answer["Body"].close()
            raise _NoRangesError
        _refuse_other(wanted, answer, etag)
        written, crc = 0, 0
        try:
            with wanted.meter.reading(answer["Body"]) as body:
                for chunk in _chunks(wanted, body):
                    _write(wanted, chunk, start + written)
                    written += len(chunk)
                    crc = crc_of(wanted.crc, chunk, crc)
                    wanted.meter.advance(len(chunk))
        except Exception as error:
            wanted.meter.check()  # a cancel breaks bodies off
            if not breaks_off(error) or attempt == BODY_TRIES:
                raise
            _start_over(wanted, written, attempt)
            continue
        if written != length:
            raise _damaged(wanted)
        return crc, length
    raise AssertionError("unreachable")


def _empty(wanted: Wanted) -> None:
    """Take out of the file what an earlier run, or try, has written."""
    with local_file("write", wanted.target):
        os.ftruncate(wanted.handle, 0)


def _chunks(wanted: Wanted, body: Any) -> Iterator[bytes]:
    """Read a body, little at a time on a limited bandwidth: a server hangs up on long waits."""
    while chunk := body.read(min(CHUNK_BYTES, wanted.meter.piece_bytes)):
        yield chunk


def _refuse_other(wanted: Wanted, answer: Mapping[str, Any], etag: str) -> None:
    """Raise where the object is another one: some servers know no If-Match."""
    told = answer.get("ETag") or etag
    if not etag or told.removeprefix("W/") == etag.removeprefix("W/"):
        return
    answer["Body"].close()
    raise AwsError(
        f"Can't download {wanted.remote}",
        "it kept changing during the download",
        "Nothing was kept; retry.",
        code="PreconditionFailed",
        retryable=True,
    )


def _start_over(wanted: Wanted, written: int, attempt: int) -> None:
    wanted.meter.take_back(written)
    wanted.meter.pause(min(0.2 * 2**attempt, 2.0))


def _write(wanted: Wanted, chunk: bytes | memoryview, at: int) -> None:
    view = memoryview(chunk)
    with local_file("write", wanted.target):
        while view:
            done = os.pwrite(wanted.handle, view, at)
            view, at = view[done:], at + done


def _refuse_damage(
    wanted: Wanted,
    written: int,
    answer: Mapping[str, Any],
    expected: Digest | None,
    hasher: Hasher | None,
) -> None:
    if written != answer["ContentLength"]:
        raise _damaged(wanted)
    if expected is None or hasher is None:
        _refuse_other_parts(wanted, answer, written)
    elif hasher.digest() != expected.value:
        raise _damaged(wanted)


def _refuse_other_parts(
    wanted: Wanted, answer: Mapping[str, Any], size: int, crowd: Engine | None = None
) -> None:
    """Raise where the object's parts add up to something else; note where nothing can tell."""
    told = matches(
        Written(
            wanted.client, wanted.remote, wanted.handle, wanted.target, size, wanted.meter, crowd
        ),
        answer,
    )
    if told is False:
        raise _damaged(wanted)
    wanted.meter.unchecked = told is None


def _damaged(wanted: Wanted) -> AwsError:
    return AwsError(
        f"Can't download {wanted.remote}",
        "what arrived doesn't match the object's checksum",
        "Nothing was kept; retry.",
        code="ChecksumMismatch",
        retryable=True,
    )


def _digest_of(wanted: Wanted, kind: str, size: int) -> bytes:
    """Add up the temporary file, in order."""
    hasher, at = Hasher(kind), 0
    with local_file("read", wanted.target):
        while at < size:
            wanted.meter.check()
            chunk = os.pread(wanted.handle, CHUNK_BYTES, at)
            if not chunk:
                break
            hasher.update(chunk)
            at += len(chunk)
    return hasher.digest()


def _refuse_full_disk(wanted: Wanted, size: int) -> None:
    target = wanted.target
    with local_file("write", target):
        there = os.fstat(wanted.handle).st_blocks * 512  # of an earlier run
        if shutil.disk_usage(target.parent).free + there < size:
            raise OSError(errno.ENOSPC, "no space")
