"""The preview's widgets by what they paint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.app import App, ComposeResult

from tui import themes
from tui.widgets.ask_path import completions
from tui.widgets.preview import Preview, PreviewBody
from tui.widgets.preview_document import parsed
from tui.widgets.styles import style_path


class PreviewApp(App[None]):
    CSS_PATH = [style_path("base.tcss"), style_path("widgets/preview.tcss")]  # noqa: RUF012

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.variables(themes.SLATE)

    def compose(self) -> ComposeResult:
        yield Preview()


def lines(app: App[Any]) -> list[str]:
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


async def shown(pilot: Any, key: str, data: bytes, size: int = 0) -> list[str]:
    pilot.app.query_one(Preview).show_body(parsed(key, data, size or len(data)))
    await pilot.pause()
    await pilot.pause()
    return lines(pilot.app)


async def test_a_table_has_names_types_and_rows_with_numbers_at_the_right() -> None:
    async with PreviewApp().run_test(size=(40, 20)) as pilot:
        told = await shown(pilot, "x.csv", b"zone,km\nHarlem,2.41\nJFK,27.36\n,1.00\n")
        text = "\n".join(told)
        assert "zone       km" in text
        assert "str       f64" in text
        assert "Harlem   2.41" in text
        assert "JFK     27.36" in text
        assert "null     1.00" in text
        assert "rows 1–3 of 3" in text


async def test_columns_that_do_not_fit_come_with_the_right_key() -> None:
    async with PreviewApp().run_test(size=(40, 20)) as pilot:
        head = ",".join(f"column_{n}" for n in range(9))
        row = ",".join(str(n) * 9 for n in range(9))
        text = "\n".join(await shown(pilot, "x.csv", f"{head}\n{row}\n".encode()))
        assert "columns 1–3 of 9" in text
        assert "column_3" not in text
        pilot.app.query_one(PreviewBody).focus()
        await pilot.press("right")
        await pilot.pause()
        text = "\n".join(lines(pilot.app))
        assert "column_3" in text
        assert "column_0" not in text


async def test_the_names_stay_while_the_rows_scroll() -> None:
    async with PreviewApp().run_test(size=(40, 14)) as pilot:
        data = b"n\n" + b"".join(b"%d\n" % n for n in range(200))
        await shown(pilot, "x.csv", data)
        body = pilot.app.query_one(PreviewBody)
        body.scroll_to(y=body.max_scroll_y, animate=False)
        await pilot.pause()
        text = "\n".join(lines(pilot.app))
        assert "199" in text
        assert "i64" in text


@pytest.mark.parametrize(
    "data",
    [
        b"[@click=app.quit]x[/],[/]\n\x1b]0;t\x07,\xe2\x80\xae\n",
        "漢字,b\n漢字漢字漢字漢字漢字漢字漢字漢字,2\n".encode(),
    ],
)
async def test_hostile_cells_are_literal_and_keep_the_lines_whole(data: bytes) -> None:
    async with PreviewApp().run_test(size=(40, 12)) as pilot:
        for key in ("x.csv", "x.txt"):
            told = await shown(pilot, key, data)
            assert len(told) == 12
            assert "\x1b" not in "".join(told)
            assert "\u202e" not in "".join(told)
            assert any(line.startswith(("[@click", "漢字")) for line in told)


async def test_text_and_bytes_and_nothing() -> None:
    async with PreviewApp().run_test(size=(40, 12)) as pilot:
        assert "hello" in await shown(pilot, "x.txt", b"hello\nworld\n")
        told = await shown(pilot, "x", b"AB\x00\xff")
        assert any(line.endswith("AB··") and "41 42 00 ff" in line for line in told)
        pilot.app.query_one(Preview).show_title("Preview", "next")
        await pilot.pause()
        assert not any("41 42" in line for line in lines(pilot.app))


async def test_no_size_breaks_it() -> None:
    for size in ((1, 1), (5, 3), (200, 60)):
        async with PreviewApp().run_test(size=size) as pilot:
            for key in ("x.csv", "x.txt", "x"):
                await shown(pilot, key, b"a,b\n1,2\n\x00" if key == "x" else b"a,b\n1,2\n")


def test_paths_complete_folders_first_and_keep_what_was_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trips").mkdir()
    (tmp_path / "table.csv").touch()
    (tmp_path / ".hidden").touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert completions("~/t") == ["~/trips/", "~/table.csv"]
    assert completions("~/t", folders_only=True) == ["~/trips/"]
    assert completions(f"{tmp_path}/.h") == [f"{tmp_path}/.hidden"]
    assert completions("~") == ["~/"]
    assert completions("/nowhere/at/all/x") == []
