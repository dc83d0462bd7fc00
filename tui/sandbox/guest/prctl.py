"""What Linux lets a process say of itself; where it cannot, life goes on without."""

from __future__ import annotations

import ctypes
import sys

_SET_DUMPABLE = 4
_SET_NAME = 15
_SET_CHILD_SUBREAPER = 36  # see prctl(2)


def hide() -> bool:
    """Close this process's /proc/PID/fd, environ and mem to others of the same user."""
    return _prctl(_SET_DUMPABLE, 0)


def set_name(name: str) -> bool:
    """Be called `name` by ps, pkill and top."""
    return _prctl(_SET_NAME, name.encode())


def adopt_orphans() -> bool:
    """Become the parent of descendants whose own parent ends, so that none gets away."""
    return _prctl(_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int | bytes) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    argument = ctypes.c_char_p(value) if isinstance(value, bytes) else ctypes.c_ulong(value)
    zero = ctypes.c_ulong(0)
    try:
        return bool(ctypes.CDLL(None).prctl(option, argument, zero, zero, zero) == 0)
    except (OSError, AttributeError):
        return False
