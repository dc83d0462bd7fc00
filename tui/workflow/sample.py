"""A subset of a large CSV: streamed in ranges, read by pandas in chunks, never held whole."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from tui.core.errors import LocalError, UserError
from tui.core.jobs import Progress
from tui.core.paths import beside

RANGE_BYTES = 4 * 1024 * 1024
CHUNK_ROWS = 10_000  # made into texts in one go, during which no other thread runs

ReadRange = Callable[[int, int], bytes]
"""(start, length) -> bytes; blocks, so for a thread."""


class RangeReader(io.RawIOBase):
    """An object's bytes as a file, read front to back in ranges."""

    def __init__(self, read: ReadRange, size_bytes: int, progress: Progress) -> None:
        super().__init__()
        self._read, self._size, self._progress = read, size_bytes, progress
        self._at = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer from the next range.

        Raises:
            UserError: the object got shorter meanwhile.
            JobCancelled: the job was cancelled.
        """
        length = min(len(buffer), self._size - self._at)
        if length <= 0:
            return 0
        data = self._read(self._at, length)
        if not data:
            raise UserError("Can't read the data set", "it got shorter while it was read")
        buffer[: len(data)] = data
        self._at += len(data)
        self._progress.advance(len(data))
        return len(data)


def pull_sample(
    read: ReadRange,
    size_bytes: int,
    every: int,
    target: Path,
    progress: Progress,
    *,
    check: Callable[[Path], object] = lambda _: None,
) -> tuple[int, int]:
    """Write each `every`-th row to `target`; return the rows read and kept. Blocks.

    Values stay the texts that they are: nothing is rounded or filled in. `check(target)` is called
    when the sample is whole and about to replace what is there; it may raise.

    Raises:
        LocalError: `target` cannot be written; it is as it was.
        UserError: the object is not a CSV that pandas reads.
        JobCancelled: the job was cancelled; `target` is as it was.
    """
    stream = io.BufferedReader(RangeReader(read, size_bytes, progress), RANGE_BYTES)
    progress.expect(total=size_bytes)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with beside(target) as fresh:
            counts = _copy_rows(stream, every, fresh.path)
            check(target)
            fresh.replace()
    except OSError as error:
        raise LocalError(
            f"Can't write {target.name}",
            f"{target.parent}: {(error.strerror or 'unknown').lower()}",
            "Free some space, or choose another folder with e.",
        ) from error
    return counts


def _copy_rows(stream: BinaryIO, every: int, target: Path) -> tuple[int, int]:
    import pandas

    rows = kept = 0
    try:
        chunks = pandas.read_csv(stream, dtype=str, keep_default_na=False, chunksize=CHUNK_ROWS)
        for chunk in chunks:
            subset = chunk[chunk.index % every == 0]
            subset.to_csv(target, index=False, header=not rows, mode="a" if rows else "w")
            rows += len(chunk)
            kept += len(subset)
    except (pandas.errors.ParserError, pandas.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(
            "Can't pull a subset",
            f"pandas cannot read it as CSV ({str(error).splitlines()[0]})",
            "Choose another data set in step 1.",
        ) from None
    if not rows:
        raise UserError("Can't pull a subset", "the CSV has no rows")
    return rows, kept


def sample_code(bucket: str, key: str, every: int, target: str) -> str:
    """Return the same as a program of boto3 and pandas, for the code drawer."""
    return "\n".join(
        (
            "import boto3",
            "import pandas as pd",
            "",
            'client = boto3.client("s3")',
            f"body = client.get_object(Bucket={bucket!r}, Key={key!r})['Body']",
            f"chunks = pd.read_csv(body, chunksize={CHUNK_ROWS:_})",
            f"sample = pd.concat(chunk[chunk.index % {every} == 0] for chunk in chunks)",
            f"sample.to_csv({target!r}, index=False)",
            "sample.describe(include='all')",
        )
    )
