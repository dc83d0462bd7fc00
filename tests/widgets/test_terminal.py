"""The terminal widget in an app: what it paints, who gets the keys, and real programs in it."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import psutil
import pytest
from textual.geometry import Region
from textual.pilot import Pilot

from tests.support import until
from tests.widgets.terminal_app import TerminalApp
from tui.core.errors import SshError
from tui.widgets.terminal import TerminalView

SIZE = (60, 20)


def shown(app: TerminalApp) -> str:
    """What Textual composed, from the screen's own renderer: padding, cache and all."""
    view = app.view
    lines = app.screen._compositor.render_strips()
    region: Region = view.content_region
    return "\n".join(
        strip.crop(region.x, region.right).text.rstrip()
        for strip in lines[region.y : region.bottom]
    )


async def ready(pilot: Pilot[Any]) -> TerminalView:
    app = pilot.app
    assert isinstance(app, TerminalApp)
    await until(pilot, lambda: app.view.terminal is not None)
    return app.view


@pytest.fixture
def sent() -> list[bytes]:
    return []


@pytest.mark.parametrize("error", [SshError("Can't open a terminal", "none"), OSError("abi")])
async def test_a_library_that_does_not_work_is_a_message_and_no_crash(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise error

    monkeypatch.setattr("tui.widgets.terminal._warm_up", broken)
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.view.failure is not None)
        assert str(app.view.failure).startswith("Can't open a terminal")
        app.view.feed(b"output that comes all the same")
        await pilot.resize_terminal(40, 10)
        await pilot.press("a")
        assert app.view.terminal is None


async def test_output_appears_and_only_changed_rows_are_painted(sent: list[bytes]) -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await ready(pilot)
        view.attach(sent.append)
        view.feed("one\r\n日本 two\r\n\x1b[31mred\x1b[m".encode())
        await until(pilot, lambda: "red" in shown(app))
        assert shown(app).splitlines()[:3] == ["one", "日本 two", "red"]
        regions: list[Region] = []
        original = view.refresh

        def note(*dirty: Region, **options: Any) -> Any:
            regions.extend(dirty)
            return original(*dirty, **options)

        view.refresh = note  # type: ignore[method-assign]
        view.feed(b"\x1b[2;1HTWO    ")
        await until(pilot, lambda: "TWO" in shown(app))
        assert {region.y for region in regions} <= {1, 2}


async def test_colours_come_from_the_theme(sent: list[bytes]) -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await ready(pilot)
        view.feed(b"\x1b[31mR\x1b[38;5;196mI\x1b[38;2;1;2;3mT\x1b[0;7mV\x1b[m")
        await until(pilot, lambda: "RITV" in shown(app))
        segments = {segment.text: segment.style for segment in view.render_line(0)}
        colors = {text: style.color.get_truecolor().hex for text, style in segments.items()
                  if style and style.color}  # fmt: skip
        assert (colors["R"], colors["I"], colors["T"]) == ("#f27c78", "#ff0000", "#010203")
        assert segments["V"] is not None
        assert segments["V"].reverse


async def test_every_key_is_the_remotes_while_focused(sent: list[bytes]) -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await ready(pilot)
        view.attach(sent.append)
        for key in ("1", "q", "f1", "ctrl+q", "ctrl+p", "ctrl+c", "tab", "escape", "shift+tab"):
            await pilot.press(key)
        assert b"".join(sent) == b"1q\x1bOP\x11\x10\x03\t\x1b\x1b[Z"
        assert app.notes == []
        assert view.has_focus


async def test_the_leave_key_leaves_and_twice_sends_one(sent: list[bytes]) -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await ready(pilot)
        view.attach(sent.append)
        await pilot.press("ctrl+right_square_bracket", "ctrl+right_square_bracket")
        await pilot.pause(0.4)
        assert sent == [b"\x1d"]
        assert view.has_focus
        await pilot.press("ctrl+right_square_bracket")
        await until(pilot, lambda: not view.has_focus)
        assert any(isinstance(message, TerminalView.Left) for message in app.messages)
        await pilot.press("1", "f1")
        assert app.notes == ["1", "f1"]
        assert sent == [b"\x1d"]


async def test_priority_bindings_work_in_other_widgets() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        app.query_one("#outside").focus()
        await pilot.press("f1")
        assert app.notes == ["f1"]


async def test_arrows_and_pastes_follow_the_programs_modes(sent: list[bytes]) -> None:
    from textual import events

    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await ready(pilot)
        view.attach(sent.append)
        view.feed(b"\x1b[?1h\x1b[?2004h")
        await until(pilot, lambda: view.modes.bracketed_paste)
        await pilot.press("up")
        app.post_message(events.Paste("a\nb\x1b[201~"))
        await until(pilot, lambda: len(sent) == 2)
        assert sent == [b"\x1bOA", b"\x1b[200~a\rb[201~\x1b[201~"]


async def test_scrolling_back_and_typing_returns(sent: list[bytes]) -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await ready(pilot)
        view.attach(sent.append)
        view.feed(b"".join(b"line %d\r\n" % n for n in range(100)))
        await until(pilot, lambda: "line 99" in shown(app))
        await pilot.press("shift+pageup")
        await until(pilot, lambda: "line 75" in shown(app))
        assert sent == []
        await pilot.press("x")
        await until(pilot, lambda: "line 99" in shown(app))
        assert sent == [b"x"]


async def test_questions_are_answered_to_the_remote(sent: list[bytes]) -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await ready(pilot)
        view.attach(sent.append)
        view.feed(b"\x1b[6n")
        await until(pilot, lambda: bool(sent))
        assert sent == [b"\x1b[1;1R"]


async def test_a_hostile_title_arrives_visible() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await ready(pilot)
        view.feed("\x1b]0;evil\u202egnp[bold]\x07".encode())
        titles = app.messages
        await until(pilot, lambda: any(isinstance(m, TerminalView.TitleChanged) for m in titles))
        title = [m.title for m in titles if isinstance(m, TerminalView.TitleChanged)][-1]
        assert title == "evil⟨RLO⟩gnp[bold]"


async def test_bidi_controls_do_not_reach_the_screen() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await ready(pilot)
        view.feed("a\u202eb\u2066c end".encode())
        await until(pilot, lambda: "end" in shown(app))
        assert "\u202e" not in shown(app)
        assert "\u2066" not in shown(app)


async def test_output_before_the_first_layout_waits() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        app.view.feed(b"early")
        await until(pilot, lambda: "early" in shown(app))


async def test_a_resize_is_told(sent: list[bytes]) -> None:
    sizes: list[tuple[int, int]] = []
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await ready(pilot)
        view.attach(sent.append, lambda columns, rows: sizes.append((columns, rows)))
        await pilot.resize_terminal(40, 12)
        await until(pilot, lambda: bool(sizes))
        assert sizes[-1] == (view.size.width, view.size.height) == (view.columns, view.rows)
        await pilot.resize_terminal(3, 2)
        await pilot.resize_terminal(200, 60)
        await until(pilot, lambda: view.columns == view.size.width)


async def test_a_flood_is_held_back_and_the_loop_lives(
    sent: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.widgets.terminal_feed.SLICE_SECONDS", 0.0005)  # a few pieces
    flow: list[bool] = []
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await ready(pilot)
        view.attach(sent.append, None, flow.append)
        for _ in range(40):
            view.feed(b"flood \x1b[32mcolour\x1b[m\r\n" * 4000)
        assert flow == [False]
        waiting = view._feed.pending_bytes
        turns = 0
        while flow != [False, True]:
            await asyncio.sleep(0)
            turns += view._feed.pending_bytes < waiting
            waiting = view._feed.pending_bytes
        assert turns > 5  # the loop had its turn between the slices
        assert view._feed.pending_bytes < 1_000_000


async def test_a_new_session_finds_no_modes_of_the_old_one(sent: list[bytes]) -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await ready(pilot)
        view.attach(sent.append)
        view.feed(b"shell\r\n\x1b[?1049h\x1b[?1002h\x1b[?1h\x1b[?25lvim")
        await until(pilot, lambda: view.modes.alternate_screen)
        view.detach()
        await pilot.press("x")
        assert sent == []
        view.attach(sent.append)
        await until(pilot, lambda: not view.modes.alternate_screen)
        assert not view.modes.mouse_clicks
        assert not view.modes.application_cursor
        assert "shell" in shown(app)


# --- real programs on a local pty


@pytest.mark.skipif(shutil.which("vim") is None, reason="vim is not installed")
async def test_vim_edits_a_file(tmp_path: Path) -> None:
    file = tmp_path / "note.txt"
    app = TerminalApp(["vim", "-u", "NONE", "-N", str(file)])
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await until(pilot, lambda: "note.txt" in shown(app))
        await pilot.press("i", *"hello", "space", *"world", "enter", *"zwei", "escape")
        await until(pilot, lambda: "zwei" in shown(app))
        assert app.view.modes.alternate_screen
        await pilot.press("up", "0", "d", "w", "colon", "w", "enter")
        await until(pilot, lambda: file.exists() and file.read_text() == "world\nzwei\n")
        await pilot.resize_terminal(90, 30)
        await until(pilot, lambda: shown(app).splitlines()[0].startswith("world"))
        await pilot.press("colon", "q", "enter")
        await until(pilot, lambda: not app.view.modes.alternate_screen)


@pytest.mark.skipif(shutil.which("htop") is None, reason="htop is not installed")
async def test_htop_shows_and_takes_function_keys() -> None:
    app = TerminalApp(["htop"])
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await until(pilot, lambda: "F10" in shown(app))
        await pilot.press("f1")
        await until(pilot, lambda: "Released under the GNU" in shown(app))
        assert app.notes == []
        await pilot.press("q", "f10")
        await until(pilot, lambda: not app.view.modes.alternate_screen)


def children(app: TerminalApp) -> list[str]:
    assert app.program is not None
    return [child.name() for child in psutil.Process(app.program.pid).children()]


async def test_a_shell_sees_the_interrupt_and_the_new_size() -> None:
    app = TerminalApp(["sh"])
    async with app.run_test(size=SIZE) as pilot:
        view = await ready(pilot)
        await until(pilot, lambda: shown(app).strip() != "")
        await pilot.press(*"sleep", "space", *"60", "enter")
        # Between fork and exec a shell loses an interrupt, so wait for the program itself.
        await until(pilot, lambda: "sleep" in children(app))
        await pilot.press("ctrl+c", *"stty", "space", *"size", "enter")
        await until(pilot, lambda: f"{view.rows} {view.columns}" in shown(app))
