"""The key map: one id a key, six hints a room, and users' wishes checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tui import keymap
from tui.core.errors import UserError
from tui.screens.launch import screen
from tui.screens.s3 import lines
from tui.widgets import chrome


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
    ("wish", "key", "complaint"),
    [
        ("s3.upload", "j", "already Down (table.down)"),
        ("table.down", "u", "already Upload (s3.upload)"),
        ("s3.upload", "crtl+x", "no key 'crtl+x'"),
        ("s3.upload", "nonsense", "no key 'nonsense'"),
        ("s3.upload", "W, ctrl+pageup, slash", "already Filter"),
        ("s3.upload", "W, ctrl+pageup, plus, minus", ""),
        ("table.open", "enter,ctrl+o", ""),
        ("settings.raw", "e", "already Edit (settings.edit)"),
        ("settings.raw", "J", ""),  # the app's keys do nothing while a dialog is open
        ("app.jobs", "u", "already Upload (s3.upload)"),
    ],
)
def test_a_wish_that_would_not_work_is_refused(wish: str, key: str, complaint: str) -> None:
    good, complaints = keymap.validated({wish: key})
    assert (wish in good) is not bool(complaint)
    assert complaint in " ".join(complaints)


def test_every_key_of_the_map_is_one_that_textual_has() -> None:
    names = {name for key in keymap.KEYS for name in key.key.split(",")}
    said = {name: str(keymap.validated({"app.jobs": name})[1]) for name in names}
    assert [name for name in names if "no key" in said[name]] == []


def test_the_users_own_key_is_the_one_that_is_shown() -> None:
    keymap.use({"s3.delete": "D"})
    try:
        assert [k.key for k in keymap.room_in_use("s3") if k.id == "s3.delete"] == ["D"]
    finally:
        keymap.use({})
    assert [k.key for k in keymap.room_in_use("s3") if k.id == "s3.delete"] == ["x"]


OTHER = "f9"


@pytest.fixture
def other_keys() -> Iterator[None]:
    """Every action of the map has the key F9."""
    keymap.use({key.id: OTHER for key in keymap.KEYS})
    yield
    keymap.use({})


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket", "Throttling"])
@pytest.mark.usefixtures("other_keys")
def test_a_hint_of_the_s3_pane_tells_the_users_own_key(code: str) -> None:
    error = UserError("Can't list", code=code)
    hints = [*lines.root_hints(), *lines.empty_hints(), *lines.failed_hints(error)]
    hints += lines.ways_after(error, at_root=False)
    assert {key for key, _ in hints} == {"F9"}


@pytest.mark.parametrize("pane", screen.PANES)
@pytest.mark.usefixtures("other_keys")
def test_a_hint_of_the_wizard_tells_the_users_own_key(pane: type[screen.StepPane]) -> None:
    hints = pane.hints(object.__new__(pane))
    of_forms = {"↑↓", "←→", "⇥"}
    assert {key for key, _ in hints} - of_forms <= {"F9", "F9F9", "F9-F9"}
    assert ("F9", "Back") in hints or ("F9", "Next") in hints


@pytest.mark.usefixtures("other_keys")
def test_the_chrome_tells_the_users_own_keys() -> None:
    keys = [text.strip() for _, text in chrome.tabs_line("s3")][::2]
    assert keys == ["F9"] * 5
    long, short = chrome.foot_right()
    assert [text for role, text in (*long, *short) if role == "bold cool"] == ["F9"] * 3
    assert chrome.hint("s3.delete") == ("F9", "Delete")
    assert chrome.hint("s3.delete", "delete it") == ("F9", "delete it")
    assert {key for key, _ in chrome.room_hints("ec2")} == {"F9"}


def test_a_verb_of_the_moment_is_told_by_id() -> None:
    assert ("s", "start") in chrome.room_hints("ec2", {"ec2.power": "start"})
    assert ("s", "Stop") in chrome.room_hints("ec2")


@pytest.mark.parametrize(
    ("key", "shown"),
    [("ctrl+p", "^p"), ("f6", "F6"), ("question_mark", "?"), ("q,ctrl+q", "q"), ("enter", "⏎")],
)
def test_keys_are_written_as_people_read_them(key: str, shown: str) -> None:
    assert keymap.shown(key) == shown
