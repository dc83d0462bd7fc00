"""The key map: one id a key, six hints a room, and users' wishes checked."""

from __future__ import annotations

from collections import Counter

import pytest

from tui import keymap


def test_every_id_is_there_once_and_says_what_it_does() -> None:
    counted = Counter(key.id for key in keymap.KEYS)
    assert [name for name, times in counted.items() if times > 1] == []
    assert all(key.verb and key.tooltip and key.key and key.action for key in keymap.KEYS)
    assert {key.room for key in keymap.KEYS} <= set(keymap.ROOMS)


@pytest.mark.parametrize("room", keymap.ROOMS)
def test_a_room_has_six_hints_at_most_and_no_key_twice(room: str) -> None:
    keys = keymap.room(room)
    assert sum(key.hint for key in keys) <= 6
    parts = [part for key in keys for part in key.key.split(",")]
    assert [part for part, times in Counter(parts).items() if times > 1] == []


def test_no_action_rests_on_a_key_that_terminals_do_not_tell_apart() -> None:
    lost = {"ctrl+h", "ctrl+i", "ctrl+m", "ctrl+enter", "shift+enter"}
    assert [key.id for key in keymap.KEYS if set(key.key.split(",")) <= lost] == []


def test_wishes_are_taken_or_complained_about() -> None:
    good, complaints = keymap.validated(
        {"app.jobs": "f9", "app.nothing": "x", "app.help": "", "app.code": "1"}
    )
    assert good == {"app.jobs": "f9"}
    assert len(complaints) == 3
    assert any("no such action" in said for said in complaints)
    assert any("already" in said for said in complaints)


@pytest.mark.parametrize(
    ("key", "shown"),
    [("ctrl+p", "^p"), ("f6", "F6"), ("question_mark", "?"), ("q,ctrl+q", "q"), ("enter", "⏎")],
)
def test_keys_are_written_as_people_read_them(key: str, shown: str) -> None:
    assert keymap.shown(key) == shown
