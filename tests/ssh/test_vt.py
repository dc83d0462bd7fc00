"""The terminal's state: recordings of real programs, hostile input, and what the widget reads."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.core.errors import SshError
from tui.ssh.vt import CellStyle, CursorShape, ReplyLimit, Terminal

RECORDINGS = sorted(path.parent for path in Path(__file__).parent.glob("data/*/recording.bin"))

# Odd cases in which libghostty and the project that made the recordings differ.
KNOWN_DIFFERENT = {
    "decaln_reset",
    "deccolm_reset",
    "erase_in_line",
    "saved_cursor",
    "saved_cursor_alt",
    "selective_erasure",
    "vttest_cursor_movement_1",
    "vttest_insert",
}


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal(20, 4)
    yield made
    made.close()


def trimmed(rows: list[str]) -> list[str]:
    rows = [row.rstrip() for row in rows]
    while rows and not rows[-1]:
        rows.pop()
    return rows


def play(folder: Path) -> tuple[Terminal, list[str]]:
    expected: dict[str, Any] = json.loads((folder / "expected.json").read_text())
    terminal = Terminal(expected["columns"], expected["lines"])
    terminal.feed((folder / "recording.bin").read_bytes())
    return terminal, trimmed(expected["rows"])


def test_the_recordings_are_there() -> None:
    assert len(RECORDINGS) == 43


@pytest.mark.parametrize("folder", RECORDINGS, ids=lambda folder: folder.name)
def test_a_recording_ends_with_the_expected_screen(folder: Path) -> None:
    terminal, expected = play(folder)
    same = trimmed(terminal.screen_text()) == expected
    assert same is (folder.name not in KNOWN_DIFFERENT)
    styled = ["".join(text for text, _ in row) for row in terminal.rows_styled()]
    assert trimmed(styled) == trimmed(terminal.screen_text())


@pytest.mark.parametrize("folder", RECORDINGS, ids=lambda folder: folder.name)
def test_changed_rows_alone_keep_a_picture_right(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    terminal = Terminal(expected["columns"], expected["lines"])
    picture = dict(enumerate(terminal.rows_styled()))
    data = (folder / "recording.bin").read_bytes()
    for start in range(0, len(data), 997):
        terminal.feed(data[start : start + 997])
        picture |= terminal.dirty()
    assert [picture[row] for row in sorted(picture)] == terminal.rows_styled()


def test_random_bytes_are_harmless() -> None:
    source = random.Random(7)
    terminal = Terminal(80, 24)
    for _ in range(300):
        terminal.feed(source.randbytes(source.randrange(1, 3000)))
        terminal.dirty()
        assert len(terminal.screen_text()) == terminal.rows
    terminal.close()


def test_mutated_recordings_are_harmless() -> None:
    source = random.Random(11)
    streams = [(folder / "recording.bin").read_bytes()[:8000] for folder in RECORDINGS]
    terminal = Terminal(80, 24)
    for round_ in range(400):
        data = bytearray(source.choice(streams))
        for _ in range(source.randrange(1, 40)):
            data[source.randrange(len(data))] = source.randrange(256)
        terminal.feed(bytes(data))
        if round_ % 5 == 0:
            terminal.resize(source.randrange(0, 200), source.randrange(0, 60))
        terminal.dirty()
        terminal.scroll(source.randrange(-50, 50))
    terminal.close()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=200) | st.sampled_from([b"\x1b[", b"\x1b]0;", b"\x1bP"])))
def test_any_pieces_are_harmless(pieces: list[bytes]) -> None:
    terminal = Terminal(10, 3)
    for piece in pieces:
        terminal.feed(piece)
        terminal.rows_styled()
        assert terminal.modes is not None
        assert len(terminal.title) <= 256
    row, column = terminal.cursor
    assert 0 <= row < 3
    assert 0 <= column < 10
    terminal.close()


def test_a_sequence_cut_in_two_is_one_sequence(terminal: Terminal) -> None:
    for byte in "\x1b[2;3Hé日".encode():
        terminal.feed(bytes([byte]))
    assert terminal.screen_text()[1] == "  é日"
    assert terminal.cursor == (1, 5)


def test_runs_tell_text_and_look(terminal: Terminal) -> None:
    terminal.feed(b"ab\x1b[1;31mcd\x1b[0;4;48;2;1;2;3me\x1b[0;38;5;200;7mf\x1b[m")
    row = terminal.rows_styled()[0]
    assert row == [
        ("ab", CellStyle()),
        ("cd", CellStyle(fg=1, bold=True)),
        ("e", CellStyle(bg=(1, 2, 3), underline=True)),
        ("f", CellStyle(fg=200, reverse=True)),
        (" " * 14, CellStyle()),
    ]


def test_cells_erased_with_a_colour_keep_it(terminal: Terminal) -> None:
    terminal.feed(b"\x1b[44m\x1b[2J\x1b[48;2;9;8;7m\x1b[2;1H\x1b[K")
    rows = terminal.rows_styled()
    assert rows[0] == [(" " * 20, CellStyle(bg=4))]
    assert rows[1] == [(" " * 20, CellStyle(bg=(9, 8, 7)))]


def test_wide_and_combined_characters_keep_their_cells(terminal: Terminal) -> None:
    terminal.feed("a日e\u0301👩‍💻.".encode())
    text = "".join(text for text, _ in terminal.rows_styled()[0])
    assert text.startswith("a日e\u0301")
    assert "." in text


def test_a_pile_of_combining_marks_is_cut(terminal: Terminal) -> None:
    terminal.feed(b"a" + "\u0301".encode() * 5000 + b"b")
    assert len(terminal.screen_text()[0]) < 100


def test_a_second_look_sees_only_what_changed(terminal: Terminal) -> None:
    terminal.feed(b"one\r\ntwo")
    assert set(terminal.dirty()) == {0, 1, 2, 3}
    terminal.feed(b"!")
    assert set(terminal.dirty()) == {1}
    assert terminal.dirty() == {}


def test_reading_the_text_takes_no_change_from_the_painter(terminal: Terminal) -> None:
    terminal.dirty()
    terminal.feed(b"new")
    assert terminal.screen_text()[0] == "new"
    assert set(terminal.dirty()) == {0}


def test_history_scrolls_and_the_text_stays_the_live_screen(terminal: Terminal) -> None:
    terminal.feed(b"".join(b"line %d\r\n" % number for number in range(30)))
    assert terminal.scrollback_rows == 27
    terminal.scroll(-5)
    assert terminal.scroll_offset == 5
    assert terminal.rows_styled()[0][0][0].rstrip() == "line 22"
    assert terminal.screen_text()[0] == "line 27"
    assert terminal.scroll_offset == 5
    assert terminal.cursor_view is None
    terminal.scroll(-1000)
    assert terminal.rows_styled()[0][0][0].rstrip() == "line 0"
    terminal.scroll_to_live()
    assert terminal.scroll_offset == 0


def test_the_history_is_bounded() -> None:
    terminal = Terminal(80, 24, scrollback_bytes=2 * 1024 * 1024)
    terminal.feed(b"x" * 60 + b"\r\n" + b"y\r\n" * 100_000)
    assert 500 < terminal.scrollback_rows < 10_000
    terminal.close()


def test_modes_follow_the_program(terminal: Terminal) -> None:
    assert not terminal.modes.application_cursor
    terminal.feed(b"\x1b[?1h\x1b[?2004h\x1b[?1049h\x1b[?1002h\x1b[?1006h")
    modes = terminal.modes
    assert modes.application_cursor
    assert modes.bracketed_paste
    assert modes.alternate_screen
    assert modes.mouse_clicks
    assert modes.mouse_drags
    assert not modes.mouse_moves
    assert modes.mouse_sgr
    terminal.feed(b"\x1b[?1049l")
    assert not terminal.modes.alternate_screen


def test_the_cursor_has_shape_and_can_hide(terminal: Terminal) -> None:
    terminal.feed(b"ab\x1b[5 q")
    terminal.dirty()
    view = terminal.cursor_view
    assert view is not None
    assert (view.row, view.column, view.shape) == (0, 2, CursorShape.BAR)
    terminal.feed(b"\x1b[?25l")
    terminal.dirty()
    assert terminal.cursor_view is None


def test_a_resize_reflows(terminal: Terminal) -> None:
    terminal.feed(b"0123456789abcdefghij")
    terminal.resize(10, 4)
    assert terminal.screen_text()[:2] == ["0123456789", "abcdefghij"]
    assert len(terminal.rows_styled()) == 4
    terminal.resize(0, -3)
    assert (terminal.columns, terminal.rows) == (1, 1)


def test_questions_are_answered(terminal: Terminal) -> None:
    assert terminal.feed(b"\x1b[6n") == b"\x1b[1;1R"
    assert terminal.feed(b"\x1b[c").startswith(b"\x1b[?")


def test_a_program_learns_the_colours() -> None:
    terminal = Terminal(10, 2, foreground=(0xD5, 0xDD, 0xE7), background=(0x0E, 0x13, 0x1A))
    assert b"0e0e/1313/1a1a" in terminal.feed(b"\x1b]11;?\x07")
    terminal.close()


def test_a_flood_of_questions_makes_no_storm_of_answers() -> None:
    now = 0.0
    terminal = Terminal(80, 24, clock=lambda: now)
    answers = sum(len(terminal.feed(b"\x1b[6n\x1b[c" * 10_000)) for _ in range(20))
    assert 0 < answers <= ReplyLimit.BURST_BYTES
    now = 60.0
    assert terminal.feed(b"\x1b[6n") == b"\x1b[1;1R"
    terminal.close()


@pytest.mark.parametrize(
    "data",
    [
        b"\x1b]52;c;aGVsbG8=\x07",  # write the clipboard
        b"\x1b]52;c;?\x07",  # read it
        b"\x1b]0;rm -rf\r\x07\x1b[21t",  # report the title as if it were typed
        b"\x05",  # answerback
        b"\x1bP+q544e\x1b\\",
    ],
)
def test_dangerous_requests_get_no_answer(terminal: Terminal, data: bytes) -> None:
    assert terminal.feed(data) == b""


def test_no_image_reads_a_local_file(terminal: Terminal, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"x" * 12)
    import base64

    for medium in (b"f", b"t", b"s"):
        name = base64.b64encode(str(secret).encode())
        reply = terminal.feed(b"\x1b_Gi=1,a=T,s=2,v=2,f=24,t=" + medium + b";" + name + b"\x1b\\")
        assert b"OK" not in reply
    assert secret.exists()


def test_endless_strings_hold_no_memory(terminal: Terminal) -> None:
    import psutil

    process = psutil.Process()
    before = process.memory_info().rss
    piece = b"1" * (1 << 20)
    for start in (b"\x1b]0;", b"\x1bP", b"\x1b_G", b"\x1b]52;c;", b"\x1b[", b"\x1b]8;;"):
        terminal.feed(start)
        for _ in range(24):
            terminal.feed(piece)
        terminal.feed(b"\x18")
    assert process.memory_info().rss - before < 60e6


def test_a_title_is_cut(terminal: Terminal) -> None:
    terminal.feed(b"\x1b]0;" + b"t" * 900 + b"\x07")
    assert terminal.title == "t" * 256


def test_bells_are_counted(terminal: Terminal) -> None:
    terminal.feed(b"\x07\x07")
    assert terminal.bells == 2


def test_a_system_without_the_library_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "tui.ssh.ghostty_core", raising=False)
    monkeypatch.setitem(sys.modules, "pyghostty", None)  # an import of it fails
    with pytest.raises(SshError, match="terminal library") as caught:
        Terminal(80, 24)
    assert caught.value.hint
