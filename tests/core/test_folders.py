"""Folders by handle: whatever is done to names meanwhile, nothing is written outside the root."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tui.core import folders
from tui.core.folders import Tree
from tui.core.local_names import UnsafeName


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "root"
    made.mkdir()
    return made


def write(tree: Tree, path: Path, data: bytes = b"x") -> None:
    with tree.spot(path) as spot:
        handle = spot.open(".new", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        os.write(handle, data)
        os.close(handle)
        spot.replace(".new")
        spot.sync()


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_folders_are_made_and_files_written_into_them(tmp_path: Path) -> None:
    with Tree(tmp_path / "new" / "root") as tree:
        write(tree, tree.root / "a")
        write(tree, tree.root / "b" / "c" / "d")
        tree.make(tree.root / "e" / "f")
        tree.make(tree.root)
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert found == [
        *("new", "new/root", "new/root/a", "new/root/b", "new/root/b/c", "new/root/b/c/d"),
        *("new/root/e", "new/root/e/f"),
    ]


def test_the_root_may_be_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(root)
    with Tree(tmp_path / "alias") as tree:
        write(tree, tree.root / "sub" / "a")
    assert (root / "sub" / "a").is_file()


@pytest.mark.parametrize("target", ["real", "./real", "../root/real", "absolute", "deep/../real"])
def test_a_link_that_stays_inside_is_walked_along(root: Path, target: str) -> None:
    (root / "real").mkdir()
    (root / "deep").mkdir()
    (root / "alias").symlink_to(root / "real" if target == "absolute" else target)
    with Tree(root) as tree:
        write(tree, root / "alias" / "sub" / "x")
    assert (root / "real" / "sub" / "x").is_file()
    assert (root / "alias").is_symlink()


@pytest.mark.parametrize("target", ["..", "../other", "absolute", "sub/../../other"])
def test_a_link_that_leads_out_is_refused(root: Path, tmp_path: Path, target: str) -> None:
    (tmp_path / "other").mkdir()
    (root / "sub").mkdir()
    (root / "out").symlink_to(tmp_path / "other" if target == "absolute" else target)
    with Tree(root) as tree, pytest.raises(UnsafeName, match="leads out"):
        write(tree, root / "out" / "x")
    assert list((tmp_path / "other").iterdir()) == []


def test_links_in_a_circle_end(root: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    with Tree(root) as tree, pytest.raises(OSError, match="symbolic links"):
        write(tree, root / "a" / "x")


def test_a_file_in_the_way_is_told(root: Path) -> None:
    (root / "a").touch()
    with Tree(root) as tree, pytest.raises(NotADirectoryError):
        write(tree, root / "a" / "x")


def test_a_folder_that_was_swapped_for_a_link_is_not_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with Tree(root) as tree:
        write(tree, root / "sub" / "a")
        (root / "sub").rename(root / "old")
        (root / "sub").symlink_to(tmp_path / "other")
        with pytest.raises(UnsafeName):
            write(tree, root / "sub" / "b")
        with tree.spot(root / "old" / "c") as spot:  # swapped while it is in use
            (root / "old").rename(root / "older")
            (root / "old").symlink_to(tmp_path / "other")
            os.close(spot.open("c", os.O_WRONLY | os.O_CREAT))
    assert list((tmp_path / "other").iterdir()) == []
    assert (root / "older" / "c").is_file()


def test_a_folder_that_was_moved_away_is_made_anew(root: Path, tmp_path: Path) -> None:
    with Tree(root) as tree:
        write(tree, root / "sub" / "a")
        (root / "sub").rename(tmp_path / "away")
        write(tree, root / "sub" / "b")
        for path in (root / "sub").iterdir():
            path.unlink()
        (root / "sub").rmdir()
        write(tree, root / "sub" / "c")
    assert [path.name for path in (tmp_path / "away").iterdir()] == ["a"]
    assert [path.name for path in (root / "sub").iterdir()] == ["c"]


def test_a_file_that_is_a_link_is_replaced_and_not_written_through(
    root: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (root / "a").symlink_to(tmp_path / "secret")
    with Tree(root) as tree:
        with tree.spot(root / "a") as spot, pytest.raises(OSError, match="symbolic links"):
            spot.open("a", os.O_WRONLY | os.O_CREAT)
        write(tree, root / "a")
    assert (tmp_path / "secret").read_bytes() == b"secret"
    assert (root / "a").read_bytes() == b"x"
    assert not (root / "a").is_symlink()


def test_adding_replaces_nothing(root: Path) -> None:
    (root / "a").write_bytes(b"old")
    (root / "new").write_bytes(b"new")
    with Tree(root) as tree, tree.spot(root / "a") as spot:
        with pytest.raises(FileExistsError):
            spot.add("new")
        (root / "a").unlink()
        spot.add("new")
    assert (root / "a").read_bytes() == b"new"


def test_many_folders_are_not_all_kept_open(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MOST_IDLE", 5)
    before = open_files()
    with Tree(root) as tree:
        for number in range(3 * folders.MOST_IDLE):
            write(tree, root / f"{number}" / "sub" / "x")
            assert open_files() - before <= folders.MOST_IDLE + 2
        with tree.spot(root / "0" / "sub" / "y") as spot:
            for number in range(2 * folders.MOST_IDLE):
                write(tree, root / f"{number}" / "sub" / "z")
            assert spot.status("x") is not None  # what is in use stays open
    assert open_files() == before


def test_what_is_in_use_survives_the_close(root: Path) -> None:
    before, tree = open_files(), Tree(root)
    with tree.spot(root / "a" / "b") as spot:
        tree.close()
        os.close(spot.open("b", os.O_WRONLY | os.O_CREAT))
    assert (root / "a" / "b").is_file()
    assert open_files() == before


def test_threads_share_a_tree(root: Path) -> None:
    failures: list[BaseException] = []

    def work(lane: int) -> None:
        try:
            for number in range(60):
                path = root / f"{number % 50}" / f"{lane}"
                with tree.spot(path) as spot:
                    os.close(spot.open(spot.name, os.O_WRONLY | os.O_CREAT))
                    spot.sync()
        except BaseException as error:
            failures.append(error)

    with Tree(root) as tree:
        lanes = [threading.Thread(target=work, args=(lane,)) for lane in range(8)]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
    assert failures == []
    assert len([path for path in root.rglob("*") if path.is_file()]) == 8 * 50


class CountedLock:
    def __init__(self) -> None:
        self.taken, self._lock = 0, threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.taken += 1
        self._lock.release()


def test_who_waits_for_a_sync_shares_the_next_one(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sync that had begun already may have missed the newest name, so it doesn't count."""
    began, go, calls = threading.Event(), threading.Event(), []

    def fsync(handle: int) -> None:
        calls.append(handle)
        began.set()
        assert go.wait(10)

    monkeypatch.setattr(os, "fsync", fsync)
    with Tree(root) as tree, tree.spot(root / "a") as spot:
        spot._folder._lock = counted = CountedLock()  # type: ignore[assignment]
        first = threading.Thread(target=spot.sync)
        first.start()
        assert began.wait(10)
        others = [threading.Thread(target=spot.sync) for _ in range(5)]
        for one in others:
            one.start()
        while counted.taken < 7:  # one each, and one when the first began
            pass
        go.set()
        for one in (first, *others):
            one.join()
    assert len(calls) == 2


def test_nothing_is_written_outside_while_somebody_swaps_folders_for_links(
    root: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            try:
                (root / "sub").rename(root / "aside")
                (root / "sub").symlink_to(other)
                (root / "sub").unlink()
                (root / "aside").rename(root / "sub")
            except OSError:
                continue

    hostile = threading.Thread(target=swap)
    done = refused = 0
    with Tree(root) as tree:
        tree.make(root / "sub")
        hostile.start()
        try:
            for number in range(200):
                try:
                    write(tree, root / "sub" / f"{number}")
                    done += 1
                except (OSError, UnsafeName):
                    refused += 1
        finally:
            stop.set()
            hostile.join()
    assert list(other.iterdir()) == []
    assert done + refused == 200
    assert len([path for path in root.rglob("*") if path.is_file() and path.name != ".new"]) == done
