"""Clients that look at the sandbox from outside the app.

Not in `conftest`: importing that twice would make a second environment.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import Any

from tui.sandbox import Sandbox

ClientFactory = Callable[..., Any]
_ONE_AT_A_TIME = threading.Lock()  # sessions are not thread-safe


def make_client(sandbox: Sandbox, service: str, **options: Any) -> Any:
    """A boto3 client for the sandbox, signed with its own key; `options` go to boto3."""
    info = sandbox.info
    settings: dict[str, Any] = {
        "endpoint_url": info.endpoint_url,
        "region_name": info.region,
        "aws_access_key_id": info.access_key_id,
        "aws_secret_access_key": info.secret_access_key,
    }
    with _ONE_AT_A_TIME:
        return _session().client(service, **(settings | options))


@cache
def _session() -> Any:
    """The session of all of them: it takes longer to make than a client does."""
    import boto3

    return boto3.Session()
