from __future__ import annotations

import json
import os
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.aws.transfers.plan import plan_downloads, plan_upload, plan_uploads
from tui.aws.transfers.service import Transfers
from tui.core.errors import LocalError
from tui.core.jobs import Progress
from tui.core.records import S3Object


def objects(*keys: str, size: int = 1) -> list[S3Object]:
    return [S3Object(key, size, datetime(2026, 1, 1, tzinfo=UTC)) for key in keys]


def names(folder: Path, plan: Any) -> dict[str, str]:
    return {item.key: str(item.path.relative_to(folder)) for item in plan.items}


def test_paths_begin_after_the_prefixs_last_slash(tmp_path: Path) -> None:
    plan = plan_downloads(objects("raw/2026/a", "raw/2026/b/c"), tmp_path, "raw/20")
    assert names(tmp_path, plan) == {"raw/2026/a": "2026/a", "raw/2026/b/c": "2026/b/c"}
    assert plan.size_bytes == 2


def test_a_file_that_is_there_is_marked(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    plan = plan_downloads(objects("a", "b"), tmp_path)
    assert [item.key for item in plan.replaced] == ["a"]


def test_of_a_file_and_a_folder_of_one_name_the_file_is_left_out_and_named(tmp_path: Path) -> None:
    plan = plan_downloads(objects("a", "a/b", "c"), tmp_path)
    assert names(tmp_path, plan) == {"a/b": "a/b", "c": "c"}
    assert [(one.name, one.reason) for one in plan.skipped] == [
        ("a", "a folder of that name is needed")
    ]


def test_empty_folder_marks_become_folders(tmp_path: Path) -> None:
    plan = plan_downloads(objects("raw/", "raw/sub/", "raw/sub/deep/", size=0), tmp_path, "raw/")
    assert plan.items == ()
    assert plan.folders == (tmp_path, tmp_path / "sub", tmp_path / "sub" / "deep")


def test_what_stands_in_the_way_on_the_disk_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    plan = plan_downloads(objects("folder", "file/x", "ok"), tmp_path)
    assert names(tmp_path, plan) == {"ok": "ok"}
    assert [one.name for one in plan.skipped] == ["folder", "file/x"]


class FoldingDisk:
    """Makes the disk look as FAT (case) or macOS (case and forms) do when names are looked for."""

    def __init__(self, forms: bool) -> None:
        self.forms, self.real, self.asked = forms, os.path.lexists, 0

    def folded(self, name: str) -> str:
        return unicodedata.normalize("NFC", name).casefold() if self.forms else name.casefold()

    def lexists(self, path: Any) -> bool:
        self.asked += 1
        wanted = Path(path)
        if not wanted.parent.is_dir():
            return self.real(path)
        names = (self.folded(one.name) for one in wanted.parent.iterdir())
        return self.folded(wanted.name) in names


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(
    ("forms", "kept"),
    [(False, ["A.txt", "\u00e9", "e\u0301"]), (True, ["A.txt", "\u00e9"])],
)
def test_where_the_disk_folds_names_only_one_of_two_is_written(
    forms: bool, kept: list[str], there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os.path, "lexists", FoldingDisk(forms).lexists)
    folder = tmp_path if there else tmp_path / "new" / "deep"
    plan = plan_downloads(objects("A.txt", "a.txt", "\u00e9", "e\u0301"), folder)
    assert [item.key for item in plan.items] == kept
    assert plan.skipped[0].reason == "it would share a file with A.txt"
    assert list(tmp_path.iterdir()) == []  # no probe stays


def test_where_the_disk_keeps_names_apart_both_are_written(tmp_path: Path) -> None:
    plan = plan_downloads(objects("A.txt", "a.txt", "B/x", "b/x"), tmp_path)
    assert len(plan.items) == 4
    assert plan.skipped == ()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_and_a_file_whose_names_the_disk_folds_are_not_both_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os.path, "lexists", FoldingDisk(False).lexists)
    plan = plan_downloads(objects("RAW/x", "raw"), tmp_path)
    assert [item.key for item in plan.items] == ["RAW/x"]
    assert plan.skipped[0].reason == "a folder of that name is needed"


def test_the_disk_is_asked_only_where_names_are_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> int:
        raise AssertionError("a probe was written")

    monkeypatch.setattr(os, "open", refuse)
    assert len(plan_downloads(objects("A.txt", "b.txt"), tmp_path).items) == 2


def test_a_link_that_leads_out_of_the_target_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "out").symlink_to(tmp_path)
    plan = plan_downloads(objects("out/x"), tmp_path / "target")
    assert plan.items == ()
    assert len(plan.skipped) == 1


def test_two_keys_that_a_link_brings_to_one_file_are_not_both_written(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "alias").symlink_to("real")
    (tmp_path / "here").symlink_to(".")
    plan = plan_downloads(objects("real/x", "alias/x", "alias/y", "here/real/x", "alias"), tmp_path)
    assert [item.key for item in plan.items] == ["real/x", "alias/y"]
    assert {one.name: one.reason for one in plan.skipped} == {
        "alias/x": "it would share a file with real/x",
        "here/real/x": "it would share a file with real/x",
        "alias": "a folder of that name is needed",
    }


def test_a_key_that_was_chosen_twice_is_written_once(tmp_path: Path) -> None:
    plan = plan_downloads(objects("a") * 2, tmp_path)
    assert (len(plan.items), len(plan.skipped)) == (1, 1)


def test_only_plain_files_that_may_be_written_are_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    (tmp_path / "guarded").touch()
    (tmp_path / "free").touch()
    (tmp_path / "other").symlink_to("free")
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, *_: "guarded" not in path and real(path, *_))
    plan = plan_downloads(objects("pipe", "link", "guarded", "free", "other"), tmp_path)
    assert [(item.key, item.replaces) for item in plan.items] == [("free", True), ("other", True)]
    assert {one.name: one.reason for one in plan.skipped} == {
        "pipe": "what stands there is no plain file",
        "link": "a link to a folder stands there",
        "guarded": "the file there is read-only",
    }


def test_a_folder_that_cannot_be_made_is_left_out_and_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    plan = plan_downloads(objects("file/", "ok/", "file/sub/", size=0), tmp_path)
    assert plan.folders == (tmp_path / "ok",)
    assert [(one.name, one.reason) for one in plan.skipped] == [
        ("file/", "a file stands where its folder is needed"),
        ("file/sub/", "a file stands where its folder is needed"),
    ]


def test_a_file_as_the_target_folder_is_told_for_each(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    plan = plan_downloads(objects("a", "b/c"), tmp_path / "file")
    assert plan.items == ()
    assert {one.reason for one in plan.skipped} == {"a file stands where its folder is needed"}


def test_a_folder_of_many_is_read_once_and_one_that_is_not_there_never(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old").mkdir()
    for number in range(0, 400, 2):
        (tmp_path / "old" / f"{number}").touch()
    calls: list[str] = []

    def counted(name: str) -> Any:
        real = getattr(os, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            calls.append(name)
            return real(*args, **kwargs)

        return call

    for name in ("lstat", "stat", "scandir"):
        monkeypatch.setattr(os, name, counted(name))
    keys = [f"{folder}/{number}" for folder in ("old", "new") for number in range(400)]
    plan = plan_downloads(objects(*keys), tmp_path)
    assert [item.key for item in plan.replaced] == [f"old/{number}" for number in range(0, 400, 2)]
    assert calls.count("scandir") == 1
    assert len(calls) < 100


def test_names_that_end_in_dots_share_a_file_where_the_disk_drops_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.path.lexists
    monkeypatch.setattr(os.path, "lexists", lambda path: real(str(path).rstrip(".")))
    plan = plan_downloads(objects("a", "a.", "b."), tmp_path)
    assert [item.key for item in plan.items] == ["a", "b."]
    assert plan.skipped[0].reason == "it would share a file with a"


UNSAFE = (
    "../x",
    "/etc/passwd",
    "a/../../x",
    "..",
    ".",
    "//",
    "C:\\x",
    "a\x00b",
    "a/./b",
    "x" * 300,
)


@pytest.mark.parametrize("key", UNSAFE)
def test_no_key_leads_out_of_the_folder(key: str, tmp_path: Path) -> None:
    for item in plan_downloads(objects(key), tmp_path).items:
        assert os.path.realpath(item.path).startswith(f"{tmp_path}{os.sep}")


@given(st.lists(st.text(alphabet="aA./%\\:\x00é", max_size=6), unique=True, max_size=12))
def test_no_two_items_share_a_path_and_none_is_lost(keys: list[str]) -> None:
    folder = Path("/nowhere/at/all")
    plan = plan_downloads(objects(*keys), folder)
    paths = [item.path for item in plan.items]
    assert len(set(paths)) == len(paths)
    assert sorted([item.key for item in plan.items] + [one.name for one in plan.skipped]) == sorted(
        keys
    )
    for path in paths:
        assert not any(parent in paths for parent in path.parents)


async def test_hostile_keys_are_downloaded_inside_the_folder(
    transfers: Transfers, bucket: str, outside: Any, tmp_path: Path
) -> None:
    keys = [
        "x[/y].txt",
        "[@click=app.quit]x[/]",
        "a/../../b",
        "\u202egnp.exe",
        "esc\x1b[31m",
        "../up",
    ]
    for key in keys:
        outside.put_object(Bucket=bucket, Key=key, Body=key.encode())
    target = tmp_path / "in" / "target"
    report = await transfers.download_prefix(bucket, "", target, Progress())
    assert (report.files, report.failures, report.skipped) == (len(keys), (), ())
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(path.read_bytes().decode() for path in written) == sorted(keys)
    assert all(path.is_relative_to(target) for path in written)


def test_a_folders_files_are_planned_in_order(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b", "a", "sub/c"):
        (tmp_path / name).write_bytes(b"12")
    plan = plan_uploads(tmp_path, "raw")
    assert [(item.key, item.size_bytes) for item in plan.items] == [
        ("raw/a", 2),
        ("raw/b", 2),
        ("raw/sub/c", 2),
    ]
    assert plan.size_bytes == 6


def test_links_out_of_the_folder_and_what_is_no_file_are_named(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tmp_path / "secret").write_bytes(b"x")
    (tree / "a").write_bytes(b"1")
    (tree / "inside").symlink_to("a")
    (tree / "out").symlink_to("../secret")
    (tree / "loop").symlink_to(".")
    (tree / "nothing").symlink_to("nowhere")
    os.mkfifo(tree / "pipe")
    (tree / ".skydeck-1-2.part").touch()
    plan = plan_uploads(tree)
    assert [item.key for item in plan.items] == ["a", "inside"]
    assert {one.name: one.reason for one in plan.skipped} == {
        "loop": "it is a link to a folder",
        "nothing": "it is a link to nothing",
        "out": "it is a link that leads out of the folder",
        "pipe": "it is no plain file",
        ".skydeck-1-2.part": "it is half a download, of Skydeck's own",
    }


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="other systems refuse the name")
def test_names_that_s3_cannot_hold_are_named(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9")).touch()
    plan = plan_uploads(tmp_path, "p" * 1020 + "/")
    assert plan.items == ()
    assert plan.skipped[0].reason == "its name is not UTF-8"
    json.dumps(plan.skipped[0].name).encode()  # can be shown
    (tmp_path / "abcd").touch()
    reasons = {one.reason for one in plan_uploads(tmp_path, "p" * 1020 + "/").skipped}
    assert "its key would be over 1,024 bytes" in reasons


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="nope"):
        plan_uploads(tmp_path / "nope")
    (tmp_path / "file").touch()
    with pytest.raises(LocalError):
        plan_uploads(tmp_path / "file")


def test_a_single_file_is_planned_with_its_key(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"12")
    plan = plan_upload(tmp_path / "a.csv", "raw/")
    assert [(one.key, one.size_bytes, one.seen) for one in plan.items] == [("raw/a.csv", 2, None)]
    assert plan.target == "raw/a.csv"


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="other systems refuse the name")
def test_a_single_file_whose_name_s3_cannot_hold_is_named(tmp_path: Path) -> None:
    bad = tmp_path / os.fsdecode(b"caf\xe9")
    bad.touch()
    plan = plan_upload(bad, "raw/")
    assert plan.items == ()
    assert plan.skipped[0].reason == "its name is not UTF-8"
    json.dumps(plan.skipped[0].name).encode()
    (tmp_path / "abcd").touch()
    long = plan_upload(tmp_path / "abcd", "p" * 1020 + "/")
    assert long.skipped[0].reason == "its key would be over 1,024 bytes"


@pytest.mark.parametrize("name", ["gone", "x" * 300])
def test_a_single_file_that_cannot_be_looked_at_says_so(name: str, tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="read"):
        plan_upload(tmp_path / name)


def test_what_was_seen_is_part_of_the_plan(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).touch()
    plan = plan_uploads(tmp_path, "raw").with_seen({"raw/b": "tag", "raw/other": "x"})
    assert [(one.key, one.seen) for one in plan.items] == [("raw/a", ""), ("raw/b", "tag")]
    assert [one.key for one in plan.replaced] == ["raw/b"]
