"""What an object's preview is made of: one HeadObject and one range read, step by step."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from tui.core.errors import UserError
from tui.core.records import ObjectDetails, S3Object
from tui.screens.s3_rows import uri
from tui.widgets.preview_data import (
    READ_BYTES,
    PreviewData,
    TableData,
    pandas_code,
    parsed,
    refined,
)

if TYPE_CHECKING:
    from tui.screens.services import Services

ARCHIVED = frozenset({"GLACIER", "DEEP_ARCHIVE"})


@dataclass(frozen=True, slots=True)
class Body:
    """The first bytes, read and parsed; again once pandas has said what the types are."""

    shown: PreviewData
    read_bytes: int
    whole: bool
    refined: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why there is nothing to show in place of the body."""

    error: UserError


Step = ObjectDetails | Body | Unreadable


@dataclass
class Previewed(Message):
    """A step of a preview is there; dropped unless the cursor is still on its record."""

    record: S3Object
    step: Step


async def load_details(services: Services, bucket: str, row: S3Object) -> Step:
    """Ask for the object's properties. Nothing that the user asked for: it is not logged."""
    from tui.aws.calls import caused_by

    try:
        with caused_by(None):
            return await services.s3.head(bucket, row.key)
    except UserError as error:
        return Unreadable(error)


async def load_body(services: Services, bucket: str, row: S3Object) -> AsyncIterator[Step]:
    """Yield the parsed first bytes, then the same with the types that pandas reads.

    One range read of at most `READ_BYTES`; nothing is read from an archived or empty object.
    """
    from tui.aws.calls import caused_by

    if row.storage_class in ARCHIVED or not row.size_bytes:
        return
    cause = f"Preview {uri(bucket, row.key)}"
    try:
        with caused_by(cause):
            data = await services.s3.read_range(bucket, row.key, 0, min(READ_BYTES, row.size_bytes))
    except UserError as error:
        yield Unreadable(error)
        return
    whole = len(data) >= row.size_bytes
    shown = await services.gateway.run(parsed, row.key, data, row.size_bytes)
    yield Body(shown, len(data), whole)
    if isinstance(shown, TableData):
        code = pandas_code(bucket, row.key, services.region, shown, len(data))
        services.log.note(cause, pandas=code)
        better = await services.gateway.run(refined, shown, data)
        yield Body(better, len(data), whole, refined=True)
