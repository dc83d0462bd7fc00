"""The lines of the details dialog: sections of labelled values, each with what `copy` takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.cells import chop_cells

from tui.core import format as fmt
from tui.core.records import S3Object
from tui.core.safe_text import visible
from tui.widgets.paint import Span, Spans

if TYPE_CHECKING:
    from tui.aws.s3.details import Acl, HeadFacts, PartFacts, Retention, Said

LABEL_WIDTH = 16
ROUND_VALUE = 6  # the gutter, the gap before a value, the scroll bar
PARTS_SHOWN = 20
ENCRYPTION = {
    "AES256": ("SSE-S3", "keys of Amazon's own"),
    "aws:kms": ("SSE-KMS", "a key of KMS"),
    "aws:kms:dsse": ("DSSE-KMS", "twice, with a key of KMS"),
}
PERMISSIONS = {
    "FULL_CONTROL": "full control",
    "READ": "may read",
    "WRITE": "may write",
    "READ_ACP": "may read this list",
    "WRITE_ACP": "may change this list",
}
OPEN_TO = ("everyone", "every AWS account")
ARCHIVE_STATUS = {
    "ARCHIVE_ACCESS": "in the archive tier: restore it first, 3 to 5 hours",
    "DEEP_ARCHIVE_ACCESS": "in the deep archive tier: restore it first, within 12 hours",
}


@dataclass(frozen=True, slots=True)
class DetailRow:
    """One line; `value` is what is copied, whole even where the line shows a piece of it."""

    id: str
    label: str
    spans: Spans
    value: str = ""
    heading: bool = False
    goes_on: bool = False  # the value of the line above


@dataclass(slots=True)
class Known:
    """What is known so far of an object.

    Attributes:
        said: the answers by name (see `tui.aws.s3.details.PROPERTIES`); more come.
        row: what the listing had, or None.
        addresses: (name, address).
        keeping: the monthly cost of an object of a class and size, as spans.
    """

    key: str
    said: dict[str, Said[Any]] = field(default_factory=dict)
    row: S3Object | None = None
    version_id: str = ""
    addresses: tuple[tuple[str, str], ...] = ()
    settings_key: str = ""

    def value(self, name: str) -> Any:
        """An answer's value, or None."""
        found = self.said.get(name)
        return found.value if found is not None else None


Fact = tuple[str, Spans, str]  # label, what is shown, what is copied


def detail_rows(known: Known, width: int, keeping: Spans) -> list[DetailRow]:
    """All lines for a table of this width; long values go on in further lines."""
    shown: Mapping[str, Iterable[Fact]] = {
        "About": _about(known),
        "Metadata": _metadata(known),
        "Tags": _tags(known),
        "Checksums, parts": _checksums(known),
        "Encryption": _encryption(known),
        "Storage, restore": [*_storage(known), ("keeping it", keeping, _text(keeping))],
        "Retention, hold": _retention(known),
        "Access": _access(known),
        "Addresses": [_fact(name, address) for name, address in known.addresses],
    }
    return sections(shown, width)


def sections(shown: Mapping[str, Iterable[Fact]], width: int) -> list[DetailRow]:
    """Titled facts as lines for a table of this width."""
    room = max(20, width - LABEL_WIDTH - ROUND_VALUE)
    rows: list[DetailRow] = []
    for title, facts in shown.items():
        if rows:
            rows.append(DetailRow(f"{title}/gap", "", ()))
        rows.append(DetailRow(title, title, (("line", "─" * room),), heading=True))
        for number, one in enumerate(facts):
            rows += _lines(f"{title}/{one[0]}/{number}", one, room)
    return rows


def _lines(row_id: str, one: Fact, room: int) -> Iterator[DetailRow]:
    label, spans, value = one
    shown = visible(_text(spans))
    pieces = chop_cells(shown, room) if shown else [""]
    if len(pieces) == 1:
        yield DetailRow(row_id, label, spans, value)
        return
    role = spans[0][0]
    for number, piece in enumerate(pieces):
        mine = f"{row_id}/{number}" if number else row_id
        label = "" if number else label
        yield DetailRow(mine, label, ((role, piece),), value, goes_on=number > 0)


def _text(spans: Spans) -> str:
    return "".join(text for _, text in spans)


def _fact(label: str, value: str, note: str = "", role: str = "text") -> Fact:
    spans: list[Span] = [(role, value)]
    if note:
        spans.append(("muted", f"  {note}"))
    return label, tuple(spans), value


def _missing(known: Known, name: str, label: str) -> Fact | None:
    """The line that stands for an answer without a value; None where there is one."""
    said = known.said.get(name)
    if said is None:
        return label, (("dim", "◐ asking"),), ""
    if said.value is not None:
        return None
    if said.missing == "none":
        return label, (("dim", fmt.ABSENT),), ""
    if said.missing == "not allowed":
        why = said.error.message if said.error is not None else ""
        note: Spans = (("muted", f"  {why}"),) if why else ()
        return label, (("danger", "✗ not allowed"), *note), "not allowed"
    return label, (("muted", said.missing),), said.missing


def _moment(label: str, moment: datetime) -> Fact:
    local, now = moment.astimezone(), datetime.now(UTC)
    ahead = moment > now
    away = fmt.duration(abs((moment - now).total_seconds()), dense=True)
    note = f"in {away}" if ahead else f"{away} ago"
    shown = f"{local:%d %b %Y %H:%M:%S %Z}"
    return label, (("text", shown), ("dim", f"  {note}")), moment.astimezone(UTC).isoformat()


def _about(known: Known) -> Iterator[Fact]:
    head: HeadFacts | None = known.value("head")
    yield _fact("key", known.key)
    size = head.size_bytes if head is not None else known.row.size_bytes if known.row else None
    modified = (
        head.modified_at if head is not None else known.row.modified_at if known.row else None
    )
    if size is not None:
        note = f"{fmt.count(size)} bytes" if size >= 1000 else ""
        yield "size", (("text", fmt.size(size)), ("muted", f"  {note}")), str(size)
    if modified is not None:
        yield _moment("modified", modified)
    if head is None:
        yield _missing(known, "head", "the rest") or ("", (), "")
        said = known.said.get("head")
        if said is not None and said.error is not None and said.error.hint:
            yield "", (("muted", said.error.hint),), ""
        return
    yield _fact("etag", head.etag)
    version = head.version_id or known.version_id
    if version:
        yield _fact("version", version)
    for label, value in head.content:
        yield _fact(label, value)


def _metadata(known: Known) -> Iterator[Fact]:
    head: HeadFacts | None = known.value("head")
    if head is None:
        yield _missing(known, "head", "") or ("", (), "")
        return
    for name, value in head.metadata:
        yield from _named(name, value)
    if head.hidden_metadata:
        yield _fact("▲", f"{head.hidden_metadata} more that HTTP can't carry", role="warn")
    if not head.metadata and not head.hidden_metadata:
        yield "", (("dim", fmt.ABSENT),), ""


def _tags(known: Known) -> Iterator[Fact]:
    if (missing := _missing(known, "tags", "")) is not None:
        yield missing
        return
    for name, value in known.value("tags"):
        yield from _named(name, value)


def _named(name: str, value: str) -> Iterator[Fact]:
    """A name of the user's own and its value; a long name has a line to itself."""
    if len(name) <= LABEL_WIDTH:
        yield _fact(name, value)
        return
    yield "", (("muted", name),), name
    yield _fact("", value)


def _checksums(known: Known) -> Iterator[Fact]:
    head: HeadFacts | None = known.value("head")
    parts: PartFacts | None = known.value("parts")
    found = dict(head.checksums if head is not None else ())
    found |= dict(parts.checksums if parts is not None else ())
    kind = (parts.checksum_type if parts else "") or (head.checksum_type if head else "")
    note = {"FULL_OBJECT": "of the whole object", "COMPOSITE": "of its parts' checksums"}
    for name, value in found.items():
        yield _fact(name, value, note.get(kind, ""))
    if not found and head is not None:
        yield "checksum", (("dim", fmt.ABSENT), ("muted", "  the ETag is all there is")), ""
    count = parts.count if parts is not None else 0
    if not count and head is not None and "-" in head.etag:
        tail = head.etag.rpartition("-")[2]  # of an object that was uploaded in parts
        count = int(tail) if tail.isascii() and tail.isdigit() else 0
    if count:
        yield _fact("uploaded in", f"{fmt.count(count)} parts")
    for part in parts.parts[:PARTS_SHOWN] if parts is not None else ():
        told = f"{fmt.size(part.size_bytes)}"
        yield f"  part {part.number}", (("text", told), ("muted", f"  {part.checksum}")), told
    if (missing := _missing(known, "parts", "parts")) is not None and not count:
        yield missing


def _encryption(known: Known) -> Iterator[Fact]:
    head: HeadFacts | None = known.value("head")
    if head is None:
        yield _missing(known, "head", "") or ("", (), "")
        return
    if head.customer_key:
        yield _fact("how", "SSE-C", f"a key of yours, {head.customer_key}: each read needs it")
    elif head.encryption:
        yield _fact("how", *ENCRYPTION.get(head.encryption, (head.encryption, "")))
    else:
        yield "how", (("dim", fmt.ABSENT), ("muted", "  the server says nothing of it")), ""
    if head.kms_key:
        yield _fact("key", head.kms_key)
    if head.encryption.startswith("aws:kms"):
        yield _fact("bucket key", "yes" if head.bucket_key else "no")


def _storage(known: Known) -> Iterator[Fact]:
    from tui.cost.s3 import CLASS_WORDS

    head: HeadFacts | None = known.value("head")
    name = head.storage_class if head is not None else known.row.storage_class if known.row else ""
    if name:
        yield _fact("class", CLASS_WORDS.get(name, name.lower()), name)
    if head is None:
        return
    archived = name in ("GLACIER", "DEEP_ARCHIVE")
    if head.restore is not None and head.restore.ongoing:
        yield _fact("restore", "◐ under way", "it can't be read yet", role="warn")
    elif head.restore is not None:
        yield _fact("restore", "● restored", "it can be read", role="run")
        if head.restore.until is not None:
            yield _moment("  copy stays until", head.restore.until)
    elif archived:
        yield _fact("restore", "▲ archived", "restore it before it can be read", role="warn")
    if head.archive_status:
        words = ARCHIVE_STATUS.get(head.archive_status, head.archive_status)
        yield _fact("archive", words, role="warn")
    if head.replication:
        yield _fact("replication", head.replication.lower())
    if head.expiration:
        yield _fact("expires", head.expiration, "by a lifecycle rule")


def _retention(known: Known) -> Iterator[Fact]:
    held: Retention | None = known.value("retention")
    missing = _missing(known, "retention", "retention")
    if held is not None:
        words = {"GOVERNANCE": "who has the right may lift it", "COMPLIANCE": "nobody may lift it"}
        yield _fact("retention", held.mode.lower(), words.get(held.mode, ""))
        if held.until is not None:
            yield _moment("until", held.until)
    elif missing is not None:
        yield missing
    hold = known.value("hold")
    missing = _missing(known, "hold", "legal hold")
    if hold is not None:
        note = "it can't be deleted or overwritten" if hold == "ON" else ""
        yield _fact("legal hold", hold.lower(), note)
    elif missing is not None:
        yield missing


def _access(known: Known) -> Iterator[Fact]:
    if (missing := _missing(known, "acl", "")) is not None:
        yield missing
    else:
        acl: Acl = known.value("acl")
        for who, allowed in acl_words(acl):
            role = "warn" if who in OPEN_TO else "text"
            yield who, ((role, allowed),), allowed
        if acl.owner or acl.owner_id:
            yield _fact("owner", acl.owner or acl.owner_id, acl.owner_id if acl.owner else "")
    told = f"the bucket's policy may allow or deny more: {known.settings_key} shows its settings"
    yield "", (("muted", told),), ""


def acl_words(acl: Acl) -> list[tuple[str, str]]:
    """Who may do what by an ACL: ("the owner", "full control"), ("everyone", "may read")."""
    by_who: dict[str, list[str]] = {}
    for grantee, permission in acl.grants:
        who = "the owner" if grantee == acl.owner_id and grantee else grantee or "somebody"
        by_who.setdefault(who, []).append(PERMISSIONS.get(permission, permission.lower()))
    return [(who, ", ".join(dict.fromkeys(allowed))) for who, allowed in by_who.items()]
