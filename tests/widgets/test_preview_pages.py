"""An object page by page: what the pages show together is the whole, in whatever it is packed."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable, Iterator

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.core.reads import BytesReads, ReadsFile
from tui.widgets import preview_document
from tui.widgets.preview_colour import coloured
from tui.widgets.preview_data import (
    ROWS_A_PAGE,
    WINDOW_PAGES,
    HexData,
    PreviewData,
    TableData,
    TextData,
    Window,
    count_of,
)
from tui.widgets.preview_document import opened
from tui.widgets.preview_source import PackedSource
from tui.widgets.preview_table import CsvCutter
from tui.widgets.preview_text import Encoding, TextCutter

ROWS = b"a,b\n" + b"".join(b"%d,x%d\n" % (n, n) for n in range(30_000))
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda data: bytes(pa.compress(data, "zstd", asbytes=True)),
    "lz4": lambda data: bytes(pa.compress(data, "lz4", asbytes=True)),
}


def pages(key: str, data: bytes) -> Iterator[PreviewData]:
    document = opened(key, BytesReads(data))
    number = 0
    while True:
        page = document.page(number)
        yield page
        if not page.more:
            return
        number += 1


def all_rows(key: str, data: bytes) -> list[tuple[str | None, ...]]:
    made = []
    for page in pages(key, data):
        assert isinstance(page, TableData)
        assert page.first == len(made)
        made += page.rows
    return made


def all_lines(key: str, data: bytes) -> list[str]:
    made: list[str] = []
    for page in pages(key, data):
        assert isinstance(page, TextData)
        made += page.lines
    return made


@pytest.mark.parametrize("packing", ["", *PACKED])
def test_pages_hold_every_row_once_however_it_is_packed(packing: str) -> None:
    data = PACKED[packing](ROWS) if packing else ROWS
    rows = all_rows(f"x.csv.{packing}" if packing else "x.csv", data)
    assert rows == [(str(n), f"x{n}") for n in range(30_000)]


def test_a_page_has_a_chunk_of_rows_and_may_be_asked_for_out_of_order() -> None:
    document = opened("x.csv.gz", BytesReads(gzip.compress(ROWS)))
    later = document.page(7)
    assert isinstance(later, TableData)
    assert later.first == 7 * ROWS_A_PAGE
    first = document.page(0)
    assert isinstance(first, TableData)
    assert first.rows[0] == ("0", "x0")
    assert len(first.rows) == ROWS_A_PAGE
    with pytest.raises(IndexError):
        document.page(99)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(*[st.text(st.sampled_from('ab,"\n\r é€😀'), min_size=1, max_size=9)] * 2),
        min_size=1,
        max_size=30,
    )
)
def test_quoted_line_ends_belong_to_their_rows_wherever_a_read_ends(
    cells: list[tuple[str, str]],
) -> None:
    told = io.StringIO()
    csv.writer(told).writerows([("n", "m"), *cells])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preview_document, "CHUNK_BYTES", 64)
        patch.setattr(preview_document, "READ_BYTES", 64)
        patch.setattr(CsvCutter, "enough", 1)
        rows = all_rows("x.csv", told.getvalue().encode())
    assert rows == cells


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_characters="\r\t"), min_size=1, max_size=400), st.data())
def test_text_is_cut_between_characters(text: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]))
    raw = text.encode(name, "surrogatepass" if name != "utf-8" else "replace")
    text = raw.decode(name, "replace")
    length = data.draw(st.integers(8, 64))
    cutter, at, made = TextCutter("txt", Encoding(name)), 0, ""
    while at < len(raw):
        last = at + length >= len(raw)
        piece = cutter.cut(raw[at : at + length], last, preview_document.Cursor(at))
        assert isinstance(piece.shown, TextData)
        assert piece.used > 0
        made += "".join(piece.shown.lines)
        at += piece.used
    assert made == text.replace("\n", "")


def test_json_is_indented_as_json_dumps_does_over_all_pages() -> None:
    value = [{"a": n, "b": {"c": [1, 2.5e3, []], "d": {}}, "s": 'x"y\\é,[]'} for n in range(9_000)]
    told = json.dumps(value, ensure_ascii=False)
    lines = all_lines("x.json", told.encode())
    assert "\n".join(lines) == json.dumps(value, indent=2, ensure_ascii=False)


def test_json_of_records_a_line_is_a_table_and_of_nested_ones_is_lines() -> None:
    flat = b'{"a": 1}\n{"a": 2, "b": true}\n'
    assert all_rows("x.json", flat) == [("1", None), ("2", "true")]
    nested = b'{"a": {"b": 1}, "c": [1]}\n' * 2
    assert all_lines("x.jsonl", nested) == ['{"a": {"b": 1}, "c": [1]}'] * 2


def test_names_that_come_late_in_jsonl_become_columns() -> None:
    data = b'{"a": 1}\n' * 1500 + b'{"b": 2}\nno json\n'
    window = Window()
    for number, page in enumerate(pages("x.jsonl", data)):
        window.hold(number, page)
    shown = window.shown
    assert isinstance(shown, TableData)
    assert [column.name for column in shown.columns] == ["a", "b"]
    assert shown.rows[-2:] == ((None, "2"), ("no json", None))
    assert shown.odd == 1


@pytest.mark.parametrize(
    ("key", "data"),
    [
        ("x.txt", b"x" * 1_000_000),
        ("x.csv", b"a,b\n" + b"x" * 1_000_000),
        ("x.json", b'{"a": "' + b"x" * 1_000_000 + b'"}'),
        ("x.json", b"[" * 300_000),
        ("x.jsonl", b'{"a": "' + b"x" * 1_000_000 + b'"}'),
        ("x.csv", b'a,b\n1,"never closed\n' + b"1,2\n" * 30_000),
        ("x.csv", b",".join(b"c%d" % n for n in range(10_000)) + b"\n" + b"," * 9_999 + b"\n"),
        ("x.csv", b"\xff\xfe\x00\x1b[31m,\xe2\x80\xae\n" * 1000),
        ("x.csv", b"\n" * 100_000),
        ("x.txt", b"\n" * 300_000),
        ("x", b"\0" * 300_000),
        ("x.csv.gz", gzip.compress(ROWS)[:-9000]),
        ("x.csv.gz", b"\x1f\x8b\x08" + b"not gzip" * 100),
        ("x.zst", b"\x28\xb5\x2f\xfdnot zstd" * 100),
        ("x.csv.gz", gzip.compress(b"")),
    ],
)
def test_hostile_contents_come_to_an_end(key: str, data: bytes) -> None:
    made = list(pages(key, data))
    assert sum(count_of(page) for page in made) or len(made) == 1
    for page in made:
        if isinstance(page, TextData):
            assert max(map(len, page.lines), default=0) <= 1_100
        if isinstance(page, TableData):
            assert all(len(cell or "") <= 400 for row in page.rows[:50] for cell in row)


def test_a_stream_that_breaks_off_says_so_at_its_end() -> None:
    last = list(pages("x.csv.gz", gzip.compress(ROWS)[:-9000]))[-1]
    assert isinstance(last, TableData)
    assert "breaks off" in last.note


def test_packed_streams_one_after_the_other_are_one() -> None:
    data = gzip.compress(ROWS[:50_000]) + gzip.compress(ROWS[50_000:])
    assert len(all_rows("x.csv.gz", data)) == 30_000


def test_unpacking_holds_no_more_than_a_page_of_a_bomb() -> None:
    packed = gzip.compress(b"a" * 60_000_000)
    source = PackedSource(BytesReads(packed), "gz")
    for at in range(0, 20_000_000, 1_000_000):
        data, last = source.read(at, 1000)
        assert data == b"a" * 1000
        assert not last
        assert len(source._held) < 100_000


def test_the_window_drops_its_far_end_and_tells_how_far_the_rest_moved() -> None:
    window = Window()
    for number in range(WINDOW_PAGES):
        window.hold(number, HexData("x", bytes(16), number * 16))
        assert window.moved == 0
    window.hold(WINDOW_PAGES, HexData("x", bytes(16), WINDOW_PAGES * 16))
    assert (window.moved, window.first, window.last) == (-16, 1, WINDOW_PAGES)
    window.hold(0, HexData("x", bytes(16), 0, more=True))
    assert (window.moved, window.first, window.last) == (16, 0, WINDOW_PAGES - 1)
    window.hold(50, HexData("x", b"far", 800))
    assert window.shown == HexData("x", b"far", 800)


def test_colours_keep_every_character_of_every_line() -> None:
    text = "import os\n\n# a comment\nx = {'a': 1}  # é\n" + "y" * 900 + "\n"
    made = coloured(TextData("py", tuple(text.split("\n")), language="py"))
    told = ["".join(part for _, part in line) for line in made.colours]
    assert told == list(made.lines)
    assert ("spot", "import") in made.colours[0]
    assert made.colours[2][0][0] == "muted"


def test_a_file_over_reads_seeks_and_ends() -> None:
    file = ReadsFile(BytesReads(b"0123456789"))
    assert file.read(3) == b"012"
    assert file.seek(-2, io.SEEK_END) == 8
    assert file.read() == b"89"
    assert file.read(5) == b""
    assert file.seek(2) == 2
    into = bytearray(4)
    assert file.readinto(into) == 4
    assert bytes(into) == b"2345"
