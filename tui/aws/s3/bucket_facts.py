"""What a list of buckets tells of each: its region, who may read it, whether it keeps versions.

Every question may be refused on its own; the answer then says so and the others stand. Who may
read it is `tui.aws.bucket.verdict`'s to say, here as in the bucket's settings.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.aws.bucket.settings import Answer, State, ask, switches_of
from tui.aws.bucket.verdict import Level, Verdict, effective, grants, judged
from tui.aws.calls import caused_by
from tui.core.errors import AwsError

if TYPE_CHECKING:
    from tui.aws.s3.service import S3

PUBLIC, PRIVATE, MAYBE, UNKNOWN = "public", "private", "maybe", "unknown"
ON, SUSPENDED, OFF = "on", "suspended", "off"
NOT_ALLOWED, NOT_HERE = "not allowed", "none here"


@dataclass(frozen=True, slots=True)
class Access:
    """Who may reach a bucket: `word` is PUBLIC, PRIVATE, MAYBE or UNKNOWN, `why` a clause."""

    word: str
    why: str = ""
    short: str = UNKNOWN  # of UNKNOWN: what a table says


@dataclass(frozen=True, slots=True)
class BucketFacts:
    """One bucket's: `versions` is ON, SUSPENDED, OFF, NOT_ALLOWED, NOT_HERE or UNKNOWN.

    `region` is "" where it could not be had.
    """

    region: str = ""
    access: Access = Access(UNKNOWN)
    versions: str = UNKNOWN


async def facts_of(s3: S3, bucket: str, account: Answer | None = None) -> BucketFacts:
    """Ask all there is to know, unlogged: three to six calls. Never raises `AwsError`.

    `account` is what `account_blocks` answered.
    """
    with caused_by(None):
        region = await _region(s3, bucket)  # first: the other calls then go there
        access, versions = await asyncio.gather(
            access_of(s3, bucket, account), versions_of(s3, bucket)
        )
    return BucketFacts(region, access, versions)


async def access_of(s3: S3, bucket: str, account: Answer | None = None) -> Access:
    """Tell whether anybody may reach a bucket: the verdict of its settings, by as few questions
    as it takes.
    """
    known: dict[str, Answer] = {"account_block": account} if account is not None else {}
    if switches_of(account).shut:
        return Access(PRIVATE, "the account's public access block keeps all out")
    known["public_access_block"] = await ask(s3, bucket, "public_access_block")
    blocked = effective(known)
    if blocked.shut:
        return Access(PRIVATE, "its public access block keeps all out")
    asking = [] if blocked.restrict else [_ask_policy(s3, bucket)]
    asking += [] if blocked.ignore_acls else [_ask_acl(s3, bucket)]
    for answers in await asyncio.gather(*asking):
        known |= answers
    return _told(judged(known))


async def _ask_policy(s3: S3, bucket: str) -> dict[str, Answer]:
    status = await ask(s3, bucket, "policy_status")
    if status.known:
        return {"policy_status": status}
    return {"policy_status": status, "policy": await ask(s3, bucket, "policy")}


async def _ask_acl(s3: S3, bucket: str) -> dict[str, Answer]:
    acl = await ask(s3, bucket, "acl")
    if acl.known and not any(grant.everyone for grant in grants(acl)):
        return {"acl": acl}
    return {"acl": acl, "ownership": await ask(s3, bucket, "ownership")}


def _told(found: Verdict) -> Access:
    why = found.words.partition(": ")[2]
    if found.level is Level.PUBLIC:
        return Access(PUBLIC, why)
    if found.level is Level.PRIVATE:
        return Access(PRIVATE, "neither policy nor ACL opens it")
    if found.opened:
        return Access(MAYBE, why)
    shorts = {State.DENIED: NOT_ALLOWED, State.LACKING: NOT_HERE}
    return Access(UNKNOWN, why, shorts.get(found.gap or State.FAILED, UNKNOWN))


async def versions_of(s3: S3, bucket: str) -> str:
    """Tell whether a bucket keeps versions (GetBucketVersioning)."""
    answer = await ask(s3, bucket, "versioning")
    if not answer.known:
        return {State.DENIED: NOT_ALLOWED, State.LACKING: NOT_HERE}.get(answer.state, UNKNOWN)
    return {"Enabled": ON, "Suspended": SUSPENDED}.get(answer.value.get("Status", ""), OFF)


async def account_blocks(s3: S3, account: str) -> Answer:
    """Return what the account as a whole blocks, or why that is not known."""
    with caused_by(None):
        return await ask(s3, "", "account_block", account)


async def _region(s3: S3, bucket: str) -> str:
    try:
        return await s3.bucket_region(bucket)
    except AwsError:
        return ""
