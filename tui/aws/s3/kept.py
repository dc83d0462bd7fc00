"""What an object keeps when it is written anew: headers, metadata, class, encryption, tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from tui.aws.errors import error_code
from tui.aws.lookalikes import LACKING
from tui.core.errors import AwsError

HEADERS: Final = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "WebsiteRedirectLocation",
)
CHECKSUMS: Final = ("CRC64NVME", "CRC32", "CRC32C", "SHA256", "SHA1")
_NO_TAGS: Final = LACKING | {"NoSuchTagSet"}


def placement(head: Mapping[str, Any], *, other_region: bool = False) -> dict[str, Any]:
    """Return class and key of a HeadObject answer as a write takes them.

    A KMS key is of one region: in another one, that region's own key for S3 takes its place. What
    S3 encrypts by itself is left to the target bucket's default, which may be stricter.
    """
    kept: dict[str, Any] = {}
    if (storage_class := head.get("StorageClass")) not in (None, "", "STANDARD"):
        kept["StorageClass"] = storage_class
    if redirect := head.get("WebsiteRedirectLocation"):
        kept["WebsiteRedirectLocation"] = redirect
    encryption = head.get("ServerSideEncryption", "")
    if encryption.startswith("aws:"):
        kept["ServerSideEncryption"] = encryption
        if head.get("SSEKMSKeyId") and not other_region:
            kept["SSEKMSKeyId"] = head["SSEKMSKeyId"]
        if head.get("BucketKeyEnabled"):
            kept["BucketKeyEnabled"] = True
    return kept


def described(head: Mapping[str, Any]) -> dict[str, Any]:
    """Return headers and metadata of a HeadObject answer as a write takes them."""
    kept: dict[str, Any] = {name: head[name] for name in HEADERS if head.get(name)}
    if expires := head.get("ExpiresString") or head.get("Expires"):
        kept["Expires"] = expires
    if head.get("Metadata"):
        kept["Metadata"] = dict(head["Metadata"])
    return kept


def tags_of(client: Any, bucket: str, key: str, version_id: str = "") -> dict[str, str]:
    """Return an object's tags as a write takes them ({"Tagging": "a=1"}), {} for none. Blocks.

    Raises:
        AwsError: it has some, or may have, that this identity may not read: they would be lost.
    """
    try:
        of = {"Bucket": bucket, "Key": key} | ({"VersionId": version_id} if version_id else {})
        found = client.get_object_tagging(**of).get("TagSet", ())
    except Exception as error:
        code = error_code(error)
        if code in _NO_TAGS:
            return {}
        if code in ("AccessDenied", "403"):
            raise AwsError(
                f"Can't write {bucket}/{key} anew",
                "its tags may not be read, and would be lost (s3:GetObjectTagging)",
                "Ask for that permission, or download and upload it.",
                code=code,
            ) from error
        raise
    pairs = [(tag["Key"], tag["Value"]) for tag in found]
    return {"Tagging": urlencode(pairs)} if pairs else {}
