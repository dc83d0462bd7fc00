"""The rows of a Parquet, by row group; only the chosen columns are transferred. Blocks."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

from tui.aws.subset.rows import ArrowRows, Rows
from tui.aws.subset.shape import Shape, cant, first_line, other_columns, rows_held

FOOTER_BYTES = 64 * 1024  # what Arrow asks for first
COLUMN_BYTES = 1024 * 1024  # of a column that is too big to be held whole
BLOCK_BYTES = 4 * 1024 * 1024
HELD_BYTES = 16 * 1024 * 1024
GAP_BYTES = 64 * 1024  # fetched along sooner than another request is made


class _Blocks(io.RawIOBase):
    """A stream whose reads are rounded up to planned blocks: one request for many small columns.

    What lies in no block is read as it is asked for.
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self._at = 0
        self._plan: list[tuple[int, int]] = []
        self._held: OrderedDict[int, bytes] = OrderedDict()

    def plan(self, spans: Iterable[tuple[int, int]]) -> None:
        """Say what will be read: (start, end) of each piece. Nothing is planned of too much."""
        blocks: list[tuple[int, int]] = []
        for start, end in sorted(spans):
            if blocks and start - blocks[-1][1] <= GAP_BYTES and end - blocks[-1][0] <= BLOCK_BYTES:
                blocks[-1] = blocks[-1][0], max(end, blocks[-1][1])
            else:
                blocks.append((start, end))
        small = sum(end - start for start, end in blocks) <= HELD_BYTES
        self._plan = blocks if small else []
        self._held.clear()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            self._at = self._stream.seek(offset, whence)
        else:
            self._at = offset + (self._at if whence == io.SEEK_CUR else 0)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """All of what is asked for: Arrow takes a short read for the end."""
        size = -1 if size is None else size
        block = next((b for b in self._plan if b[0] <= self._at and self._at + size <= b[1]), None)
        if block is None or size < 0:
            data = self._fetch(self._at, size)
        else:
            if block[0] not in self._held:
                self._held[block[0]] = self._fetch(block[0], block[1] - block[0])
            data = self._held[block[0]][self._at - block[0] :][:size]
        self._at += len(data)
        return data

    def _fetch(self, at: int, size: int) -> bytes:
        self._stream.seek(at)
        made: list[bytes] = []
        while size:
            data = self._stream.read(size) if size > 0 else self._stream.read()
            if not data:
                break
            made.append(data)
            size = max(0, size - len(data))
        return b"".join(made)


def parquet_shape(stream: Any, key: str) -> tuple[Shape, Any]:
    """Look at a Parquet's footer: its shape, and an empty frame of its columns' types."""
    file = _opened(_Blocks(stream), key, COLUMN_BYTES)
    schema, metadata = file.schema_arrow, file.metadata
    columns = tuple((one.name, str(one.type)) for one in schema)
    size = sum(metadata.row_group(at).total_byte_size for at in range(metadata.num_row_groups))
    row_bytes = max(1, size // max(1, metadata.num_rows))
    shape = Shape("parquet", columns=columns, rows=metadata.num_rows, row_bytes=row_bytes)
    return shape, schema.empty_table().to_pandas()


def parquet_bytes(stream: Any, key: str, names: Sequence[str]) -> int:
    """How many bytes the chosen columns of all row groups are."""
    metadata = _opened(_Blocks(stream), key, COLUMN_BYTES).metadata
    spans = (_spans(metadata.row_group(at), names) for at in range(metadata.num_row_groups))
    return sum(end - start for group in spans for start, end in group)


def parquet_chunks(
    stream: Any, shape: Shape, key: str, names: Sequence[str], start: int
) -> Iterator[Rows]:
    """Yield the rows of these columns, or of all.

    Raises:
        UserError: it is no Parquet, or lacks a column.
    """
    import pyarrow as pa

    blocks = _Blocks(stream)
    file, at = _opened(blocks, key, COLUMN_BYTES), start
    wanted = list(names) or None
    if lacking := [name for name in names if name not in file.schema_arrow.names]:
        raise cant(key, f"it has no column {lacking[0]}")
    if not names and tuple(file.schema_arrow.names) != shape.names:
        raise other_columns(key)
    try:
        for group in range(file.num_row_groups):
            about = file.metadata.row_group(group)
            blocks.plan(_spans(about, names))
            for batch in file.iter_batches(
                min(shape.chunk_rows, _rows_held(about, names)),
                row_groups=[group],
                columns=wanted,
                use_threads=False,
            ):
                table = pa.Table.from_batches([batch])
                yield ArrowRows(table.select(wanted) if wanted else table, at)
                at += table.num_rows
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise _unreadable(error, key) from error


def _unreadable(error: Exception, key: str) -> Exception:
    """Arrow's own trouble as a sentence; an OSError with a number is not Arrow's."""
    if isinstance(error, OSError) and error.errno is not None:
        return error
    return cant(key, f"it can't be read as Parquet ({first_line(error)})")


def _opened(stream: _Blocks, key: str, buffer_bytes: int) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    size = stream.seek(0, io.SEEK_END)
    stream.plan([(max(0, size - FOOTER_BYTES), size)])
    try:
        # Buffered: a column of a row group is not held whole.
        return pq.ParquetFile(stream, buffer_size=buffer_bytes, pre_buffer=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise _unreadable(error, key) from error


def _rows_held(group: Any, names: Sequence[str]) -> int:
    """How many rows of a group are held at a time, by what the chosen columns unpack to."""
    columns = [group.column(number) for number in range(group.num_columns)]
    chosen = [one for one in columns if not names or _name(one) in names]
    size = sum(one.total_uncompressed_size for one in chosen)
    return rows_held(size // max(1, group.num_rows), len(chosen))


def _name(column: Any) -> str:
    return str(column.path_in_schema.split(".")[0])


def _spans(group: Any, names: Sequence[str]) -> list[tuple[int, int]]:
    """(start, end) of each chosen column's bytes."""
    found: list[tuple[int, int]] = []
    for number in range(group.num_columns):
        column = group.column(number)
        if names and _name(column) not in names:
            continue
        start = column.data_page_offset
        if column.has_dictionary_page and column.dictionary_page_offset:
            start = min(start, column.dictionary_page_offset)
        found.append((start, start + column.total_compressed_size))
    return found
