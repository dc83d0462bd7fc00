"""A pulled subset is what pandas would take of the whole object, and never half a file."""

from __future__ import annotations

import asyncio
import bz2
import gzip
import io
import random
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.aws.subset_support import Memory, probed, pulled, small_chunks
from tui.aws.subset import parquet as subset_parquet
from tui.aws.subset.pick import Which
from tui.aws.subset.range_stream import Pinned
from tui.core.errors import AwsError, LocalError, UserError
from tui.core.jobs import Progress

TRIPS = pd.DataFrame(
    {
        "id": range(3000),
        "zone": ["Harlem", "SoHo", 'a, "b"'] * 1000,
        "fare": [number % 97 / 4 for number in range(3000)],
        "zip": [f"0{number % 10}" for number in range(3000)],
    }
)
CSV = TRIPS.to_csv(index=False).encode()
QUERY = "fare > 3 and zone in ['SoHo', 'Harlem']"


def parquet(frame: pd.DataFrame, **options: Any) -> bytes:
    held = io.BytesIO()
    frame.to_parquet(held, **options)
    return held.getvalue()


def texts(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


# -- the same as pandas ----------------------------------------------------------------------

WORD = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6)
ROWS = st.lists(
    st.tuples(
        st.integers(-(10**6), 10**6), WORD, st.one_of(st.none(), st.floats(-1e6, 1e6, width=32))
    ),
    min_size=1,
    max_size=60,
)
WHICH = st.one_of(
    st.builds(Which),
    st.builds(Which, st.just("first"), st.integers(1, 70)),
    st.builds(Which, st.just("every"), st.integers(1, 20)),
    st.builds(Which, st.just("share"), st.just(0), st.floats(0.01, 1), st.integers(0, 99)),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=ROWS, which=WHICH, names=st.sampled_from([(), ("c", "a"), ("b",)]), asks=st.booleans())
def test_a_subset_of_a_csv_is_what_pandas_takes_of_all_of_it(
    rows: Any, which: Which, names: Any, asks: bool, tmp_path: Path
) -> None:
    whole = pd.DataFrame(rows, columns=["a", "b", "c"])
    data = whole.to_csv(index=False).encode()
    query = "a > 0 or index % 3 == 0" if asks else ""
    target = tmp_path / "out.csv"
    with pytest.MonkeyPatch.context() as patch:
        small_chunks(patch, 7)
        asyncio.run(
            pulled(Memory({"k.csv": data}), "k.csv", target, which, names, query, replaces=True)
        )
    typed = pd.read_csv(io.BytesIO(data))
    expected = pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False)
    if query:
        expected = expected.loc[typed.query(query).index]
    expected = taken(expected, which)
    if names:
        expected = expected[list(names)]
    pd.testing.assert_frame_equal(texts(target), expected.reset_index(drop=True), check_dtype=False)


def taken(frame: pd.DataFrame, which: Which) -> pd.DataFrame:
    if which.kind == "first":
        return frame.head(which.count)
    if which.kind == "every":
        return frame.iloc[:: which.count]
    if which.kind == "share":
        return frame[np.random.default_rng(which.seed).random(len(frame)) < which.share]
    return frame


OBJECTS = {
    "t.csv": CSV,
    "t.csv.gz": gzip.compress(CSV),
    "t.csv.bz2": bz2.compress(CSV),
    "t.csv.zst": pa.Codec("zstd").compress(CSV, asbytes=True),
    "t.tsv": TRIPS.to_csv(index=False, sep="\t").encode(),
    "utf16.csv": CSV.decode().encode("utf-16"),
    "t.jsonl": TRIPS.to_json(orient="records", lines=True).encode(),
    "t.parquet": parquet(TRIPS, row_group_size=700),
}
READ = {
    "csv": pd.read_csv,
    "csv.gz": pd.read_csv,
    "jsonl": lambda path: pd.read_json(path, lines=True),
    "parquet": pd.read_parquet,
}


@pytest.mark.parametrize("key", OBJECTS)
@pytest.mark.parametrize("ending", READ)
async def test_every_kind_of_object_goes_into_every_kind_of_file(
    key: str, ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_chunks(monkeypatch, 1000)
    target = tmp_path / f"out.{ending}"
    done = await pulled(Memory(OBJECTS), key, target, Which("every", 2), ("fare", "id"), QUERY)
    expected = TRIPS.query(QUERY).iloc[::2][["fare", "id"]].reset_index(drop=True)
    found = READ[ending](target)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    assert (done.rows_read, done.rows_written) == (3000, len(expected))
    assert done.bytes_written == target.stat().st_size


async def test_a_value_of_a_csv_stays_the_text_that_it_is(tmp_path: Path) -> None:
    data = b"zip,price,note\n01234,1.50,caf\xe9\n,NA,\n"
    target = tmp_path / "out.csv"
    await pulled(Memory({"k.csv": data}), "k.csv", target, Which())
    assert target.read_bytes() == data


async def test_a_column_that_began_as_text_stays_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_chunks(monkeypatch, 2)
    data = b"code\nA1\nB2\n007\n008\n"
    target = tmp_path / "out.csv"
    await pulled(Memory({"k.csv": data}), "k.csv", target, Which(), query="code == '007'")
    assert target.read_bytes() == b"code\n007\n"


async def test_a_parquet_gets_wider_where_a_column_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_chunks(monkeypatch, 2)
    data = b"a,b\n1,\n2,\n3.5,x\n4,y\n"
    target = tmp_path / "out.parquet"
    await pulled(Memory({"k.csv": data}), "k.csv", target, Which())
    found = pd.read_parquet(target)
    assert found["a"].tolist() == [1.0, 2.0, 3.5, 4.0]
    assert found["b"].tolist()[2:] == ["x", "y"]
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]


async def test_rows_of_several_objects_follow_each_other(tmp_path: Path) -> None:
    memory = Memory({"a.csv": b"x,y\n1,a\n2,b\n", "b.csv": b"x,y\n3,c\n", "c.csv": b"z\n1\n"})
    target = tmp_path / "out.csv"
    await pulled(memory, "a.csv", target, Which(), others=(Pinned("bucket", "b.csv", 8),))
    assert target.read_bytes() == b"x,y\n1,a\n2,b\n3,c\n"
    with pytest.raises(UserError, match=r"c\.csv"):
        await pulled(
            memory, "a.csv", tmp_path / "no.csv", Which(), others=(Pinned("bucket", "c.csv", 4),)
        )
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


async def test_names_that_json_lines_have_only_further_on_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = b'{"a": 1}\n' * 50_000 + b'{"a": 2, "late": [3]}\n'
    memory = Memory({"k.jsonl": data})
    done = await pulled(memory, "k.jsonl", tmp_path / "out.csv", Which("every", 25_000))
    assert done.left_out == ("late",)
    assert (tmp_path / "out.csv").read_bytes() == b"a\n1\n1\n2\n"
    done = await pulled(memory, "k.jsonl", tmp_path / "out.jsonl", Which())
    assert done.left_out == ()
    assert (tmp_path / "out.jsonl").read_bytes() == data


# -- samples ---------------------------------------------------------------------------------


async def test_a_sample_has_exactly_so_many_rows_in_order_and_by_its_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_chunks(monkeypatch, 100)
    memory, found = Memory(OBJECTS), []
    for number, seed in enumerate((1, 1, 2)):
        target = tmp_path / f"{number}.csv"
        await pulled(memory, "t.csv", target, Which("sample", 50, seed=seed))
        found.append(pd.read_csv(target)["id"].tolist())
    assert found[0] == found[1] != found[2]
    assert found[0] == sorted(set(found[0]))
    assert len(found[0]) == 50
    await pulled(memory, "t.csv", tmp_path / "all.csv", Which("sample", 9999, seed=1))
    assert (tmp_path / "all.csv").read_bytes() == CSV


def test_every_row_is_as_likely_in_a_sample() -> None:
    from tui.aws.subset.pick import picker_of
    from tui.aws.subset.rows import ArrowRows

    counts: np.ndarray[Any, Any] = np.zeros(2000)
    for seed in range(300):
        picker = picker_of(Which("sample", 20, seed=seed))
        for start in range(0, 2000, 500):
            picker.pick(ArrowRows(pa.table({"n": range(start, start + 500)}), start))
        rest = picker.rest()
        assert isinstance(rest, ArrowRows)
        counts[rest.held.column("n").to_numpy()] += 1
    quarters = counts.reshape(4, 500).sum(axis=1)
    assert quarters.sum() == 6000
    assert abs(quarters - 1500).max() < 150  # 4 standard deviations


# -- what is transferred ---------------------------------------------------------------------


async def test_the_first_rows_stop_the_reading(tmp_path: Path) -> None:
    data = b"a,b\n" + b"1,2\n" * 5_000_000
    memory = Memory({"k.csv": data})
    done = await pulled(memory, "k.csv", tmp_path / "out.csv", Which("first", 10))
    assert done.rows_written == 10
    assert done.bytes_read < 2_000_000
    assert "the first" in str(done)


async def test_only_the_chosen_columns_of_a_parquet_are_transferred(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    wide = pd.DataFrame({f"c{number}": random.random(20_000) for number in range(20)})
    memory = Memory({"k.parquet": parquet(wide, row_group_size=5000)})
    size = len(memory.objects["k.parquet"])
    target = tmp_path / "out.parquet"
    progress = Progress()
    await pulled(memory, "k.parquet", target, Which(), ("c3",), "c7 > 0.5", progress=progress)
    pd.testing.assert_frame_equal(
        pd.read_parquet(target), wide.query("c7 > 0.5")[["c3"]].reset_index(drop=True)
    )
    assert memory.fetched < size / 5
    assert progress.total is not None
    assert progress.total < size / 8


# -- never half a file -----------------------------------------------------------------------


async def test_a_cancel_ends_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    begun, progress = threading.Event(), Progress()

    def slow() -> None:
        if len(memory.spans) > 1:
            begun.set()
            progress.cancelled.wait(30)

    memory = Memory({"k.csv": b"a,b\n" + b"1,2\n" * 10_000_000}, before=slow)
    task = asyncio.create_task(
        pulled(memory, "k.csv", tmp_path / "out.csv", Which(), progress=progress)
    )
    await asyncio.to_thread(begun.wait, 20)
    since = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - since < 1
    assert list(tmp_path.iterdir()) == []


async def test_an_object_that_changes_midway_is_not_mixed(tmp_path: Path) -> None:
    def change() -> None:
        if len(memory.spans) == 2:
            memory.objects["k.csv"] = b"a,b\n" + b"3,4\n" * 5_000_000

    memory = Memory({"k.csv": b"a,b\n" + b"1,2\n" * 5_000_000}, before=change)
    with pytest.raises(AwsError, match=r"k\.csv") as told:
        await pulled(memory, "k.csv", tmp_path / "out.csv", Which())
    assert told.value.code == "PreconditionFailed"
    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_was_not_shown_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("mine")
    with pytest.raises(LocalError, match=r"out\.csv"):
        await pulled(Memory(OBJECTS), "t.csv", target, Which())
    assert target.read_text() == "mine"
    await pulled(Memory(OBJECTS), "t.csv", target, Which(), replaces=True)
    assert target.read_bytes() == CSV
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


@pytest.mark.parametrize(
    ("key", "data", "why"),
    [
        ("k.csv", b"a,b\n1,2\n" * 2 + b"1,2,3\n" * 9, "CSV"),
        ("k.csv", b"a\n1,2\n", "more values"),
        ("k.csv", b"", "empty"),
        ("k.jsonl", b'{"a": 1}\n[2]\n', "no JSON object"),
        ("k.jsonl", b'{"a": 1}\n{"a"\n', "no JSON"),
        ("k.parquet", b"PAR1 nothing of it", "Parquet"),
        ("k.csv.gz", gzip.compress(CSV * 40)[:-300_0], "damaged"),
        ("k.txt", b"a,b\n", "no CSV"),
        ("part-0000", b"\x89PNG\r\n\x1a\n\0\0,\n\0,\n", "no CSV"),
        ("part-0000", b"Dear all,\nno table, this.\nBye\n", "no CSV"),
        ("part-0000", b'{\n "a": 1\n}\n', "no CSV"),
        ("part-0000", b"", "empty"),
        ("k.jsonl.gz", gzip.compress(b'{"a": 1}\n{"a": "' + b"x" * (9 << 20)), "8 MB"),
    ],
)
async def test_what_has_no_rows_says_why(key: str, data: bytes, why: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as told:
        await pulled(Memory({key: data}), key, tmp_path / "out.csv", Which())
    assert why in str(told.value)
    assert list(tmp_path.iterdir()) == []


async def test_a_query_that_fails_further_on_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_chunks(monkeypatch, 2)
    memory = Memory({"k.csv": b"a\n1\n2\nlate\n4\n"})
    monkeypatch.setattr("tests.aws.subset_support.judged", lambda text, names: lenient(text))
    with pytest.raises(UserError) as told:
        await pulled(memory, "k.csv", tmp_path / "out.csv", Which(), query="a > 1")
    assert "below row 2" in str(told.value)
    assert list(tmp_path.iterdir()) == []


def lenient(text: str) -> Any:
    from tui.aws.subset.query import Query

    return Query(text, ("a",))


async def test_a_probe_tells_columns_types_and_rows() -> None:
    seen = await probed(Memory(OBJECTS), "t.csv")
    assert dict(seen.shape.columns) == {
        "id": "int64",
        "zone": "str",
        "fare": "float64",
        "zip": "int64",
    }
    assert seen.rows_about == 3000
    assert (await probed(Memory(OBJECTS), "t.csv.gz")).rows_about is None
    assert (await probed(Memory(OBJECTS), "t.parquet")).rows_about == 3000


@pytest.mark.parametrize(
    "name", ["t.csv", "t.csv.gz", "t.csv.zst", "t.tsv", "t.jsonl", "t.parquet"]
)
async def test_what_a_name_does_not_say_the_first_bytes_do(name: str, tmp_path: Path) -> None:
    memory = Memory({"out/part-0000": OBJECTS[name]})
    await pulled(memory, "out/part-0000", tmp_path / "out.csv", Which("first", 3), ("id", "zone"))
    expected = TRIPS[["id", "zone"]].head(3).astype(str)
    pd.testing.assert_frame_equal(texts(tmp_path / "out.csv"), expected, check_dtype=False)


async def test_long_rows_are_held_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []
    real = subset_parquet.ArrowRows

    def noted(table: Any, start: int) -> Any:
        held.append(table.nbytes)
        return real(table, start)

    monkeypatch.setattr(subset_parquet, "ArrowRows", noted)
    long = [f"{number:09}" + random.Random(number).randbytes(500_000).hex() for number in range(30)]
    frame = pd.DataFrame({"id": range(30), "text": long})
    memory = Memory({"k.parquet": parquet(frame, compression="none", use_dictionary=False)})
    await pulled(memory, "k.parquet", tmp_path / "out.csv", Which())
    assert max(held) < 5 << 20
    assert texts(tmp_path / "out.csv")["text"].tolist() == long
