"""What the tests of transfers share."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tui.aws.transfers.engine import PART_BYTES

BIG = 2 * PART_BYTES + 12_345


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def left_over(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.name.startswith(".skydeck")]


def unfinished(outside: Any, bucket: str) -> list[Any]:
    return list(outside.list_multipart_uploads(Bucket=bucket).get("Uploads", ()))
