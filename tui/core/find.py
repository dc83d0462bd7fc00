"""What a search looks for in keys: part of a key in any case, or a glob over folders."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

_GLOB = re.compile(r"[*?]|\[[^\]]+\]")


@dataclass(frozen=True)
class Pattern:
    """What is searched below a prefix.

    A text without `*`, `?` or `[..]` matches any part of the key below the prefix. A glob without
    a slash matches an object's last name, in whatever folder; with one, the whole key below the
    prefix: `*` and `?` then stay inside a folder, `**` crosses folders. Case never matters.
    """

    text: str

    @cached_property
    def is_glob(self) -> bool:
        """True where the text has a glob's signs."""
        return _GLOB.search(self.text) is not None

    def matcher(self, prefix: str) -> Callable[[str], bool]:
        """What tells of a key below `prefix` whether it is meant."""
        start = len(prefix)
        if not self.is_glob:
            wanted = self.text.casefold()
            return lambda key: wanted in key[start:].casefold()
        found = re.compile(translated(self.text), re.IGNORECASE | re.DOTALL).fullmatch
        if "/" not in self.text:
            return lambda key: found(key, max(start, key.rfind("/") + 1)) is not None
        return lambda key: found(key, start) is not None


def translated(glob: str) -> str:
    """A glob as a regular expression."""
    parts: list[str] = []
    at = 0
    while at < len(glob):
        sign = glob[at]
        at += 1
        if sign == "*":
            stars = 1
            while at < len(glob) and glob[at] == "*":
                stars, at = stars + 1, at + 1
            if stars > 1 and at < len(glob) and glob[at] == "/":
                parts.append("(?:.*/)?")  # a/**/b is a/b too
                at += 1
            else:
                parts.append(".*" if stars > 1 else "[^/]*")
        elif sign == "?":
            parts.append("[^/]")
        elif sign == "[":
            made, at = _bracket(glob, at)
            parts.append(made)
        else:
            parts.append(re.escape(sign))
    return "".join(parts)


def _bracket(glob: str, at: int) -> tuple[str, int]:
    """The class that begins after a `[`; one that never ends is a bracket as such."""
    end = glob.find("]", at + 2 if glob[at : at + 1] in ("!", "^") else at + 1)
    if end < 0:
        return re.escape("["), at
    inside = glob[at:end]
    negated = inside[:1] in ("!", "^")
    inside = inside[1:] if negated else inside
    made, here = "", 0
    while here < len(inside):
        if inside[here + 1 : here + 2] == "-" and here + 2 < len(inside):
            low, high = inside[here], inside[here + 2]
            made += f"{re.escape(low)}-{re.escape(high)}" if low <= high else ""
            here += 3
        else:
            made += re.escape(inside[here])
            here += 1
    if not made:  # [z-a] has nothing in it
        return ("[^/]" if negated else "(?!)"), end + 1
    return f"[{'^/' if negated else ''}{made}]", end + 1
