"""An append-only journal: one JSON record a line, on disk before `append` returns."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


class Journal:
    """Records of what jobs did, one fsynced line each. Safe to call from any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one record and wait until the disk has it. Blocking; call it off the loop.

        Raises:
            OSError: the folder cannot be made or the disk is full.
        """
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        # Half of a surrogate pair (a file name that isn't UTF-8) becomes its JSON escape.
        line = text.encode("utf-8", "backslashreplace") + b"\n"
        with self._lock:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            target = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                _write_all(target, line if _ends_whole(target) else b"\n" + line)
                os.fsync(target)
            finally:
                os.close(target)

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the whole records, oldest first; torn lines are left out."""
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return
        for line in lines[:-1]:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict):
                yield record


def _ends_whole(target: int) -> bool:
    """Whether the last record is whole; a torn one must not swallow the next."""
    size = os.fstat(target).st_size
    return size == 0 or os.pread(target, 1, size - 1) == b"\n"


def _write_all(target: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]
