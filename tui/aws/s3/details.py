"""All that S3 knows of one object or version, each property asked for on its own.

A property that may not be read, that the object does not have, or that the server does not know
says so, and hides nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tui.aws.s3.restore_header import Restore, restore_of
from tui.core.errors import AwsError

if TYPE_CHECKING:
    from tui.aws.s3.service import S3

T = TypeVar("T")

NOT_ALLOWED = "not allowed"
NONE = "none"
UNKNOWN_HERE = "this server has none"
_DENIED = frozenset({"AccessDenied", "AllAccessDisabled", "Forbidden", "403"})
_LACKING = frozenset(
    {
        *("NotImplemented", "501", "MethodNotAllowed", "405", "XNotImplemented"),
        *("UnsupportedOperation", "SandboxNotSupported", "UnknownOperationException"),
    }
)
_NOTHING = frozenset(
    {
        *("NoSuchTagSet", "NoSuchTagSetError", "NoSuchObjectLockConfiguration"),
        *("ObjectLockConfigurationNotFoundError", "NoSuchRetention"),
    }
)
_CHECKSUMS = ("CRC64NVME", "CRC32", "CRC32C", "SHA1", "SHA256")
_CONTENT = (
    ("ContentType", "type"),
    ("ContentEncoding", "encoding"),
    ("ContentLanguage", "language"),
    ("ContentDisposition", "disposition"),
    ("CacheControl", "cache control"),
    ("ExpiresString", "expires"),
    ("WebsiteRedirectLocation", "redirects to"),
)
ATTRIBUTES = ("ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize")


@dataclass(frozen=True, slots=True)
class Said(Generic[T]):
    """What came of asking for a property: its value, or in a few words why there is none.

    `error` is there where a sentence explains it.
    """

    value: T | None = None
    missing: str = ""
    error: AwsError | None = None


@dataclass(frozen=True, slots=True)
class HeadFacts:
    """What HeadObject says. `content` and `checksums` are (label, value); times are aware."""

    size_bytes: int
    modified_at: datetime | None
    etag: str
    version_id: str
    storage_class: str
    content: tuple[tuple[str, str], ...]
    metadata: tuple[tuple[str, str], ...]
    hidden_metadata: int  # that HTTP could not carry
    checksums: tuple[tuple[str, str], ...]
    checksum_type: str
    encryption: str  # AES256, aws:kms, aws:kms:dsse or ""
    kms_key: str
    bucket_key: bool
    customer_key: str  # the algorithm of SSE-C, or ""
    restore: Restore | None
    archive_status: str  # of Intelligent-Tiering: ARCHIVE_ACCESS or DEEP_ARCHIVE_ACCESS
    replication: str
    expiration: str  # as the header has it: expiry-date="…", rule-id="…"
    lock_mode: str
    lock_until: datetime | None
    legal_hold: str


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an object that was uploaded in parts."""

    number: int
    size_bytes: int
    checksum: str


@dataclass(frozen=True, slots=True)
class PartFacts:
    """What GetObjectAttributes says; `parts` are the first thousand."""

    checksums: tuple[tuple[str, str], ...]
    checksum_type: str
    count: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Acl:
    """Who owns an object, and (grantee, permission) of each grant.

    A grantee is an id, a name, or a group: "everyone", "every AWS account", "log delivery".
    """

    owner: str
    owner_id: str
    grants: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Retention:
    """GOVERNANCE or COMPLIANCE, until when."""

    mode: str
    until: datetime | None


Pairs = tuple[tuple[str, str], ...]
Value = HeadFacts | PartFacts | Pairs | Acl | Retention | str
PROPERTIES = ("head", "parts", "tags", "acl", "retention", "hold")


async def object_details(
    s3: S3, bucket: str, key: str, version_id: str = ""
) -> AsyncIterator[tuple[str, Said[Any]]]:
    """Yield (name, what was said) of each of `PROPERTIES`, in the order that the answers come.

    All are asked for at once. Leaving the loop drops the answers that are still to come.
    """
    of: dict[str, Any] = {"Key": key} | ({"VersionId": version_id} if version_id else {})

    async def ask(operation: str, make: Callable[[Mapping[str, Any]], Any], **more: Any) -> Any:
        return make(await s3.ask(operation, bucket, **of, **more))

    asked: dict[str, Any] = {
        "head": _head(s3, bucket, of),
        "parts": ask("get_object_attributes", _parts, ObjectAttributes=list(ATTRIBUTES)),
        "tags": ask("get_object_tagging", _tags),
        "acl": ask("get_object_acl", _acl),
        "retention": ask("get_object_retention", _retention),
        "hold": ask("get_object_legal_hold", lambda got: got.get("LegalHold", {}).get("Status")),
    }
    tasks = [asyncio.create_task(_told(name, one)) for name, one in asked.items()]
    try:
        for task in asyncio.as_completed(tasks):
            yield await task
    finally:
        for one in tasks:
            one.cancel()


async def _told(name: str, asked: Any) -> tuple[str, Said[Any]]:
    try:
        value = await asked
    except AwsError as error:
        return name, Said(missing=why_missing(error), error=error)
    return name, Said(value) if value is not None else Said(missing=NONE)


def why_missing(error: AwsError) -> str:
    """Say in a few words why a property could not be read."""
    if error.code in _DENIED:
        return NOT_ALLOWED
    if error.code in _LACKING:
        return UNKNOWN_HERE
    said = error.message.lower().replace(" ", "")
    unlocked = error.code == "InvalidRequest" and "objectlock" in said
    return NONE if unlocked or error.code in _NOTHING else error.message


async def _head(s3: S3, bucket: str, of: Mapping[str, Any]) -> HeadFacts:
    try:
        return _facts(await s3.ask("head_object", bucket, **of, ChecksumMode="ENABLED"))
    except AwsError as error:
        if error.code not in _DENIED | _LACKING | {"400"}:
            raise
    # With SSE-KMS the checksum wants kms:Decrypt; some servers don't know the parameter.
    return _facts(await s3.ask("head_object", bucket, **of))


def _facts(got: Mapping[str, Any]) -> HeadFacts:
    expires = got.get("ExpiresString") or got.get("Expires")
    held = {**got, "ExpiresString": str(expires) if expires else ""}
    return HeadFacts(
        size_bytes=got.get("ContentLength", 0),
        modified_at=got.get("LastModified"),
        etag=got.get("ETag", "").strip('"'),
        version_id=got.get("VersionId", ""),
        storage_class=got.get("StorageClass") or "STANDARD",
        content=tuple((label, str(held[name])) for name, label in _CONTENT if held.get(name)),
        metadata=tuple(sorted(got.get("Metadata", {}).items())),
        hidden_metadata=got.get("MissingMeta", 0),
        checksums=_checksums(got),
        checksum_type=got.get("ChecksumType", ""),
        encryption=got.get("ServerSideEncryption", ""),
        kms_key=got.get("SSEKMSKeyId", ""),
        bucket_key=bool(got.get("BucketKeyEnabled")),
        customer_key=got.get("SSECustomerAlgorithm", ""),
        restore=restore_of(got.get("Restore", "")),
        archive_status=got.get("ArchiveStatus", ""),
        replication=got.get("ReplicationStatus", ""),
        expiration=got.get("Expiration", ""),
        lock_mode=got.get("ObjectLockMode", ""),
        lock_until=got.get("ObjectLockRetainUntilDate"),
        legal_hold=got.get("ObjectLockLegalHoldStatus", ""),
    )


def _checksums(got: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, got[f"Checksum{name}"]) for name in _CHECKSUMS if got.get(f"Checksum{name}")
    )


def _parts(got: Mapping[str, Any]) -> PartFacts:
    found = got.get("ObjectParts", {})
    parts = tuple(
        Part(
            one.get("PartNumber", 0), one.get("Size", 0), next((v for _, v in _checksums(one)), "")
        )
        for one in found.get("Parts", ())
    )
    checksum = got.get("Checksum", {})
    return PartFacts(
        _checksums(checksum),
        checksum.get("ChecksumType", ""),
        found.get("TotalPartsCount", 0),
        parts,
    )


def _tags(got: Mapping[str, Any]) -> Pairs | None:
    pairs = tuple((one["Key"], one["Value"]) for one in got.get("TagSet", ()))
    return pairs or None


_GROUPS = {
    "AllUsers": "everyone",
    "AuthenticatedUsers": "every AWS account",
    "LogDelivery": "log delivery",
}


def _acl(got: Mapping[str, Any]) -> Acl:
    owner = got.get("Owner", {})
    grants = tuple(
        (_grantee(one.get("Grantee", {})), one.get("Permission", ""))
        for one in got.get("Grants", ())
    )
    return Acl(owner.get("DisplayName", ""), owner.get("ID", ""), grants)


def _grantee(one: Mapping[str, Any]) -> str:
    if address := one.get("URI", ""):
        name = str(address).rpartition("/")[2]
        return _GROUPS.get(name, name)
    return str(one.get("ID") or one.get("EmailAddress") or one.get("DisplayName") or "")


def _retention(got: Mapping[str, Any]) -> Retention | None:
    found = got.get("Retention", {})
    mode = found.get("Mode", "")
    return Retention(mode, found.get("RetainUntilDate")) if mode else None
