"""Whether a key pair's file is here: one answer for every pane."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from tui.aws.ec2.keys import find_key, key_file
from tui.screens.ec2.around import Surroundings
from tui.screens.launch.facts import _keys_on_disk


def test_a_key_is_found_by_its_pair_with_and_without_pem(tmp_path: Path) -> None:
    (tmp_path / "a.pem").touch()
    (tmp_path / "b").touch()
    assert find_key(tmp_path, "a") == tmp_path / "a.pem"
    assert find_key(tmp_path, "b") == tmp_path / "b"
    assert find_key(tmp_path, "c") is None


@pytest.mark.parametrize("name", ["", "..", ".", "../outside", "/etc/passwd", "x/../../outside"])
def test_a_hostile_key_name_finds_nothing(name: str, tmp_path: Path) -> None:
    (tmp_path / "outside.pem").touch()
    folder = tmp_path / "keys"
    (folder / "x").mkdir(parents=True)
    assert find_key(folder, name) is None


@pytest.mark.parametrize("name", ["x" * 255, "a\0b", "x" * 5000])
def test_a_key_name_that_no_file_can_have_finds_nothing(name: str, tmp_path: Path) -> None:
    assert find_key(tmp_path, name) is None


def test_a_keys_folder_of_nobody_has_no_keys() -> None:
    assert find_key(Path("~nosuchuser/keys"), "a") is None


def test_every_pane_finds_the_same_keys(tmp_path: Path) -> None:
    (tmp_path / "a.pem").touch()
    (tmp_path / "b").touch()
    key_file(tmp_path, "team/dev").touch()
    names = ["a", "b", "team/dev", "gone"]
    found = {name: find_key(tmp_path, name) is not None for name in names}
    assert found == {"a": True, "b": True, "team/dev": True, "gone": False}
    assert Surroundings(cast(Any, None), tmp_path)._look(set(names)) == found
    assert _keys_on_disk(tmp_path, names)[0] == {name for name in names if found[name]}


def test_a_keys_folder_of_nobody_has_no_files_either() -> None:
    folder = Path("~nosuchuser/keys")
    assert Surroundings(cast(Any, None), folder)._look({"a"}) == {"a": False}
    assert _keys_on_disk(folder, ["a"]) == (frozenset(), frozenset())
