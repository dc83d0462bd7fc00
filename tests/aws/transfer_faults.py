"""Faults of a server and of the way to it, for the tests of transfers."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any


class Faults:
    """Stands in the gateway's S3 client and spoils chosen answers."""

    def __init__(self, client: Any) -> None:
        self._events = client.meta.events
        self.seen: list[str] = []

    def before(self, operation: str, act: Callable[[int], None]) -> None:
        """Call `act(number)` before each request of an operation, from 1."""
        numbers = iter(range(1, 10_000))

        def handler(**_: Any) -> None:
            act(next(numbers))

        self._events.register(f"before-call.s3.{operation}", handler)

    def body(self, change: Callable[[int, bytes], Any]) -> None:
        """Replace the bodies of GetObject by `change(number, data)`, from 1."""
        numbers = iter(range(1, 10_000))

        def handler(parsed: dict[str, Any], **_: Any) -> None:
            if "Body" in parsed:
                parsed["Body"] = change(next(numbers), parsed["Body"].read())

        self._events.register_last("after-call.s3.GetObject", handler)


class CutBody(io.BytesIO):
    """A body whose connection breaks after its bytes."""

    def read(self, size: int | None = -1) -> bytes:
        from botocore.exceptions import ResponseStreamingError

        if data := super().read(size):
            return data
        raise ResponseStreamingError(error="connection reset")


def flipped(data: bytes) -> bytes:
    return data[:100] + bytes([data[100] ^ 1]) + data[101:]
