"""Finds and kills what an instance's shells left behind, where no process namespace does it.

A process is known by its environment, which carries the instance's mark, or by its ancestors.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

MARK = "SKYDECK_INSTANCE"
PROC = Path("/proc")
PASSES = 8
PAUSE_SECONDS = 0.01


def sweep(instance_id: str, proc: Path = PROC, *, family: int | None = None) -> int:
    """Kill every process that carries the instance's mark, but this one; returns how many.

    Args:
        proc: where processes are listed; without it (macOS) nothing is found.
        family: a process whose descendants are killed too, marked or not.
    """
    mark = f"{MARK}={instance_id}".encode()

    def find() -> set[int]:
        found = {pid for pid in _pids(proc) if _is_marked(proc, pid, mark)}
        return found | (descendants([family], proc) if family is not None else set())

    return kill_found(find)


def kill_found(find: Callable[[], set[int]]) -> int:
    """Kill what `find` finds until it finds none; returns how many.

    A process may fork or exec while it is read, so one pass may miss it. The passes are bounded:
    what forks faster than it is killed must not hold the end up for ever.
    """
    killed = 0
    for _ in range(PASSES):
        found = find() - {os.getpid()}
        if not found:
            break
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
        time.sleep(PAUSE_SECONDS)
    return killed


def descendants(ancestors: Iterable[int], proc: Path = PROC) -> set[int]:
    """Every living process below `ancestors`, those left out."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    states: dict[int, str] = {}
    for pid in _pids(proc):
        if (read := _parent_and_state(proc, pid)) is not None:
            children[read[0]].append(pid)
            states[pid] = read[1]
    found: set[int] = set()
    waiting = list(ancestors)
    while waiting:
        fresh = [pid for pid in children[waiting.pop()] if pid not in found]
        found.update(fresh)
        waiting += fresh
    return {pid for pid in found if states[pid] not in "ZX"}


class Reaper:
    """Waits for the orphans that this process adopted, and for none of its own children.

    Whoever starts a child waits for it within moments: a zombie at two looks is an orphan.
    """

    def __init__(self, proc: Path = PROC) -> None:
        self._proc = proc
        self._seen: set[int] = set()

    def look(self) -> None:
        """Wait for the zombies that were there at the last look; seconds apart."""
        zombies = {
            pid
            for pid in _pids(self._proc)
            if _parent_and_state(self._proc, pid) == (os.getpid(), "Z")
        }
        for pid in zombies & self._seen:
            with contextlib.suppress(OSError):
                os.waitpid(pid, os.WNOHANG)
        self._seen = zombies


def _pids(proc: Path) -> list[int]:
    return [int(folder.name) for folder in proc.glob("[0-9]*")]


def _is_marked(proc: Path, pid: int, mark: bytes) -> bool:
    try:
        return mark in (proc / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _parent_and_state(proc: Path, pid: int) -> tuple[int, str] | None:
    """From /proc/PID/stat, `pid (name) state parent ...`; the name may hold anything."""
    try:
        fields = (proc / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
        return int(fields[1]), fields[0].decode()
    except (OSError, IndexError, ValueError):
        return None
