"""Checks a fetched file by the digest of its parts' digests: composite checksums, "…-7" ETags.

Such a digest says nothing without the parts' sizes. As good as every tool cuts an object into equal
parts and a rest, so the first part's size is asked for and tried; only where that fails, all are.
Blocks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import Any, Final

from tui.aws.checksums import Digest, Hasher, expected_of_parts
from tui.aws.errors import error_code
from tui.aws.transfers.engine import CHUNK_BYTES, MEBIBYTE, Engine, Remote, local_file, part_size
from tui.aws.transfers.meter import Meter

USUAL_MIB: Final = (8, 16, 5, 50, 64, 10, 15, 25, 32, 100, 128)
"""What tools cut uploads into: the AWS CLI and boto3 (8), ours, rclone (5), s5cmd (50)."""

_CHANGED: Final = ("PreconditionFailed", "412")


@dataclass(frozen=True, slots=True)
class Written:
    """An open file that has all of an object's bytes.

    Attributes:
        crowd: what does the parts side by side; None for one after the other, as on a part worker,
            which may not wait for another.
    """

    client: Any
    remote: Remote
    handle: int
    path: os.PathLike[str]
    size_bytes: int
    meter: Meter
    crowd: Engine | None = None

    def each(self, calls: Iterable[Callable[[], Any]]) -> list[Any]:
        if self.crowd is not None:
            return self.crowd.each(calls, self.meter)
        return [call() for call in calls]


def matches(written: Written, answer: Mapping[str, Any]) -> bool | None:
    """Whether the file is what the object's parts add up to; None where nothing can tell.

    `answer` is what HeadObject or GetObject said.

    Raises:
        Exception: botocore's own where the object changed meanwhile.
    """
    expected = expected_of_parts(answer)
    if expected is None:
        return None
    etag = answer["ETag"]
    first = _size_of(written, etag, 1, expected.parts)
    if first is None:
        return True if _any(written, expected) else None
    equal = _equal(written.size_bytes, first, expected.parts)
    if equal and _sum(written, expected.kind, equal) == expected.value:
        return True
    sizes = written.each(
        partial(_size_of, written, etag, number, expected.parts)
        for number in range(1, expected.parts + 1)
    )
    if None in sizes or sum(sizes) != written.size_bytes:
        return None
    return sizes != equal and _sum(written, expected.kind, sizes) == expected.value


def equal_sizes(size_bytes: int, parts: int) -> list[int]:
    """Return the usual part sizes that cut so many bytes into so many parts."""
    sizes = dict.fromkeys([part_size(size_bytes), *(mib * MEBIBYTE for mib in USUAL_MIB)])
    return [one for one in sizes if max(1, -(-size_bytes // one)) == parts]


def _size_of(written: Written, etag: str, number: int, parts: int) -> int | None:
    """Ask for a part's size; None where the server doesn't know parts."""
    written.meter.check()
    try:
        with written.meter.asking():
            head = written.client.head_object(
                **written.remote.params, IfMatch=etag, PartNumber=number
            )
    except Exception as error:
        if error_code(error) in _CHANGED:
            raise
        return None
    return int(head["ContentLength"]) if head.get("PartsCount") == parts else None


def _any(written: Written, expected: Digest) -> bool:
    """Try the usual sizes; where none fits, nothing is known."""
    return any(
        _sum(written, expected.kind, _equal(written.size_bytes, one, expected.parts))
        == expected.value
        for one in equal_sizes(written.size_bytes, expected.parts)
    )


def _equal(size_bytes: int, first: int, parts: int) -> list[int]:
    """Equal parts and a rest; nothing where they can't be so many."""
    rest = size_bytes - first * (parts - 1)
    return [first] * (parts - 1) + [rest] if 0 < rest <= first else []


def _sum(written: Written, kind: str, sizes: Sequence[int]) -> bytes:
    starts = accumulate(sizes[:-1], initial=0)
    digests = written.each(
        partial(_digest, written, kind, start, length)
        for start, length in zip(starts, sizes, strict=True)
    )
    hasher = Hasher(kind)
    hasher.update(b"".join(digests))
    return hasher.digest()


def _digest(written: Written, kind: str, at: int, length: int) -> bytes:
    hasher, end = Hasher(kind), at + length
    with local_file("read", written.path):
        while at < end:
            written.meter.check()
            chunk = os.pread(written.handle, min(CHUNK_BYTES, end - at), at)
            if not chunk:
                break
            hasher.update(chunk)
            at += len(chunk)
    return hasher.digest()
