"""What the tests of bad input share."""

from __future__ import annotations

from tests.support import screen_text
from tui.app import SkydeckApp

SECRET = "wJalrXUtnFEMI-secret"


def sentence(app: SkydeckApp, *parts: str) -> None:
    """The pane says all these parts, what may help, and nothing of our insides."""
    shown = " ".join(screen_text(app).split())
    for part in (*parts, "What may help"):
        assert part in shown, shown
    for inside in ("Traceback", "Error", "botocore", "fault", SECRET):
        assert inside not in shown, shown
