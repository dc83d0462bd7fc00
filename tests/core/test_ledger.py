"""A job's ledger: what it says after a crash, and that only one works on a job."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.core import ledger_log
from tui.core.errors import UserError
from tui.core.ledger import Interrupted, Ledger, Owner, Part
from tui.core.ledger_folder import LedgerFolder, new_intent
from tui.core.ledger_log import GroupLog, ranges, records

ME = Owner("000000000000", "aws", "dev", "eu-west-1")
ROWS = [["i", f"key-{number}", number] for number in range(5)]


@pytest.fixture
def folder(tmp_path: Path) -> LedgerFolder:
    return LedgerFolder(tmp_path / "transfers", ME)


def begun(folder: LedgerFolder, items: int = 5, size: int = 500) -> Ledger:
    intent = new_intent("uploads", "upload", "x to b", "b", items, size, target="raw/")
    return folder.begin(intent, ROWS[:items])


def only(folder: LedgerFolder) -> Interrupted:
    (one,) = folder.interrupted()
    return one


# -- what is found again --------------------------------------------------------------------------


def test_a_ledger_that_is_let_go_of_says_what_is_done_and_what_is_begun(
    folder: LedgerFolder,
) -> None:
    ledger = begun(folder)
    ledger.done(0, 100)
    ledger.done(1, 100)
    ledger.done(4, 50)
    item = ledger.at(2)
    item.creating("b", "key-2", "eu-west-1", (1, 2, 3, 4), 16)
    item.created("upload-7")
    item.part(Part(1, 77, 16, '"etag"'))
    down = ledger.at(3)
    down.fetching('"e"', 64, 16, "crc32c")
    down.part(Part(2, 99, 16))
    ledger.release()
    one = only(folder)
    assert (one.id, one.verb, one.subject, one.bucket) == (ledger.id, "upload", "x to b", "b")
    assert (one.account, one.place, one.profile, one.region) == tuple(
        getattr(ME, name) for name in ("account", "place", "profile", "region")
    )
    assert (one.items_done, one.items_total, one.bytes_done, one.bytes_total) == (3, 5, 282, 500)
    assert one.mine
    again = folder.open(ledger.id)
    assert [again.is_done(number) for number in range(5)] == [True, True, False, False, True]
    upload, download = again.at(2).upload, again.at(3).download
    assert upload is not None
    assert (upload.bucket, upload.key, upload.region) == ("b", "key-2", "eu-west-1")
    assert (upload.upload_id, upload.mark, upload.part_bytes) == ("upload-7", (1, 2, 3, 4), 16)
    assert upload.parts == {1: Part(1, 77, 16, '"etag"')}
    assert download is not None
    assert (download.etag, download.size_bytes, download.crc_kind) == ('"e"', 64, "crc32c")
    assert download.parts == {2: Part(2, 99, 16)}
    assert list(folder.rows(ledger.id)) == ROWS
    again.drop()


def test_what_is_over_or_done_is_begun_no_more(folder: LedgerFolder) -> None:
    ledger = begun(folder)
    for number in (0, 1):
        ledger.at(number).creating("b", "k", "", (), 16)
    ledger.at(0).over()
    ledger.done(1, 5)
    assert ledger.clean
    ledger.release()
    again = folder.open(ledger.id)
    assert again.clean
    again.drop()


def test_an_upload_is_on_the_disk_before_it_is_asked_for(folder: LedgerFolder) -> None:
    ledger = begun(folder)
    ledger.at(0).creating("b", "k", "", (1,), 16)
    ledger.at(0).created("u")
    path = next((folder._folder).glob("*.jsonl"))
    told = list(records(path.read_bytes().splitlines(keepends=True)))
    assert [next(iter(one)) for one in told[1:]] == ["creating", "upload"]
    ledger.drop()


def test_a_record_that_a_crash_tore_is_left_out_and_swallows_nothing(
    folder: LedgerFolder,
) -> None:
    ledger = begun(folder)
    ledger.done(0, 1)
    ledger.release()
    path = folder._folder / f"{ledger.id}.jsonl"
    with path.open("ab") as file:
        file.write(b'{"done":[[1,')
    again = folder.open(ledger.id)
    assert not again.is_done(1)
    again.done(2, 1)
    again.release()
    third = folder.open(ledger.id)
    assert (third.is_done(0), third.is_done(1), third.is_done(2)) == (True, False, True)
    third.drop()


@pytest.mark.parametrize(
    "line",
    [
        '{"done":[[0,99]],"bytes":1}',
        '{"done":"x","bytes":1}',
        '{"creating":1}',
        '{"part":0,"n":1}',
        "[1,2]",
        '{"what":"else"}',
    ],
)
def test_a_record_of_another_program_changes_nothing(folder: LedgerFolder, line: str) -> None:
    ledger = begun(folder)
    ledger.release()
    with (folder._folder / f"{ledger.id}.jsonl").open("a") as file:
        file.write(line + "\n")
    again = folder.open(ledger.id)
    assert (again.state.items_done, again.clean) == (0, True)
    again.drop()


def test_what_never_began_or_is_all_done_is_swept_away(folder: LedgerFolder) -> None:
    begun(folder).release()
    whole = begun(folder, 2)
    whole.done(0, 1)
    whole.done(1, 1)
    whole.release()
    (folder._folder / "1-torn.jsonl").write_text('{"id":"1-torn","ki')
    (folder._folder / "2-rows.rows").write_text("[]")
    assert only(folder).items_total == 5
    assert len(list(folder._folder.iterdir())) == 2


def test_another_accounts_jobs_are_told_apart(folder: LedgerFolder) -> None:
    begun(folder).release()
    for other in (Owner("111111111111"), Owner(ME.account, "sandbox:/kept")):
        assert not only(LedgerFolder(folder._folder, other)).mine
    assert only(LedgerFolder(folder._folder, Owner(ME.account, "aws", "other"))).mine


def test_a_failed_job_with_nothing_begun_is_forgotten_when_it_is_let_go_of(
    folder: LedgerFolder,
) -> None:
    ledger = begun(folder)
    ledger.settled = True
    ledger.release()
    assert folder.interrupted() == ()
    ledger = begun(folder)
    ledger.settled = True
    ledger.at(0).creating("b", "k", "", (), 16)
    assert not ledger.drop_if_clean()
    assert only(folder).id == ledger.id


def test_files_are_for_their_owner_alone(folder: LedgerFolder) -> None:
    ledger = begun(folder)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder._folder.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(folder._folder.stat().st_mode) == 0o700
    ledger.drop()


def test_odd_file_names_come_back_as_they_were(folder: LedgerFolder) -> None:
    name = os.fsdecode(b"caf\xe9 [@click=app.quit]x[/]\n\x1b")
    intent = new_intent("uploads", "upload", name, "b", 1, 1, target=name)
    ledger = folder.begin(intent, [["i", name]])
    ledger.release()
    assert only(folder).subject == name
    assert list(folder.rows(ledger.id)) == [["i", name]]


# -- one at a time --------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.core.ledger_folder.LOCK_TRIES", 2)


@pytest.mark.usefixtures("quick")
def test_who_holds_a_job_holds_it_alone(folder: LedgerFolder) -> None:
    ledger = begun(folder)
    assert folder.interrupted() == ()
    with pytest.raises(UserError, match="another Skydeck is working on it"):
        folder.open(ledger.id)
    ledger.release()
    folder.open(ledger.id).drop()
    with pytest.raises(UserError, match="it has ended"):
        folder.open(ledger.id)


OTHER_PROCESS = """
import sys
from pathlib import Path
from tui.core.ledger import Owner
from tui.core.ledger_folder import LedgerFolder
held = LedgerFolder(Path(sys.argv[1]), Owner()).open(sys.argv[2])
held.done(3, 7)
held.flush()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(folder: LedgerFolder) -> Iterator[tuple[Ledger, subprocess.Popen[str]]]:
    """A ledger, and a process that holds it."""
    ledger = begun(folder)
    ledger.release()
    arguments = [sys.executable, "-c", OTHER_PROCESS, str(folder._folder), ledger.id]
    child = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    yield ledger, child
    child.kill()
    child.communicate()


@pytest.mark.usefixtures("quick")
def test_two_processes_never_hold_one_job(
    folder: LedgerFolder, other: tuple[Ledger, subprocess.Popen[str]]
) -> None:
    ledger, child = other
    assert folder.interrupted() == ()
    with pytest.raises(UserError, match="another Skydeck"):
        folder.open(ledger.id)
    child.kill()
    child.communicate()
    assert only(folder).items_done == 1
    again = folder.open(ledger.id)
    assert again.is_done(3)
    again.drop()


# -- group commit ---------------------------------------------------------------------------------


def test_threads_share_an_fsync_and_lose_nothing(
    folder: LedgerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    real = ledger_log.append
    monkeypatch.setattr(ledger_log, "append", lambda *args: synced.append(real(*args)))
    intent = new_intent("uploads", "upload", "x", "b", 3_000, 3_000)
    ledger = folder.begin(intent, [])
    synced.clear()

    def work(start: int) -> None:
        for number in range(start, 3_000, 3):
            ledger.done(number, 1)

    threads = [threading.Thread(target=work, args=(start,)) for start in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.flush()
    assert len(synced) < 100
    ledger.release()
    assert folder.interrupted() == ()  # all is done


def test_ranges_are_short() -> None:
    assert ranges([5, 1, 2, 3, 9, 4]) == [[1, 5], [9, 9]]
    assert ranges([]) == []


def test_a_full_disk_ends_the_ledger_and_not_the_job(
    folder: LedgerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[OSError] = []
    ledger = begun(folder)
    ledger.complain = told.append
    ledger.done(0, 100)
    ledger.flush()

    def full(handle: int, data: bytes) -> None:
        os.write(handle, data[:7])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ledger_log, "append", full)
    ledger.at(1).creating("b", "k", "", (), 16)
    ledger.at(1).created("u")
    ledger.done(2, 100)
    ledger.flush()
    assert [error.errno for error in told] == [errno.ENOSPC]
    assert not ledger.kept
    monkeypatch.undo()
    ledger.mend()
    assert ledger.kept
    ledger.done(3, 100)
    ledger.release()
    again = folder.open(ledger.id)
    assert [again.is_done(number) for number in range(5)] == [True, False, True, True, False]
    assert again.at(1).upload is not None
    again.drop()


def test_a_folder_that_cant_be_written_is_an_error_before_anything(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        begun(LedgerFolder(tmp_path / "file", ME))


def test_a_log_that_was_closed_takes_nothing_more(tmp_path: Path) -> None:
    handle = os.open(tmp_path / "log", os.O_RDWR | os.O_CREAT | os.O_APPEND)
    log = GroupLog(handle)
    log.add({"n": 1})
    log.close()
    log.add({"n": 2}, wait=True)
    assert json.loads((tmp_path / "log").read_text()) == {"n": 1}
