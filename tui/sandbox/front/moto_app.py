"""moto's own application, which knows what it lacks."""

from __future__ import annotations

from typing import Any


def moto_application() -> Any:
    """moto's server; a service that it does not know, or cannot import here, is an ImportError."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    def create(service: Any) -> Any:
        if not service:
            raise ImportError("moto knows no such service")
        return create_backend_app(service)

    return DomainDispatcherApplication(create)
