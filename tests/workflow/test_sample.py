"""A subset pulled in ranges: exact rows, exact texts, nothing half-done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tui.core.errors import JobCancelled, LocalError, UserError
from tui.core.jobs import Progress
from tui.workflow import sample
from tui.workflow.sample import pull_sample


def reader(data: bytes, asked: list[int] | None = None) -> Callable[[int, int], bytes]:
    def read(start: int, length: int) -> bytes:
        if asked is not None:
            asked.append(length)
        return data[start : start + length]

    return read


def pull(data: bytes, every: int, target: Path) -> tuple[int, int]:
    return pull_sample(reader(data), len(data), every, target, Progress())


def test_each_nth_row_is_kept_across_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "CHUNK_ROWS", 7)
    data = b"n,text\n" + b"".join(b"%d,row %d\n" % (n, n) for n in range(50))
    target = tmp_path / "new" / "sample.csv"
    assert pull(data, 10, target) == (50, 5)
    assert target.read_bytes() == b"n,text\n" + b"".join(
        b"%d,row %d\n" % (n, n) for n in range(0, 50, 10)
    )


@pytest.mark.parametrize("text", ["007", "1.50", "NA", "", "null", "é", "=1+1", "[bold]x[/y]"])
def test_values_stay_the_texts_that_they_are(text: str, tmp_path: Path) -> None:
    target = tmp_path / "sample.csv"
    pull(f"a,b\n{text},x\n".encode(), 1, target)
    assert target.read_text(encoding="utf-8") == f"a,b\n{text},x\n"


def test_a_line_break_inside_quotes_is_no_row(tmp_path: Path) -> None:
    target = tmp_path / "sample.csv"
    assert pull(b'a,b\n"one\ntwo",1\nthree,2\n', 1, target) == (2, 2)


def test_no_more_than_a_range_is_asked_for_at_once(tmp_path: Path) -> None:
    data = b"a\n" + b"1234567\n" * 1_500_000
    asked: list[int] = []
    progress = Progress()
    pull_sample(reader(data, asked), len(data), 1000, tmp_path / "s.csv", progress)
    assert len(asked) > 2
    assert max(asked) <= sample.RANGE_BYTES
    assert progress.done == len(data)


@pytest.mark.parametrize("data", [b"", b"a,b\n", b'a,b\n"open\n', b"a\n\xff\xfe\xfa\n"])
def test_what_is_no_csv_is_a_sentence_and_leaves_nothing(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Can't pull a subset"):
        pull(data, 1, tmp_path / "sample.csv")
    assert not list(tmp_path.iterdir())


def test_an_object_that_shrinks_meanwhile_leaves_the_old_sample(tmp_path: Path) -> None:
    target = tmp_path / "sample.csv"
    target.write_text("old")
    data = b"a\n1\n2\n"
    with pytest.raises(UserError, match="shorter"):
        pull_sample(reader(data), len(data) + 10, 1, target, Progress())
    assert target.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_cancel_leaves_the_old_sample(tmp_path: Path) -> None:
    target, progress = tmp_path / "sample.csv", Progress()
    target.write_text("old")
    progress.cancelled.set()
    with pytest.raises(JobCancelled):
        pull_sample(reader(b"a\n1\n"), 4, 1, target, progress)
    assert target.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match=r"Can't write sample\.csv"):
        pull(b"a\n1\n", 1, tmp_path / "file" / "sample.csv")
