"""Where the style sheets are: in the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def style_path(name: str) -> Path:
    """The path of one style sheet, such as `screens/s3.tcss`."""
    packaged = _PACKAGE / "_styles" / name
    return packaged if packaged.exists() else _PACKAGE.parent / "styles" / name
