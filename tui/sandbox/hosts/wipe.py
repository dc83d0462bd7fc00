"""Removes an instance's files, whatever its user did to them."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

TRIES = 3


def wipe(folder: Path) -> bool:
    """Remove a folder and all below it; returns whether it is gone.

    What cannot be removed lies in a folder that its user made read-only: that is undone first.
    Links are removed, never followed.
    """
    for _ in range(TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return True
        _open_up(folder)
    return False


def _open_up(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.chmod(0o700)
    for parent, names, _ in os.walk(folder):
        for path in (Path(parent, name) for name in names):
            with contextlib.suppress(OSError):
                if not path.is_symlink():
                    path.chmod(0o700)
