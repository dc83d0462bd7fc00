"""Bucket names and the mapping of keys to local paths."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.core import bucket_names
from tui.core.local_names import (
    PART_LIMIT_BYTES,
    PATH_LIMIT_BYTES,
    UnsafeName,
    local_name,
    local_path,
)

keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
tricky = st.text(st.sampled_from("a./%_~2E0\\:\x00\x1b\u202e"), min_size=1, max_size=12)
pieces = st.sampled_from(
    (
        *"./%_~:\\ aA",
        "..",
        "%2E",
        "%25",
        ".skydeck-",
        "x" * 200,
        "C:",
        "\u00e9",
        "e\u0301",
        "\U0001f600",
    )
)
woven = st.lists(pieces, min_size=1, max_size=8).map("".join)
HOSTILE = json.loads(Path(__file__).parents[1].joinpath("data/names/blns.json").read_text())


@pytest.mark.parametrize(
    "name",
    [
        "abc",
        "my-data",
        "a.b.c",
        "1bucket9",
        "a" * 63,
        "192.168.5",
        "log-2026.eu",
        "a-.b",
        "my-plan",
        "a-an.b",
    ],
)
def test_names_that_s3_takes_have_no_problem(name: str) -> None:
    assert bucket_names.problem(name) is None


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("", "name"),
        ("ab", "at least 3"),
        ("a" * 64, "at most 63"),
        ("My-data", "lower case"),
        ("my_data", "underscore"),
        ("my data", "space"),
        ("my/data", "a-z"),
        ("dätä", "a-z"),
        ("-data", "begin"),
        (".data", "begin"),
        ("data-", "end"),
        ("da..ta", "dots"),
        ("192.168.5.4", "IP"),
        ("xn--data", "xn--"),
        ("sthree-x", "sthree-"),
        ("amzn-s3-demo-x", "reserved"),
        ("data-s3alias", "-s3alias"),
        ("data--ol-s3", "--ol-s3"),
        ("data.mrap", ".mrap"),
        ("data--x-s3", "--x-s3"),
        ("data--table-s3", "--table-s3"),
        ("data-111122223333-us-west-2-an", "-an"),
        ("data-an", "account regional"),
        ("data\n", "a-z|space"),
        ("data\u0662", "a-z"),
    ],
)
def test_a_bad_name_is_told_what_is_wrong(name: str, word: str) -> None:
    said = bucket_names.problem(name)
    assert said is not None
    assert any(part in said for part in word.split("|"))


@pytest.mark.parametrize(
    ("key", "relative"),
    [
        ("a.csv", "a.csv"),
        ("raw/trips/a b.csv", "raw/trips/a b.csv"),
        ("../../etc/passwd", "%2E%2E/%2E%2E/etc/passwd"),
        ("/etc/passwd", "%_/etc/passwd"),
        ("a//b", "a/%_/b"),
        ("dir/", "dir/%_"),
        (".", "%2E"),
        ("C:\\x", "C%3A%5Cx"),
        ("a\x00b", "a%00b"),
        ("\u202egpj.exe", "%E2%80%AEgpj.exe"),
        ("100%", "100%"),
        ("%2E", "%252E"),
        ("é.txt", "é.txt"),
        ("a/.skydeck-1-2.part", "a/%2Eskydeck-1-2.part"),
        (".SkyDeck-x", "%2ESkyDeck-x"),
        (".skydeck", ".skydeck"),
        ("con/nul.txt", "con/nul.txt"),
        ("a. /b.", "a. /b."),
        ("x\u2066y\x85", "x%E2%81%A6y%C2%85"),
        ("\\\\server\\share", "%5C%5Cserver%5Cshare"),
        ("12:30/C:x", "12:30/C%3Ax"),
        ("_/%_", "_/%25_"),
    ],
)
def test_a_key_has_one_readable_local_path(key: str, relative: str) -> None:
    assert local_path(Path("/target"), key) == Path("/target") / relative


@given(keys | tricky | woven | st.sampled_from([one for one in HOSTILE if one]))
@settings(max_examples=400)
def test_no_key_escapes_the_folder(key: str) -> None:
    folder = Path("/target/folder")
    try:
        path = local_path(folder, key)
    except UnsafeName:
        return
    assert Path(os.path.normpath(path)) == path
    assert path.is_relative_to(folder)
    assert path != folder
    assert all(len(os.fsencode(part)) <= PART_LIMIT_BYTES for part in path.parts)
    assert not any(part.lower().startswith(".skydeck-") for part in path.parts)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\\\u202e]", str(path))
    assert path == folder / local_name(key)


@given(st.lists(keys | tricky | woven, min_size=2, max_size=40, unique=True))
@settings(max_examples=400)
def test_different_keys_never_share_a_path(several: list[str]) -> None:
    paths = [local_path(Path("/t"), key) for key in several]
    assert len(set(paths)) == len(paths)


def test_long_parts_are_shortened_and_stay_apart() -> None:
    one, two = (local_path(Path("/t"), "k" * 900 + end) for end in "ab")
    assert one != two
    assert len(one.name) <= PART_LIMIT_BYTES


def test_a_path_that_is_too_long_is_refused() -> None:
    with pytest.raises(UnsafeName, match="local file"):
        local_path(Path("/t"), "x/" * (PATH_LIMIT_BYTES // 2))


def test_an_empty_key_is_refused() -> None:
    with pytest.raises(UnsafeName):
        local_path(Path("/t"), "")


def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "out").symlink_to(tmp_path)
    with pytest.raises(UnsafeName, match="link"):
        local_path(folder, "out/file.txt")


def test_a_link_inside_the_folder_is_fine(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "alias").symlink_to(tmp_path / "real")
    assert local_path(tmp_path, "alias/x") == tmp_path / "alias" / "x"


def test_a_link_as_the_file_itself_that_leads_out_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    for name in ("out", "sub/out", "nowhere"):
        (folder / name).symlink_to(tmp_path / ("gone" if name == "nowhere" else "in2"))
        with pytest.raises(UnsafeName, match="link"):
            local_path(folder, name)
    (folder / "inside").symlink_to(folder / "real.txt")
    assert local_path(folder, "inside") == folder / "inside"
