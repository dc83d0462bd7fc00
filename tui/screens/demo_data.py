"""Where the demo data set is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.screens.services import Services


def demo_folder(services: Services) -> Path:
    """Return where the demo data is: with the sandbox's own files, else with Skydeck's."""
    if services.sandbox is not None:
        return services.sandbox.info.folder / "demo"
    from tui.settings import state_folder

    return state_folder() / "demo"
