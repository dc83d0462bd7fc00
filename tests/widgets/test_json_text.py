"""JSON in colours, in lines and in the text area; and what changed between two texts."""

from __future__ import annotations

from textual.app import App, ComposeResult

from tui.widgets.json_text import JsonArea, diff_lines, json_line

LINE = '  "é": ["a\\"b", -1.5, true], x'


def test_a_lines_spans_are_the_line_and_name_what_is_what() -> None:
    spans = json_line(LINE)
    assert "".join(text for _, text in spans) == LINE
    assert ("cool", '"é"') in spans
    assert ("run", '"a\\"b"') in spans
    assert ("warm", "-1.5") in spans
    assert ("spot", "true") in spans


def test_a_diff_shows_what_goes_and_what_comes() -> None:
    rows = ["".join(text for _, text in row) for row in diff_lines("a\nb\n", "a\nc\n")]
    assert rows == ["@@ -1,2 +1,2 @@", " a", "-b", "+c"]
    assert diff_lines("a", "a") == []


class AreaApp(App[None]):
    def compose(self) -> ComposeResult:
        yield JsonArea(LINE)


async def test_textual_still_asks_for_highlights_after_every_edit() -> None:
    # `_build_highlight_map` and `_highlights` are private names of Textual 8.2.
    app = AreaApp()
    async with app.run_test() as pilot:
        area = app.query_one(JsonArea)
        assert (2, 6, "key") in area._highlights[0]  # é has two bytes
        area.insert("\n12", area.document.end)
        await pilot.pause()
        assert area._highlights[1] == [(0, 2, "number")]
