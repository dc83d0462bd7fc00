"""Copies and moves inside S3: what is pinned, what goes along, what is never deleted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.hostile import OWN as HOSTILE
from tests.aws.transfer_faults import Faults
from tests.aws.transfer_support import noise, unfinished
from tui.aws.s3 import copy as s3_copy
from tui.aws.s3.copy_plan import CopyPlan, plan_copies
from tui.aws.s3.seen import etags_there, listed, looked_up
from tui.aws.s3.service import S3
from tui.aws.transfers.service import Transfers
from tui.core.errors import UserError
from tui.core.jobs import JobCancelled, Progress

FIVE_MIB = 5 << 20


def keys_of(client: Any, bucket: str) -> list[str]:
    return [row["Key"] for row in client.list_objects_v2(Bucket=bucket).get("Contents", ())]


def body_of(client: Any, bucket: str, key: str) -> bytes:
    data: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    return data


async def planned(
    s3: S3, source: str, old: str, target: str, new: str, moves: bool = False
) -> CopyPlan:
    """A plan of all below `old`, with what stands at its targets."""
    plan = plan_copies(await listed(s3, source, old), source, old, target, new, moves=moves)
    there = await etags_there(s3, target, [item.target for item in plan.items])
    return plan.with_seen(there)


@pytest.fixture
def other(outside: Any) -> str:
    """A second bucket, in another region."""
    name = "skydeck-test-7422"
    outside.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    return name


@pytest.mark.parametrize("moves", [False, True])
async def test_hostile_names_go_byte_for_byte(
    moves: bool, s3: S3, transfers: Transfers, outside: Any, bucket: str, other: str
) -> None:
    keys = [f"in/{name}" for name in HOSTILE if len(name.encode()) < 1000 and "\n" not in name]
    keys += ["in/a+b?c#d&e=f;g", "in//x", "in/../up", "in/%41"]
    for key in keys:
        outside.put_object(Bucket=bucket, Key=key, Body=key.encode())
    plan = await planned(s3, bucket, "in/", other, "out/", moves)
    report = await transfers.copy_planned(plan, Progress())
    assert (report.files, report.failures) == (len(keys), ())
    assert sorted(keys_of(outside, other)) == sorted(f"out/{key[3:]}" for key in keys)
    assert all(body_of(outside, other, f"out/{key[3:]}") == key.encode() for key in keys)
    assert keys_of(outside, bucket) == ([] if moves else sorted(keys))


@pytest.mark.parametrize("parts", [False, True])
async def test_all_that_belongs_to_an_object_goes_along(
    parts: bool,
    s3: S3,
    transfers: Transfers,
    outside: Any,
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if parts:
        monkeypatch.setattr(s3_copy, "WHOLE_BYTES", FIVE_MIB)
        monkeypatch.setattr(s3_copy, "COPY_PART_BYTES", FIVE_MIB)
    data = noise(2 * FIVE_MIB + 7)
    outside.put_object(
        Bucket=bucket,
        Key="in/a",
        Body=data,
        ContentType="text/x-mine",
        CacheControl="max-age=5",
        Metadata={"who": "dana"},
        Tagging="team=data&x=1%202",
        StorageClass="STANDARD_IA",
        ServerSideEncryption="aws:kms",
    )
    plan = await planned(s3, bucket, "in/", bucket, "out/", moves=True)
    (await transfers.copy_planned(plan, Progress())).finish()
    assert keys_of(outside, bucket) == ["out/a"]
    got = outside.get_object(Bucket=bucket, Key="out/a")
    assert got["Body"].read() == data
    assert ("-3" in got["ETag"]) == parts
    wanted = ("text/x-mine", "max-age=5", {"who": "dana"}, "STANDARD_IA", "aws:kms")
    names = ("ContentType", "CacheControl", "Metadata", "StorageClass", "ServerSideEncryption")
    assert tuple(got[name] for name in names) == wanted
    tags = outside.get_object_tagging(Bucket=bucket, Key="out/a")["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "data", "x": "1 2"}


@pytest.mark.parametrize("appears", [True, False])
async def test_nothing_is_replaced_that_the_plan_has_not_seen(
    appears: bool, s3: S3, transfers: Transfers, outside: Any, bucket: str
) -> None:
    outside.put_object(Bucket=bucket, Key="in/a", Body=b"mine")
    if not appears:
        outside.put_object(Bucket=bucket, Key="out/a", Body=b"seen")
    plan = await planned(s3, bucket, "in/", bucket, "out/", moves=True)
    outside.put_object(Bucket=bucket, Key="out/a", Body=b"of someone else")
    report = await transfers.copy_planned(plan, Progress())
    assert "meanwhile" in report.failures[0].error.message
    assert body_of(outside, bucket, "out/a") == b"of someone else"
    assert body_of(outside, bucket, "in/a") == b"mine"


async def test_a_source_that_changed_since_the_plan_is_neither_copied_nor_deleted(
    s3: S3, transfers: Transfers, outside: Any, bucket: str
) -> None:
    for name in "ab":
        outside.put_object(Bucket=bucket, Key=f"in/{name}", Body=name.encode())
    plan = await planned(s3, bucket, "in/", bucket, "out/", moves=True)
    outside.put_object(Bucket=bucket, Key="in/a", Body=b"newer")
    report = await transfers.copy_planned(plan, Progress())
    assert [(one.name, one.error.code) for one in report.failures] == [("in/a", "SourceChanged")]
    assert keys_of(outside, bucket) == ["in/a", "out/b"]
    assert body_of(outside, bucket, "in/a") == b"newer"


async def test_a_source_that_changes_after_its_copy_stays(
    s3: S3, transfers: Transfers, outside: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside.put_object(Bucket=bucket, Key="in/a", Body=b"old")
    plan = await planned(s3, bucket, "in/", bucket, "out/", moves=True)
    delete = s3_copy.delete_source

    def late(*arguments: Any) -> None:
        outside.put_object(Bucket=bucket, Key="in/a", Body=b"newer")
        delete(*arguments)

    monkeypatch.setattr(s3_copy, "delete_source", late)
    report = await transfers.copy_planned(plan, Progress())
    assert "it changed after it was copied" in report.failures[0].error.message
    assert body_of(outside, bucket, "in/a") == b"newer"
    assert body_of(outside, bucket, "out/a") == b"old"


async def test_a_retry_leaves_out_what_is_through_and_takes_up_what_was_copied(
    s3: S3, transfers: Transfers, outside: Any, bucket: str
) -> None:
    for name in "abc":
        outside.put_object(Bucket=bucket, Key=f"in/{name}", Body=name.encode())
    plan = await planned(s3, bucket, "in/", bucket, "out/", moves=True)
    done: set[str] = set()
    outside.put_bucket_policy(Bucket=bucket, Policy=_no_deletes(bucket))
    first = await transfers.copy_planned(plan, Progress(), done)
    outside.delete_bucket_policy(Bucket=bucket)
    assert len(first.failures) == 3
    assert keys_of(outside, bucket) == ["in/a", "in/b", "in/c", "out/a", "out/b", "out/c"]
    second = await transfers.copy_planned(plan, Progress(), done)
    assert (second.files, second.failures, len(done)) == (3, (), 3)
    assert keys_of(outside, bucket) == ["out/a", "out/b", "out/c"]
    again = Progress()
    assert (await transfers.copy_planned(plan, again, done)).files == 3
    assert (again.before, again.items_done) == (3, 3)


def _no_deletes(bucket: str) -> str:
    return (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*",'
        f' "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::{bucket}/*"}}]}}'
    )


async def test_a_cancelled_move_says_how_far_it_came(
    s3: S3, transfers: Transfers, outside: Any, bucket: str
) -> None:
    outside.put_object(Bucket=bucket, Key="in/a", Body=b"a")
    plan = await planned(s3, bucket, "in/", bucket, "out/", moves=True)
    progress = Progress()
    progress.cancel()
    with pytest.raises(JobCancelled, match="cancelled, 0 of 1 moved"):
        await transfers.copy_planned(plan, progress)
    assert keys_of(outside, bucket) == ["in/a"]


async def test_a_move_on_a_versioned_bucket_keeps_the_version_under_a_marker(
    s3: S3, transfers: Transfers, outside: Any, bucket: str
) -> None:
    outside.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    outside.put_object(Bucket=bucket, Key="in/a", Body=b"a")
    plan = await planned(s3, bucket, "in/", bucket, "out/", moves=True)
    (await transfers.copy_planned(plan, Progress())).finish()
    found = outside.list_object_versions(Bucket=bucket, Prefix="in/")
    assert len(found["Versions"]) == len(found["DeleteMarkers"]) == 1


async def test_what_is_there_is_found_by_key_or_by_listing(
    s3: S3, outside: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("a/1", "a/2", "b/1"):
        outside.put_object(Bucket=bucket, Key=key, Body=key.encode())
    by_key = await looked_up(s3, bucket, ["a/1", "b/1", "b/2"])
    monkeypatch.setattr("tui.aws.s3.seen.LOOKED_UP_AT_MOST", 0)
    by_listing = await looked_up(s3, bucket, ["a/1", "b/1", "b/2"])
    assert by_key == by_listing
    assert by_key["b/2"] is None
    assert by_key["a/1"] is not None


async def test_a_move_into_itself_is_refused(s3: S3, outside: Any, bucket: str) -> None:
    for key in ("a/x", "a/b/x"):
        outside.put_object(Bucket=bucket, Key=key, Body=b"1")
    found = await listed(s3, bucket, "a/")
    with pytest.raises(UserError, match="into itself"):
        plan_copies(found, bucket, "a/", bucket, "a/b/")
    with pytest.raises(UserError, match="into itself"):
        plan_copies(found, bucket, "a/", bucket, "a/new/", moves=True, folders=["a/"])
    assert len(plan_copies(found, bucket, "a/", bucket, "a/new/").items) == 2
    assert not plan_copies(found, bucket, "a/", bucket, "a/", moves=True).items


async def test_objects_move_into_a_folder_beside_them(
    s3: S3, transfers: Transfers, outside: Any, bucket: str
) -> None:
    for key in ("a/x", "a/y"):
        outside.put_object(Bucket=bucket, Key=key, Body=key.encode())
    plan = await planned(s3, bucket, "a/", bucket, "a/done/", moves=True)
    await transfers.copy_planned(plan, Progress())
    assert keys_of(outside, bucket) == ["a/done/x", "a/done/y"]


def test_a_key_that_would_be_too_long_is_left_out() -> None:
    from datetime import UTC, datetime

    from tui.aws.s3.seen import SeenObject

    entry = SeenObject("k" * 1000, 1, "e", datetime.now(UTC))
    plan = plan_copies([entry], "one", "", "two", "p" * 25)
    assert not plan.items
    assert "1,024 bytes" in plan.skipped[0].reason


async def test_a_copy_in_parts_that_is_cancelled_leaves_nothing(
    s3: S3,
    transfers: Transfers,
    outside: Any,
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:

    monkeypatch.setattr(s3_copy, "WHOLE_BYTES", FIVE_MIB)
    monkeypatch.setattr(s3_copy, "COPY_PART_BYTES", FIVE_MIB)
    outside.put_object(Bucket=bucket, Key="in/a", Body=noise(3 * FIVE_MIB))
    plan = await planned(s3, bucket, "in/", bucket, "out/", moves=True)
    progress = Progress()
    client = await s3.gateway.client("s3")
    seen: list[str] = []

    def cancel(**_: Any) -> None:
        seen.append("part")
        progress.cancel()

    client.meta.events.register("after-call.s3.UploadPartCopy", cancel)
    with pytest.raises(JobCancelled, match="0 of 1 moved"):
        await transfers.copy_planned(plan, progress)
    assert seen
    assert unfinished(outside, bucket) == []
    assert keys_of(outside, bucket) == ["in/a"]


@pytest.mark.parametrize("parts", [False, True])
async def test_a_lost_answer_is_no_failure(
    parts: bool,
    s3: S3,
    transfers: Transfers,
    outside: Any,
    bucket: str,
    faults: Faults,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first try has worked, so its retry finds an object that the plan has not seen."""
    if parts:
        monkeypatch.setattr(s3_copy, "WHOLE_BYTES", FIVE_MIB)
        monkeypatch.setattr(s3_copy, "COPY_PART_BYTES", FIVE_MIB)
    outside.put_object(Bucket=bucket, Key="in/a", Body=noise(2 * FIVE_MIB))
    plan = await planned(s3, bucket, "in/", bucket, "out/")
    operation = "CompleteMultipartUpload" if parts else "CopyObject"
    first = outside.complete_multipart_upload if parts else outside.copy_object
    asked: list[dict[str, Any]] = []

    def keep(params: dict[str, Any], **_: Any) -> None:
        asked.append(dict(params))

    client = await s3.gateway.client("s3")
    client.meta.events.register_first(f"provide-client-params.s3.{operation}", keep)
    faults.before(operation, lambda number: first(**asked[0]) and None)
    report = await transfers.copy_planned(plan, Progress())
    assert report.failures == ()
    assert asked
    assert body_of(outside, bucket, "out/a") == noise(2 * FIVE_MIB)


@pytest.mark.parametrize("parts", [False, True])
@pytest.mark.parametrize("key", ["in/a", "out/a"])
async def test_what_changes_at_the_last_moment_is_left_alone(
    key: str,
    parts: bool,
    s3: S3,
    transfers: Transfers,
    outside: Any,
    bucket: str,
    faults: Faults,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between the looks and the copy only the conditions of the requests stand guard."""
    if parts:
        monkeypatch.setattr(s3_copy, "WHOLE_BYTES", FIVE_MIB)
        monkeypatch.setattr(s3_copy, "COPY_PART_BYTES", FIVE_MIB)
    outside.put_object(Bucket=bucket, Key="in/a", Body=noise(2 * FIVE_MIB))
    plan = await planned(s3, bucket, "in/", bucket, "out/", moves=True)

    def change(_number: int) -> None:
        outside.put_object(Bucket=bucket, Key=key, Body=b"newer")

    faults.before("CreateMultipartUpload" if parts else "CopyObject", change)
    report = await transfers.copy_planned(plan, Progress())
    assert len(report.failures) == 1
    assert body_of(outside, bucket, key) == b"newer"
    assert keys_of(outside, bucket) == (["in/a"] if key == "in/a" else ["in/a", "out/a"])
    assert unfinished(outside, bucket) == []
