"""Buckets as Amazon makes them since April 2023, and policies as it takes them.

New buckets block public access, encrypt by SSE-S3 and have ACLs switched off; moto's have nothing.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from typing import Any

from tui.sandbox.patches.base import PatchContext, need, put

ENFORCED = "BucketOwnerEnforced"
_ON = "true"
_GROUPS = "http://acs.amazonaws.com/groups/global/"
# Keys that make a statement non-public where their value is fixed (S3, "The meaning of public").
_RESTRICTING = frozenset(
    """
    aws:sourcearn aws:sourcevpc aws:sourcevpce aws:sourceowner aws:sourceaccount aws:userid
    aws:principalorgid aws:principalarn aws:principalaccount s3:dataaccesspointarn
    s3:dataaccesspointaccount
    """.split()  # noqa: SIM905 - one name a line would be a screenful
)
# What IAM calls some actions, where moto takes them for a listing or for another name.
_ACTIONS = {
    "GET": {
        "encryption": "GetEncryptionConfiguration",
        "publicAccessBlock": "GetBucketPublicAccessBlock",
        "ownershipControls": "GetBucketOwnershipControls",
        "replication": "GetReplicationConfiguration",
        "object-lock": "GetBucketObjectLockConfiguration",
        "inventory": "GetInventoryConfiguration",
        "intelligent-tiering": "GetIntelligentTieringConfiguration",
    },
    "PUT": {
        "encryption": "PutEncryptionConfiguration",
        "publicAccessBlock": "PutBucketPublicAccessBlock",
        "ownershipControls": "PutBucketOwnershipControls",
        "replication": "PutReplicationConfiguration",
        "object-lock": "PutBucketObjectLockConfiguration",
    },
    "DELETE": {
        "encryption": "PutEncryptionConfiguration",
        "publicAccessBlock": "PutBucketPublicAccessBlock",
        "ownershipControls": "PutBucketOwnershipControls",
    },
}


def install_defaults(context: PatchContext) -> None:
    """New buckets are private and encrypted."""
    from moto.s3.models import FakeBucket, PublicAccessBlock

    initialise = need(FakeBucket, "__init__", "name")
    need(PublicAccessBlock, "__init__", "block_public_acls", "restrict_public_buckets")

    def init(self: Any, *args: Any, **named: Any) -> None:
        initialise(self, *args, **named)
        self.public_access_block = PublicAccessBlock(_ON, _ON, _ON, _ON)
        default = {"SSEAlgorithm": "AES256"}
        self.encryption = {
            "Rule": {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": "false"}
        }
        self.ownership_rule = ENFORCED

    put(FakeBucket, __init__=init)


def install_actions(context: PatchContext) -> None:
    """Hold limited identities to the actions that IAM has for a bucket's settings."""
    from moto.s3 import responses

    known = need(responses, "ACTION_MAP")["BUCKET"]
    for method, actions in _ACTIONS.items():
        known[method].update(actions)


def install_policies(context: PatchContext) -> None:
    """Refuse policies that S3 refuses, public ones too where the block says so."""
    from moto.s3 import responses
    from moto.s3.models import S3Backend

    write = need(S3Backend, "put_bucket_policy", "bucket_name", "policy")
    need(responses, "bucket_policy_is_public")

    def put_bucket_policy(self: Any, bucket_name: str, policy: bytes) -> None:
        bucket = self.get_bucket(bucket_name)
        for row in _statements(policy):
            _check(row, bucket)
        block = bucket.public_access_block
        if block is not None and block.block_public_policy and is_public(policy):
            raise _error(
                "AccessDenied",
                "User: arn:aws:iam::000000000000:root is not authorized to perform: "
                f's3:PutBucketPolicy on resource: "{bucket.arn}" because public policies are '
                "prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
            )
        write(self, bucket_name, policy)

    put(S3Backend, put_bucket_policy=put_bucket_policy)
    put(responses, bucket_policy_is_public=is_public)


def install_acls(context: PatchContext) -> None:
    """Refuse a bucket's ACL where ACLs are off, and a public one where the block says so."""
    from moto.s3.models import S3Backend

    write = need(S3Backend, "put_bucket_acl", "bucket_name", "acl")

    def put_bucket_acl(self: Any, bucket_name: str, acl: Any) -> None:
        bucket = self.get_bucket(bucket_name)
        uris = [one.uri or "" for grant in acl.grants for one in grant.grantees] if acl else []
        shared = len(acl.grants) > 1 if acl else False
        if shared and bucket.ownership_rule == ENFORCED:
            message = "The bucket does not allow ACLs"
            raise _error("AccessControlListNotSupported", message)
        block = bucket.public_access_block
        public = any(uri.startswith(_GROUPS) for uri in uris)
        if public and block is not None and block.block_public_acls:
            raise _error("AccessDenied", "Access Denied")
        write(self, bucket_name, acl)

    put(S3Backend, put_bucket_acl=put_bucket_acl)


def is_public(policy: bytes | str) -> bool:
    """Whether a policy lets everyone in, as GetBucketPolicyStatus tells."""
    return any(
        row.get("Effect") == "Allow" and _everyone(row) and not _restricted(row)
        for row in _statements(policy)
    )


def _statements(policy: bytes | str) -> list[dict[str, Any]]:
    try:
        rows = json.loads(policy)["Statement"]
    except (ValueError, TypeError, KeyError):
        return []
    return [row for row in (rows if isinstance(rows, list) else [rows]) if isinstance(row, dict)]


def _check(row: dict[str, Any], bucket: Any) -> None:
    if row.get("Effect") not in ("Allow", "Deny"):
        raise _error("MalformedPolicy", f"Invalid effect: {row.get('Effect')}")
    if "Principal" not in row and "NotPrincipal" not in row:
        raise _error("MalformedPolicy", "Missing required field Principal")
    if "Action" not in row and "NotAction" not in row:
        raise _error("MalformedPolicy", "Missing required field Action")
    places = row.get("Resource", row.get("NotResource"))
    for place in places if isinstance(places, list) else [places]:
        if str(place).rstrip("*").rstrip("/").partition("/")[0] != bucket.arn:
            raise _error("MalformedPolicy", "Policy has invalid resource")


def _everyone(row: dict[str, Any]) -> bool:
    principal = row.get("Principal")
    named = principal.get("AWS") if isinstance(principal, dict) else principal
    return "NotPrincipal" in row or named == "*" or (isinstance(named, list) and "*" in named)


def _restricted(row: dict[str, Any]) -> bool:
    for operator, key, values in _conditions(row.get("Condition") or {}):
        if key == "aws:sourceip" and operator == "IpAddress":
            if all(ipaddress.ip_network(value, strict=False).prefixlen >= 8 for value in values):
                return True
        elif key in _RESTRICTING and operator.startswith(("StringEquals", "StringLike", "Arn")):
            fixed = not any("*" in value or "${" in value for value in values)
            if fixed and "Not" not in operator and not operator.endswith("IfExists"):
                return True
    return False


def _conditions(condition: dict[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    for operator, keys in condition.items():
        for key, value in keys.items():
            values = value if isinstance(value, list) else [value]
            yield operator, key.lower(), [str(one) for one in values]


def _error(code: str, message: str) -> Exception:
    from moto.s3.exceptions import S3ClientError

    error: Exception = S3ClientError(code, message)
    return error
