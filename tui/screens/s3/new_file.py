"""A new file of this machine, judged as its path is typed."""

from __future__ import annotations

from tui.core.paths import expanded, is_folder, nobodys, why
from tui.widgets.ask_path import Verdict


def look(text: str) -> Verdict:
    """Whether a new file can be made there. Blocks."""
    if not text.strip() or nobodys(text):
        return Verdict(problem="type the path of a new file")
    path = expanded(text)
    try:
        if path.exists() or path.is_symlink():
            return Verdict(problem="something is there already")
    except (OSError, ValueError) as error:
        return Verdict(problem=why(error))
    if not is_folder(path.parent):
        return Verdict(problem=f"there is no folder {path.parent}")
    return Verdict(told="it will be made")
