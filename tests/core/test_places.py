"""Bookmarks and recent places: kept per account, in a file that may be anything."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tui.core.errors import LocalError
from tui.core.places import RECENT_AT_MOST, Place, PlaceFile, Places

AT = datetime(2026, 3, 1, 9, 41, tzinfo=UTC)
HOSTILE = ("[@click=app.quit]x[/]/", "a\x1b[31m/\u202e/", "ends in space /", "\udcff/", "é\n/")


def a_file(folder: Path, account: str = "000000000000") -> PlaceFile:
    return PlaceFile(folder / "skydeck" / "places.json", account)


def test_hostile_prefixes_come_back_byte_by_byte(tmp_path: Path) -> None:
    for prefix in HOSTILE:
        a_file(tmp_path).mark(Place("acme", prefix, AT))
    assert [place.prefix for place in a_file(tmp_path).load().bookmarks] == list(HOSTILE)
    assert a_file(tmp_path).load().bookmarks[0].at == AT


def test_each_account_has_its_own(tmp_path: Path) -> None:
    a_file(tmp_path, "111111111111").mark(Place("one", "", AT))
    a_file(tmp_path, "222222222222").visit(Place("two", "", AT))
    assert a_file(tmp_path, "111111111111").load() == Places((Place("one", "", AT),), ())
    assert a_file(tmp_path, "222222222222").load() == Places((), (Place("two", "", AT),))


def test_the_newest_recent_place_is_first_and_each_is_there_once() -> None:
    places = Places()
    for number in [*range(RECENT_AT_MOST + 5), 10]:
        places = places.visited(Place("b", f"{number}/", AT))
    assert len(places.recent) == RECENT_AT_MOST
    assert [place.prefix for place in places.recent[:2]] == ["10/", f"{RECENT_AT_MOST + 4}/"]
    assert sum(place.prefix == "10/" for place in places.recent) == 1


def test_marks_and_visits_are_dropped_apart(tmp_path: Path) -> None:
    file, place = a_file(tmp_path), Place("b", "x/", AT)
    file.mark(place)
    file.visit(place)
    assert file.forget(place.key).bookmarks == (place,)
    assert file.unmark(place.key) == Places() == file.load()


def test_two_skydecks_do_not_undo_each_other(tmp_path: Path) -> None:
    mine, theirs = a_file(tmp_path), a_file(tmp_path)
    assert mine.load() == theirs.load() == Places()
    mine.mark(Place("mine", "", AT))
    kept = theirs.mark(Place("theirs", "", AT))
    assert [place.bucket for place in kept.bookmarks] == ["mine", "theirs"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"version": 2}', '{"version": 1, "accounts": []}', "[" * 9000]
)
def test_a_broken_file_is_put_aside_and_never_in_the_way(tmp_path: Path, text: str) -> None:
    file = a_file(tmp_path)
    file.path.parent.mkdir()
    file.path.write_text(text)
    assert file.load() == Places()
    file.mark(Place("b", "", AT))
    assert len(file.load().bookmarks) == 1
    assert file.path.with_name("places.json.broken").read_text() == text


def test_entries_that_make_no_sense_are_left_out(tmp_path: Path) -> None:
    file = a_file(tmp_path)
    file.path.parent.mkdir()
    entries = [["b", "x/", "yesterday"], ["b", "x/", ""], [1, "", ""], ["", "", ""], "b", ["b"]]
    accounts = {"000000000000": {"bookmarks": entries, "recent": {"b": 1}}}
    file.path.write_text(json.dumps({"version": 1, "accounts": accounts}))
    assert file.load() == Places((Place("b", "x/", None),), ())


def test_the_file_is_the_owners_alone(tmp_path: Path) -> None:
    file = a_file(tmp_path)
    file.mark(Place("b", "", AT))
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.path.parent.iterdir()] == ["places.json"]


def test_what_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "skydeck").write_text("a file where the folder should be")
    with pytest.raises(LocalError, match=r"Can't write places\.json"):
        a_file(tmp_path).mark(Place("b", "", AT))
