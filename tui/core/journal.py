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
        line = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            target = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(target, line)
                os.fsync(target)
            finally:
                os.close(target)

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the whole records, oldest first; a torn last line is left out."""
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
