"""The rows of the S3 pane: what they are and how they are painted and sorted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.records import Bucket, S3Object
from tui.widgets.paint import Span, Spans
from tui.widgets.record_table import Column

if TYPE_CHECKING:
    from tui.aws.s3.bucket_facts import BucketFacts


@dataclass(frozen=True, slots=True)
class Folder:
    """A common prefix, shown as a folder. Its key ends in a slash."""

    key: str


Row = S3Object | Folder

OBJECT_COLUMNS = (
    Column("  name"),
    Column("size", 8, "r"),
    Column("age", 4, "r", from_width=38),
    Column("class", 8, from_width=50),
)
BUCKET_COLUMNS = (
    Column("name"),
    Column("region", 14, from_width=44),
    Column("access", 11, from_width=36),
    Column("versions", 11, from_width=62),
    Column("age", 4, "r", from_width=70),
)

_CLASSES: dict[str, Span] = {
    "STANDARD": ("text", "standard"),
    "INTELLIGENT_TIERING": ("text", "intell."),
    "STANDARD_IA": ("muted", "infreq."),
    "ONEZONE_IA": ("muted", "one zone"),
    "REDUCED_REDUNDANCY": ("muted", "reduced"),
    "EXPRESS_ONEZONE": ("text", "express"),
    "GLACIER_IR": ("dim", "instant"),
    "GLACIER": ("dim", "glacier"),
    "DEEP_ARCHIVE": ("dim", "deep"),
}
_NONE: Spans = (("dim", fmt.ABSENT),)


def object_cells(row: Row, prefix: str) -> tuple[Spans, ...]:
    """A row's cells, its name without the prefix that one is in."""
    name = name_in(row.key, prefix)
    if isinstance(row, Folder):
        return (("cool", "▸ "), ("text", name)), _NONE, _NONE, _NONE
    number, unit = fmt.size_parts(row.size_bytes)
    size: Spans = (("text", number), ("muted", f" {unit:<2}"))
    age = fmt.age(row.modified_at, datetime.now(UTC))
    shown = ("  ", name) if name else ("  ", "(this folder's marker)")
    role = "text" if name else "dim"
    return (
        (("dim", shown[0]), (role, shown[1])),
        size,
        (("muted", age),),
        (_CLASSES.get(row.storage_class, ("muted", row.storage_class.lower())),),
    )


def bucket_cells(
    bucket: Bucket, opened: str, denied: set[str], facts: BucketFacts | None = None
) -> tuple[Spans, ...]:
    """A bucket's cells; the open one is bright, a denied one has its cross."""
    role = "bold bright" if bucket.name == opened else "text"
    name: list[Span] = [(role, bucket.name)]
    if bucket.name in denied:
        name.append(("danger", " ✗"))
    age = fmt.age(bucket.created_at, datetime.now(UTC)) if bucket.created_at else fmt.ABSENT
    return (
        name,
        (("muted", bucket.region or fmt.ABSENT),),
        (access_span(facts),),
        (versions_span(facts),),
        (("muted", age),),
    )


_NOT_YET: Span = ("dim", "·")
_ACCESS: dict[str, Span] = {
    "public": ("bold danger", "▲ public"),
    "maybe": ("warn", "▲ maybe"),
    "private": ("text", "private"),
}
_VERSIONS: dict[str, Span] = {
    "on": ("text", "on"),
    "suspended": ("warn", "suspended"),
    "off": ("muted", "off"),
    "unknown": ("dim", "unknown"),
}


def access_span(facts: BucketFacts | None) -> Span:
    """Whether a bucket is public, in a word."""
    if facts is None:
        return _NOT_YET
    return _ACCESS.get(facts.access.word, ("dim", facts.access.short))


def versions_span(facts: BucketFacts | None) -> Span:
    """Whether a bucket keeps versions, in a word."""
    return _VERSIONS.get(facts.versions, ("dim", facts.versions)) if facts else _NOT_YET


def name_in(key: str, prefix: str) -> str:
    """A key as it reads inside a prefix."""
    return key[len(prefix) :] if key.startswith(prefix) else key


def parent(prefix: str) -> str:
    """The prefix above: `a/b/` is in `a/`, `a/` in ``."""
    return prefix.rstrip("/").rpartition("/")[0] + "/" if "/" in prefix.rstrip("/") else ""


def uri(bucket: str, key: str = "") -> str:
    """The s3:// address."""
    return f"s3://{bucket}/{key}"


@dataclass(frozen=True, slots=True)
class Order:
    """How the objects are sorted. Folders come first, by name."""

    id: str
    label: str
    column: str  # the title of the column that carries the arrow
    by: str  # name, size, age or class
    reverse: bool = False


ORDERS = (
    Order("name", "name", "  name", "name"),
    Order("name-down", "name, z first", "  name", "name", reverse=True),
    Order("size", "size, largest first", "size", "size", reverse=True),
    Order("size-up", "size, smallest first", "size", "size"),
    Order("age", "age, newest first", "age", "age", reverse=True),
    Order("age-up", "age, oldest first", "age", "age"),
    Order("class", "storage class", "class", "class"),
)


def trail_rows(
    prefix: str, known: Callable[[str], tuple[str, ...]], limit: int = 8
) -> list[TrailRow]:
    """The tree of prefixes that leads to `prefix`, each level with its known neighbours."""
    path, at = [], ""
    for part in prefix.split("/")[:-1]:
        at += part + "/"
        path.append(at)

    def level(above: str, depth: int) -> list[TrailRow]:
        ahead = path[depth] if depth < len(path) else ""
        rows: list[TrailRow] = []
        for name in _window(known(above), ahead, limit):
            on_path = name == ahead
            rows.append(TrailRow(name, depth, on_path, name == prefix))
            if on_path:
                rows += level(name, depth + 1) if depth + 1 < len(path) else []
        return rows

    return level("", 0)


def _window(names: tuple[str, ...], around: str, limit: int) -> tuple[str, ...]:
    if around and around not in names:
        names = tuple(sorted({*names, around}))
    if len(names) <= limit:
        return names
    at = names.index(around) if around else 0
    begin = max(0, min(at - limit // 2, len(names) - limit))
    return names[begin : begin + limit]


@dataclass(frozen=True, slots=True)
class TrailRow:
    """One prefix of the tree under the buckets."""

    key: str
    depth: int
    on_path: bool
    here: bool

    @property
    def name(self) -> str:
        """Its last part."""
        return self.key.rstrip("/").rpartition("/")[2] + "/"


def trail_cells(row: TrailRow) -> tuple[Spans, ...]:
    """A prefix of the tree: bright on the way, cool where one is."""
    role = "bold cool" if row.here else "bold text" if row.on_path else "muted"
    return ((("muted", "  " * row.depth), (role, row.name)),)
