"""What the preview says of a bucket, a folder or an object, and what keeping it costs."""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.records import Bucket, ObjectDetails, S3Object
from tui.screens.s3.next_step import with_key
from tui.screens.s3.preview import Body, Step, Unreadable
from tui.screens.s3.rows import Folder, access_span, name_in, uri, versions_span
from tui.widgets.chrome import hint
from tui.widgets.line import fact
from tui.widgets.paint import Span, Spans, key_hint
from tui.widgets.preview import Preview

if TYPE_CHECKING:
    from tui.aws.s3.bucket_facts import BucketFacts
    from tui.cost import PriceBook

_ENCRYPTION = {"AES256": "SSE-S3", "aws:kms": "SSE-KMS", "aws:kms:dsse": "DSSE-KMS"}
_LEAST = Decimal("0.0001")


def show_object(preview: Preview, row: S3Object, prefix: str) -> None:
    """Show what the listing knows, until the rest is there."""
    number, unit = fmt.size_parts(row.size_bytes)
    name = name_in(row.key, prefix) or row.key
    preview.show_title("Preview", name, (("muted", f"{number} {unit}"),))
    if not row.size_bytes:
        preview.show_note([(("muted", "empty, 0 bytes"),)])
    else:
        preview.show_kind((("dim", "◐ reading"),))


def show_folder(preview: Preview, bucket: str, row: Folder) -> None:
    """A folder has no bytes: say where it is and what one can do."""
    preview.show_title("Folder", row.key.rstrip("/").rpartition("/")[2] + "/")
    ways = (
        hint("s3.open", "open"),
        hint("s3.download", "download all of it"),
        hint("s3.delete", "delete all of it, after a plan"),
    )
    preview.show_note([key_hint(*way) for way in ways])
    preview.show_facts([fact("address", ("text", uri(bucket, row.key)))])


def show_bucket(preview: Preview, bucket: Bucket, known: BucketFacts | None = None) -> None:
    """What ListBuckets knows, and what else is known by now."""
    preview.show_title("Bucket", bucket.name)
    ways = (
        hint("s3.open", "open"),
        hint("s3.create", "new bucket"),
        hint("s3.delete", "empty or delete it, after a plan"),
    )
    preview.show_note([key_hint(f"{key:<2}", verb) for key, verb in ways])
    facts = [fact("address", ("text", uri(bucket.name)))]
    if bucket.region:
        facts.append(fact("region", ("text", bucket.region)))
    if bucket.created_at:
        facts.append(fact("created", *moment(bucket.created_at)))
    facts += [fact("access", access_span(known)), fact("versions", versions_span(known))]
    if known is not None and known.access.why:
        indent = 12 if preview.size.width >= 34 else 0
        why = textwrap.wrap(known.access.why, max(16, preview.size.width - indent - 2))
        facts[-1:-1] = [fact("", ("muted", part), at=indent) for part in why]
    preview.show_facts(facts)


def show_step(preview: Preview, step: Step, book: PriceBook, region: str) -> None:
    """Show what has come."""
    if isinstance(step, ObjectDetails):
        preview.show_facts(_object_facts(step, book, region), [_object_ways()])
    elif isinstance(step, Body):
        preview.show_kind(_kind(step))
        if step.fresh:
            preview.show_body(step.shown)
        else:
            preview.refine_body(step.shown, step.moved)
    elif isinstance(step, Unreadable):
        preview.show_kind(())
        width = max(20, preview.size.width - 2)
        rows: list[Spans] = [(("danger", "✗ "), ("text", step.error.title))]
        rows += [(("muted", part),) for part in textwrap.wrap(step.error.message, width)]
        rows += [(("text", part),) for part in textwrap.wrap(with_key(step.error).hint, width)]
        preview.show_note(rows)


def _object_ways() -> Spans:
    return (
        *(*key_hint(*hint("s3.copy", "copy URI")), ("text", "   ")),
        *(*key_hint(*hint("s3.info", "details")), ("text", "   ")),
        *key_hint(*hint("app.code", "code")),
    )


def _kind(body: Body) -> Spans:
    label = body.shown.label
    changed: Spans = (("warn", "▲ changed "),) if body.changed else ()
    if body.whole:
        return (*changed, ("muted", label))
    read = f"{fmt.size(body.read_bytes)} read"
    return (*changed, ("muted", label), ("dim", " · "), ("muted", read))


def _object_facts(details: ObjectDetails, book: PriceBook, region: str) -> list[Spans]:
    from tui.cost.s3 import CLASS_WORDS

    kept = CLASS_WORDS.get(details.storage_class, details.storage_class.lower())
    etag = details.etag if len(details.etag) <= 12 else f"{details.etag[:4]}…{details.etag[-4:]}"
    facts = [fact("modified", *moment(details.modified_at)), fact("class", ("text", kept))]
    if details.content_type:
        facts.append(fact("type", ("text", details.content_type)))
    encryption = _ENCRYPTION.get(details.encryption, details.encryption)
    facts.append(fact("encrypted", ("text", encryption) if encryption else ("dim", fmt.ABSENT)))
    facts.append(fact("etag", ("text", etag)))
    if details.version_id and details.version_id != "null":
        facts.append(fact("version", ("text", details.version_id)))
    facts += [fact(name[:11], ("text", value)) for name, value in details.metadata[:4]]
    facts.append(fact("keeping it", *_keeping(details, book, region)))
    return facts


def moment(then: datetime) -> tuple[Span, ...]:
    """A past time: "today 09:41 2h ago", "3 Mar 2026 09:41 8mo ago"."""
    local, now = then.astimezone(), datetime.now(UTC)
    today = local.date() == now.astimezone().date()
    told = f"today {local:%H:%M}" if today else f"{local.day} {local:%b %Y %H:%M}"
    return ("text", told), ("dim", f" {fmt.age(then, now)} ago")


def _keeping(details: ObjectDetails, book: PriceBook, region: str) -> tuple[Span, ...]:
    from tui.cost.s3 import storage_line

    line = storage_line(book, region, details.storage_class, 1, details.size_bytes)
    return per_month(line.per_month)


def per_month(cost: Decimal | None, role: str = "warm") -> tuple[Span, ...]:
    """A monthly cost: "$1.12/month", four places under a dollar, "unknown" without a price."""
    if cost is None:
        return (("muted", "unknown: no price for this class here"),)
    if 0 < cost < _LEAST:
        return (role, f"<${_LEAST}"), ("muted", "/month")
    return (role, fmt.usd(cost, 2 if cost >= 1 else 4)), ("muted", "/month")
