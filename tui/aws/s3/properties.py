"""Change what S3 keeps beside an object's bytes: a copy onto itself that keeps all the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tui.aws.calls import caused_by
from tui.aws.lookalikes import LACKING, is_lookalike
from tui.aws.s3.restore_header import Restore, restore_of
from tui.aws.s3.rewrite_parts import copy_in_parts
from tui.core.errors import AwsError
from tui.core.object_changes import (
    HEADERS,
    TAGS_AT_MOST,
    Change,
    Edits,
    Encryption,
    metadata_size_problem,
    wire,
)
from tui.core.records import S3Object

if TYPE_CHECKING:
    from tui.aws.s3.service import S3

ONE_COPY_BYTES = 5 << 30  # CopyObject takes no more
ARCHIVED = ("GLACIER", "DEEP_ARCHIVE")
CHANGED, UNCHANGED, ACL_LOST = "changed", "was so already", "changed, private now"
_GRANTS = {
    "FULL_CONTROL": "GrantFullControl",
    "READ": "GrantRead",
    "READ_ACP": "GrantReadACP",
    "WRITE_ACP": "GrantWriteACP",
}


@dataclass(frozen=True, slots=True)
class Properties:
    """What HeadObject says, as a copy needs it.

    Attributes:
        headers: by boto3's names, see `tui.core.object_changes.HEADERS`.
        expires_text: the Expires header as it is; `expires` is None where it is no date.
        missing_metadata: entries that HTTP can't carry: a copy would lose them.
        encryption: None where the server says nothing of it.
        customer_key: it is encrypted with a key that only its owner has.
    """

    bucket: str
    key: str
    size_bytes: int
    modified_at: datetime
    etag: str
    version_id: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    storage_class: str = "STANDARD"
    expires: datetime | None = None
    expires_text: str = ""
    redirect: str = ""
    encryption: Encryption | None = None
    customer_key: bool = False
    missing_metadata: int = 0
    lock_mode: str = ""
    lock_until: datetime | None = None
    legal_hold: bool = False
    restore: Restore | None = None
    archive_status: str = ""

    @property
    def readable(self) -> bool:
        """Whether its bytes can be read, and so copied, now."""
        if self.storage_class not in ARCHIVED and not self.archive_status:
            return True
        return self.restore is not None and not self.restore.ongoing


async def properties(s3: S3, bucket: str, key: str, version_id: str = "") -> Properties:
    """Ask for an object's properties (HeadObject).

    Raises:
        AwsError: it is gone, or may not be read.
    """
    where = {"VersionId": version_id} if version_id else {}
    return _properties_of(bucket, key, await s3.ask("head_object", bucket, Key=key, **where))


async def change_object(
    s3: S3,
    bucket: str,
    row: S3Object,
    change: Change,
    check: Callable[[], None] = lambda: None,
) -> str:
    """Change one object as it was listed; returns `CHANGED`, `UNCHANGED` or `ACL_LOST`.

    `check` raises where the job was cancelled; a big object takes a while.

    Raises:
        AwsError: it is another object by now, is archived, would lose something, or is refused.
    """
    found = await properties(s3, bucket, row.key)
    if not _differs(found, change):
        return UNCHANGED  # also where a retried job comes by once more
    if not _is_listed(found, row) and not await _is_still_listed(s3, bucket, row):
        raise AwsError(
            f"Didn't change {bucket}/{row.key}",
            "it changed since it was listed",
            "Press r to refresh, then try again.",
            code="PreconditionFailed",
        )
    return await change_found(s3, found, change, check)


async def change_found(
    s3: S3, found: Properties, change: Change, check: Callable[[], None] = lambda: None
) -> str:
    """Change exactly the object whose properties are at hand; see `change_object`."""
    params = copy_params(found, change)
    if not _differs(found, change):
        return UNCHANGED
    if wrong := obstacle(found, params):
        raise AwsError(f"Can't change {found.bucket}/{found.key}", wrong, code="Unchangeable")
    grants = await _grants(s3, found)
    params |= grants or {}
    if not is_lookalike(s3.gateway.connection):  # they refuse the header, or overlook it
        params["IfMatch"] = f'"{found.etag}"'
    await _copy(s3, found, params, check)
    return ACL_LOST if grants is None else CHANGED


def copy_params(found: Properties, change: Change) -> dict[str, Any]:
    """What CopyObject must be told so that only `change` changes; pure.

    Whatever of an object is not named in a replacing copy is gone: its type, its class, its KMS
    key, where it redirects to.
    """
    kept = found.encryption
    encryption = change.encryption or kept
    params: dict[str, Any] = {
        "Key": found.key,
        "CopySource": {"Bucket": found.bucket, "Key": found.key},
        "CopySourceIfMatch": f'"{found.etag}"',
        "MetadataDirective": "REPLACE",
        "TaggingDirective": "COPY",
        "Metadata": _wired(change.metadata.applied(found.metadata)),
        **{k: v for k, v in change.headers.applied(found.headers).items() if v},
    }
    storage_class = change.storage_class or found.storage_class
    if storage_class != "STANDARD":
        params["StorageClass"] = storage_class
    if found.expires is not None:
        params["Expires"] = found.expires
    if found.redirect:
        params["WebsiteRedirectLocation"] = found.redirect
    if encryption is not None:
        params["ServerSideEncryption"] = encryption.kind
        if encryption.key_id:
            params["SSEKMSKeyId"] = encryption.key_id
        if encryption.bucket_key is not None and encryption.kind != "AES256":
            params["BucketKeyEnabled"] = encryption.bucket_key
    if found.lock_mode and found.lock_until and found.lock_until > datetime.now(UTC):
        params["ObjectLockMode"] = found.lock_mode
        params["ObjectLockRetainUntilDate"] = found.lock_until
    if found.legal_hold:
        params["ObjectLockLegalHoldStatus"] = "ON"
    return params


def obstacle(found: Properties, params: Mapping[str, Any]) -> str | None:
    """Why an object can't be copied onto itself without a loss, or None; pure."""
    if not found.readable:
        runs = found.restore is not None and found.restore.ongoing
        return "its restore is under way" if runs else "it is archived; restore it first"
    if found.customer_key:
        return "it is encrypted with a key of its owner's own (SSE-C)"
    if found.missing_metadata:
        return "some of its metadata can't be read and would be lost"
    if found.expires_text and found.expires is None:
        return "its Expires header is no date and would be lost"
    if over := metadata_size_problem(params["Metadata"]):
        return f"its metadata would be too big: {over}"
    return None


async def tags_of(s3: S3, bucket: str, key: str, version_id: str = "") -> dict[str, str]:
    """An object's tags (GetObjectTagging)."""
    return (await _tags(s3, bucket, key, version_id))[0]


async def change_tags(s3: S3, bucket: str, key: str, edits: Edits, version_id: str = "") -> str:
    """Set and drop tags of one object or version, keeping its others.

    Raises:
        AwsError: there would be more than ten, or it is refused.
    """
    before, version = await _tags(s3, bucket, key, version_id)
    after = edits.applied(before.items())
    if after == before:
        return UNCHANGED
    if len(after) > TAGS_AT_MOST:
        raise AwsError(
            f"Can't tag {bucket}/{key}",
            f"it would have {len(after)} tags, {TAGS_AT_MOST} are allowed",
            code="TooManyTags",
        )
    # The version that was read, so that a newer object is not given the older one's tags.
    where = {"Key": key, **({"VersionId": version} if version else {})}
    if after:
        tags = [{"Key": name, "Value": value} for name, value in after.items()]
        await s3.ask("put_object_tagging", bucket, Tagging={"TagSet": tags}, **where)
    else:
        await s3.ask("delete_object_tagging", bucket, **where)
    return CHANGED


def _is_listed(found: Properties, row: S3Object) -> bool:
    # A listing has milliseconds on some servers, a header has whole seconds.
    apart = abs((found.modified_at - row.modified_at).total_seconds())
    return found.size_bytes == row.size_bytes and apart < 1


async def _is_still_listed(s3: S3, bucket: str, row: S3Object) -> bool:
    """Whether a look-alike lists the object as before: in its headers some tell another time."""
    if not is_lookalike(s3.gateway.connection):
        return False
    with caused_by(None):
        answer = await s3.ask("list_objects_v2", bucket, Prefix=row.key, MaxKeys=1)
    for entry in answer.get("Contents", ()):
        if entry["Key"] == row.key:
            return bool((entry["Size"], entry["LastModified"]) == (row.size_bytes, row.modified_at))
    return False


def _differs(found: Properties, change: Change) -> bool:
    return (
        change.metadata.applied(found.metadata) != dict(found.metadata)
        or change.headers.applied(found.headers) != dict(found.headers)
        or (change.storage_class or found.storage_class) != found.storage_class
        or (change.encryption is not None and change.encryption != found.encryption)
    )


async def _copy(
    s3: S3, found: Properties, params: dict[str, Any], check: Callable[[], None]
) -> None:
    if found.size_bytes <= ONE_COPY_BYTES:
        await s3.ask("copy_object", found.bucket, **params)
        return
    try:
        with caused_by(None):
            tags = await tags_of(s3, found.bucket, found.key)
    except AwsError as error:
        if error.code not in LACKING:
            raise  # they would be lost
        tags = {}
    await copy_in_parts(s3, found.bucket, params, found.size_bytes, tags=tags, check=check)


async def _grants(s3: S3, found: Properties) -> dict[str, str] | None:
    """The access list as CopyObject takes it, {} for the plain one, None where it can't be read.

    Without it a copy is private.
    """
    try:
        with caused_by(None):
            answer = await s3.ask("get_object_acl", found.bucket, Key=found.key)
    except AwsError as error:
        return {} if error.code in LACKING else None
    return grants_of(answer)


def grants_of(answer: Mapping[str, Any]) -> dict[str, str]:
    """Turn GetObjectAcl's answer into the headers of a copy; {} where only the owner may."""
    owner = answer.get("Owner", {}).get("ID", "")
    made: dict[str, list[str]] = {}
    plain = True
    for grant in answer.get("Grants", ()):
        grantee, permission = grant.get("Grantee", {}), grant.get("Permission", "")
        header = _GRANTS.get(permission)
        if header is None:
            continue
        if grantee.get("URI"):
            who = f'uri="{grantee["URI"]}"'
        elif grantee.get("ID"):
            who = f'id="{grantee["ID"]}"'
        else:
            continue
        plain = plain and grantee.get("ID") == owner
        made.setdefault(header, []).append(who)
    return {} if plain else {header: ", ".join(who) for header, who in made.items()}


async def _tags(s3: S3, bucket: str, key: str, version_id: str) -> tuple[dict[str, str], str]:
    where = {"VersionId": version_id} if version_id else {}
    answer = await s3.ask("get_object_tagging", bucket, Key=key, **where)
    found = {tag["Key"]: tag["Value"] for tag in answer.get("TagSet", ())}
    return found, version_id or answer.get("VersionId", "")


def _wired(pairs: Mapping[str, str]) -> dict[str, str]:
    return {name: wire(value) for name, value in pairs.items()}


def _properties_of(bucket: str, key: str, answer: Mapping[str, Any]) -> Properties:
    kind = answer.get("ServerSideEncryption", "")
    return Properties(
        bucket=bucket,
        key=key,
        size_bytes=answer.get("ContentLength", 0),
        modified_at=answer["LastModified"],
        etag=answer.get("ETag", "").strip('"'),
        version_id=answer.get("VersionId", ""),
        headers=tuple((name, answer[name]) for name in HEADERS if answer.get(name)),
        metadata=tuple(sorted(answer.get("Metadata", {}).items())),
        storage_class=answer.get("StorageClass") or "STANDARD",
        expires=answer.get("Expires"),
        expires_text=answer.get("ExpiresString", ""),
        redirect=answer.get("WebsiteRedirectLocation", ""),
        encryption=Encryption(
            kind, answer.get("SSEKMSKeyId", ""), answer.get("BucketKeyEnabled") or None
        )
        if kind
        else None,
        customer_key=bool(answer.get("SSECustomerAlgorithm")),
        missing_metadata=answer.get("MissingMeta", 0),
        lock_mode=answer.get("ObjectLockMode", ""),
        lock_until=answer.get("ObjectLockRetainUntilDate"),
        legal_hold=answer.get("ObjectLockLegalHoldStatus") == "ON",
        restore=restore_of(answer.get("Restore", "")),
        archive_status=answer.get("ArchiveStatus", ""),
    )
