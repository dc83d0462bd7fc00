"""The style sheet that is parsed once."""

from __future__ import annotations

import pytest
from textual.css import parse as textual_parse
from textual.css import stylesheet as textual_stylesheet

from tui.widgets import stylesheet
from tui.widgets.stylesheet import KeptStylesheet

SHEETS = ("Static { color: $ink; }", "Label { padding: 1 $wide; }")


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sources that were really parsed, in order."""
    real, seen = textual_parse.parse, list[str]()

    def parse(scope: str, css: str, *args: object, **named: object) -> object:
        seen.append(css)
        return real(scope, css, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(textual_stylesheet, "parse", parse)
    monkeypatch.setattr(stylesheet, "_kept", {})
    return seen


def test_a_new_source_is_parsed_alone(parsed: list[str]) -> None:
    sheet = KeptStylesheet(variables={"ink": "red", "wide": "2"})
    sheet.add_source(SHEETS[0])
    sheet.reparse()
    sheet.add_source(SHEETS[1])
    sheet.reparse()
    assert parsed == list(SHEETS)
    assert len(sheet.rules) == 2


def test_other_variables_are_seen(parsed: list[str]) -> None:
    sheet = KeptStylesheet(variables={"ink": "red"})
    sheet.add_source(SHEETS[0])
    sheet.reparse()
    sheet.set_variables({"ink": "red"})
    sheet.reparse()
    assert len(parsed) == 1
    sheet.set_variables({"ink": "blue"})
    sheet.reparse()
    assert len(parsed) == 2
    assert "#0000FF" in sheet.css or "blue" in sheet.css


def test_another_app_of_the_process_parses_nothing_again(parsed: list[str]) -> None:
    for _ in range(2):
        sheet = KeptStylesheet(variables={"ink": "red", "wide": "2"})
        sheet.add_source(SHEETS[0])
        sheet.reparse()
    sheet.set_variables({"ink": "blue", "wide": "2"})
    sheet.reparse()
    sheet.set_variables({"ink": "red", "wide": "2"})
    sheet.reparse()
    assert parsed == [SHEETS[0]] * 2
    assert len(sheet.rules) == 1
