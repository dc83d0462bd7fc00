"""How versions, markers and the histories of keys are painted."""

from __future__ import annotations

from datetime import UTC, datetime

from tui.core import format as fmt
from tui.core.versions import KeyHistory, ObjectVersion, Versioning
from tui.screens.s3.lines import plural
from tui.screens.s3.rows import name_in
from tui.widgets.chrome import hint
from tui.widgets.paint import Span, Spans
from tui.widgets.record_table import Column

ID_SHOWN = 12
VERSION_COLUMNS = (
    Column("", 9),
    Column("written", 24),
    Column("size", 9, "r"),
    Column("class", 12, from_width=84),
    Column("etag", 11, from_width=72),
    Column("version"),
)
HISTORY_COLUMNS = (
    Column("  name"),
    Column("versions", 8, "r", from_width=56),
    Column("markers", 7, "r", from_width=72),
    Column("hidden", 9, "r"),
    Column("changed", 7, "r", from_width=48),
)
_NONE: Spans = (("dim", fmt.ABSENT),)


def version_cells(version: ObjectVersion) -> tuple[Spans, ...]:
    """Its state, when, size, class, ETag, id."""
    kept = version.storage_class.lower() if version.storage_class else ""
    if version.marker:
        state: Spans = (("danger", "✕"), ("text", " deleted" if version.latest else " marker"))
    elif version.latest:
        state = (("run", "●"), ("text", " current"))
    else:
        state = (("dim", "○"), ("muted", " older"))
    return (
        state,
        when(version.modified_at),
        _NONE if version.marker else size(version.size_bytes),
        _NONE if version.marker else (("muted", kept),),
        _NONE if version.marker else (("dim", cut(version.etag, 11)),),
        (("muted", cut(version.version_id, ID_SHOWN)),),
    )


def history_cells(row: KeyHistory, prefix: str) -> tuple[Spans, ...]:
    """Name, how many versions and markers, hidden bytes, when it changed last."""
    name = name_in(row.key, prefix) or row.key
    mark: Span = ("danger", "✕ ") if row.deleted else ("dim", "  ")
    role = "muted" if row.deleted else "text"
    return (
        (mark, (role, name), *((("dim", "  nothing to bring back"),) if _barren(row) else ())),
        (("text", fmt.count(row.versions)),) if row.versions else _NONE,
        (("text", fmt.count(row.markers)),) if row.markers else _NONE,
        size(row.hidden_bytes) if row.hidden_bytes else _NONE,
        (("muted", fmt.age(row.changed_at, datetime.now(UTC))),),
    )


def _barren(row: KeyHistory) -> bool:
    return row.deleted and not row.restorable


def size(size_bytes: int) -> Spans:
    """A size as the tables write it."""
    number, unit = fmt.size_parts(size_bytes)
    return (("text", number), ("muted", f" {unit:<2}"))


def when(moment: datetime) -> Spans:
    """The local time, to the second, and the age."""
    local = moment.astimezone()
    age = fmt.age(moment, datetime.now(UTC))
    return (("text", f"{local:%d %b %Y %H:%M:%S}"), ("dim", f" {age}"))


def cut(text: str, limit: int) -> str:
    """The beginning of an id."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def about(versioning: Versioning | None) -> Spans:
    """What the bucket keeps, in one line."""
    if versioning is None:
        return (("dim", "◐ asking what the bucket keeps"),)
    mfa: Spans = (("warn", "  ▲ "), ("muted", "MFA delete is on")) if versioning.mfa_delete else ()
    if versioning.status == "Enabled":
        told = " versioning is on: deletes only hide, overwrites keep what was"
        return (("run", "●"), ("muted", told), *mfa)
    if versioning.status == "Suspended":
        told = " versioning is suspended: writes replace the null version"
        return (("warn", "‖"), ("muted", told), *mfa)
    if versioning.status == "?":
        why = f": {versioning.why}" if versioning.why else ""
        return (("warn", "▲"), ("muted", f" not allowed to see whether versioning is on{why}"))
    key = hint("s3.settings")[0]
    told = versioning.why or "versioning is off: deletes are final"
    turn = () if versioning.why else (("bold cool", f"  {key}"), ("muted", " turns it on"))
    return (("dim", "○"), ("muted", f" {told}"), *turn)


def key_meta(versions: list[ObjectVersion], loading: bool) -> Spans:
    """The title's right for one key: how many, and what is hidden."""
    if loading:
        return (("dim", "◐ "), ("muted", f"{fmt.count(len(versions))} so far"))
    markers = sum(one.marker for one in versions)
    held = len(versions) - markers
    hidden = sum(one.size_bytes for one in versions if not one.latest)
    parts = [plural(held, "version")]
    parts += [plural(markers, "marker")] if markers else []
    parts += [f"{fmt.size(hidden)} hidden"] if hidden else []
    return (("muted", ", ".join(parts)),)
