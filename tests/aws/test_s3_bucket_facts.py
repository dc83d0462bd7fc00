"""What the list of buckets tells of each: public or not, versions or not."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from tui.aws.bucket.settings import Answer, State, ask
from tui.aws.bucket.verdict import NEEDED, Level, verdict
from tui.aws.calls import CallLog
from tui.aws.s3.bucket_facts import Access, access_of, account_blocks, facts_of, versions_of
from tui.aws.s3.service import S3
from tui.core.errors import AwsError

OPEN = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::skydeck-test-7421/*",
        }
    ],
}
BLOCK = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


@pytest.fixture
def refuse(s3: S3, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have some operations fail with a code."""

    def refusing(code: str, *operations: str) -> None:
        asked = s3.ask

        async def ask(operation: str, bucket: str, **params: Any) -> dict[str, Any]:
            if operation in operations:
                raise AwsError("Can't", "no", code=code)
            return await asked(operation, bucket, **params)

        monkeypatch.setattr(s3, "ask", ask)

    return refusing


@pytest.fixture
def bare(outside: Any, bucket: str) -> str:
    """A bucket as they were made before 2023: no block, and ACLs that count."""
    outside.delete_public_access_block(Bucket=bucket)
    rules = [{"ObjectOwnership": "ObjectWriter"}]
    outside.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": rules})
    return bucket


async def test_a_bucket_that_nobody_opened_is_private(s3: S3, bare: str) -> None:
    assert await access_of(s3, bare) == Access("private", "neither policy nor ACL opens it")


async def test_a_policy_for_everyone_is_public_until_it_is_blocked(
    s3: S3, bare: str, outside: Any
) -> None:
    outside.put_bucket_policy(Bucket=bare, Policy=json.dumps(OPEN))
    assert await access_of(s3, bare) == Access("public", "its policy lets anyone in")
    outside.put_public_access_block(Bucket=bare, PublicAccessBlockConfiguration=BLOCK)
    assert (await access_of(s3, bare)).word == "private"


async def test_an_acl_for_everyone_is_public_until_it_is_ignored(
    s3: S3, bare: str, outside: Any
) -> None:
    outside.put_bucket_acl(Bucket=bare, ACL="public-read")
    assert await access_of(s3, bare) == Access("public", "anyone may list the keys, by the ACL")
    half = {**BLOCK, "RestrictPublicBuckets": False}
    outside.put_public_access_block(Bucket=bare, PublicAccessBlockConfiguration=half)
    assert (await access_of(s3, bare)).word == "private"


async def test_what_the_account_blocks_is_asked_no_further(
    s3: S3, bare: str, outside: Any, refuse: Callable[..., None]
) -> None:
    outside.put_bucket_policy(Bucket=bare, Policy=json.dumps(OPEN))
    refuse("AccessDenied", "get_public_access_block", "get_bucket_policy_status")
    account = Answer(State.SET, {"PublicAccessBlockConfiguration": BLOCK})
    found = await access_of(s3, bare, account)
    assert found == Access("private", "the account's public access block keeps all out")


async def test_a_server_of_ones_own_has_no_account_to_ask(s3: S3) -> None:
    assert (await account_blocks(s3, "000000000000")).state is State.LACKING


async def test_one_refusal_hides_nothing_else(
    s3: S3, bare: str, outside: Any, refuse: Callable[..., None]
) -> None:
    outside.put_bucket_versioning(Bucket=bare, VersioningConfiguration={"Status": "Suspended"})
    refuse("AccessDenied", "get_bucket_policy_status", "get_bucket_policy")
    found = await facts_of(s3, bare)
    why = "the policy is not known (not allowed)"
    assert found.access == Access("unknown", why, "not allowed")
    assert (found.versions, found.region) == ("suspended", "us-east-1")


DENIED, LACKING = AwsError("Can't", "no", code="AccessDenied"), AwsError("", code="501")
POLICY = {"Policy": json.dumps(OPEN)}
_NONE = AwsError("", code="NoSuchBucketPolicy")
_GROUP = {"URI": "http://acs.amazonaws.com/groups/global/AllUsers"}
SAID: dict[str, tuple[Any, ...]] = {
    "get_public_access_block": (
        {"PublicAccessBlockConfiguration": BLOCK},
        {"PublicAccessBlockConfiguration": {**BLOCK, "IgnorePublicAcls": False}},
        {"PublicAccessBlockConfiguration": {**BLOCK, "RestrictPublicBuckets": False}},
        AwsError("", code="NoSuchPublicAccessBlockConfiguration"),
        DENIED,
        LACKING,
    ),
    "get_bucket_policy_status": (
        *({"PolicyStatus": {"IsPublic": True}}, {"PolicyStatus": {"IsPublic": False}}),
        *(_NONE, DENIED, LACKING),
    ),
    "get_bucket_policy": (POLICY, _NONE, DENIED, LACKING),
    "get_bucket_acl": (
        {"Grants": [{"Grantee": _GROUP, "Permission": "READ"}]},
        *({"Grants": []}, DENIED, LACKING),
    ),
    "get_bucket_ownership_controls": (
        {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}},
        *(AwsError("", code="OwnershipControlsNotFoundError"), DENIED),
    ),
}
SAME = {
    "public": Level.PUBLIC,
    "private": Level.PRIVATE,
    "maybe": Level.UNCLEAR,
    "unknown": Level.UNCLEAR,
}


class Saying:
    """An S3 that answers by a table, and says no word of the account."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.said = said

    async def ask(self, operation: str, _: str) -> dict[str, Any]:
        answer: dict[str, Any] | AwsError = self.said[operation]
        if isinstance(answer, AwsError):
            raise answer
        return answer


async def test_the_table_never_contradicts_the_settings() -> None:
    nothing = Answer(State.LACKING)
    for said in product(*SAID.values()):
        s3: Any = Saying(dict(zip(SAID, said, strict=True)))
        settings = {
            name: nothing if name == "account_block" else await ask(s3, "acme", name)
            for name in NEEDED
        }
        found, whole = await access_of(s3, "acme", nothing), verdict(settings)
        assert SAME[found.word] is whole.level, (said, found, whole)


@pytest.mark.parametrize(
    ("block", "status", "acl", "word", "short"),
    [
        (3, 2, 1, "private", ""),
        (4, 2, 1, "private", ""),  # whatever the block says
        (3, 0, 2, "public", ""),
        (4, 0, 1, "maybe", ""),
        (5, 0, 1, "public", ""),  # a server without blocks
        (3, 1, 2, "unknown", "not allowed"),
        (5, 4, 1, "unknown", "none here"),
    ],
)
async def test_the_verdict_never_says_private_of_what_was_not_seen(
    block: int, status: int, acl: int, word: str, short: str
) -> None:
    chosen = (block, status, 3, acl, 1)
    rows = zip(SAID.items(), chosen, strict=True)
    s3: Any = Saying({name: answers[at] for (name, answers), at in rows})
    found = await access_of(s3, "acme")
    assert found.word == word
    assert not short or found.short == short


@pytest.mark.parametrize(
    ("code", "told"),
    [("AccessDenied", "not allowed"), ("NotImplemented", "none here"), ("SlowDown", "unknown")],
)
async def test_versions_that_cannot_be_asked_for(
    s3: S3, bucket: str, refuse: Callable[..., None], code: str, told: str
) -> None:
    assert await versions_of(s3, bucket) == "off"
    refuse(code, "get_bucket_versioning")
    assert await versions_of(s3, bucket) == told


async def test_facts_are_asked_behind_the_users_back_and_not_logged(s3: S3, bucket: str) -> None:
    log: CallLog = s3.gateway.log
    before = len(log.entries())
    await facts_of(s3, bucket)
    assert len(log.entries()) == before


async def test_a_bucket_that_is_gone_raises_nothing(s3: S3) -> None:
    found = await facts_of(s3, "no-such-bucket-7421")
    assert found.access.word == "unknown"
    assert found.region == ""
