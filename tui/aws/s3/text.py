"""A small object to be edited here and put back: only over what was fetched, with all it had."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tui.aws.calls import caused_by
from tui.aws.s3.kept import described, placement, tags_of
from tui.aws.s3.properties import grants_of
from tui.core.errors import AwsError

if TYPE_CHECKING:
    from tui.aws.s3.service import S3

CONFLICTS: Final = frozenset(
    {"PreconditionFailed", "412", "NoSuchKey", "404", "ConditionalRequestConflict", "409"}
)
_DENIED: Final = frozenset({"AccessDenied", "403", "Forbidden"})


@dataclass(frozen=True, slots=True)
class Fetched:
    """An object's bytes and what a write must be told so that nothing else of it changes.

    `acl_lost` says that its access list may not be read: a write makes it private.
    """

    bucket: str
    key: str
    data: bytes = field(repr=False)
    etag: str
    kept: Mapping[str, Any] = field(repr=False)
    acl_lost: bool = False


async def fetch(s3: S3, bucket: str, key: str, limit: int) -> Fetched:
    """Read a whole object of up to `limit` bytes.

    Raises:
        AwsError: it is bigger, is gone, or has what a write would lose.
    """

    def read() -> tuple[bytes, dict[str, Any], dict[str, str]]:
        client = s3.gateway.client_now("s3", s3.region_of(bucket))
        answer = client.get_object(Bucket=bucket, Key=key)
        with answer["Body"] as body:
            if answer["ContentLength"] > limit:
                raise AwsError(
                    f"Can't edit {key}",
                    f"it is bigger than {limit // 1_000_000} MB",
                    "Download it, edit it, upload it.",
                    code="TooBig",
                )
            data: bytes = body.read()
        with caused_by(None):
            return data, answer, tags_of(client, bucket, key)

    data, answer, tags = await s3.gateway.explained(read, "get_object", f"{bucket}/{key}")
    if answer.get("MissingMeta"):
        raise AwsError(
            f"Can't edit {key}",
            "some of its metadata can't be read, and would be lost",
            "Download it, and upload it under another name.",
            code="Unchangeable",
        )
    grants, lost = await _grants(s3, bucket, key)
    kept = described(answer) | placement(answer) | tags | grants
    return Fetched(bucket, key, data, answer.get("ETag", "").strip('"'), kept, lost)


async def write(s3: S3, bucket: str, key: str, data: bytes, etag: str, **kept: Any) -> str:
    """Write an object over the one of this ETag; over none where it is "". Returns the new ETag.

    Raises:
        AwsError: with a code of `CONFLICTS` where something else is there; it stays.
    """
    return await s3.put_bytes(bucket, key, data, overwrite=False, if_match=etag, **kept)


async def etag_now(s3: S3, bucket: str, key: str) -> str:
    """Return the ETag of what is there, "" for nothing."""
    try:
        with caused_by(None):
            return (await s3.head(bucket, key)).etag
    except AwsError as error:
        if error.code in ("404", "NoSuchKey"):
            return ""
        raise


def content_type_of(key: str) -> str:
    """Guess the MIME type of a text object by its name."""
    kind, encoding = mimetypes.guess_type(key.rpartition("/")[2])
    return kind if kind and not encoding else "text/plain"


async def _grants(s3: S3, bucket: str, key: str) -> tuple[dict[str, str], bool]:
    try:
        with caused_by(None):
            return grants_of(await s3.ask("get_object_acl", bucket, Key=key)), False
    except AwsError as error:
        return {}, error.code in _DENIED
