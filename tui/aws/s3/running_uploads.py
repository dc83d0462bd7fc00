"""The multi-part uploads that this very process has under way: their parts are no left-overs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_running: set[str] = set()  # set operations of one item are atomic, whichever thread does them


@contextmanager
def running(upload_id: str) -> Iterator[None]:
    """An upload is under way inside."""
    _running.add(upload_id)
    try:
        yield
    finally:
        _running.discard(upload_id)


def is_running(upload_id: str) -> bool:
    """Whether one of our own jobs is sending this upload's parts."""
    return upload_id in _running
