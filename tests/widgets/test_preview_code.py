"""The pandas programs of previews run, and read the rows that are shown."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tui.core.reads import BytesReads
from tui.widgets.preview_code import Where, pandas_code
from tui.widgets.preview_data import TableData
from tui.widgets.preview_document import opened
from tui.widgets.preview_summary import summary

ROWS = [(n, f"x{n}") for n in range(3_500)]
CSV = b"a;b\n" + b"".join(b"%d;%s\n" % (n, x.encode()) for n, x in ROWS)
JSONL = b"".join(json.dumps({"a": n, "b": x}).encode() + b"\n" for n, x in ROWS)


def parquet() -> bytes:
    file = io.BytesIO()
    table = pa.table({"a": [n for n, _ in ROWS], "b": [x for _, x in ROWS]})
    pq.write_table(table, file, row_group_size=800)
    return file.getvalue()


class Body(io.BytesIO):
    """As botocore's: it can't seek."""

    def seekable(self) -> bool:
        return False


class Client:
    """S3 with one object."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asked: list[dict[str, Any]] = []

    def head_object(self, **params: Any) -> Any:
        return {"ContentLength": len(self.data)}

    def get_object(self, **params: Any) -> Any:
        self.asked.append(params)
        span = params.get("Range")
        if span is None:
            return {"Body": Body(self.data)}
        start, end = span.removeprefix("bytes=").split("-")
        return {"Body": Body(self.data[int(start) : int(end) + 1])}


@pytest.mark.parametrize("number", [0, 2])
@pytest.mark.parametrize(
    ("key", "data"),
    [
        ("a.csv", CSV),
        ("q\"uo'te\n.csv", CSV),
        ("x.csv.gz", gzip.compress(CSV)),
        ("x.csv.zst", bytes(pa.compress(CSV, "zstd", asbytes=True))),
        ("x.jsonl", JSONL),
        ("x.jsonl.gz", gzip.compress(JSONL)),
        ("x.parquet", parquet()),
    ],
)
def test_the_program_reads_the_rows_of_the_page(
    key: str, data: bytes, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(data)
    import boto3

    monkeypatch.setattr(boto3, "client", lambda *_args, **_kwargs: client)
    document = opened(key, BytesReads(data))
    page = document.page(number)
    assert isinstance(page, TableData)
    scope: dict[str, Any] = {}
    code = pandas_code(Where("b", key, "us-east-1"), page, len(data), document.packing)
    exec(code, scope)
    frame = scope["frame"]
    assert list(frame.columns) == [column.name for column in page.columns]
    told = [tuple(str(value) for value in row) for row in frame.itertuples(index=False)]
    assert told == list(page.rows)
    assert client.asked
    assert all(params["Key"] == key for params in client.asked)


def test_a_first_page_is_a_range_and_whole_rows_only(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(CSV)
    import boto3

    monkeypatch.setattr(boto3, "client", lambda *_args, **_kwargs: client)
    page = opened("x.csv", BytesReads(CSV[:999], len(CSV))).page(0)
    assert isinstance(page, TableData)
    scope: dict[str, Any] = {}
    exec(pandas_code(Where("b", "x.csv", "us-east-1"), page, 999), scope)
    assert client.asked[0]["Range"] == "bytes=0-998"
    assert len(scope["frame"]) == len(page.rows)


def test_later_pages_are_read_by_chunksize() -> None:
    page = opened("x.csv", BytesReads(CSV)).page(1)
    assert isinstance(page, TableData)
    code = pandas_code(Where("b", "x.csv", "us-east-1"), page, len(CSV))
    assert "chunksize=1000" in code
    assert "skiprows=range(1, 1001)" in code
    packed = pandas_code(Where("b", "x.csv.gz", "us-east-1"), page, len(CSV), "gz")
    assert "compression='gzip'" in packed


def test_a_summary_agrees_with_pandas_and_says_what_it_is_of() -> None:
    data = b"n,zone,ok,at\n" + b"".join(
        b"%s,%s,%s,2026-03-%02d\n"
        % (b"" if n % 10 == 0 else b"%d" % n, [b"SoHo", b"JFK"][n % 3 == 0], b"true", n % 28 + 1)
        for n in range(2_500)
    )
    page = opened("x.csv", BytesReads(data)).page(0)
    assert isinstance(page, TableData)
    made = summary(page)
    frame = pd.read_csv(io.BytesIO(data), nrows=1000)
    rows = {row[0]: row for row in made.rows}
    assert rows["n"][2:4] == ("100", "900")
    assert float(rows["n"][6] or 0) == pytest.approx(frame["n"].mean(), rel=1e-4)
    assert float(rows["n"][5] or 0) == frame["n"].max()
    assert rows["zone"][4:6] == ("JFK", "SoHo")
    assert rows["zone"][7] == "SoHo 67%, JFK 33%"
    assert rows["at"][5] == "2026-03-28"
    assert made.note == "over rows 1–1,000 only"


def test_a_summary_of_nothing_or_of_very_many_columns_is_made() -> None:
    page = opened("x.csv", BytesReads(b"a,b\n")).page(0)
    assert isinstance(page, TableData)
    assert [row[0] for row in summary(page).rows] == ["a", "b"]
    wide = b",".join(b"c%d" % n for n in range(5_000)) + b"\n" + b"1," * 4_999 + b"\n"
    page = opened("x.csv", BytesReads(wide)).page(0)
    assert isinstance(page, TableData)
    assert "300 of 5,000 columns" in summary(page).note
