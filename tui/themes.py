"""The palettes. Each colour has one meaning; see the names, not the hues.

ink/base/panel/raised: chrome, panes, side columns, drawers and dialogs. cursor/picked/line: the row
one is on, selected rows, rules. bright/text/muted/dim: where one is, data, labels, absent.
cool: you (focus, keys, selection, progress). warm: money being or to be spent. run, warn, danger,
spot: running or passed, changing or needs a look, failed or destroys, the spot market.
"""

from __future__ import annotations

from collections.abc import Mapping

SLATE: Mapping[str, str] = {
    "ink": "#0e131a", "base": "#131922", "panel": "#18202b", "raised": "#1e2835",
    "cursor": "#2a3a4d", "picked": "#182c38", "line": "#2b3746",
    "dim": "#73829a", "muted": "#a0aebd", "text": "#d5dde7", "bright": "#f3f6fa",
    "cool": "#6fc1e0", "shade": "#4f8ba2", "warm": "#f0a868",
    "run": "#86cf95", "warn": "#e8cb62", "danger": "#f27c78", "spot": "#b8a1f0",
}  # fmt: skip

CONTRAST: Mapping[str, str] = {
    "ink": "#000000", "base": "#000000", "panel": "#0c0c0c", "raised": "#161616",
    "cursor": "#1f3d66", "picked": "#0d2f3a", "line": "#7a7a7a",
    "dim": "#b8b8b8", "muted": "#dedede", "text": "#ffffff", "bright": "#ffffff",
    "cool": "#5fd7ff", "shade": "#5fd7ff", "warm": "#ffb454",
    "run": "#5fff87", "warn": "#ffff5f", "danger": "#ff8787", "spot": "#d7afff",
}  # fmt: skip

PAPER: Mapping[str, str] = {
    "ink": "#dfe4ea", "base": "#f6f8fa", "panel": "#eaeef2", "raised": "#e1e7ee",
    "cursor": "#c4d6ea", "picked": "#d6e9f0", "line": "#b9c3cf",
    "dim": "#66727f", "muted": "#4c5763", "text": "#24292f", "bright": "#0a0d11",
    "cool": "#0a6c94", "shade": "#4d97b5", "warm": "#a44f00",
    "run": "#1a6e33", "warn": "#7a5c00", "danger": "#b3261e", "spot": "#6639ba",
}  # fmt: skip

PALETTES: Mapping[str, Mapping[str, str]] = {
    "skydeck-slate": SLATE,
    "skydeck-contrast": CONTRAST,
    "skydeck-paper": PAPER,
}
DEFAULT = "skydeck-slate"


def variables(palette: Mapping[str, str]) -> dict[str, str]:
    """The palette as Textual CSS variables: `$sky-cool` and so on."""
    return {f"sky-{name}": colour for name, colour in palette.items()}
