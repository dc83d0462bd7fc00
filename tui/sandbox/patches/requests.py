"""Requests that can be found again once they are answered, to let go of their bodies."""

from __future__ import annotations

from typing import Any

from tui.sandbox.patches.base import PatchContext, need, put

REQUEST_KEY = "skydeck.request"
"""Where in its WSGI environ a request lies."""


def install(context: PatchContext) -> None:
    """Note every request in its own environ; Flask takes its own note away too early."""
    from moto.moto_server.werkzeug_app import BackendRequest

    initialise = need(BackendRequest, "__init__", "environ")

    def init(self: Any, environ: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        initialise(self, environ, *args, **kwargs)
        environ[REQUEST_KEY] = self

    put(BackendRequest, __init__=init)
