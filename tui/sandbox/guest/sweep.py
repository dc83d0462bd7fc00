"""Without a process namespace, what a shell left behind is found by its environment."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

MARK = "SKYDECK_INSTANCE"


def sweep(instance_id: str, proc: Path) -> int:
    """Kill every process that carries the instance's mark, but this one; returns how many."""
    mark = f"{MARK}={instance_id}".encode()
    killed = 0
    for folder in proc.glob("[0-9]*"):
        pid = int(folder.name)
        if pid == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(pid, signal.SIGKILL)
                killed += 1
    return killed
