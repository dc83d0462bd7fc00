"""First bytes as tables, text or bytes; pandas agrees or decides."""

from __future__ import annotations

import gzip
import io
from typing import Any

import pandas as pd
import pytest

from tui.core.reads import BytesReads
from tui.widgets.preview_data import (
    MOST_BYTES,
    HexData,
    PreviewData,
    TableData,
    TextData,
)
from tui.widgets.preview_document import opened, parsed
from tui.widgets.preview_table import kind_of

CSV = b'id,when,name,score\n1,2026-03-01,"a, b",1.5\n2,2026-03-02,,NaN\n'


def table(key: str, data: bytes, size: int | None = None) -> TableData:
    made = parsed(key, data, len(data) if size is None else size)
    assert isinstance(made, TableData)
    return made


def refined(key: str, data: bytes) -> PreviewData:
    document = opened(key, BytesReads(data))
    return document.refined(0, document.page(0))


def test_a_csv_becomes_columns_with_types_and_missing_values() -> None:
    made = table("raw/x.csv", CSV)
    assert [(c.name, c.kind, c.numeric) for c in made.columns] == [
        ("id", "i64", True),
        ("when", "datetime", False),
        ("name", "str", False),
        ("score", "f64", True),
    ]
    assert made.rows == (("1", "2026-03-01", "a, b", "1.5"), ("2", "2026-03-02", None, None))
    assert (made.rows_in_all, made.exact) == (2, True)


def test_a_row_that_was_cut_is_left_out_and_the_count_is_estimated() -> None:
    row = b"2026-03-01 00:04,Harlem,2.41\n"
    data = b"a,b,c\n" + row * 1000
    made = table("x.csv", data[:20_011], len(data))
    assert all(len(cells) == 3 and cells[2] == "2.41" for cells in made.rows)
    assert not made.exact
    assert made.rows_in_all == pytest.approx(1000, rel=0.02)


@pytest.mark.parametrize(
    ("key", "data", "separator"),
    [
        ("x.tsv", b"a\tb\n1\t2\n", "\t"),
        ("x.csv", b"a;b\n1;2\n", ";"),
        ("x.csv", b"a|b\n1|2\n", "|"),
        ("X.CSV", b"\xef\xbb\xbfa,b\n1,2\n", ","),
    ],
)
def test_separators_and_a_byte_order_mark(key: str, data: bytes, separator: str) -> None:
    made = table(key, data)
    assert made.separator == separator
    assert [column.name for column in made.columns] == ["a", "b"]
    assert made.rows == (("1", "2"),)


def test_rows_shorter_or_longer_than_the_head_are_fitted() -> None:
    made = table("x.csv", b"a,b\n1\n1,2,3\n")
    assert made.rows == (("1", None), ("1", "2"))
    assert made.odd == 2


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-2"], "i64"),
        (["1", None], "f64"),
        (["1.5", "1e3", "-.5"], "f64"),
        (["True", "False"], "bool"),
        (["2026-03-01T00:04:00", "2026-03-01"], "datetime"),
        (["2026", "x"], "str"),
        ([None, None], "f64"),
        ([], "str"),
    ],
)
def test_kinds(values: list[Any], kind: str) -> None:
    assert kind_of(values) == kind


def test_pandas_has_the_last_word_on_types() -> None:
    data = b"a,b,c\n1,true,x\n2,false,y\n"
    made = refined("x.csv", data)
    assert isinstance(made, TableData)
    frame = pd.read_csv(io.BytesIO(data))
    assert [c.kind for c in made.columns] == ["i64", "bool", "str"]
    assert str(frame.dtypes["a"]) == "int64"
    late = b"n\n" + b"1\n" * 300 + b"oops\n"
    guessed = table("x.csv", late)
    assert guessed.columns[0].kind == "i64"  # the first rows say so
    better = refined("x.csv", late)
    assert isinstance(better, TableData)
    assert better.columns[0].kind == "str"


def test_what_pandas_cannot_read_keeps_its_guess() -> None:
    data = b"a,b\n1,2\n1,2,3,4\n"
    assert refined("x.csv", data) == table("x.csv", data)


def test_jsonl_is_a_table_of_all_names() -> None:
    made = table("x.jsonl", b'{"a": 1, "b": "x"}\n{"a": 2, "c": [1]}\n')
    assert [(c.name, c.kind) for c in made.columns] == [("a", "i64"), ("b", "str"), ("c", "object")]
    assert made.rows == (("1", "x", None), ("2", None, "[1]"))


def test_whole_json_is_indented_and_cut_json_is_text() -> None:
    whole = parsed("x.json", b'{"a":[1,2]}', 11)
    assert isinstance(whole, TextData)
    assert whole.lines[1] == '  "a": ['
    cut = parsed("x.json", b'{"a":[1,2', 999)
    assert isinstance(cut, TextData)
    assert cut.lines == ("{", '  "a": [', "    1,")
    assert cut.more


def test_broken_or_deep_json_is_text() -> None:
    for data in (b"{", b"[" * 60_000):
        assert isinstance(parsed("x.json", data, len(data)), TextData)


def test_gzip_is_looked_into_also_when_it_is_cut() -> None:
    rows = "".join(f"{n},{n * 7919 % 1000}\n" for n in range(20_000))
    packed = gzip.compress(f"a,b\n{rows}".encode())
    made = table("x.csv.gz", packed[:20_000], len(packed))
    assert made.label == "csv.gz"
    assert made.rows[:2] == (("0", "0"), ("1", "919"))
    assert [column.kind for column in made.columns] == ["i64", "i64"]


def test_a_gzip_bomb_stops_at_its_limit() -> None:
    packed = gzip.compress(b"a" * 50_000_000)
    made = parsed("x.txt.gz", packed, len(packed))
    assert isinstance(made, TextData)
    assert sum(len(line) for line in made.lines) <= MOST_BYTES
    assert made.more


@pytest.mark.parametrize("data", [bytes(range(256)), b"PAR1\0\0\0\1", b"\x1f\x8bnot gzip\0"])
def test_bytes_are_bytes(data: bytes) -> None:
    assert isinstance(parsed("x", data, len(data)), HexData)


def test_text_in_other_encodings_is_text() -> None:
    for data in ("größe\n".encode(), "größe\n".encode("cp1252"), "größe\n".encode("utf-16")):
        made = parsed("x.txt", data, len(data))
        assert isinstance(made, TextData)
        assert made.lines == ("größe",)


def test_a_character_cut_in_half_is_no_reason_for_hex() -> None:
    made = parsed("x.txt", "ab\u20ac".encode()[:-1], 100)
    assert isinstance(made, TextData)
    assert made.lines == ("ab",)
