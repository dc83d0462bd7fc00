"""Object keys as local paths: one injective mapping that never leaves its folder.

Ordinary keys map to themselves. What a file system would misread is written with `%`:

- `.` and `..`, control, bidi and backslash characters, a drive letter's colon: `%XX` (UTF-8 bytes)
- an empty part (`a//b`, a leading or trailing slash): `%_`
- a part over 255 bytes: its beginning, `%~`, and 32 hex digits of its SHA-256
- a `%` that would read as one of these: `%25`

So two different keys never share a path (save a collision of SHA-256).
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from pathlib import Path

from tui.core.errors import LocalError

PART_LIMIT_BYTES = 255
PATH_LIMIT_BYTES = 1024 if sys.platform == "darwin" else 4096
_KEPT_BYTES = 180

_AMBIGUOUS = re.compile(r"%(?=[0-9A-F]{2}|[_~])")
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\\\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_DRIVE = re.compile(r"([A-Za-z]):")


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
    return shortened(safe)


def local_path(folder: Path, key: str) -> Path:
    """Map an object's key to a path inside `folder`.

    Raises:
        UnsafeName: the key is empty, the path would be too long for this system, or a symbolic
            link that stands in the folder leads out of it.
    """
    if not key:
        raise UnsafeName("Can't name a local file", "the key is empty")
    parts = [local_part(part) for part in key.split("/")]
    path = folder.joinpath(*parts)
    if len(os.fsencode(path)) >= PATH_LIMIT_BYTES:
        raise UnsafeName(
            "Can't name a local file",
            f"the path would be over {PATH_LIMIT_BYTES} bytes long",
            "Choose a folder nearer to the root.",
        )
    # The last part too: a program that opens the path later would follow it out.
    if os.path.islink(path):  # noqa: PTH114 - Path's own raises where one may not look
        _refuse_way_out(folder, path)
    elif len(parts) > 1:
        _refuse_way_out(folder, path.parent)
    return path


def _refuse_way_out(folder: Path, path: Path) -> None:
    inside, real = os.path.realpath(folder), os.path.realpath(path)
    if real != inside and not real.startswith(inside.rstrip(os.sep) + os.sep):
        raise UnsafeName(
            "Can't name a local file",
            f"a symbolic link in {folder} leads out of it",
            "Choose another folder or remove the link.",
        )
