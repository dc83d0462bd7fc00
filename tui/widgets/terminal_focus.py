"""Keys for a focused terminal before the app's priority bindings.

Textual looks at priority bindings (ctrl+q, ctrl+p, ctrl+c, F1...) before the focused widget. An app
with terminals puts this mixin before `App` in its bases; nothing else is needed, as the widget
itself stops every key that reaches it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.app import App

    _Base = App[Any]
else:
    _Base = object


class KeysToTerminal(_Base):
    """Mixin for the app: no priority binding runs while a terminal has the focus."""

    async def _check_bindings(self, key: str, priority: bool = False) -> bool:
        # A private name of Textual 8.2; tests/widgets/test_terminal.py pins what it does.
        if priority and getattr(self.focused, "takes_all_keys", False):
            return False
        return await super()._check_bindings(key, priority)
