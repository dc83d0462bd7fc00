"""The program in the code drawer pulls the very same subset."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from tests.aws.test_subset import CSV, QUERY, READ, TRIPS, parquet
from tui.aws.code.place import place_python
from tui.aws.s3.service import S3
from tui.aws.subset.code import subset_code
from tui.aws.subset.pick import Which
from tui.aws.subset.pull import Wish, probe, pull
from tui.aws.subset.query import judged
from tui.core.jobs import Progress

CASES: list[tuple[str, bytes, str, Which, tuple[str, ...], str]] = [
    ("t.csv", CSV, "csv", Which("first", 1200), (), ""),
    ("t'\"{x}.csv.gz", gzip.compress(CSV), "csv.gz", Which("every", 7), ("zip", "id"), ""),
    ("t.csv.bz2", bz2.compress(CSV), "jsonl", Which("share", share=0.3, seed=5), (), QUERY),
    (
        "t.csv.zst",
        pa.Codec("zstd").compress(CSV, asbytes=True),
        "csv",
        Which("sample", 40, seed=5),
        ("fare",),
        QUERY,
    ),
    ("t.tsv", TRIPS.to_csv(index=False, sep="\t").encode(), "parquet", Which(), (), QUERY),
    ("t.jsonl", TRIPS.to_json(orient="records", lines=True).encode(), "jsonl", Which("every", 3),
     ("fare", "id"), QUERY),
    ("t.parquet", parquet(TRIPS, row_group_size=700), "parquet", Which("first", 900),
     ("id", "fare"), QUERY),
    ("u.parquet", parquet(TRIPS), "csv", Which("sample", 33, seed=9), (), ""),
]  # fmt: skip


@pytest.fixture
def environment(clean_sandbox: Any) -> dict[str, str]:
    info = clean_sandbox.info
    return os.environ | {
        "AWS_ACCESS_KEY_ID": info.access_key_id,
        "AWS_SECRET_ACCESS_KEY": info.secret_access_key,
    }


async def test_the_noted_programs_pull_the_same(
    s3: S3, bucket: str, outside: Any, environment: dict[str, str], folder: Path
) -> None:
    programs = []
    for number, (key, data, ending, which, names, query) in enumerate(CASES):
        outside.put_object(Bucket=bucket, Key=key, Body=data)
        seen = await probe(s3, bucket, key)
        wanted = judged(query, seen.shape.names) if query else None
        ours, theirs = folder / f"ours{number}.{ending}", folder / f"theirs{number}.{ending}"
        await pull(s3, seen, Wish(which, ours, names, wanted), Progress())
        code = subset_code(seen, Wish(which, theirs, names, wanted), "us-east-1")
        programs.append(place_python(code, s3.gateway.connection.endpoint_url, None))
    each = "\n".join(
        f"exec(compile({program!r}, 'note', 'exec'), {{'__name__': '__main__'}})"
        for program in programs
    )
    subprocess.run([sys.executable, "-c", each], env=environment, check=True, timeout=120,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    for number, (key, _, ending, *_rest) in enumerate(CASES):
        ours, theirs = folder / f"ours{number}.{ending}", folder / f"theirs{number}.{ending}"
        found, expected = READ[ending](theirs), READ[ending](ours)
        assert len(expected), key
        pd.testing.assert_frame_equal(found, expected, check_dtype=False, obj=key)


async def test_the_program_says_who_pays_and_reads_several_objects(
    s3: S3, bucket: str, outside: Any, environment: dict[str, str], folder: Path
) -> None:
    from tui.aws.subset.pull import pin

    for key in ("a.csv", "b.csv"):
        outside.put_object(Bucket=bucket, Key=key, Body=CSV)
    seen, other = await probe(s3, bucket, "a.csv"), await pin(s3, bucket, "b.csv")
    target = folder / "out.csv"
    code = subset_code(seen, Wish(Which("every", 2), target), "us-east-1", [other], pays=True)
    assert 'RequestPayer="requester"' in code
    placed = place_python(code, s3.gateway.connection.endpoint_url, None)
    subprocess.run([sys.executable, "-c", placed], env=environment, check=True, timeout=120,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    both = pd.concat([TRIPS, TRIPS]).iloc[::2]
    expected = pd.read_csv(io.StringIO(both.to_csv(index=False)))
    pd.testing.assert_frame_equal(pd.read_csv(target), expected)
