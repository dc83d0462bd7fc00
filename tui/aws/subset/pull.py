"""Pull a subset of an object's rows and columns to a local file, never holding more than a chunk.

The object is read by ranges, pinned by If-Match; a Parquet's unwanted columns are not transferred.
The file appears whole, or not at all.
"""

from __future__ import annotations

import asyncio
import io
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.aws.calls import caused_by
from tui.aws.errors import explain
from tui.aws.s3.restore_header import restore_of
from tui.aws.subset.packed import unpacked
from tui.aws.subset.parquet import parquet_bytes, parquet_shape
from tui.aws.subset.pick import Which, picker_of
from tui.aws.subset.query import Query, QueryError
from tui.aws.subset.range_stream import Pinned, RangeStream
from tui.aws.subset.rows import RecordRows, Rows
from tui.aws.subset.shape import Shape, format_of
from tui.aws.subset.sniff import sniffed
from tui.aws.subset.sources import chunks, shape_of
from tui.aws.subset.writers import output_of, writer_of
from tui.aws.transfers.engine import local_file
from tui.aws.transfers.meter import Meter
from tui.core import format as texts
from tui.core.errors import AwsError, JobCancelled, LocalError, UserError
from tui.core.jobs import Progress
from tui.core.paths import beside

if TYPE_CHECKING:
    from tui.aws.s3.service import S3

ARCHIVED = ("GLACIER", "DEEP_ARCHIVE")
PROBED_BYTES = 256 * 1024
LATE_SHOWN = 6
PATIENCE_SECONDS = 5.0  # how long a cancelled job may take to clean up


@dataclass(frozen=True, slots=True)
class Probe:
    """What was seen of an object: which version of it, what it is, and its first rows.

    `sample` is a frame of the columns' types for judging queries; a Parquet's is empty.
    """

    pinned: Pinned
    shape: Shape
    sample: Any

    @property
    def rows_about(self) -> int | None:
        """How many rows it has, else a guess from the first ones' length.

        None where it is packed: nobody knows how well.
        """
        if self.shape.rows is not None or self.shape.packed:
            return self.shape.rows
        guess = round(self.pinned.size_bytes / self.shape.row_bytes)
        return round(guess, 2 - len(str(guess)))  # two digits of it are worth something


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be pulled: rows, columns (none for all), where to."""

    which: Which
    target: Path
    names: tuple[str, ...] = ()
    query: Query | None = None
    replaces: bool = False  # what stands at the target was shown and may go


@dataclass(frozen=True, slots=True)
class Pulled:
    """What came of it."""

    rows_read: int
    rows_written: int
    bytes_read: int
    bytes_written: int
    seconds: float
    whole: bool  # False where it ended early, because there were rows enough
    left_out: tuple[str, ...] = ()  # names that JSON lines had only further on

    def __str__(self) -> str:
        read = f"{texts.count(self.rows_read)} rows read"
        if not self.whole:
            read = f"the first {read}"
        left = f"; left out, as they came late: {', '.join(self.left_out)}" if self.left_out else ""
        return (
            f"{texts.count(self.rows_written)} rows, {texts.size(self.bytes_written)}, written; "
            f"{read}, {texts.size(self.bytes_read)}, in {texts.duration(self.seconds)}{left}"
        )


async def pin(s3: S3, bucket: str, key: str, version_id: str = "") -> Pinned:
    """Look up which version of an object is there now (HeadObject).

    Raises:
        AwsError: it may not be looked up, or is archived.
    """
    version = {"VersionId": version_id} if version_id else {}
    head = await s3.ask("head_object", bucket, Key=key, **version)
    archived = head.get("StorageClass") in ARCHIVED or head.get("ArchiveStatus")
    restore = restore_of(head.get("Restore", ""))
    if archived and (restore is None or restore.ongoing):
        under_way = restore is not None
        raise AwsError(
            f"Can't read {bucket}/{key}",
            "it is archived, and being restored" if under_way else "it is archived",
            "Wait until it is restored." if under_way else "Restore it first.",
            code="InvalidObjectState",
        )
    size, etag = head["ContentLength"], head.get("ETag", "").strip('"')
    return Pinned(bucket, key, size, etag, version_id)


async def probe(s3: S3, bucket: str, key: str, version_id: str = "") -> Probe:
    """Look at an object's head and first rows: one HeadObject and one range, or a Parquet's footer.

    Raises:
        AwsError: it can't be read.
        UserError: it has no rows that can be pulled.
    """
    pinned = await pin(s3, bucket, key, version_id)

    def look() -> Probe:
        client = s3.gateway.client_now("s3", s3.region_of(bucket))
        meter = Meter(Progress())
        kind, data = format_of(key), b""
        if kind != "parquet":
            with RangeStream(client, pinned, meter, window=PROBED_BYTES) as stream:
                data = io.BufferedReader(stream, PROBED_BYTES).read(PROBED_BYTES)
        whole = len(data) >= pinned.size_bytes
        kind = kind or sniffed(data, whole=whole)
        if kind == "parquet":
            with RangeStream(client, pinned, meter, window=0) as stream:
                shape, sample = parquet_shape(stream, key)
            return Probe(pinned, shape, sample)
        shape, rows = shape_of(key, data, kind, whole=whole)
        return Probe(pinned, shape, rows.frame(shape.names))

    return await s3.gateway.explained(look, "get_object", f"{bucket}/{key}")


async def pull(
    s3: S3, probed: Probe, wish: Wish, progress: Progress, others: tuple[Pinned, ...] = ()
) -> Pulled:
    """Write the subset to its file; rows of `others`, of the same columns, come after.

    Cancelling waits until nothing of it is left.

    Raises:
        AwsError: an object can't be read, or changed since it was probed.
        LocalError: the file can't be written, or one stands there that may not be replaced.
        UserError: an object isn't what it seemed.
    """
    work = _Work(s3, probed, wish, progress, (probed.pinned, *others))
    with caused_by(None):  # the note stands for its many range reads
        running = asyncio.ensure_future(s3.gateway.run(work.run))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        progress.cancel()
        await asyncio.wait([running], timeout=PATIENCE_SECONDS)
        if running.done() and not running.cancelled():
            running.exception()  # somebody has looked at it
        raise


class _Work:
    """One pull, on a thread."""

    def __init__(
        self, s3: S3, probed: Probe, wish: Wish, progress: Progress, objects: tuple[Pinned, ...]
    ) -> None:
        self._s3, self._wish, self._progress = s3, wish, progress
        self._shape, self._objects = probed.shape, objects
        self._meter = Meter(progress)
        self._late: set[str] = set()
        self._rows_read = self._rows_written = self._bytes_read = 0
        names = wish.names or probed.shape.names
        jsonl = probed.shape.format == output_of(wish.target.name) == "jsonl"
        self._names: tuple[str, ...] = () if jsonl and not wish.names else names
        wanted = dict.fromkeys((*names, *(wish.query.columns if wish.query else ())))
        self._read_names = tuple(wanted) if wish.names else ()

    def run(self) -> Pulled:
        """Do it, from the first byte to the file in its place."""
        began, target = time.monotonic(), self._wish.target
        with self._explained():
            self._expect()
            with local_file("create", target.parent):
                target.parent.mkdir(parents=True, exist_ok=True)
            with _made(target) as fresh:
                whole = self._copy(fresh.path)
                self._progress.check()
                size = fresh.path.stat().st_size
                self._publish(fresh)
        return Pulled(
            self._rows_read,
            self._rows_written,
            self._bytes_read,
            size,
            time.monotonic() - began,
            whole,
            tuple(sorted(self._late - set(self._names)))[:LATE_SHOWN],
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """What goes wrong inside becomes a sentence."""
        first = self._objects[0]
        try:
            yield
        except (UserError, JobCancelled):
            raise
        except QueryError as error:
            raise UserError(
                f"Can't pull rows of {first.key}",
                f"the query fails below row {texts.count(self._rows_read)}: {error}",
                "Change the query.",
            ) from error
        except Exception as error:
            self._progress.check()  # a cancel breaks streams off
            # What unpacks streams raises errors without a number, unlike the system.
            broken = isinstance(error, OSError) and error.errno is None
            if broken or isinstance(error, EOFError | zlib.error):
                raise UserError(
                    f"Can't unpack {first.key}", "it is damaged, or ends too early", "Get it anew."
                ) from error
            connection = self._s3.gateway.connection
            raise explain(error, "get_object", str(first), connection) from error

    def _copy(self, path: Path) -> bool:
        """Write the rows; True if every object was read to its end."""
        picker = picker_of(self._wish.which)
        query = self._wish.query
        with local_file("write", self._wish.target):
            writer = writer_of(path, self._wish.target.name, self._names, self._heads())
        try:
            for rows in self._chunks():
                self._progress.check()
                learns = output_of(self._wish.target.name) != "csv"
                if learns and self._rows_read == 0 and self._shape.format == "csv":
                    rows.frame(self._names)  # which columns are texts, all rows of the chunk tell
                kept = rows.take(query.mask(rows.frame(query.columns))) if query else rows
                self._rows_read += len(rows)
                if isinstance(rows, RecordRows) and self._names and not self._wish.names:
                    self._late.update(*rows.said, ())
                self._write(writer, picker.pick(kept))
                if picker.done:
                    return False
            self._write(writer, picker.rest())
            return True
        finally:
            with local_file("write", self._wish.target):
                writer.close()

    def _write(self, writer: Any, rows: Rows | None) -> None:
        if rows is not None and len(rows):
            with local_file("write", self._wish.target):
                writer.write(rows)
            self._rows_written += len(rows)
        self._progress.say(f"{texts.count(self._rows_written)} rows")

    def _chunks(self) -> Iterator[Rows]:
        at = 0
        for pinned in self._objects:
            stream = self._open(pinned)
            shape = self._shape
            try:
                source: Any = stream
                if shape.format != "parquet":
                    source, packed = unpacked(stream)
                    shape = replace(shape, packed=packed)
                for rows in chunks(source, shape, pinned.key, self._read_names, at):
                    yield rows
                    at += len(rows)
            finally:
                self._bytes_read += stream.fetched
                stream.close()

    def _open(self, pinned: Pinned) -> RangeStream:
        client = self._s3.gateway.client_now("s3", self._s3.region_of(pinned.bucket))
        if self._shape.format == "parquet":
            return RangeStream(client, pinned, self._meter, window=0)
        return RangeStream(client, pinned, self._meter)

    def _expect(self) -> None:
        total = sum(one.size_bytes for one in self._objects)
        if self._shape.format == "parquet" and self._read_names and len(self._objects) == 1:
            with self._open(self._objects[0]) as stream:
                total = parquet_bytes(stream, self._objects[0].key, self._read_names)
            self._meter.take_back()
        self._progress.expect(total)

    def _heads(self) -> tuple[str, ...]:
        known = dict(zip(self._shape.names, self._shape.heads, strict=False))
        return tuple(known.get(name, name) for name in self._names)

    def _publish(self, fresh: Any) -> None:
        target = self._wish.target
        with local_file("write", target):
            if self._wish.replaces:
                fresh.replace()
                return
            try:
                fresh.add()
            except FileExistsError as error:
                raise LocalError(
                    f"Can't write {target}",
                    "a file appeared meanwhile",
                    "Pull it again: you are asked before a file is replaced.",
                ) from error


def _made(target: Path) -> Any:
    with local_file("write", target):
        return beside(target)


__all__ = ["Probe", "Pulled", "Wish", "pin", "probe", "pull"]
