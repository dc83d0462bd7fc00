"""What a list of buckets tells of each: its region, who may read it, whether it keeps versions.

Every question may be refused on its own; the answer then says so and the others stand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tui.aws.calls import caused_by
from tui.core.errors import AwsError

if TYPE_CHECKING:
    from tui.aws.s3 import S3

PUBLIC, PRIVATE, MAYBE, UNKNOWN = "public", "private", "maybe", "unknown"
ON, SUSPENDED, OFF = "on", "suspended", "off"
NOT_ALLOWED, NOT_HERE = "not allowed", "none here"

REFUSALS: Final = frozenset({"AccessDenied", "AllAccessDisabled", "403", "Forbidden"})
LACKS: Final = frozenset(
    {"NotImplemented", "MethodNotAllowed", "501", "405", "SandboxNotSupported"}
)
_NO_BLOCK, _NO_POLICY = "NoSuchPublicAccessBlockConfiguration", "NoSuchBucketPolicy"
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#specifying-grantee-predefined-groups
_EVERYONE: Final = (
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
)


@dataclass(frozen=True, slots=True)
class Access:
    """Who may reach a bucket: `word` is PUBLIC, PRIVATE, MAYBE or UNKNOWN, `why` a clause."""

    word: str
    why: str = ""
    short: str = UNKNOWN  # of UNKNOWN: what a table says


@dataclass(frozen=True, slots=True)
class Blocks:
    """The two settings of a public access block that take effect on what there is already.

    Attributes:
        policies: public policies reach nobody outside the account (RestrictPublicBuckets).
        grants: ACLs that name everyone count for nothing (IgnorePublicAcls).
        where: whose setting it is, for the sentence.
    """

    policies: bool = False
    grants: bool = False
    where: str = "its public access block"


@dataclass(frozen=True, slots=True)
class BucketFacts:
    """One bucket's: `versions` is ON, SUSPENDED, OFF, NOT_ALLOWED, NOT_HERE or UNKNOWN.

    `region` is "" where it could not be had.
    """

    region: str = ""
    access: Access = Access(UNKNOWN)
    versions: str = UNKNOWN


async def facts_of(s3: S3, bucket: str, account: Blocks | None = None) -> BucketFacts:
    """Ask all there is to know, unlogged: two to five calls. Never raises `AwsError`.

    `account` is what `account_blocks` answered.
    """
    with caused_by(None):
        region = await _region(s3, bucket)  # first: the other calls then go there
        access, versions = await asyncio.gather(
            access_of(s3, bucket, account), versions_of(s3, bucket)
        )
    return BucketFacts(region, access, versions)


async def access_of(s3: S3, bucket: str, account: Blocks | None = None) -> Access:
    """Tell whether anybody may reach a bucket, by its block, its policy and its ACL.

    A bucket is public where its policy or its ACL opens it and no block undoes that; the blocks
    of account and bucket add up. Objects may have ACLs of their own, which this does not read.
    """
    account = account or Blocks()
    if account.policies and account.grants:
        return Access(PRIVATE, f"{account.where} keeps all out")
    own, block_code = await _blocks(s3, bucket)
    policies, grants = account.policies or own.policies, account.grants or own.grants
    if policies and grants:
        return Access(PRIVATE, f"{own.where} keeps all out")
    by_policy, by_grant = await asyncio.gather(
        _nobody() if policies else _policy_opens(s3, bucket),
        _nobody() if grants else _grants_open(s3, bucket),
    )
    return verdict(by_policy, by_grant, block_code)


def verdict(by_policy: bool | str, by_grant: bool | str, block_code: str = "") -> Access:
    """One word of three answers; a text is the code of the error that came instead."""
    if by_policy is True or by_grant is True:
        opened = "its policy opens it" if by_policy is True else "its ACL names everyone"
        if block_code in REFUSALS:
            return Access(MAYBE, f"{opened}; whether that is blocked may not be asked")
        return Access(PUBLIC, opened)
    if by_policy is False and by_grant is False:
        return Access(PRIVATE, "neither policy nor ACL opens it")
    code = by_policy if isinstance(by_policy, str) else str(by_grant)
    what = "its policy" if isinstance(by_policy, str) else "its ACL"
    if code in REFUSALS:
        return Access(UNKNOWN, f"{what} may not be read", NOT_ALLOWED)
    if code in LACKS:
        return Access(UNKNOWN, "this server does not tell", NOT_HERE)
    return Access(UNKNOWN, f"{what} could not be read ({code})")


async def versions_of(s3: S3, bucket: str) -> str:
    """Tell whether a bucket keeps versions (GetBucketVersioning)."""
    try:
        answer = await s3.ask("get_bucket_versioning", bucket)
    except AwsError as error:
        if error.code in REFUSALS:
            return NOT_ALLOWED
        return NOT_HERE if error.code in LACKS else UNKNOWN
    return {"Enabled": ON, "Suspended": SUSPENDED}.get(answer.get("Status", ""), OFF)


async def account_blocks(s3: S3, account: str) -> Blocks | None:
    """Return what the account as a whole blocks; None where there is nothing or it can't be had.

    Only Amazon has it: other servers are not asked.
    """
    gateway = s3.gateway
    if gateway.connection.endpoint_url:
        return None
    try:
        with caused_by(None):
            answer = await gateway.call("s3control", "get_public_access_block", AccountId=account)
    except AwsError:
        return None
    return _made(answer, "the account's public access block")


async def _region(s3: S3, bucket: str) -> str:
    try:
        return await s3.bucket_region(bucket)
    except AwsError:
        return ""


async def _blocks(s3: S3, bucket: str) -> tuple[Blocks, str]:
    """The bucket's own, and the code of the error that came instead."""
    try:
        answer = await s3.ask("get_public_access_block", bucket)
    except AwsError as error:
        return Blocks(), "" if error.code == _NO_BLOCK else error.code
    return _made(answer), ""


def _made(answer: Mapping[str, Any], where: str = Blocks().where) -> Blocks:
    found = answer.get("PublicAccessBlockConfiguration", {})
    policies, grants = found.get("RestrictPublicBuckets"), found.get("IgnorePublicAcls")
    return Blocks(bool(policies), bool(grants), where)


async def _policy_opens(s3: S3, bucket: str) -> bool | str:
    try:
        answer = await s3.ask("get_bucket_policy_status", bucket)
    except AwsError as error:
        return False if error.code == _NO_POLICY else error.code or UNKNOWN
    return bool(answer.get("PolicyStatus", {}).get("IsPublic"))


async def _grants_open(s3: S3, bucket: str) -> bool | str:
    try:
        answer = await s3.ask("get_bucket_acl", bucket)
    except AwsError as error:
        return error.code or UNKNOWN
    grantees = (grant.get("Grantee", {}) for grant in answer.get("Grants", ()))
    return any(grantee.get("URI") in _EVERYONE for grantee in grantees)


async def _nobody() -> bool:
    return False
