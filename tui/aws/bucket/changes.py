"""Changes of a bucket's settings. S3 has no conditional writes for these: each reads again first.

What was shown when the user decided must still stand, or nothing is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tui.aws.bucket.policy import same
from tui.aws.bucket.policy_access import is_public
from tui.aws.bucket.settings import (
    REFUSALS,
    SWITCH_NAMES,
    Answer,
    Switches,
    ask,
    policy_of,
    rules_of,
    switches_of,
    tags_of,
)
from tui.aws.bucket.verdict import ownership_of
from tui.aws.calls import caused_by
from tui.core.errors import AwsError

if TYPE_CHECKING:
    from tui.aws.s3.service import S3

Rules = Sequence[Mapping[str, Any]]
Tags = Sequence[tuple[str, str]]


async def put_switches(s3: S3, bucket: str, wanted: Switches, before: Switches) -> None:
    """Set the four switches of the public access block.

    Raises:
        AwsError: code Changed where they are no longer as `before`; or it is refused.
    """
    now = await _now(s3, bucket, "public_access_block")
    _expect(switches_of(now) == before, "public access block", bucket)
    configuration = dict(zip(SWITCH_NAMES, wanted, strict=True))
    await s3.ask("put_public_access_block", bucket, PublicAccessBlockConfiguration=configuration)


async def put_ownership(s3: S3, bucket: str, ownership: str, before: str) -> None:
    """Say who owns what others upload: BucketOwnerEnforced switches ACLs off."""
    now = await _now(s3, bucket, "ownership")
    _expect(ownership_of(now) == before, "object ownership", bucket)
    rules = {"Rules": [{"ObjectOwnership": ownership}]}
    await s3.ask("put_bucket_ownership_controls", bucket, OwnershipControls=rules)


async def put_policy(
    s3: S3, bucket: str, text: str, before: str, *, may_shut_out: bool = False
) -> None:
    """Replace the policy, if it is still what was read; `may_shut_out` tells S3 that one may be
    shut out by it.

    Raises:
        AwsError: code Changed where it is not; or it is refused.
    """
    _expect(same(policy_of(await _now(s3, bucket, "policy")), before), "policy", bucket)
    more = {"ConfirmRemoveSelfBucketAccess": True} if may_shut_out else {}
    try:
        await s3.ask("put_bucket_policy", bucket, Policy=text, **more)
    except AwsError as error:
        if error.code in REFUSALS and is_public(text):
            raise AwsError(
                error.title,
                "it may not be public: BlockPublicPolicy (of the bucket or the account) is on, "
                "or access is denied",
                "Look at the switches under Permissions.",
                code=error.code,
            ) from error
        raise


async def delete_policy(s3: S3, bucket: str, before: str) -> None:
    """Delete the policy, if it is still what was read."""
    _expect(same(policy_of(await _now(s3, bucket, "policy")), before), "policy", bucket)
    await s3.ask("delete_bucket_policy", bucket)


async def put_versioning(s3: S3, bucket: str, *, on: bool, before: Answer | None = None) -> None:
    """Keep old versions from now on, or no longer; `before` is what was read, if it was."""
    if before is not None:
        _expect((await _now(s3, bucket, "versioning")).value == before.value, "versioning", bucket)
    status = {"Status": "Enabled" if on else "Suspended"}
    await s3.ask("put_bucket_versioning", bucket, VersioningConfiguration=status)


async def put_encryption(
    s3: S3, bucket: str, *, kms: bool, key: str = "", before: Answer | None = None
) -> None:
    """Encrypt new objects with S3's own keys, or by KMS: the account's key unless one is named.

    What the rule says besides, such as which encryption is refused, stays; `before` is what was
    read, if it was.
    """
    default: dict[str, Any] = {"SSEAlgorithm": "aws:kms" if kms else "AES256"}
    if kms and key:
        default["KMSMasterKeyID"] = key
    rule: dict[str, Any] = {}
    if before is not None:
        now = await _now(s3, bucket, "encryption")
        _expect(now.value == before.value, "encryption", bucket)
        rules = now.value.get("ServerSideEncryptionConfiguration", {}).get("Rules", ())
        rule = {name: part for row in rules[:1] for name, part in row.items()}
    rule["ApplyServerSideEncryptionByDefault"] = default
    if kms:
        rule["BucketKeyEnabled"] = True
    configuration = {"Rules": [rule]}
    await s3.ask("put_bucket_encryption", bucket, ServerSideEncryptionConfiguration=configuration)


async def put_rules(s3: S3, bucket: str, rules: Rules, before: Answer) -> None:
    """Replace the lifecycle rules, if they are still those that were read; none deletes them.

    Raises:
        AwsError: code Changed where they are not; or they are refused.
    """
    now = await _now(s3, bucket, "lifecycle")
    _expect(_sorted(rules_of(now)) == _sorted(rules_of(before)), "lifecycle rules", bucket)
    if not rules:
        await s3.ask("delete_bucket_lifecycle", bucket)
        return
    params: dict[str, Any] = {"LifecycleConfiguration": {"Rules": list(rules)}}
    if smallest := now.value.get("TransitionDefaultMinimumObjectSize"):
        params["TransitionDefaultMinimumObjectSize"] = smallest
    await s3.ask("put_bucket_lifecycle_configuration", bucket, **params)


async def put_tags(s3: S3, bucket: str, tags: Tags, before: Tags) -> None:
    """Replace the tags, if they are still those that were read; none deletes them."""
    now = tags_of(await _now(s3, bucket, "tags"))
    _expect(sorted(now) == sorted(before), "tags", bucket)
    if not tags:
        await s3.ask("delete_bucket_tagging", bucket)
        return
    rows = [{"Key": key, "Value": value} for key, value in tags]
    await s3.ask("put_bucket_tagging", bucket, Tagging={"TagSet": rows})


async def _now(s3: S3, bucket: str, name: str) -> Answer:
    with caused_by(None):
        answer = await ask(s3, bucket, name)
    if not answer.known and answer.error is not None:
        raise answer.error
    return answer


def _expect(unchanged: bool, what: str, bucket: str) -> None:
    if not unchanged:
        raise AwsError(
            f"Didn't change the {what} of {bucket}",
            "somebody else changed it in the meantime",
            "Look at what it is now, and try again.",
            code="Changed",
        )


def _sorted(rules: Rules) -> list[str]:
    """Rules without an order: S3 may give them in another one."""
    return sorted(repr(_ordered(rule)) for rule in rules)


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping):
        return sorted((key, _ordered(part)) for key, part in value.items())
    return [_ordered(part) for part in value] if isinstance(value, list) else value
