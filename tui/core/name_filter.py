"""What a filter lets through: part of a name in any case, or a glob; quick over packed keys."""

from __future__ import annotations

import fnmatch
import re
from bisect import bisect_right

from tui.core.packed import Keys


class NameFilter:
    """Names that have a text in them, or match a glob with `*` or `?`; case never matters.

    Args:
        text: what was typed, not empty.
        prefix: what the keys begin with, and the names not.
    """

    def __init__(self, text: str, prefix: str) -> None:
        self.text, self.start = text, len(prefix)
        self._wanted = text.casefold()
        is_glob = "*" in text or "?" in text
        self._glob = re.compile(fnmatch.translate(self._wanted)).match if is_glob else None

    def __call__(self, key: str) -> bool:
        """Whether a key is let through; a folder's is without its slash for a glob."""
        name = key[self.start :].casefold()
        if self._glob is not None:
            return self._glob(name.rstrip("/")) is not None
        return self._wanted in name

    def mask(self, keys: Keys) -> bytes:
        """One byte for each key of a page: 1 where it is let through."""
        head = keys.head[self.start :]
        block, ends = keys.block
        plain = self._wanted.isascii() and head.isascii() and block.isascii()
        if self._glob is not None or len(keys.head) < self.start or not plain:
            return bytes(map(self, keys))
        head = head.lower()
        if self._wanted in head:
            return b"\1" * len(keys)
        if any(head.endswith(self._wanted[:cut]) for cut in range(1, len(self._wanted))):
            return bytes(map(self, keys))  # it may begin in what all keys begin with
        found, wanted, length = bytearray(len(keys)), self._wanted.encode(), len(self._wanted)
        text = block.lower()
        at = text.find(wanted)
        while at >= 0:
            row = bisect_right(ends, at) - 1
            if at + length <= ends[row + 1]:
                found[row] = 1
                at = ends[row + 1]
            else:
                at += 1  # it ends in the next key
            at = text.find(wanted, at)
        return bytes(found)
