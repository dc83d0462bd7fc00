"""Clients that look at the sandbox from outside the app.

Not in `conftest`: importing that twice would make a second environment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tui.sandbox import Sandbox

ClientFactory = Callable[..., Any]


def make_client(sandbox: Sandbox, service: str, **options: Any) -> Any:
    """A boto3 client for the sandbox, signed with its own key; `options` go to boto3."""
    import boto3

    info = sandbox.info
    settings: dict[str, Any] = {
        "endpoint_url": info.endpoint_url,
        "region_name": info.region,
        "aws_access_key_id": info.access_key_id,
        "aws_secret_access_key": info.secret_access_key,
    }
    return boto3.Session().client(service, **(settings | options))
