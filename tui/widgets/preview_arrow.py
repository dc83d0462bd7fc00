"""Arrow values and types in a few characters. Only for threads: the types come with pyarrow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tui.widgets.preview_table import clipped

_ITEMS = 8  # of a list
_BYTES = 24  # of a binary value
_SHORT = {"double": "f64", "float": "f32", "halffloat": "f16", "string": "str", "bool": "bool",
          "large_string": "str", "string_view": "str", "null": "null"}  # fmt: skip
_NUMBER = re.compile(r"(u?)int(\d+)")
_ZEROS = re.compile(r"\.?0+(?=Z?$)")


def kind_of(kind: Any) -> str:
    """An Arrow type in short: i64, f64, str, datetime, list, struct."""
    name = str(kind)
    if match := _NUMBER.fullmatch(name):
        return f"{'u' if match[1] else 'i'}{match[2]}"
    if name.startswith("dictionary"):
        return kind_of(kind.value_type)
    for head, short in (("timestamp", "datetime"), ("decimal", "decimal"), ("date", "date"),
                        ("time", "time"), ("duration", "timedelta"), ("fixed_size_binary", "bytes"),
                        ("binary", "bytes"), ("large_binary", "bytes"), ("struct", "struct"),
                        ("map", "map"), ("extension", "extension")):  # fmt: skip
        if name.startswith(head):
            return short
    if "list" in name.partition("<")[0]:
        return "list"
    return _SHORT.get(name, name[:12])


def leaves_of(fields: Sequence[Any], columns: int) -> list[list[int]]:
    """The leaf columns of each top-level field, in the order of the file."""
    made: list[list[int]] = []
    at = 0
    for field in fields:
        count = _leaves(field.type)
        made.append(list(range(at, at + count)))
        at += count
    if at != columns:
        raise NotImplementedError("a schema of a form that is not known")
    return made


def _leaves(kind: Any) -> int:
    inner = getattr(kind, "storage_type", None)
    if inner is not None:
        return _leaves(inner)
    count: int = getattr(kind, "num_fields", 0)
    if not count or str(kind).startswith("dictionary"):
        return 1
    return sum(_leaves(kind.field(at).type) for at in range(count))


def said(values: Any) -> list[str | None]:
    """Values as a table shows them, one string each; None where there is none."""
    import pyarrow as pa

    kind = values.type
    if pa.types.is_dictionary(kind):
        return _of_dictionary(values)
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return list(values.cast(pa.string()).to_pylist())
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_time(kind):
        return _of_moments(values)
    if pa.types.is_boolean(kind):
        return [None if value is None else str(value) for value in values.to_pylist()]
    return [_one(value) for value in values]


def _of_dictionary(values: Any) -> list[str | None]:
    """Each of the values that are used is looked up once."""
    held: dict[int, str | None] = {}
    made: list[str | None] = []
    for index in values.indices.to_pylist():
        if index is None:
            made.append(None)
            continue
        if index not in held:
            held[index] = _one(values.dictionary[index])
        made.append(held[index])
    return made


def _of_moments(values: Any) -> list[str | None]:
    import pyarrow as pa

    try:
        told = values.cast(pa.string()).to_pylist()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # a time zone that is not known here
        return [_one(value) for value in values]
    made = [_ZEROS.sub("", text) if text and "." in text else text for text in told]
    if all(text is None or text.endswith(" 00:00:00") for text in made):
        return [text and text[:10] for text in made]
    return made


def _one(value: Any) -> str | None:
    if not value.is_valid:
        return None
    items = getattr(value, "values", None)
    if items is not None and hasattr(items, "slice") and hasattr(items, "to_pylist"):
        few = ", ".join(str(_one(item)) for item in items.slice(0, _ITEMS))
        more = f", … {len(items):,} in all" if len(items) > _ITEMS else ""
        return clipped(f"[{few}{more}]")
    try:
        plain = value.as_py()
    except (ValueError, OverflowError):  # a moment beyond what Python has
        return clipped(str(value))
    if isinstance(plain, bytes):
        return plain[:_BYTES].hex(" ") + ("…" if len(plain) > _BYTES else "")
    return clipped(str(plain))
