"""The program that pulls the same subset with boto3 and pandas, for the code drawer.

It holds the subset until it writes it; Skydeck writes as it reads.
"""

from __future__ import annotations

from collections.abc import Sequence

from tui.aws.code.python import quoted
from tui.aws.subset.pick import Which
from tui.aws.subset.pull import Probe, Wish
from tui.aws.subset.range_stream import Pinned
from tui.aws.subset.shape import CHUNK_ROWS, Shape
from tui.aws.subset.writers import output_of

WIDTH = 72  # columns, of which a loop takes 8

_RANGES = '''
class Ranges(io.RawIOBase):
    """The object as a file: each read is a range request."""

    def __init__(self, **where):
        self.where, self.at = where, 0
        self.size = client.head_object(**where)["ContentLength"]

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self.at

    def seek(self, offset, whence=0):
        self.at = offset + (0, self.at, self.size)[whence]
        return self.at

    def read(self, size=-1):
        end = self.size if size is None or size < 0 else min(self.at + size, self.size)
        if end <= self.at:
            return b""
        span = f"bytes={self.at}-{end - 1}"
        data = client.get_object(**self.where, Range=span)["Body"].read()
        self.at = end
        return data

'''


def subset_code(
    probed: Probe, wish: Wish, region: str, others: Sequence[Pinned] = (), *, pays: bool = False
) -> str:
    """Return the program; endpoint and profile are added by the drawer.

    `pays` is for a bucket whose requester pays.
    """
    keys = [probed.pinned.key, *(one.key for one in others)]
    client = f'client = boto3.client("s3", region_name={quoted(region)})'
    several = len(keys) > 1
    body = [*_reading(probed, wish, pays=pays), *_indented(_picking(wish))]
    return "\n".join(
        [
            *_imports(probed, wish),
            "",
            client,
            *(_RANGES.splitlines() if probed.shape.format == "parquet" else []),
            *_setup(wish.which),
            *(_each(keys) if several else [f"key = {quoted(keys[0])}"]),
            *(_indented(body) if several else body),
            *_ending(wish),
            *_writing(wish),
            "",
        ]
    )


def _each(keys: Sequence[str]) -> list[str]:
    return ["keys = [", *(f"    {quoted(key)}," for key in keys), "]", "for key in keys:"]


def _imports(probed: Probe, wish: Wish) -> list[str]:
    shape, parquet = probed.shape, probed.shape.format == "parquet"
    wanted = {
        "import io": parquet,
        "import boto3": True,
        "import numpy as np": wish.which.kind in ("share", "sample"),
        "import pandas as pd": True,
        "import pyarrow as pa": shape.packed == "zst",
        "import pyarrow.parquet as pq": parquet,
    }
    return [line for line, use in wanted.items() if use]


def _stays_text(probed: Probe, wish: Wish) -> bool:
    to_csv = output_of(wish.target.name) == "csv"
    return probed.shape.format == "csv" and to_csv and wish.query is None


def _setup(which: Which) -> list[str]:
    if which.kind in ("share", "sample"):
        lines = [f"random = np.random.default_rng({which.seed})"]
    else:
        lines = []
    if which.kind in ("first", "every"):
        lines.append("matched = 0")
    return [*lines, "parts = []", "rows = 0"]


def _reading(probed: Probe, wish: Wish, *, pays: bool) -> list[str]:
    shape, pinned = probed.shape, probed.pinned
    where = [f"Bucket={quoted(pinned.bucket)}", "Key=key"]
    where += [f"VersionId={quoted(pinned.version_id)}"] if pinned.version_id else []
    where += ['RequestPayer="requester"'] if pays else []
    asked = (*wish.names, *(wish.query.columns if wish.query else ()))
    chosen = list(dict.fromkeys(asked)) if wish.names else []
    if shape.format == "parquet":
        columns = [f"columns={_list(chosen)}"] if chosen else []
        return [
            *_call("file = pq.ParquetFile(Ranges", where, "))"),
            *_call("for batch in file.iter_batches", [f"{CHUNK_ROWS:_}", *columns], "):"),
            "    chunk = batch.to_pandas()",
        ]
    lines = _call("body = client.get_object", where, ')["Body"]')
    if shape.packed == "zst":
        lines.append('body = pa.CompressedInputStream(pa.PythonFile(body, mode="r"), "zstd")')
    if shape.format == "jsonl":
        fixed = ["lines=True", "convert_dates=False", "dtype=False"]
        return [*lines, *_call("for chunk in pd.read_json", ["body", *fixed, *_size(shape)], "):")]
    options = _csv_options(probed, wish)
    options += [f"usecols={_list(chosen)}"] if chosen else []
    return [*lines, *_call("for chunk in pd.read_csv", ["body", *_size(shape), *options], "):")]


def _size(shape: Shape) -> list[str]:
    packed = {"gz": "gzip", "bz2": "bz2"}.get(shape.packed, "")
    return [f"chunksize={CHUNK_ROWS:_}", *([f"compression={quoted(packed)}"] if packed else [])]


def _csv_options(probed: Probe, wish: Wish) -> list[str]:
    shape, options = probed.shape, []
    if shape.separator != ",":
        options.append(f"sep={quoted(shape.separator)}")
    if shape.encoding not in ("utf-8", "utf-8-sig"):
        options.append(f"encoding={quoted(shape.encoding)}")
    if _stays_text(probed, wish):
        options += ["dtype=str", "keep_default_na=False"]  # values stay as they are written
    return options


def _call(head: str, arguments: Sequence[str], tail: str) -> list[str]:
    """A call, on one line if it fits."""
    line = f"{head}({', '.join(arguments)}{tail}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{head}(", *(f"    {argument}," for argument in arguments), tail]


def _picking(wish: Wish) -> list[str]:
    which = wish.which
    lines = ["chunk.index = range(rows, rows + len(chunk))", "rows += len(chunk)"]
    if wish.query is not None:
        lines.append(f'chunk = chunk.query({quoted(wish.query.text)}, engine="python")')
    if which.kind == "first":
        lines += [
            f"parts.append(chunk.head({which.count} - matched))",
            "matched += len(parts[-1])",
            f"if matched >= {which.count}:",
            "    break",
        ]
    elif which.kind == "every":
        lines += [
            f"parts.append(chunk.iloc[-matched % {which.count} :: {which.count}])",
            "matched += len(chunk)",
        ]
    elif which.kind == "share":
        lines.append(f"parts.append(chunk[random.random(len(chunk)) < {which.share!r}])")
    elif which.kind == "sample":
        lines += [
            "chunk = chunk.assign(drawn=random.random(len(chunk)))",
            f'parts = [pd.concat([*parts, chunk]).nsmallest({which.count}, "drawn")]',
        ]
    else:
        lines.append("parts.append(chunk)")
    return lines


def _ending(wish: Wish) -> list[str]:
    lines = ["subset = pd.concat(parts)"]
    if wish.which.kind == "sample":
        lines = ['subset = pd.concat(parts).sort_index().drop(columns="drawn")']
    if wish.names:
        lines.append(f"subset = subset[{_list(wish.names)}]")
    return lines


def _writing(wish: Wish) -> list[str]:
    method, options = {
        "csv": ("to_csv", ["index=False"]),
        "parquet": ("to_parquet", ["index=False"]),
        "jsonl": (
            "to_json",
            ['orient="records"', "lines=True", "force_ascii=False", "double_precision=15"],
        ),
    }[output_of(wish.target.name)]
    lines = _call(f"subset.{method}", [quoted(str(wish.target)), *options], ")")
    return [*lines, 'print(subset.describe(include="all"))']


def _indented(lines: Sequence[str], depth: int = 1) -> list[str]:
    return ["    " * depth + line for line in lines]


def _list(names: Sequence[str]) -> str:
    return f"[{', '.join(quoted(name) for name in names)}]"
