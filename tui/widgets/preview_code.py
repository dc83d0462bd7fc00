"""The pandas program that reads the same rows as a preview shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.widgets.preview_data import TableData

_ARROW = {"zst": "zstd", "lz4": "lz4"}
_PANDAS = {"gz": "gzip", "bz2": "bz2", "xz": "xz"}
_FILE = '''
class Ranges(io.RawIOBase):
    """The object as a file: what is read is asked for, and nothing else."""

    def __init__(self):
        self.at, self.size = 0, client.head_object(**OBJECT)["ContentLength"]

    def readable(self): return True
    def seekable(self): return True
    def tell(self): return self.at

    def seek(self, offset, whence=0):
        self.at = offset + (0, self.at, self.size)[whence]
        return self.at

    def read(self, size=-1):
        end = self.size if size is None or size < 0 else min(self.size, self.at + size)
        if end <= self.at:
            return b""
        span = f"bytes={self.at}-{end - 1}"
        data = client.get_object(**OBJECT, Range=span)["Body"].read()
        self.at += len(data)
        return data
'''


@dataclass(frozen=True, slots=True)
class Where:
    """The object that a program reads."""

    bucket: str
    key: str
    region: str


def pandas_code(where: Where, table: TableData, read_bytes: int, packing: str = "") -> str:
    """The program for a page.

    Args:
        table: the page alone.
        read_bytes: how many of the first bytes the first page was read from.
        packing: gz, bz2, xz, zst, lz4, or "".
    """
    if table.label == "parquet":
        return _parquet(where, table)
    if packing or table.first:
        return _streamed(where, table, packing)
    if not table.whole:
        return _ranged(where, table, read_bytes)
    lines = [
        'body = client.get_object(**OBJECT)["Body"].read()',
        f"frame = {_reader(table, 'io.BytesIO(body)', {})}",
    ]
    return _program(where, ["io"], lines)


def _ranged(where: Where, table: TableData, read_bytes: int) -> str:
    lines = [
        f'answer = client.get_object(**OBJECT, Range="bytes=0-{max(0, read_bytes - 1)}")',
        'body = answer["Body"].read()',
        r'body = body[: body.rfind(b"\n") + 1]  # whole rows only',
        f"frame = {_reader(table, 'io.BytesIO(body)', {'nrows': str(len(table.rows))})}",
    ]
    return _program(where, ["io"], lines)


def _streamed(where: Where, table: TableData, packing: str) -> str:
    """By a stream: pandas reads a chunk, the connection is closed, the rest stays there."""
    lines = ['body = client.get_object(**OBJECT)["Body"]']
    imports: list[str] = []
    options = {"chunksize": str(max(1, len(table.rows)))}
    if packing in _PANDAS:
        options["compression"] = repr(_PANDAS[packing])
    elif packing in _ARROW:
        imports = ["pyarrow as pa"]
        stream = f'pa.CompressedInputStream(pa.PythonFile(body, mode="r"), {_ARROW[packing]!r})'
        lines.append(f"body = {stream}")
    if not table.separator:
        return _streamed_lines(where, table, lines, options, imports)
    if table.first:
        options["skiprows"] = f"range(1, {table.first + 1})"
    lines += [
        f"with {_reader(table, 'body', options)} as chunks:",
        "    frame = next(chunks)  # go on with: for chunk in chunks",
    ]
    return _program(where, [], lines, imports)


def _streamed_lines(
    where: Where, table: TableData, lines: list[str], options: dict[str, str], imports: list[str]
) -> str:
    options.pop("chunksize")
    end = table.first + len(table.rows)
    read = _reader(table, "body", {**options, "nrows": str(max(1, end))})
    lines.append(f"frame = {read}.iloc[{table.first} :]")
    return _program(where, [], lines, imports)


def _parquet(where: Where, table: TableData) -> str:
    names = [column.name for column in table.columns if column.read]
    size = max(1, len(table.rows))
    page = table.first // size if table.rows else 0
    batch = "next(batches)" if not page else f"next(islice(batches, {page}, None))"
    lines = [
        *_FILE.strip("\n").split("\n"),
        "",
        "",
        "table = pq.ParquetFile(Ranges(), buffer_size=65536)",
        f"batches = table.iter_batches({size}, columns={names!r})",
        f"frame = {batch}.to_pandas()",
    ]
    imports = ["io", *(["itertools.islice"] if page else [])]
    return _program(where, imports, lines, ["pyarrow.parquet as pq"])


def _reader(table: TableData, source: str, options: dict[str, str]) -> str:
    options = dict(options)
    name = "read_csv" if table.separator else "read_json"
    if table.separator not in ("", ","):
        options = {"sep": repr(table.separator), **options}
    if not table.separator:
        options = {"lines": "True", **options}
    told = "".join(f", {key}={value}" for key, value in options.items())
    return f"pd.{name}({source}{told})"


def _program(
    where: Where, imports: Sequence[str], lines: Sequence[str], others: Sequence[str] = ()
) -> str:
    standard = [
        f"from {name.partition('.')[0]} import {name.partition('.')[2]}"
        if "." in name
        else f"import {name}"
        for name in imports
    ]
    return "\n".join(
        [
            *standard,
            *([""] if standard else []),
            "import boto3",
            *(["import pandas as pd"] if any("pd." in line for line in lines) else []),
            *(f"import {name}" for name in others),
            "",
            f'client = boto3.client("s3", region_name={where.region!r})',
            f'OBJECT = {{"Bucket": {where.bucket!r}, "Key": {where.key!r}}}',
            *lines,
            "print(frame.dtypes)",
            "print(frame.head(10))",
        ]
    )
