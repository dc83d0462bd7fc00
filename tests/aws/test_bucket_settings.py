"""A bucket's settings: read one by one, changed only where nobody else changed them, and made."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients import make_client
from tui.aws.bucket import changes
from tui.aws.bucket.lifecycle import Move, RuleDraft, applied, sentence
from tui.aws.bucket.making import BucketDraft, make
from tui.aws.bucket.policy_templates import TEMPLATES, arn_of, with_statement
from tui.aws.bucket.settings import (
    QUESTIONS,
    Answer,
    Settings,
    State,
    Switches,
    ask,
    policy_of,
    rules_of,
    switches_of,
    tags_of,
)
from tui.aws.bucket.verdict import Level, verdict
from tui.aws.bucket.words import raw
from tui.aws.calls import CallLog
from tui.aws.gateway import Connection, Gateway
from tui.aws.s3.service import S3
from tui.core.errors import AwsError

ON = Switches(True, True, True, True)
OFF = Switches()


async def gather(s3: S3, bucket: str) -> Settings:
    names = list(QUESTIONS)
    answers = await asyncio.gather(*(ask(s3, bucket, name) for name in names))
    return dict(zip(names, answers, strict=True))


def public_policy(bucket: str) -> str:
    return with_statement("", TEMPLATES[0].make(arn_of(bucket), ""))


async def test_a_new_bucket_is_private_and_encrypted_as_amazon_makes_it(
    s3: S3, bucket: str
) -> None:
    settings = await gather(s3, bucket)
    assert {name for name, one in settings.items() if one.state is State.FAILED} == set()
    assert switches_of(settings["public_access_block"]).all_on
    assert "AES256" in raw([settings["encryption"]])
    found = verdict(settings)
    assert found.level is Level.PRIVATE
    assert found.words == "Private: public access is blocked, there is no policy, ACLs are off"


async def test_a_public_policy_is_refused_until_the_block_is_lifted_and_then_called_public(
    s3: S3, bucket: str
) -> None:
    policy = public_policy(bucket)
    with pytest.raises(AwsError) as caught:
        await changes.put_policy(s3, bucket, policy, "")
    assert "BlockPublicPolicy" in str(caught.value)
    await changes.put_switches(s3, bucket, OFF, ON)
    await changes.put_policy(s3, bucket, policy, "")
    settings = await gather(s3, bucket)
    found = verdict(settings)
    assert found.level is Level.PUBLIC
    assert found.words == "Public: anyone may read objects, by the policy"


async def test_the_sandbox_takes_a_policy_for_other_buckets_for_malformed(
    s3: S3, bucket: str
) -> None:
    with pytest.raises(AwsError) as caught:
        await changes.put_policy(s3, bucket, public_policy("another-one"), "")
    assert caught.value.code == "MalformedPolicy"


async def test_a_policy_that_somebody_else_changed_is_not_overwritten(
    s3: S3, bucket: str, outside: Any
) -> None:
    mine, theirs = (
        with_statement("", TEMPLATES[1].make(arn_of(bucket), account))
        for account in ("111111111111", "222222222222")
    )
    outside.put_bucket_policy(Bucket=bucket, Policy=theirs)
    with pytest.raises(AwsError) as caught:
        await changes.put_policy(s3, bucket, mine, "")
    assert caught.value.code == "Changed"
    with pytest.raises(AwsError):
        await changes.delete_policy(s3, bucket, mine)
    assert json.loads(outside.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(theirs)
    # Written in another form it is still the same one.
    await changes.delete_policy(s3, bucket, json.dumps(json.loads(theirs)))
    assert (await ask(s3, bucket, "policy")).state is State.NONE


async def test_switches_that_somebody_else_changed_are_not_overwritten(
    s3: S3, bucket: str, outside: Any
) -> None:
    outside.delete_public_access_block(Bucket=bucket)
    with pytest.raises(AwsError) as caught:
        await changes.put_switches(s3, bucket, Switches(block_acls=True), ON)
    assert caught.value.code == "Changed"
    assert (await ask(s3, bucket, "public_access_block")).state is State.NONE


# -- lifecycle -----------------------------------------------------------------------------

LOGS = RuleDraft(
    id="logs",
    prefix="logs/",
    tags=(("team", "data"),),
    larger_than=1024,
    moves=(Move(30, "STANDARD_IA"), Move(90, "GLACIER")),
    expire_days=365,
    old_expire_days=30,
    old_kept=3,
)


async def test_lifecycle_rules_come_back_whole(s3: S3, bucket: str) -> None:
    before = await ask(s3, bucket, "lifecycle")
    assert before.state is State.NONE
    await changes.put_rules(s3, bucket, [applied(LOGS)], before)
    rules = rules_of(await ask(s3, bucket, "lifecycle"))
    assert rules == [applied(LOGS)]
    assert sentence(rules[0]).startswith("Objects under logs/ tagged team=data")


async def test_rules_that_somebody_else_added_are_not_lost(
    s3: S3, bucket: str, outside: Any
) -> None:
    before = await ask(s3, bucket, "lifecycle")
    theirs = applied(RuleDraft(id="theirs", abort_days=7))
    outside.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": [theirs]}
    )
    with pytest.raises(AwsError) as caught:
        await changes.put_rules(s3, bucket, [applied(LOGS)], before)
    assert caught.value.code == "Changed"
    now = await ask(s3, bucket, "lifecycle")
    await changes.put_rules(s3, bucket, [*rules_of(now), applied(LOGS)], now)
    assert len(rules_of(await ask(s3, bucket, "lifecycle"))) == 2
    await changes.put_rules(s3, bucket, [], await ask(s3, bucket, "lifecycle"))
    assert (await ask(s3, bucket, "lifecycle")).state is State.NONE


async def test_the_sandbox_refuses_what_s3_refuses(s3: S3, bucket: str) -> None:
    too_early = applied(RuleDraft(id="early", moves=(Move(5, "STANDARD_IA"),)))
    with pytest.raises(AwsError) as caught:
        await changes.put_rules(s3, bucket, [too_early], Answer(State.NONE))
    assert caught.value.code == "InvalidArgument"


# -- the rest ------------------------------------------------------------------------------


async def test_tags_are_replaced_only_as_they_were_read(s3: S3, bucket: str, outside: Any) -> None:
    await changes.put_tags(s3, bucket, (("team", "data"), ("cost", "42")), ())
    assert tags_of(await ask(s3, bucket, "tags")) == (("team", "data"), ("cost", "42"))
    outside.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    with pytest.raises(AwsError):
        await changes.put_tags(s3, bucket, (), (("team", "data"), ("cost", "42")))
    await changes.put_tags(s3, bucket, (), (("a", "b"),))
    assert (await ask(s3, bucket, "tags")).state is State.NONE


async def test_an_acl_for_everyone_is_refused_while_acls_are_off(
    s3: S3, bucket: str, outside: Any
) -> None:
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError, match="AccessControlListNotSupported"):
        outside.put_bucket_acl(Bucket=bucket, ACL="public-read")
    await changes.put_ownership(s3, bucket, "ObjectWriter", "BucketOwnerEnforced")
    with pytest.raises(ClientError, match="AccessDenied"):
        outside.put_bucket_acl(Bucket=bucket, ACL="public-read")
    await changes.put_switches(s3, bucket, OFF, ON)
    outside.put_bucket_acl(Bucket=bucket, ACL="public-read")
    found = verdict(await gather(s3, bucket))
    assert found.words == "Public: anyone may list the keys, by the ACL"


async def test_versioning_and_encryption_are_switched(s3: S3, bucket: str) -> None:
    await changes.put_versioning(s3, bucket, on=True)
    await changes.put_encryption(s3, bucket, kms=True)
    settings = await gather(s3, bucket)
    assert settings["versioning"].value["Status"] == "Enabled"
    assert "aws:kms" in raw([settings["encryption"]])
    await changes.put_versioning(s3, bucket, on=False)
    assert (await ask(s3, bucket, "versioning")).value["Status"] == "Suspended"


async def test_switches_of_one_kind_are_thrown_only_as_they_were_read(
    s3: S3, bucket: str, outside: Any
) -> None:
    names = ("versioning", "encryption")
    versioning, encryption = [await ask(s3, bucket, name) for name in names]
    await changes.put_versioning(s3, bucket, on=True)
    await changes.put_encryption(s3, bucket, kms=True, key="theirs")
    for change in (
        changes.put_versioning(s3, bucket, on=False, before=versioning),
        changes.put_encryption(s3, bucket, kms=False, before=encryption),
        changes.put_ownership(s3, bucket, "BucketOwnerPreferred", "ObjectWriter"),
    ):
        with pytest.raises(AwsError) as caught:
            await change
        assert caught.value.code == "Changed"
    assert "theirs" in raw([await ask(s3, bucket, "encryption")])


async def test_what_else_the_encryption_says_stays(
    s3: S3, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = {"BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}, "BucketKeyEnabled": False}
    before = Answer(State.SET, {"ServerSideEncryptionConfiguration": {"Rules": [rule]}})
    sent: list[Any] = []

    async def answer(operation: str, _: str, **params: Any) -> Any:
        sent.append(params)
        return before.value if operation.startswith("get") else {}

    monkeypatch.setattr(s3, "ask", answer)
    await changes.put_encryption(s3, bucket, kms=True, before=before)
    (made,) = sent[-1]["ServerSideEncryptionConfiguration"]["Rules"]
    assert made["BlockedEncryptionTypes"] == {"EncryptionType": ["SSE-C"]}
    assert made["BucketKeyEnabled"]


@pytest.fixture
def limited(clean_sandbox: Any, connection: Connection, bucket: str) -> Iterator[S3]:
    """S3 as a user sees it who may read some settings only."""
    iam = make_client(clean_sandbox, "iam")
    iam.create_user(UserName="dev")
    allowed = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": ["s3:GetBucketVersioning", "s3:CreateBucket", "s3:ListBucket"],
            "Resource": "*",
        },
    }
    iam.put_user_policy(UserName="dev", PolicyName="p", PolicyDocument=json.dumps(allowed))
    key = iam.create_access_key(UserName="dev")["AccessKey"]
    theirs = Connection(
        region=connection.region,
        endpoint_url=connection.endpoint_url,
        access_key_id=key["AccessKeyId"],
        secret_access_key=key["SecretAccessKey"],
        sandbox=True,
    )
    gateway = Gateway(theirs, CallLog())
    yield S3(gateway)
    gateway.close()


async def test_what_may_not_be_read_hides_nothing_else(limited: S3, bucket: str) -> None:
    settings = await gather(limited, bucket)
    assert settings["versioning"].known
    assert settings["policy"].state is State.DENIED
    assert settings["encryption"].state is State.DENIED
    assert settings["account_block"].state is State.LACKING
    assert verdict(settings).words == "Unclear: the policy is not known (not allowed)"


# -- making --------------------------------------------------------------------------------


async def test_a_bucket_is_made_in_another_region_with_all_that_was_asked(
    s3: S3, outside: Any
) -> None:
    tags = (("team", "data"),)
    draft = BucketDraft("acme-elsewhere", "eu-west-1", kms=True, versions=True, tags=tags)
    made = await make(s3, draft)
    assert made.failed == ()
    assert made.done[0] == "bucket acme-elsewhere in eu-west-1"
    where = outside.get_bucket_location(Bucket="acme-elsewhere")["LocationConstraint"]
    assert where == "eu-west-1"
    settings = await gather(s3, "acme-elsewhere")
    assert settings["versioning"].value["Status"] == "Enabled"
    assert tags_of(settings["tags"]) == tags
    assert "aws:kms" in raw([settings["encryption"]])


async def test_a_step_that_is_refused_is_told_and_the_bucket_stays(limited: S3) -> None:
    made = await make(limited, BucketDraft("acme-half", "us-east-1", versions=True))
    assert made.done == ("bucket acme-half in us-east-1",)
    assert [what for what, _ in made.failed] == ["public access blocked", "versioning on"]


async def test_object_lock_brings_versions(s3: S3) -> None:
    made = await make(s3, BucketDraft("acme-locked", "us-east-1", lock=True, versions=True))
    assert made.failed == ()
    settings = await gather(s3, "acme-locked")
    assert settings["versioning"].value["Status"] == "Enabled"
    assert settings["object_lock"].value["ObjectLockConfiguration"]["ObjectLockEnabled"]


async def test_a_bucket_may_be_made_open_to_public_policies(s3: S3) -> None:
    made = await make(s3, BucketDraft("acme-open", "us-east-1", blocked=False))
    assert made.done[1:] == ("public access not blocked",)
    answer = await ask(s3, "acme-open", "public_access_block")
    assert switches_of(answer) == OFF
    assert policy_of(await ask(s3, "acme-open", "policy")) == ""
