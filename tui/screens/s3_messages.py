"""What the workers of the S3 pane tell it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from tui.core.errors import UserError
from tui.core.records import Bucket, ObjectPage, ObjectQuery


@dataclass
class BucketsListed(Message):
    """The account's buckets, or why they could not be listed."""

    buckets: tuple[Bucket, ...]
    error: UserError | None = None


@dataclass
class ObjectsListed(Message):
    """One page of a listing arrived."""

    query: ObjectQuery
    page: ObjectPage


@dataclass
class ListingEnded(Message):
    """A listing came to its end, or failed."""

    query: ObjectQuery
    error: UserError | None = None


@dataclass
class PlaceChanged(Message):
    """Something changed below a prefix; where `bucket` is "", the bucket named `prefix` went."""

    bucket: str = ""
    prefix: str = ""
