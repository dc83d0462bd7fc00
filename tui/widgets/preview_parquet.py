"""Parquet as a table: the footer first, then only the pages of the columns that are shown.

pyarrow reads each column on its own, through a buffer, so that the first rows cost the first page
of a column and not its whole chunk. What is beyond the allowance stays unread until it is asked
for. Blocks, and imports pyarrow: for a thread.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tui.core import format as fmt
from tui.core.reads import BeyondAllowanceError, Reads, ReadsFile
from tui.widgets.preview_arrow import kind_of, leaves_of, said
from tui.widgets.preview_data import (
    CELLS_A_PAGE,
    READ_BYTES,
    ROWS_A_PAGE,
    HexData,
    PlainPages,
    PreviewData,
    TableColumn,
    TableData,
)

if TYPE_CHECKING:
    from pyarrow.parquet import FileMetaData

COLUMNS_AT_ONCE = 16  # open readers: each holds a page of its column
FIRST_BYTES = 64 * 1024  # of a column, asked for together with the others'
_PAGE_BYTES = 1024 * 1024  # of a data page and of a dictionary, as most writers make them
_NEAR_BYTES = 32 * 1024  # ranges so near to each other are one
_UNPACKED_AT_MOST = 256 * 1024 * 1024  # what a column of one row group may claim to unpack to
_VALUES_A_ROW = 20_000
_ENDINGS = frozenset({"parquet", "pq", "parq", "geoparquet"})
_Cells = tuple[str | None, ...]


def is_parquet(ending: str, head: bytes) -> bool:
    """By the name, or the first bytes."""
    return ending in _ENDINGS or head[:4] == b"PAR1"


class ParquetDocument(PlainPages):
    """Pages of rows. `choose` says which columns are read beside the first few."""

    packing = ""
    gathers = True

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self._chosen: set[int] = set(range(COLUMNS_AT_ONCE))
        self._open: _Opened | None = None
        self._failed: HexData | None = None

    def choose(self, columns: Sequence[int]) -> None:
        """Read these columns from now on, and as many of those before as can be held."""
        wanted = dict.fromkeys([*columns, *sorted(self._chosen)])
        self._chosen = set(list(wanted)[:COLUMNS_AT_ONCE])

    @property
    def grows(self) -> bool:  # type: ignore[override]
        """Without its footer nothing can be shown but some bytes."""
        return self._open is None

    def wants(self, number: int) -> list[tuple[int, int]]:
        """The beginnings of the column chunks that a page is made of."""
        opened = self._opened()
        return opened.wants(number, self._chosen) if opened is not None else []

    def page(self, number: int) -> PreviewData:
        """Rows `number * rows_a_page` and on."""
        opened = self._opened()
        if opened is None:
            assert self._failed is not None
            return self._failed
        page = opened.page(number, self._chosen)
        # The pages after it have the same columns.
        self._chosen = {at for at, column in enumerate(page.columns) if column.read} or self._chosen
        return page

    def _opened(self) -> _Opened | None:
        if self._open is None:
            try:
                self._open = _Opened(self._reads, _metadata(self._reads))
            except BeyondAllowanceError as more:
                said_so = f"its footer is long: {fmt.size(more.needed)} more would do"
                self._failed = _hex(self._reads, said_so, more=True)
            except (OSError, ValueError, NotImplementedError, struct.error) as error:
                self._failed = _hex(self._reads, f"not readable: {_first_line(error)}")
        return self._open


def _hex(reads: Reads, told: str, *, more: bool = False) -> HexData:
    begins = max(0, reads.size_bytes - min(512, reads.size_bytes))
    data = reads.read_at(begins, 512) if reads.kept_from(begins) else b""
    return HexData("parquet", data, begins, more, (("what", "Parquet"), ("footer", told)))


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:160]


def _metadata(reads: Reads) -> FileMetaData:
    import pyarrow.parquet as pq

    tail = reads.tail(READ_BYTES)
    if tail[-4:] not in (b"PAR1", b"PARE") or len(tail) < 12:
        raise ValueError("the end of the file is missing")
    (length,) = struct.unpack("<I", tail[-8:-4])
    size = reads.size_bytes
    if length + 8 > size:
        raise ValueError("its footer is damaged")
    reads.read_at(size - length - 8, length + 8)
    return pq.read_metadata(ReadsFile(reads, 0))


class _Opened:
    """A file whose footer was read."""

    def __init__(self, reads: Reads, metadata: FileMetaData) -> None:
        import pyarrow.parquet as pq

        self._reads, self._metadata = reads, metadata
        schema = metadata.schema
        texts = [
            schema.column(at).path
            for at in range(metadata.num_columns)
            if schema.column(at).physical_type == "BYTE_ARRAY"
        ]
        self._file = pq.ParquetFile(
            ReadsFile(reads, FIRST_BYTES),
            metadata=metadata,
            read_dictionary=texts,  # a long value that many rows share is held once
            buffer_size=FIRST_BYTES,
            pre_buffer=False,
        )
        fields = list(self._file.schema_arrow)
        self.columns = tuple(TableColumn(field.name[:300], kind_of(field.type)) for field in fields)
        self._leaves = leaves_of(fields, metadata.num_columns)
        self.rows_a_page = max(
            20, min(ROWS_A_PAGE, CELLS_A_PAGE // max(1, min(len(fields), COLUMNS_AT_ONCE)))
        )
        self._starts = [0]  # the first row of each row group, and the end
        for group in range(metadata.num_row_groups):
            self._starts.append(self._starts[-1] + metadata.row_group(group).num_rows)
        self._readers: dict[int, _Column] = {}
        self._planned: dict[int, set[int]] = {}

    def page(self, number: int, chosen: set[int]) -> TableData:
        """One page; columns that were not read are marked so."""
        first = number * self.rows_a_page
        rows = min(self.rows_a_page, self._starts[-1] - first)
        if number and rows <= 0:
            raise IndexError(number)
        planned = self._planned.pop(number, None) or self._affordable(first, chosen)
        for gone in set(self._readers) - planned:
            del self._readers[gone]
        cells = [
            self._cells(at, first, rows) if at in planned else None
            for at in range(len(self.columns))
        ]
        columns = tuple(
            replace(column, read=values is not None)
            for column, values in zip(self.columns, cells, strict=True)
        )
        blank: _Cells = (None,) * max(0, rows)
        held = tuple(zip(*(values or blank for values in cells), strict=True))
        groups = self._metadata.num_row_groups
        return TableData(
            "parquet", columns, held, "", self._starts[-1], True, first,
            more=first + rows < self._starts[-1],
            note=f"{fmt.count(groups)} row group{'' if groups == 1 else 's'}",
        )  # fmt: skip

    def _cells(self, at: int, first: int, rows: int) -> _Cells | None:
        if rows <= 0 or not self._bearable(at, first):
            return None
        reader = self._readers.get(at)
        if reader is None or reader.row != first:
            reader = self._readers[at] = self._reader(at, first)
        try:
            return reader.take(rows)
        except (BeyondAllowanceError, OSError, ValueError, NotImplementedError):
            del self._readers[at]
            return None

    def _reader(self, at: int, first: int) -> _Column:
        group = self._group(first)
        batches = self._file.reader.iter_batches(
            self.rows_a_page,
            row_groups=list(range(group, self._metadata.num_row_groups)),
            column_indices=self._leaves[at],
            use_threads=False,
        )
        return _Column(batches, first, first - self._starts[group])

    def _group(self, row: int) -> int:
        groups = range(self._metadata.num_row_groups)
        return next((g for g in groups if row < self._starts[g + 1]), 0)

    def _bearable(self, at: int, first: int) -> bool:
        """Whether a column says of itself that it stays small once it is unpacked."""
        group = self._metadata.row_group(self._group(first))
        for leaf in self._leaves[at]:
            chunk = group.column(leaf)
            grown = chunk.total_uncompressed_size > 300 * max(1, chunk.total_compressed_size)
            if grown and chunk.total_uncompressed_size > _UNPACKED_AT_MOST // 8:
                return False
            if chunk.num_values > _VALUES_A_ROW * max(1, group.num_rows):
                return False
        return True

    def wants(self, number: int, chosen: set[int]) -> list[tuple[int, int]]:
        """Ranges for columns that have no reader at that row yet, near ones as one."""
        first = number * self.rows_a_page
        if not self._metadata.num_row_groups or first >= self._starts[-1]:
            return []
        group = self._metadata.row_group(self._group(first))
        planned = self._planned[number] = self._affordable(first, chosen)
        spans: list[tuple[int, int]] = []
        for at in sorted(planned):
            reader = self._readers.get(at)
            if reader is None or reader.row != first:
                spans += [_beginning(group.column(leaf)) for leaf in self._leaves[at]]
        return _merged(spans, self._reads)

    def _affordable(self, first: int, chosen: set[int]) -> set[int]:
        """The columns whose first page most likely fits: the small ones, then by their order."""
        if first >= self._starts[-1]:
            return set()
        group = self._metadata.row_group(self._group(first))
        costs = {
            at: sum(self._cost(group.column(leaf)) for leaf in self._leaves[at])
            for at in chosen
            if at < len(self._leaves)
        }
        left = self._reads.left
        planned = set()
        for at in sorted(costs, key=lambda at: (costs[at] > FIRST_BYTES, at)):
            if costs[at] <= left:
                left -= costs[at]
                planned.add(at)
        return planned

    def _cost(self, chunk: Any) -> int:
        """About how many bytes its first rows take that are not kept: a dictionary, a page."""
        total, unpacked = int(chunk.total_compressed_size), int(chunk.total_uncompressed_size)
        pages = 2 if chunk.has_dictionary_page else 1
        about = FIRST_BYTES + round(pages * _PAGE_BYTES * total / max(1, unpacked))
        return max(0, min(total, about) - self._reads.kept_from(_beginning(chunk)[0]))


def _beginning(chunk: Any) -> tuple[int, int]:
    offsets = [chunk.data_page_offset]
    if chunk.has_dictionary_page and chunk.dictionary_page_offset:
        offsets.append(chunk.dictionary_page_offset)
    return min(offsets), min(FIRST_BYTES, max(1, chunk.total_compressed_size))


def _merged(spans: list[tuple[int, int]], reads: Reads) -> list[tuple[int, int]]:
    """Ranges to ask for, within what is allowed, in file order."""
    made: list[tuple[int, int]] = []
    left = reads.left
    for start, length in sorted(spans):
        if reads.kept_from(start) >= length:
            continue
        if made and start - sum(made[-1]) <= _NEAR_BYTES:
            before, held = made[-1]
            longer = max(held, start + length - before)
            if longer - held > left:
                break
            left -= longer - held
            made[-1] = (before, longer)
        elif length <= left:
            left -= length
            made.append((start, length))
        else:
            break
    return made


class _Column:
    """The values of one column, forwards."""

    def __init__(self, batches: Iterator[Any], row: int, skip: int) -> None:
        self._batches, self.row, self._skip = batches, row, skip
        self._rest: Any = None

    def take(self, rows: int) -> _Cells:
        """The next values as they read; fewer at the end."""
        made: list[str | None] = []
        while len(made) < rows:
            values = self._rest if self._rest is not None else next(self._batches, None)
            self._rest = None
            if values is None:
                break
            if not hasattr(values, "slice") or hasattr(values, "num_columns"):
                values = values.column(0)
            if self._skip >= len(values):
                self._skip -= len(values)
                continue
            values = values.slice(self._skip)
            self._skip = 0
            here = values.slice(0, rows - len(made))
            if len(here) < len(values):
                self._rest = values.slice(len(here))
            made += said(here)
        self.row += len(made)
        return (*made, *(None,) * (rows - len(made)))
