"""Tags as one line of text, and what S3 takes for a tag. Pure."""

from __future__ import annotations

from collections.abc import Sequence

Tag = tuple[str, str]
TAGS_AT_MOST = 50  # of a bucket
KEY_LENGTH, VALUE_LENGTH = 128, 256
SYSTEM = "aws:"


def tag_problem(key: str, value: str, taken: Sequence[str] = ()) -> str | None:
    """What is wrong with a tag, or None."""
    if not key:
        return "a tag wants a key"
    if key.lower().startswith(SYSTEM):
        return "keys that begin with aws: are Amazon's own"
    if len(key) > KEY_LENGTH:
        return f"a key has at most {KEY_LENGTH} characters, this has {len(key)}"
    if len(value) > VALUE_LENGTH:
        return f"a value has at most {VALUE_LENGTH} characters, this has {len(value)}"
    if key in taken:
        return f"there is a tag {key} already"
    return None


def parsed(text: str) -> tuple[Tag, ...]:
    """Read `team=data, env=dev`; what has no = has an empty value."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    pairs = [part.partition("=") for part in parts]
    return tuple((key.strip(), value.strip()) for key, _, value in pairs)


def written(tags: Sequence[Tag]) -> str:
    """Write tags as `parsed` reads them."""
    return ", ".join(f"{key}={value}" for key, value in tags)


def readable(tags: Sequence[Tag]) -> bool:
    """Whether the text of these tags says the same tags: none has a comma, an =, or space round."""
    return parsed(written(tags)) == tuple(tags)


def tags_problem(text: str) -> str | None:
    """What is wrong with a line of tags, or None."""
    seen: list[str] = []
    for key, value in parsed(text):
        if said := tag_problem(key, value, seen):
            return said
        seen.append(key)
    return f"at most {TAGS_AT_MOST} tags" if len(seen) > TAGS_AT_MOST else None
