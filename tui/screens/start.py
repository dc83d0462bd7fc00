"""What is painted first: the chrome, and what is being waited for."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from tui.screens.base import BaseScreen
from tui.widgets.keys import bindings


class StartScreen(BaseScreen):
    """Stands in for the S3 pane until the connection stands (or says why it does not)."""

    CSS_PATH = None
    BINDINGS: ClassVar[list[BindingType]] = bindings("start")
    pane = "s3"
    room = "start"

    def connected(self) -> None:
        """Give way to the real pane."""
        if self.deck.current_mode == "start":
            self.deck.switch_mode("s3")
