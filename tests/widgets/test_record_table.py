"""RecordTable by keys: only what is seen is painted, and the cursor stays on its record."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from textual.app import App, ComposeResult

from tui import themes
from tui.widgets.record_table import Column, RecordTable
from tui.widgets.styles import style_path


@dataclass(frozen=True, slots=True)
class Row:
    key: str
    size: int = 0


painted: list[str] = []


def cells(row: Row) -> Any:
    painted.append(row.key)
    return (("text", row.key),), (("muted", str(row.size)),)


class TableApp(App[None]):
    CSS_PATH = style_path("base.tcss")

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.options = options
        self.messages: list[Any] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.variables(themes.SLATE)

    def compose(self) -> ComposeResult:
        columns = [Column("name"), Column("size", 6, "r", from_width=30)]
        yield RecordTable[Row](columns, cells, keyed=lambda row: row.key, **self.options)

    @property
    def table(self) -> RecordTable[Row]:
        return self.query_one(RecordTable)

    def on_record_table_moved(self, event: RecordTable.Moved) -> None:
        self.messages.append(event)

    def on_record_table_opened(self, event: RecordTable.Opened) -> None:
        self.messages.append(event)


def rows(count: int, start: int = 0) -> list[Row]:
    return [Row(f"k{n:07d}", n) for n in range(start, start + count)]


def text(app: App[Any]) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def test_a_million_rows_paint_only_what_is_seen() -> None:
    async with TableApp().run_test(size=(60, 20)) as pilot:
        app: Any = pilot.app
        app.table.focus()
        records = rows(1_000_000)
        painted.clear()
        app.table.show(records)
        await pilot.pause()
        assert len(set(painted)) < 60
        await pilot.press("G")
        await pilot.pause()
        assert app.table.record == records[-1]
        assert "k0999999" in text(app)
        assert len(set(painted)) < 120
        await pilot.press("g")
        await pilot.pause()
        assert "k0000000" in text(app)


async def test_pages_move_by_what_is_seen_and_stop_at_the_ends() -> None:
    async with TableApp().run_test(size=(60, 11)) as pilot:
        app: Any = pilot.app
        app.table.focus()
        app.table.show(rows(25))
        await pilot.pause()
        await pilot.press("pagedown")
        assert app.table.cursor == 10
        await pilot.press("pagedown", "pagedown", "pagedown")
        assert app.table.cursor == 24
        await pilot.press("j")
        assert app.table.cursor == 24
        await pilot.press("pageup", "k", "home", "up")
        assert app.table.cursor == 0


async def test_the_cursor_stays_on_its_record() -> None:
    async with TableApp().run_test(size=(60, 11)) as pilot:
        app: Any = pilot.app
        table = app.table
        table.show(rows(5))
        table.move_to(3)
        table.extend(rows(5, 5))
        assert table.record.key == "k0000003"
        table.insert(0, [Row("a"), Row("b")])
        assert table.record.key == "k0000003"
        table.show([Row("z"), *rows(10)])
        assert table.record.key == "k0000003"
        table.narrow(lambda row: row.size % 2 == 1)
        assert table.record.key == "k0000003"
        table.extend([Row("odd", 11), Row("even", 12)])
        assert "odd" in {row.key for row in table.view}
        assert "even" not in {row.key for row in table.view}
        table.insert(0, [Row("first", 13)])
        assert table.record.key == "k0000003"
        table.narrow(None)
        assert table.record.key == "k0000003"
        assert len(table.view) == len(table.records) == 14


async def test_selection_follows_keys_and_goes_with_its_records() -> None:
    async with TableApp().run_test(size=(60, 11)) as pilot:
        table: Any = pilot.app.table  # type: ignore[attr-defined]
        table.show(rows(4))
        table.toggle()
        table.toggle()
        assert [row.key for row in table.chosen] == ["k0000000", "k0000001"]
        table.show(rows(3, 1))
        assert [row.key for row in table.chosen] == ["k0000001"]
        table.select_all()
        assert len(table.chosen) == 3
        table.select_all()
        assert table.selected == set()
        assert table.chosen == [table.record]
        table.clear()
        assert table.chosen == []
        assert table.record is None


async def test_moved_and_opened_carry_the_record() -> None:
    async with TableApp().run_test(size=(60, 11)) as pilot:
        app: Any = pilot.app
        app.table.focus()
        app.table.show(rows(3))
        await pilot.pause()
        await pilot.press("down")
        await pilot.pause()
        assert app.messages[-1].record.key == "k0000001"
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.messages[-1], RecordTable.Opened)
        assert app.messages[-1].record.key == "k0000001"
        await pilot.click(RecordTable, offset=(3, 3))
        assert app.table.record.key == "k0000002"


@pytest.mark.parametrize("name", ["x[/y]", "[@click=app.quit]x[/]", "a\x1b[31mb", "a\u202eb\nc"])
async def test_a_hostile_name_is_one_literal_line(name: str) -> None:
    async with TableApp().run_test(size=(60, 5)) as pilot:
        app: Any = pilot.app
        app.table.show([Row(name), Row("next")])
        await pilot.pause()
        lines = text(app).split("\n")
        assert len(lines) == 5
        assert lines[2].strip().startswith("next")
        assert "\x1b" not in text(app)
        assert "\u202e" not in text(app)


async def test_a_wide_name_is_cut_in_its_column() -> None:
    async with TableApp().run_test(size=(40, 4)) as pilot:
        app: Any = pilot.app
        app.table.show([Row("漢字" * 40, 5)])
        await pilot.pause()
        line = text(app).split("\n")[1]
        assert "…" in line
        assert line.rstrip().endswith("5")


async def test_a_narrow_table_hides_columns_and_none_crashes() -> None:
    for size in ((28, 6), (3, 2), (1, 1)):
        async with TableApp().run_test(size=size) as pilot:
            app: Any = pilot.app
            app.table.show(rows(3))
            await pilot.pause()
            assert "size" not in text(app)


async def test_a_quiet_table_shows_its_cursor_only_with_the_focus() -> None:
    async with TableApp(quiet=True).run_test(size=(40, 6)) as pilot:
        app: Any = pilot.app
        app.table.show(rows(2))
        app.screen.set_focus(None)
        await pilot.pause()
        assert "▌" not in text(app)
        app.table.focus()
        await pilot.pause()
        assert "▌" in text(app)


async def test_the_arrow_stands_at_the_column_that_is_sorted_by() -> None:
    async with TableApp().run_test(size=(40, 6)) as pilot:
        app: Any = pilot.app
        app.table.sorted_by = ("size", True)
        app.table.show(rows(2))
        await pilot.pause()
        assert "↓ size" in text(app)
        app.table.show_head(False)
        await pilot.pause()
        assert "size" not in text(app)


async def test_every_naughty_string_paints_as_one_harmless_line() -> None:
    source = Path(__file__).parents[1] / "data" / "names" / "blns.json"
    strings = json.loads(source.read_text(encoding="utf-8"))
    async with TableApp().run_test(size=(80, 30)) as pilot:
        app: Any = pilot.app
        app.table.focus()
        app.table.show([Row(text) for text in strings])
        while app.table.cursor < len(strings) - 1:
            await pilot.pause()
            seen = text(app)
            assert len(seen.split("\n")) == 30
            assert not any(ord(char) < 0x20 and char != "\n" for char in seen)
            assert not any(0x7F <= ord(char) < 0xA0 for char in seen)
            assert not any(0x202A <= ord(char) <= 0x202E for char in seen)
            await pilot.press("pagedown")
        assert app.table.record.key == strings[-1]
