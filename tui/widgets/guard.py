"""A fault in a handler is told, and is not the app's end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from tui.core.errors import NotConnected

if TYPE_CHECKING:
    from collections.abc import Callable


class Guarded(MessagePump):
    """For screens and the app: Textual would end the app over any handler's exception.

    `_dispatch_message`, and a screen's `_invoke_and_clear_callbacks` for `call_after_refresh`, are
    private names of Textual 8.2; tests/app/test_faults.py pins what they do. An app without
    `tell_handler_fault` (a widget's test) fails as Textual would.
    """

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except NotConnected:
            return  # an answer that came while another region or profile is being opened
        except Exception as error:
            self._tell_of_fault(error)

    async def _invoke_and_clear_callbacks(self) -> None:
        try:
            await super()._invoke_and_clear_callbacks()  # type: ignore[misc]
        except NotConnected:
            return
        except Exception as error:
            self._tell_of_fault(error)

    def _tell_of_fault(self, error: Exception) -> None:
        """Tell the fault being handled; raise it where nobody listens."""
        tell: Callable[[Exception], bool] | None
        tell = getattr(self.app, "tell_handler_fault", None)
        if tell is None or not tell(error):
            raise error
