"""Where a subset goes: CSV (plain or gzip), JSON lines or Parquet, chunk by chunk. Blocks."""

from __future__ import annotations

import gzip
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from tui.aws.subset.rows import Rows
from tui.core.errors import UserError

ENDINGS = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".jsonl": "jsonl",
    ".jsonl.gz": "jsonl",
    ".parquet": "parquet",
}


def output_of(path: str) -> str:
    """Say by its ending what a file is to be: "csv", "jsonl", "parquet", or "" for none of them."""
    name = path.lower()
    return next((kind for ending, kind in ENDINGS.items() if name.endswith(ending)), "")


class Writer(Protocol):
    """Takes chunks; the file is whole once it is closed."""

    def write(self, rows: Rows) -> None:
        """Add rows."""
        ...

    def close(self) -> None:
        """Write what is left."""
        ...


def writer_of(path: Path, target: str, names: Sequence[str], heads: Sequence[str]) -> Writer:
    """A writer to `path` of the kind that `target` ends in.

    Args:
        names: the columns, in order; none for whatever a JSON line has.
        heads: what a CSV's head calls them.
    """
    kind, packed = output_of(target), target.lower().endswith(".gz")
    if kind == "parquet":
        return _ParquetWriter(path, names)
    return (
        _CsvWriter(path, names, heads, packed)
        if kind == "csv"
        else _JsonWriter(path, names, packed)
    )


class _TextWriter:
    def __init__(self, path: Path, packed: bool) -> None:
        opened = gzip.open(path, "wb", 6) if packed else path.open("wb")  # noqa: SIM115
        self._file = io.TextIOWrapper(
            io.BufferedWriter(opened, 1 << 20),
            encoding="utf-8",
            errors="surrogateescape",
            newline="",
        )

    def close(self) -> None:
        self._file.close()


class _CsvWriter(_TextWriter):
    def __init__(
        self, path: Path, names: Sequence[str], heads: Sequence[str], packed: bool
    ) -> None:
        super().__init__(path, packed)
        self._names = list(names)
        import csv

        csv.writer(self._file, lineterminator="\n").writerow(heads or names)

    def write(self, rows: Rows) -> None:
        rows.texts(self._names).to_csv(self._file, index=False, header=False)


class _JsonWriter(_TextWriter):
    def __init__(self, path: Path, names: Sequence[str], packed: bool) -> None:
        super().__init__(path, packed)
        self._names = list(names)

    def write(self, rows: Rows) -> None:
        for record in rows.records(self._names):
            self._file.write(record + "\n")


class _ParquetWriter:
    """One row group a chunk; where a column turns out wider, what is written is written anew.

    A column of whole numbers may get a decimal, one of nothing anything.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._path, self._names = path, list(names)
        self._writer: Any = None
        self._schema: Any = None

    def write(self, rows: Rows) -> None:
        table = rows.table(self._names)
        if self._schema is None:
            self._schema = table.schema
        elif table.schema != self._schema:
            self._widen(table.schema)
        self._write(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _write(self, table: Any) -> None:
        import pyarrow.parquet as pq

        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, self._schema)
        self._writer.write_table(table.cast(self._schema))

    def _widen(self, schema: Any) -> None:
        import pyarrow as pa

        try:
            wider = pa.unify_schemas([self._schema, schema], promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise UserError(
                "Can't write it as Parquet",
                f"a column holds other values further on ({str(error).splitlines()[0][:120]})",
                "Write a .csv, or leave that column out.",
            ) from error
        if wider == self._schema:
            return
        self._schema = wider
        if self._writer is not None:
            self._anew()

    def _anew(self) -> None:
        """Copy what is written, group by group, into a file of the wider columns."""
        import pyarrow.parquet as pq

        self.close()
        old = self._path.with_name(self._path.name + ".old")
        self._path.rename(old)
        try:
            file = pq.ParquetFile(old)
            for group in range(file.num_row_groups):
                self._write(file.read_row_group(group))
            file.close()
        finally:
            old.unlink()
