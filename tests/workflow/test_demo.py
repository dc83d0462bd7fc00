"""The demo data set: the same bytes everywhere, whole or not there."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pytest

from tui.core.errors import JobCancelled, LocalError
from tui.core.jobs import Progress
from tui.workflow.demo import ABOUT_BYTES, COLUMNS, HOURS, ROWS, ZONES, make_demo

SHA256 = "c4ace8fca0098c74c735a1aa3732847b34352129796eee6d2a1de7aa854a2c70"


def test_the_whole_file_has_the_known_bytes_and_about_the_known_size(tmp_path: Path) -> None:
    path, progress = tmp_path / "new" / "demo.csv", Progress()
    digest = make_demo(path, progress)
    data = path.read_bytes()
    assert digest == hashlib.sha256(data).hexdigest() == SHA256
    assert data.count(b"\n") == ROWS + 1
    assert abs(len(data) - ABOUT_BYTES) < 1_000_000
    assert progress.done == len(data)
    assert [p.name for p in path.parent.iterdir()] == ["demo.csv"]


def test_rows_are_trips_in_the_order_of_time(tmp_path: Path) -> None:
    path = tmp_path / "demo.csv"
    make_demo(path, Progress(), rows=3_000)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 3_000
    assert [row["pickup"] for row in rows] == sorted(row["pickup"] for row in rows)
    assert {row["zone"] for row in rows} <= {name for name, _, _ in ZONES}
    assert all(float(row["fare"]) > 3 and float(row["tip"]) >= 0 for row in rows)
    assert any(not row["passengers"] for row in rows), "some counts were forgotten"


def test_shares_are_of_a_hundred() -> None:
    assert sum(share for _, share, _ in ZONES) == 100
    assert sum(HOURS) == 100
    assert len(HOURS) == 24


def test_a_cancelled_file_is_not_left_half_done(tmp_path: Path) -> None:
    progress = Progress()
    progress.cancelled.set()
    with pytest.raises(JobCancelled):
        make_demo(tmp_path / "demo.csv", progress)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match="demo data"):
        make_demo(tmp_path / "file" / "demo.csv", Progress())
