"""Ledgers that are damaged, of a newer app, or on a disk that can't be read or written."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tui.core import ledger_folder
from tui.core.errors import UserError
from tui.core.ledger import Ledger, Owner
from tui.core.ledger_folder import LedgerFolder, new_intent

ME = Owner("000000000000", "aws", "dev", "eu-west-1")


@pytest.fixture
def folder(tmp_path: Path) -> LedgerFolder:
    return LedgerFolder(tmp_path / "transfers", ME)


def begun(folder: LedgerFolder) -> Ledger:
    return folder.begin(new_intent("uploads", "upload", "x to b", "b", 5, 500), [["i", 1]])


def named(folder: LedgerFolder, ledger_id: str) -> Path:
    return folder._folder / f"{ledger_id}.jsonl"


@pytest.mark.parametrize(
    "change",
    [
        {"items": 10**15},
        {"items": -1},
        {"items": "five"},
        {"size_bytes": None},
        {"made_at": "2026-11-25T10:00:00"},
        {"verb": 7},
        {"about": []},
        {"owner": {"account": 1}},
        {"a newer app's": 1},
    ],
)
def test_one_ledger_that_cant_be_understood_hides_no_other_and_stays(
    folder: LedgerFolder, change: dict[str, Any]
) -> None:
    good, bad = begun(folder), begun(folder)
    good.release()
    bad.release()
    path = named(folder, bad.id)
    record = json.loads(path.read_bytes())
    path.write_text(json.dumps(record | change) + "\n")
    assert [one.id for one in folder.interrupted()] == [good.id]
    assert path.exists()  # it may name an upload: its own app knows
    with pytest.raises(UserError, match="newer Skydeck"):
        folder.open(bad.id)
    folder.open(good.id).drop()


def test_a_plan_whose_ledger_appears_meanwhile_is_no_leftover(
    folder: LedgerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = begun(folder)
    real = Path.iterdir

    def half(path: Path) -> Any:  # a listing is no snapshot
        return (one for one in real(path) if one.suffix == ".rows")

    monkeypatch.setattr(Path, "iterdir", half)
    folder.interrupted()
    monkeypatch.undo()
    assert sorted(path.suffix for path in folder._folder.iterdir()) == [".jsonl", ".rows"]
    ledger.drop()


def test_a_ledger_that_cant_be_read_is_not_gone(
    folder: LedgerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = begun(folder)
    ledger.release()

    def refuse(*_: Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(ledger_folder.os, "open", refuse)
    with pytest.raises(UserError, match="permission denied") as caught:
        folder.open(ledger.id)
    assert caught.value.code != "Gone"


def test_a_torn_record_on_a_full_disk_is_said(
    folder: LedgerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = begun(folder)
    ledger.release()
    with named(folder, ledger.id).open("ab") as file:
        file.write(b'{"done": [[0, ')

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(UserError, match="no space left"):
        folder.open(ledger.id)
    monkeypatch.undo()
    folder.open(ledger.id).drop()


def test_a_long_ledger_is_read_line_by_line(folder: LedgerFolder, peak: Callable[[], int]) -> None:
    ledger = begun(folder)
    ledger.release()
    line = json.dumps({"part": 1, "n": 1, "crc": 1, "bytes": 16, "etag": "x" * 1000}) + "\n"
    with named(folder, ledger.id).open("a") as file:
        file.writelines(line for _ in range(20_000))
    assert len(folder.interrupted()) == 1
    assert peak() < 4_000_000


@pytest.fixture
def peak() -> Any:
    """How many bytes were in use at the most, since the test began."""
    import tracemalloc

    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
