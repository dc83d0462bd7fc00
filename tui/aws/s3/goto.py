"""What lies at an address that a user typed, and what its beginning could become."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tui.aws.calls import caused_by
from tui.core.errors import AwsError
from tui.core.s3_address import Address

if TYPE_CHECKING:
    from tui.aws.s3.service import S3

SHOWN_AT_MOST = 50


@dataclass(frozen=True, slots=True)
class Target:
    """A place to open, and the key there that was meant, or ""."""

    prefix: str
    wanted: str = ""


async def begun(s3: S3, address: Address) -> list[str]:
    """Return the keys and folders (these end in a slash) that begin as typed: the first 50."""
    with caused_by(None):
        answer = await s3.ask(
            "list_objects_v2",
            address.bucket,
            Prefix=address.key,
            Delimiter="/",
            MaxKeys=SHOWN_AT_MOST,
        )
    found = [entry["Prefix"] for entry in answer.get("CommonPrefixes", ())]
    found += [entry["Key"] for entry in answer.get("Contents", ())]
    return found


async def resolve(s3: S3, address: Address) -> Target:
    """Find the place that an address means: the folder, or the folder that an object is in.

    An address that ends in a slash is a folder, whether anything lies there or not.

    Raises:
        AwsError: there is neither an object nor a folder, or it may not be looked at.
    """
    with suppress(AwsError), caused_by(None):
        await s3.bucket_region(address.bucket)  # it is asked where it lives from now on
    key = address.key
    if not key or key.endswith("/"):
        return Target(key)
    first, below = await asyncio.gather(
        _first(s3, address.bucket, key), _first(s3, address.bucket, key + "/")
    )
    if first == key:
        return Target(_folder(key), key)
    if below is not None:
        return Target(key + "/")
    if key.rstrip() != key:  # pasted with a space at its end
        return await resolve(s3, replace(address, key=key.rstrip()))
    if first is not None:  # the beginning of a name
        end = first.find("/", len(key)) + 1
        return Target(_folder(key), first[:end] or first)
    raise AwsError(
        f"Can't go to {address.uri}",
        "there is no object and no folder of that name",
        "With a slash at its end it opens as an empty folder.",
        code="NoSuchKey",
    )


async def _first(s3: S3, bucket: str, prefix: str) -> str | None:
    """The first key that begins so."""
    answer: dict[str, Any] = await s3.ask("list_objects_v2", bucket, Prefix=prefix, MaxKeys=1)
    return next((str(entry["Key"]) for entry in answer.get("Contents", ())), None)


def _folder(key: str) -> str:
    return key[: key.rfind("/") + 1]
