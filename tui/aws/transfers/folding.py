"""Which names are one file to the disk: FAT and macOS take `A` for `a`, some take NFC for NFD, and
FAT takes `a.` for `a`.

The system's name doesn't tell (a FAT stick under Linux, a Windows disk under WSL), so the target
folder's own file system is asked, with a file that lives for a moment. That is done only where
names differ by nothing else.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from tui.core.local_names import TEMPORARY

Same = Callable[[Path | str], str]

_END = re.compile(r"[. ]+(?=/|$)")


def one_file_each(paths: Iterable[Path | str], folder: Path) -> Same:
    """Return what two paths have in common if, in `folder`, they are one file. Blocks."""
    texts = {str(path) for path in paths}
    if len({folded(text) for text in texts}) == len(texts):
        return str
    case, forms, ends = _probed(folder)

    def same(path: Path | str) -> str:
        text = unicodedata.normalize("NFC", str(path)) if forms else str(path)
        text = text.casefold() if case else text
        return _END.sub("", text) if ends else text

    return same


def folded(text: str) -> str:
    """What names have in common that some disk takes for one."""
    if text.isascii():
        return _END.sub("", text.lower())
    # Folding may undo a normal form, and the other way round.
    return unicodedata.normalize("NFC", _END.sub("", unicodedata.normalize("NFC", text).casefold()))


def _probed(folder: Path) -> tuple[bool, bool, bool]:
    """Say whether the disk folds case, the two forms of accents, and dots at the end; where it
    can't be asked, as the system's disks come.
    """
    stem = f"{TEMPORARY}{secrets.token_hex(4)}-"
    probe = _nearest(folder) / f"{stem}a\u00e9"
    try:
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except OSError:
        usual = sys.platform in ("darwin", "win32")
        return usual, usual, False
    try:
        case = os.path.lexists(probe.with_name(f"{stem}A\u00e9"))
        forms = os.path.lexists(probe.with_name(f"{stem}ae\u0301"))
        ends = os.path.lexists(probe.with_name(f"{stem}a\u00e9."))
    finally:
        with suppress(OSError):
            probe.unlink()
    return case, forms, ends


def _nearest(folder: Path) -> Path:
    """Return the folder, or that above it which is there: a new one is made on the same disk."""
    for path in (folder, *folder.parents):
        with suppress(OSError):
            if path.is_dir():
                return path
    return folder
