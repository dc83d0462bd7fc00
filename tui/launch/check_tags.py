"""Checks of the tags step.

Limits: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions. EC2
takes any character in a tag; the set that all services take is narrower, so that is a warning.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from tui.core.records import Tag
from tui.launch.problem import Problem, warning

MAX_TAGS = 50
MAX_KEY = 128
MAX_VALUE = 256
PORTABLE_MARKS = "+-=._:/@"


def check(tags: Sequence[Tag]) -> list[Problem]:
    """Return what is wrong with the tags."""
    found: list[Problem] = []
    if len(tags) > MAX_TAGS:
        found.append(Problem("tags", f"{len(tags)} tags; a resource has {MAX_TAGS} at most."))
    if not any(tag.key == "Name" and tag.value for tag in tags):
        found.append(warning("tags", "Without a Name tag it is listed by its id."))
    seen: set[str] = set()
    for index, tag in enumerate(tags):
        found += _key(f"tags.{index}.key", tag.key, seen)
        found += _text(f"tags.{index}.value", tag.value, "value", MAX_VALUE)
        seen.add(tag.key)
    return found


def _key(field: str, key: str, seen: set[str]) -> Iterator[Problem]:
    if not key:
        yield Problem(field, "A tag needs a key.")
    if key.lower().startswith("aws:"):
        yield Problem(field, "Keys that start with aws: are kept for AWS.")
    if key in seen:
        yield Problem(field, f"The key {key} is there twice.")
    yield from _text(field, key, "key", MAX_KEY)


def _text(field: str, text: str, what: str, most: int) -> Iterator[Problem]:
    if len(text) > most:
        yield Problem(field, f"A tag's {what} has {most} characters at most; this has {len(text)}.")
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in text):
        yield Problem(field, f"A tag's {what} can't hold control characters.")
    elif not all(_portable(char) for char in text):
        yield warning(field, f"Not every service takes all characters of this {what}.")


def _portable(char: str) -> bool:
    # Letters, digits and spaces of any script; marks complete letters in many of them.
    return char in PORTABLE_MARKS or unicodedata.category(char)[0] in "LNMZ"
