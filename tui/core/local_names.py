"""Object keys as local paths: one injective mapping that never leaves its folder.

Ordinary keys map to themselves. What a file system would misread is written with `%`:

- `.` and `..`, control, bidi and backslash characters, a drive letter's colon: `%XX` (UTF-8 bytes)
- the dot of a name that our temporary files have (`.skydeck-…`): `%2E`
- an empty part (`a//b`, a leading or trailing slash): `%_`
- a part over 255 bytes: its beginning, `%~`, and 32 hex digits of its SHA-256
- a `%` that would read as one of these: `%25`

So two different keys never share a path (save a collision of SHA-256). Names that only Windows
misreads (`con`, a dot or blank at the end) stay: here they are harmless, and a file keeps its key's
name on its way back. Where a disk takes two names for one, a plan finds out
(`tui.aws.transfers.folding`).
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from pathlib import Path
from typing import Final

from tui.core.errors import LocalError

PART_LIMIT_BYTES = 255  # ext4, APFS (UTF-8); for exFAT, NTFS and HFS+ it is more than enough
PATH_LIMIT_BYTES = 1024 if sys.platform == "darwin" else 4096
TEMPORARY: Final = ".skydeck-"  # what the names of our own files in a user's folders begin with
READ_ONLY: Final = "the file there is read-only"
_KEPT_BYTES = 180

_BAD = r"\x00-\x1f\x7f-\x9f\\\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_AMBIGUOUS = re.compile(r"%(?=[0-9A-F]{2}|[_~])")
_UNSAFE = re.compile(f"[{_BAD}]")
_DRIVE = re.compile(r"([A-Za-z]):")
_OURS = re.compile(re.escape(TEMPORARY), re.IGNORECASE)  # some disks take `A` for `a`
_PLAIN = re.compile(rf"[^/.%:{_BAD}][^/%:{_BAD}]*(?:/[^/.%:{_BAD}][^/%:{_BAD}]*)*")


class UnsafeName(LocalError):  # noqa: N818 - the name is the seam's
    """A key has no safe local name in this folder."""


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))


def shortened(part: str, limit_bytes: int = PART_LIMIT_BYTES) -> str:
    """Return a file name of at most `limit_bytes`: what is longer ends in its digest."""
    raw = part.encode()
    if len(raw) <= limit_bytes:
        return part
    digest = hashlib.sha256(raw).hexdigest()[:32]
    return f"{raw[:_KEPT_BYTES].decode('utf-8', 'ignore')}%~{digest}"


def local_part(part: str) -> str:
    """Return the file name for one part of a key (what stands between two slashes)."""
    if not part:
        return "%_"
    if part in (".", ".."):
        return _percent(part)
    safe = _AMBIGUOUS.sub("%25", part)
    safe = _UNSAFE.sub(lambda match: _percent(match[0]), safe)
    if drive := _DRIVE.match(safe):
        safe = f"{drive[1]}%3A{safe[2:]}"
    elif _OURS.match(safe):
        safe = f"%2E{safe[1:]}"
    return shortened(safe)


def is_temporary(name: str) -> bool:
    """Whether a file's name is one that a download of ours has until it is whole."""
    return name.startswith(TEMPORARY) and name.endswith(".part")


def local_name(key: str) -> str:
    """Map a key to a path below a folder, with slashes; neither the folder nor a disk matters.

    Raises:
        UnsafeName: the key is empty.
    """
    if _PLAIN.fullmatch(key) and len(key.encode()) <= PART_LIMIT_BYTES:
        return key
    if not key:
        raise UnsafeName("Can't name a local file", "the key is empty")
    return "/".join([local_part(part) for part in key.split("/")])


def refuse_long(folder_bytes: int, name: str) -> None:
    """Raise where a name below a folder, whose path has so many bytes, is too long a path.

    Raises:
        UnsafeName: it is.
    """
    if folder_bytes + 1 + len(os.fsencode(name)) >= PATH_LIMIT_BYTES:
        raise UnsafeName(
            "Can't name a local file",
            f"the path would be over {PATH_LIMIT_BYTES} bytes long",
            "Choose a folder nearer to the root.",
        )


def leads_out(folder: Path) -> UnsafeName:
    """Say that a symbolic link in a folder leads out of it."""
    return UnsafeName(
        "Can't name a local file",
        f"a symbolic link in {folder} leads out of it",
        "Choose another folder or remove the link.",
    )


def local_path(folder: Path, key: str) -> Path:
    """Map an object's key to a path inside `folder`.

    Raises:
        UnsafeName: the key is empty, the path would be too long for this system, or a symbolic
            link that stands in the folder leads out of it.
    """
    name = local_name(key)
    path = folder / name
    refuse_long(len(os.fsencode(folder)), name)
    # The last part too: a program that opens the path later would follow it out.
    if os.path.islink(path):  # noqa: PTH114 - Path's own raises where one may not look
        _refuse_way_out(folder, path)
    elif "/" in name:
        _refuse_way_out(folder, path.parent)
    return path


def _refuse_way_out(folder: Path, path: Path) -> None:
    if not is_inside(os.path.realpath(folder), os.path.realpath(path)):
        raise leads_out(folder)


def is_inside(folder: str, path: str) -> bool:
    """Whether a real path is a real folder's own or below it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
