"""EC2's catalogue calls, whose answers never change: made once, kept compressed."""

from __future__ import annotations

import gzip
from typing import Any

from tui.sandbox.front.claims import claim_of
from tui.sandbox.patches.access import is_limited
from tui.sandbox.replies import Body, Environ, Headers, StartResponse, read_body

STATIC = (
    b"Action=DescribeInstanceTypes&",
    b"Action=DescribeInstanceTypeOfferings&",
    b"Action=DescribeRegions&",
    b"Action=DescribeAvailabilityZones&",
)
MOST_BYTES = 20_000_000
MOST_ENTRIES = 400


class CatalogueCache:
    """Answers to the static calls, by region and body."""

    def __init__(self, moto: Any) -> None:
        self._moto = moto
        self._kept: dict[tuple[str, bytes], tuple[str, Headers, bytes]] = {}

    def answer(self, environ: Environ, start: StartResponse) -> Body:
        """Answer from what is kept, or ask moto."""
        body = read_body(environ)
        if not (body + b"&").startswith(STATIC) or is_limited(
            environ.get("HTTP_AUTHORIZATION", "")
        ):
            whole: Body = list(self._moto(environ, start))
            return whole
        key = (claim_of(environ).region, body)
        if (kept := self._kept.get(key)) is None:
            said: dict[str, Any] = {}

            def remember(status: str, headers: Headers, error: Any = None) -> None:
                said.update(status=status, headers=headers)

            data = b"".join(self._moto(environ, remember))
            status, headers = said["status"], said["headers"]
            if not status.startswith("200") or len(data) > MOST_BYTES:
                start(status, headers)
                return [data]
            kept = (status, headers, gzip.compress(data, 1))
            if len(self._kept) < MOST_ENTRIES:
                self._kept[key] = kept
        start(kept[0], kept[1])
        return [gzip.decompress(kept[2])]
