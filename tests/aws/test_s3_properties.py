"""Changing what S3 keeps beside the bytes: only that changes, and only of what was listed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tui.aws.gateway import Gateway
from tui.aws.s3.many import GIVE_UP, each
from tui.aws.s3.properties import (
    CHANGED,
    UNCHANGED,
    Properties,
    change_object,
    change_tags,
    copy_params,
    grants_of,
    obstacle,
    properties,
    tags_of,
)
from tui.aws.s3.restore import ASKED, EXTENDED, UNDER_WAY, restore_object
from tui.aws.s3.restore_header import Restore
from tui.aws.s3.rewrite_parts import spans
from tui.aws.s3.service import S3
from tui.core.errors import AwsError, JobCancelled
from tui.core.jobs import Progress
from tui.core.object_changes import Change, Edits, Encryption
from tui.core.records import ObjectQuery, S3Object

HOSTILE = "a b/[@click=app.quit]x\x1b[/]é%2e?versionId=1&x#+.csv"
RICH: dict[str, Any] = {
    "ContentType": "text/csv",
    "CacheControl": "max-age=60",
    "ContentDisposition": "inline",
    "ContentEncoding": "identity",
    "ContentLanguage": "de",
    "Expires": datetime(2030, 1, 2, tzinfo=UTC),
    "Metadata": {"origin": "lab 7", "owner": "dana"},
    "StorageClass": "STANDARD_IA",
    "Tagging": "team=data&stage=raw",
    "WebsiteRedirectLocation": "/elsewhere",
    "ServerSideEncryption": "aws:kms",
    "SSEKMSKeyId": "arn:aws:kms:us-east-1:000000000000:key/k-1",
    "BucketKeyEnabled": True,
}


async def row_of(s3: S3, bucket: str, key: str) -> S3Object:
    async for page in s3.objects(ObjectQuery(bucket, recursive=True)):
        for row in page.objects:
            if row.key == key:
                return row
    raise AssertionError(key)


def headers_of(outside: Any, bucket: str, key: str) -> dict[str, Any]:
    answer: dict[str, Any] = outside.head_object(Bucket=bucket, Key=key)
    return answer


async def test_a_copy_onto_itself_keeps_all_but_what_changes(
    s3: S3, bucket: str, outside: Any
) -> None:
    outside.put_object(Bucket=bucket, Key=HOSTILE, Body=b"a,b\n", **RICH)
    before = headers_of(outside, bucket, HOSTILE)
    change = Change(Edits((("owner", "kim"), ("new", "1")), ("origin",)))
    assert await change_object(s3, bucket, await row_of(s3, bucket, HOSTILE), change) == CHANGED
    after = headers_of(outside, bucket, HOSTILE)
    assert after["Metadata"] == {"owner": "kim", "new": "1"}
    tags = outside.get_object_tagging(Bucket=bucket, Key=HOSTILE)["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "data", "stage": "raw"}
    moved = {"Metadata", "LastModified", "ResponseMetadata"}
    assert {k: v for k, v in after.items() if k not in moved} == {
        k: v for k, v in before.items() if k not in moved
    }
    assert outside.get_object(Bucket=bucket, Key=HOSTILE)["Body"].read() == b"a,b\n"


async def test_headers_and_class_change_and_no_other_object_does(
    s3: S3, bucket: str, outside: Any
) -> None:
    for key in ("a", "b"):
        outside.put_object(Bucket=bucket, Key=key, Body=b"x", Metadata={"k": "v"})
    change = Change(headers=Edits((("ContentType", "text/plain"),)), storage_class="STANDARD_IA")
    row = await row_of(s3, bucket, "a")
    assert await change_object(s3, bucket, row, change) == CHANGED
    found = await properties(s3, bucket, "a")
    assert dict(found.headers)["ContentType"] == "text/plain"
    assert (found.storage_class, found.metadata) == ("STANDARD_IA", (("k", "v"),))
    assert headers_of(outside, bucket, "b")["ContentType"] == "binary/octet-stream"


async def test_what_is_so_already_is_not_written_again(s3: S3, bucket: str, outside: Any) -> None:
    outside.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    outside.put_object(Bucket=bucket, Key="a", Body=b"x", Metadata={"k": "v"})
    change = Change(Edits((("k", "v"),), ("gone",)))
    assert await change_object(s3, bucket, await row_of(s3, bucket, "a"), change) == UNCHANGED
    assert len(outside.list_object_versions(Bucket=bucket)["Versions"]) == 1


async def test_an_object_that_is_another_by_now_is_left_alone(
    s3: S3, bucket: str, outside: Any
) -> None:
    outside.put_object(Bucket=bucket, Key="a", Body=b"old")
    row = await row_of(s3, bucket, "a")
    outside.put_object(Bucket=bucket, Key="a", Body=b"newer", Metadata={"mine": "1"})
    with pytest.raises(AwsError, match="changed since it was listed"):
        await change_object(s3, bucket, row, Change(Edits((("k", "v"),))))
    assert headers_of(outside, bucket, "a")["Metadata"] == {"mine": "1"}


async def test_an_object_replaced_between_look_and_copy_is_left_alone(
    s3: S3, gateway: Gateway, bucket: str, outside: Any
) -> None:
    outside.put_object(Bucket=bucket, Key="a", Body=b"old")
    row = await row_of(s3, bucket, "a")
    client = await gateway.client("s3")

    def replace(**_: Any) -> None:
        outside.put_object(Bucket=bucket, Key="a", Body=b"new")

    client.meta.events.register("before-call.s3.CopyObject", replace)
    with pytest.raises(AwsError, match="changed in the meantime"):
        await change_object(s3, bucket, row, Change(Edits((("k", "v"),))))
    assert headers_of(outside, bucket, "a")["Metadata"] == {}
    assert outside.get_object(Bucket=bucket, Key="a")["Body"].read() == b"new"


async def test_an_archived_object_is_not_copied_until_it_is_restored(
    s3: S3, bucket: str, outside: Any
) -> None:
    outside.put_object(Bucket=bucket, Key="cold", Body=b"x", StorageClass="GLACIER")
    row = await row_of(s3, bucket, "cold")
    warm = Change(storage_class="STANDARD")
    with pytest.raises(AwsError, match="restore it first"):
        await change_object(s3, bucket, row, warm)
    assert await restore_object(s3, bucket, "cold", days=2, tier="Bulk") == ASKED
    assert (await properties(s3, bucket, "cold")).readable
    assert await restore_object(s3, bucket, "cold", days=9, tier="Bulk") == EXTENDED
    assert await change_object(s3, bucket, row, warm) == CHANGED
    assert (await properties(s3, bucket, "cold")).storage_class == "STANDARD"


async def test_a_restore_that_runs_is_no_failure_and_one_of_a_warm_object_is(
    s3: S3, bucket: str, outside: Any, gateway: Gateway
) -> None:
    outside.put_object(Bucket=bucket, Key="warm", Body=b"x")
    with pytest.raises(AwsError, match="it is not archived"):
        await restore_object(s3, bucket, "warm", days=1, tier="Standard")

    async def refuse(*_: Any, **__: Any) -> Any:
        raise AwsError("Can't restore", "it runs", code="RestoreAlreadyInProgress")

    busy = S3(gateway)
    busy.ask = refuse  # type: ignore[method-assign]
    assert await restore_object(busy, bucket, "cold", days=1, tier="Bulk") == UNDER_WAY


async def test_others_who_may_read_an_object_still_may_after_the_change(
    s3: S3, bucket: str, outside: Any
) -> None:
    outside.delete_public_access_block(Bucket=bucket)
    outside.put_object(Bucket=bucket, Key="a", Body=b"x", ACL="public-read")
    row = await row_of(s3, bucket, "a")
    assert await change_object(s3, bucket, row, Change(Edits((("k", "v"),)))) == CHANGED
    grants = outside.get_object_acl(Bucket=bucket, Key="a")["Grants"]
    assert any("AllUsers" in grant["Grantee"].get("URI", "") for grant in grants)


def test_an_access_list_becomes_the_headers_of_a_copy() -> None:
    mine = {"Grantee": {"ID": "me", "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}
    all_users = "http://acs.amazonaws.com/groups/global/AllUsers"
    public = {"Grantee": {"URI": all_users, "Type": "Group"}, "Permission": "READ"}
    assert grants_of({"Owner": {"ID": "me"}, "Grants": [mine]}) == {}
    assert grants_of({"Owner": {"ID": "me"}, "Grants": [mine, public]}) == {
        "GrantFullControl": 'id="me"',
        "GrantRead": f'uri="{all_users}"',
    }


def known(**other: Any) -> Properties:
    return Properties("b", "k", 1, datetime(2026, 1, 1, tzinfo=UTC), "e", **other)


def test_retention_goes_on_as_long_as_it_lasts() -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    locked = known(lock_mode="COMPLIANCE", lock_until=later, legal_hold=True)
    params = copy_params(locked, Change(storage_class="GLACIER_IR"))
    assert params["ObjectLockMode"] == "COMPLIANCE"
    assert params["ObjectLockRetainUntilDate"] == later
    assert params["ObjectLockLegalHoldStatus"] == "ON"
    over = known(lock_mode="COMPLIANCE", lock_until=datetime(2020, 1, 1, tzinfo=UTC))
    assert "ObjectLockMode" not in copy_params(over, Change())


def test_another_key_encrypts_anew_and_the_bucket_key_is_a_kms_matter() -> None:
    kms = known(encryption=Encryption("aws:kms", "k-1", True))
    assert copy_params(kms, Change())["SSEKMSKeyId"] == "k-1"
    plain = copy_params(kms, Change(encryption=Encryption("AES256")))
    assert plain["ServerSideEncryption"] == "AES256"
    assert not {"SSEKMSKeyId", "BucketKeyEnabled"} & set(plain)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (known(storage_class="DEEP_ARCHIVE"), "archived"),
        (known(storage_class="INTELLIGENT_TIERING", archive_status="ARCHIVE_ACCESS"), "archived"),
        (known(storage_class="GLACIER", restore=Restore(True)), "under way"),
        (known(customer_key=True), "SSE-C"),
        (known(missing_metadata=2), "would be lost"),
        (known(expires_text="tomorrow"), "would be lost"),
        (known(metadata=(("a", "x" * 2047),)), "too big"),
    ],
)
def test_what_a_copy_would_lose_is_not_copied(found: Properties, why: str) -> None:
    wrong = obstacle(found, copy_params(found, Change(Edits((("b", "1"),)))))
    assert wrong is not None
    assert why in wrong


async def test_a_big_object_is_copied_in_parts_and_keeps_all_too(
    s3: S3, bucket: str, outside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.aws.s3.properties.ONE_COPY_BYTES", 1 << 20)
    monkeypatch.setattr("tui.aws.s3.rewrite_parts.PART_BYTES", 5 << 20)
    key = HOSTILE.replace("\x1b", "")  # which no answer in XML can hold
    data = bytes(range(256)) * 48_000  # three parts
    outside.put_object(Bucket=bucket, Key=key, Body=data, **RICH)
    before = headers_of(outside, bucket, key)
    row = await row_of(s3, bucket, key)
    change = Change(Edits((("k", "v"),)), storage_class="GLACIER_IR")
    assert await change_object(s3, bucket, row, change) == CHANGED
    after = headers_of(outside, bucket, key)
    assert after["ETag"].endswith('-3"')
    assert after["Metadata"] == RICH["Metadata"] | {"k": "v"}
    same = ("ContentType", "CacheControl", "SSEKMSKeyId", "WebsiteRedirectLocation", "Expires")
    assert [after.get(name) for name in same] == [before.get(name) for name in same]
    assert after["StorageClass"] == "GLACIER_IR"
    assert await tags_of(s3, bucket, key) == {"team": "data", "stage": "raw"}
    assert outside.get_object(Bucket=bucket, Key=key)["Body"].read() == data


async def test_a_big_copy_that_is_cancelled_leaves_no_part(
    s3: S3, bucket: str, outside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.aws.s3.properties.ONE_COPY_BYTES", 1 << 20)
    monkeypatch.setattr("tui.aws.s3.rewrite_parts.PART_BYTES", 5 << 20)
    outside.put_object(Bucket=bucket, Key="big", Body=b"x" * (11 << 20))
    before = headers_of(outside, bucket, "big")["ETag"]
    asked = iter(range(100))

    def check() -> None:
        if next(asked) == 2:
            raise JobCancelled

    row = await row_of(s3, bucket, "big")
    with pytest.raises(JobCancelled):
        await change_object(s3, bucket, row, Change(Edits((("k", "v"),))), check)
    assert not outside.list_multipart_uploads(Bucket=bucket).get("Uploads")
    assert headers_of(outside, bucket, "big")["ETag"] == before


def test_parts_are_few_enough_and_cover_all() -> None:
    for size in (1, 5, 10_001, 50_000):
        made = list(spans(size, 1))
        ends = [[int(end) for end in one.removeprefix("bytes=").split("-")] for one in made]
        assert len(made) <= 10_000
        assert ends[0][0] == 0
        assert ends[-1][1] == size - 1
        assert all(one[1] + 1 == other[0] for one, other in pairwise(ends))


async def test_names_beyond_ascii_are_sent_as_s3_shows_them(
    s3: S3, bucket: str, outside: Any
) -> None:
    outside.put_object(Bucket=bucket, Key="a", Body=b"x")
    change = Change(Edits((("city", "Zürich"),)))
    assert await change_object(s3, bucket, await row_of(s3, bucket, "a"), change) == CHANGED
    assert headers_of(outside, bucket, "a")["Metadata"] == {"city": "=?UTF-8?B?WsO8cmljaA==?="}


# -- tags


async def test_tags_are_set_and_dropped_and_the_others_stay(
    s3: S3, bucket: str, outside: Any
) -> None:
    outside.put_object(Bucket=bucket, Key=HOSTILE, Body=b"x", Tagging="a=1&b=2")
    assert await change_tags(s3, bucket, HOSTILE, Edits((("c", "é 3"),), ("a",))) == CHANGED
    assert await tags_of(s3, bucket, HOSTILE) == {"b": "2", "c": "é 3"}
    assert await change_tags(s3, bucket, HOSTILE, Edits((("b", "2"),), ("a",))) == UNCHANGED
    assert await change_tags(s3, bucket, HOSTILE, Edits((), ("b", "c"))) == CHANGED
    assert await tags_of(s3, bucket, HOSTILE) == {}


async def test_an_eleventh_tag_is_refused_before_anything_is_sent(
    s3: S3, bucket: str, outside: Any
) -> None:
    ten = "&".join(f"k{n}=v" for n in range(10))
    outside.put_object(Bucket=bucket, Key="a", Body=b"x", Tagging=ten)
    with pytest.raises(AwsError, match="11 tags, 10 are allowed"):
        await change_tags(s3, bucket, "a", Edits((("one more", ""),)))
    assert len(await tags_of(s3, bucket, "a")) == 10


async def test_tags_go_to_the_version_that_was_named(s3: S3, bucket: str, outside: Any) -> None:
    outside.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = outside.put_object(Bucket=bucket, Key="a", Body=b"1")["VersionId"]
    outside.put_object(Bucket=bucket, Key="a", Body=b"2")
    await change_tags(s3, bucket, "a", Edits((("old", "yes"),)), first)
    assert await tags_of(s3, bucket, "a", first) == {"old": "yes"}
    assert await tags_of(s3, bucket, "a") == {}


# -- many


async def test_each_key_has_its_own_result() -> None:
    async def act(number: int) -> str:
        if number % 3 == 0:
            raise AwsError("Can't", "it is odd", code=f"Odd{number}")
        return "even" if number % 2 == 0 else "plain"

    progress = Progress()
    outcome = await each(list(range(1, 31)), str, act, progress)
    assert outcome.ways == {"even": 10, "plain": 10}
    assert sorted(int(failure.key) for failure in outcome.failures) == list(range(3, 31, 3))
    assert progress.items_done == 30


async def test_when_all_fail_alike_the_rest_is_not_tried() -> None:
    asked: list[int] = []

    async def act(number: int) -> str:
        asked.append(number)
        raise AwsError("Can't", "access denied", code="AccessDenied")

    outcome = await each(range(1000), str, act, Progress())
    assert GIVE_UP <= len(asked) < GIVE_UP + 8
    assert outcome.untried == 1000 - len(asked)


async def test_no_way_to_aws_fails_at_once() -> None:
    asked: list[int] = []

    async def act(number: int) -> str:
        asked.append(number)
        raise AwsError("Can't", "nothing answers")

    with pytest.raises(AwsError, match="nothing answers"):
        await each(range(1000), str, act, Progress())
    assert len(asked) <= 8


async def test_a_login_that_is_over_midway_ends_it_instead_of_failing_each() -> None:
    asked: list[int] = []

    async def act(number: int) -> str:
        asked.append(number)
        if number < 30:
            return "done"
        raise AwsError("Can't", "the session has expired", code="ExpiredToken")

    with pytest.raises(AwsError, match="expired"):
        await each(range(1000), str, act, Progress())
    assert len(asked) < 30 + 8


async def test_a_cancel_says_how_far_it_came() -> None:
    progress = Progress()

    async def act(number: int) -> str:
        if number == 20:
            progress.cancel()
        return "done"

    with pytest.raises(JobCancelled, match="of 100 done"):
        await each(range(100), str, act, progress)
    assert progress.items_done < 40
