"""What the workers of the S3 pane tell it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual.message import Message

from tui.core.errors import UserError
from tui.core.failures import KeyFailure
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


@dataclass
class KeysFailed(Message):
    """A job could not do all that it should have.

    Attributes:
        again: tries exactly these once more, as a job; None where that makes no sense.
        told: what holds for all of them, a sentence and a space.
        file_name: what the list is saved as.
    """

    title: str
    failures: Sequence[KeyFailure]
    again: Callable[[], None] | None = None
    told: str = ""
    file_name: str = "failed.csv"
