"""Textual's style sheet, parsed once: opening a pane or a dialog must not parse all sheets anew.

`Stylesheet.reparse` starts from nothing, up to twice for each new screen: 60 to 120 ms in which the
event loop stands still. What was parsed with the same variables is kept here, for all apps of a
process: the tests start a thousand.
"""

from __future__ import annotations

from typing import Any

from textual.cache import LRUCache
from textual.css.stylesheet import Stylesheet

SOURCES = 512  # one for each kind of widget and each file; Textual's own cache of 64 is too small
THEMES = 8

_kept: dict[frozenset[tuple[str, str]], LRUCache[Any, Any]] = {}


def _parsed_with(variables: dict[str, str]) -> LRUCache[Any, Any]:
    """What was parsed with these variables so far."""
    theme = frozenset(variables.items())
    if theme not in _kept and len(_kept) >= THEMES:
        _kept.clear()
    return _kept.setdefault(theme, LRUCache(SOURCES))


class KeptStylesheet(Stylesheet):
    """Parses a source again only when a variable (the theme) has changed."""

    def __init__(self, *, variables: dict[str, str] | None = None) -> None:
        super().__init__(variables=variables)
        # Private names of Textual 8.2; tests/widgets/test_stylesheet.py pins what they do.
        self._parse_cache = _parsed_with(self._variables)

    def set_variables(self, variables: dict[str, str]) -> None:
        """Take variables; what was parsed with others does not count."""
        if variables != self._variables:
            self._parse_cache = LRUCache(1)  # it is cleared there
            super().set_variables(variables)
            self._parse_cache = _parsed_with(variables)

    def reparse(self) -> None:
        """Parse what is new."""
        self.parse()
