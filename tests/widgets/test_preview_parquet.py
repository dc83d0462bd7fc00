"""Parquet by pages of its columns: what is read, what is left unread, what is refused."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tui.core.reads import BeyondAllowanceError, BytesReads
from tui.widgets.preview_data import HexData, TableData
from tui.widgets.preview_document import opened
from tui.widgets.preview_parquet import ParquetDocument


class Counted(BytesReads):
    """Bytes that may be read up to an allowance; each is counted once."""

    def __init__(self, data: bytes, allowance: int) -> None:
        super().__init__(data)
        self.all, self.left = data, allowance
        self.seen: set[int] = set()

    def read_at(self, start: int, length: int, ahead: int = 0) -> bytes:
        end = min(len(self.all), start + length)
        new = set(range(start, end)) - self.seen
        if len(new) > self.left:
            raise BeyondAllowanceError(len(new) - self.left)
        self.seen |= new
        self.left -= len(new)
        return self.all[start:end]

    def tail(self, length: int) -> bytes:
        return self.read_at(max(0, len(self.all) - length), length)

    def kept_from(self, start: int) -> int:
        return 0


def written(table: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def page_of(data: bytes, number: int = 0) -> TableData:
    page = opened("x.parquet", BytesReads(data)).page(number)
    assert isinstance(page, TableData)
    return page


def test_values_and_types_read_as_they_are() -> None:
    moment = datetime(2026, 3, 1, 9, 41, 0, 500_000, tzinfo=UTC)
    data = written(
        pa.table(
            {
                "i": pa.array([1, None], pa.int32()),
                "f": pa.array([2.41, float("nan")], pa.float32()),
                "s": ["x[/y]\x1b", None],
                "b": [True, False],
                "t": pa.array([moment, None], pa.timestamp("us", "UTC")),
                "d": pa.array([Decimal("1.20"), None], pa.decimal128(9, 2)),
                "l": [list(range(20)), []],
                "n": [{"a": 1, "b": "x"}, None],
                "raw": [b"\x00\xff", None],
                "a.b": pa.array(["x", "y"]).dictionary_encode(),
            }
        )
    )
    page = page_of(data)
    assert [c.kind for c in page.columns] == [
        *("i32", "f32", "str", "bool", "datetime", "decimal", "list", "struct", "bytes", "str")
    ]
    first, second = page.rows
    assert first[:6] == ("1", "2.41", "x[/y]\x1b", "True", "2026-03-01 09:41:00.5Z", "1.20")
    assert first[6] == "[0, 1, 2, 3, 4, 5, 6, 7, … 20 in all]"
    assert first[7:] == ("{'a': 1, 'b': 'x'}", "00 ff", "x")
    assert second[0] is None
    assert second[2] is None
    assert (page.rows_in_all, page.exact, page.more) == (2, True, False)


def test_pages_go_on_over_row_groups_and_back() -> None:
    data = written(pa.table({"n": list(range(5_500))}), row_group_size=900)
    document = opened("x.parquet", BytesReads(data))
    seen: list[str | None] = []
    for number in range(6):
        page = document.page(number)
        assert isinstance(page, TableData)
        assert page.first == len(seen)
        seen += [row[0] for row in page.rows]
    assert seen == [str(n) for n in range(5_500)]
    back = document.page(2)
    assert isinstance(back, TableData)
    assert back.rows[0] == ("2000",)
    with pytest.raises(IndexError):
        document.page(6)


def test_columns_beyond_the_allowance_stay_unread_until_they_are_asked_for() -> None:
    random = np.random.default_rng(1)
    columns = {f"c{n}": random.random(100_000) for n in range(6)}
    data = written(pa.table({"small": ["x"] * 100_000, **columns}))
    reads = Counted(data, 1024 * 1024)
    document = opened("x.parquet", reads)
    assert isinstance(document, ParquetDocument)
    page = document.page(0)
    assert isinstance(page, TableData)
    read = [column.name for column in page.columns if column.read]
    assert read[0] == "small"
    assert 1 <= len(read) < 7
    assert len(reads.seen) <= 1024 * 1024
    reads.left = 8 * 1024 * 1024
    document.choose([5, 6])
    more = document.page(0)
    assert isinstance(more, TableData)
    assert more.columns[5].read
    assert more.rows[0][6] == str(columns["c5"][0])


def test_what_many_columns_want_first_is_asked_for_together() -> None:
    random = np.random.default_rng(1)
    data = written(pa.table({f"c{n}": random.random(5_000) for n in range(8)}))
    document = opened("x.parquet", Counted(data, 10**7))
    assert isinstance(document, ParquetDocument)
    wants = document.wants(0)
    assert wants
    assert sum(length for _, length in wants) <= len(data)
    assert len(wants) <= 2  # chunks that lie side by side are one read


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:200],
        lambda data: b"PAR1" + b"\0" * 100 + b"PAR1",
        lambda data: data[:-200] + b"\xff" * 190 + data[-10:],
        lambda data: data[:-8] + b"\xff\xff\xff\x7fPAR1",
        lambda data: data[:-4] + b"PARE",
        lambda data: b"x",
    ],
)
def test_a_damaged_file_is_described(spoil: Any) -> None:
    data = spoil(written(pa.table({"a": [1, 2, 3] * 500})))
    page = opened("x.parquet", BytesReads(data)).page(0)
    assert isinstance(page, HexData)
    assert page.facts[0] == ("what", "Parquet")


def test_damage_in_a_column_leaves_the_others() -> None:
    data = bytearray(written(pa.table({"a": ["x", "y"] * 9, "b": [1, 2] * 9}), compression="none"))
    data[4:20] = b"\xff" * 16
    page = page_of(bytes(data))
    assert [column.read for column in page.columns] == [False, True]


def test_a_table_of_nothing_has_its_columns() -> None:
    page = page_of(written(pa.table({"a": pa.array([], pa.int64())})))
    assert [column.name for column in page.columns] == ["a"]
    assert page.rows == ()


def test_a_long_value_that_all_rows_share_is_not_held_for_each() -> None:
    value = "x" * 2_000_000
    # Never as an array of its own: that would be 10 GB.
    shared = pa.DictionaryArray.from_arrays(pa.array([0] * 5_000, pa.int32()), pa.array([value]))
    data = written(pa.table({"s": shared}))
    before = pa.total_allocated_bytes()
    page = page_of(data)
    assert pa.total_allocated_bytes() - before < 20_000_000
    assert page.rows[4][0] == "x" * 300 + "…"
