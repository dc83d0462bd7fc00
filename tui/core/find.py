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
    """A glob as a regular expression.

    What precedes a star never needs to be matched anew once it was found at its earliest, so it is
    atomic: else `*a*a*a*a*b` on a long key would take minutes, during which nothing else runs.
    """
    sections = _sections(glob)
    made = [_LEADS[lead][0] + _chain(parts) + ")" for lead, parts in sections[:-1]]
    lead, parts = sections[-1]
    return "".join(made) + _LEADS[lead][1] + _chain(parts, last=True)


_STAR = "[^/]*"
# How a section begins, by the stars before it: earliest and atomic, and of the last section.
_LEADS = {
    "": ("(?>", ""),
    "**": ("(?>.*?", ".*"),
    "**/": ("(?>(?:.*?/)??", "(?:.*/)?"),  # a/**/b is a/b too
}


def _sections(glob: str) -> list[tuple[str, list[str]]]:
    """The pieces between what crosses folders: (the stars before it, its parts)."""
    found: list[tuple[str, list[str]]] = [("", [])]
    at = 0
    while at < len(glob):
        sign, begin = glob[at], at
        at += 1
        if sign == "*":
            while at < len(glob) and glob[at] == "*":
                at += 1
            if at - begin == 1:
                found[-1][1].append(_STAR)
            elif glob[at : at + 1] == "/" and glob[begin - 1 : begin] in ("", "/"):
                found.append(("**/", []))
                at += 1
            else:
                found.append(("**", []))
        elif sign == "?":
            found[-1][1].append("[^/]")
        elif sign == "[":
            made, at = _bracket(glob, at)
            found[-1][1].append(made)
        else:
            found[-1][1].append(re.escape(sign))
    return found


def _chain(parts: list[str], *, last: bool = False) -> str:
    """The parts of a section, each star with what follows it; the last one of all may be long."""
    pieces = [""]
    for part in parts:
        if part == _STAR:
            pieces.append("")
        else:
            pieces[-1] += part
    first, *rest = pieces
    made = [first, *(f"(?>[^/]*?{piece})" for piece in rest)]
    if last and rest:
        made[-1] = f"[^/]*{rest[-1]}"
    return "".join(made)


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
