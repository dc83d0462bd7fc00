"""The names that nobody should have, for the tests of what shows and stores them."""

from __future__ import annotations

import json
from pathlib import Path

NAUGHTY = Path(__file__).parents[1] / "data" / "names" / "blns.json"
KEY_LIMIT_BYTES = 1024

# The style guide's list, and what a terminal, a path or a markup parser may trip over.
OWN = (
    "x[/y]",
    "a[bold]b",
    "[@click=app.quit]x[/]",
    "[/]",
    "[link=https://example.com]x[/link]",
    "{{x}} $sky-cool ${HOME} %s %(x)s",
    "esc\x1b[31mred\x1b]0;title\x07",
    "\x1b[2J\x1b[H",
    "csi\x9b31mred",
    "abc\u202excod.exe",
    "iso\u2066late\u2069",
    "line\nbreak",
    "carriage\rreturn",
    "tab\there",
    "bell\x07",
    "delete\x7f",
    "separator\u2028and\u2029",
    "next\x85line",
    "%00nul%2e%2e%2f",
    "..",
    ".",
    "../../escaped",
    "..\\..\\escaped",
    "/etc/passwd",
    "C:\\windows",
    "ends in space ",
    "-rf",
    "zero\u200bwidth",
    "e\u0301",
    "\u00e9",
    "\u6f22" * 341,
    "\u00e9" * 512,
    "k" * 1024,
)


def names() -> list[str]:
    """Every string of 1 to 1,024 bytes in UTF-8, each once."""
    strings = json.loads(NAUGHTY.read_text(encoding="utf-8"))
    found = dict.fromkeys((*strings, *OWN))
    return [text for text in found if 0 < len(text.encode()) <= KEY_LIMIT_BYTES]
