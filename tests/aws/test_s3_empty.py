"""A bucket is emptied of exactly what was frozen, over cancels, crashes and refusals."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.app.hostile import OWN
from tui.aws.gateway import Gateway
from tui.aws.s3 import delete as s3_delete
from tui.aws.s3 import empty
from tui.aws.s3.service import S3
from tui.core.errors import AwsError, JobCancelled
from tui.core.jobs import Progress
from tui.core.kept_plan import KeptPlan, PlanHead

HOSTILE = tuple(key for key in OWN if "\n" not in key)  # moto has no way to such a key


def switch(outside: Any, bucket: str, status: str = "Enabled") -> None:
    outside.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


def left_in(outside: Any, bucket: str) -> list[tuple[str, str]]:
    page = outside.list_object_versions(Bucket=bucket)
    rows = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    return sorted((row["Key"], row["VersionId"]) for row in rows)


async def frozen(s3: S3, bucket: str, folder: Path) -> tuple[KeptPlan, empty.Contents]:
    plan = KeptPlan.begin(folder)
    found = await empty.freeze(s3, bucket, plan, lambda _: None)
    head = PlanHead(bucket, "0", "aws", "now", objects=found.objects, older=found.older)
    plan.agree(head)
    return plan, found


def again(folder: Path) -> KeptPlan:
    [plan] = KeptPlan.all(folder)
    return plan


async def test_all_is_counted_and_exactly_that_is_deleted(
    s3: S3, outside: Any, bucket: str, folder: Path
) -> None:
    outside.put_object(Bucket=bucket, Key="before", Body=b"12345")
    switch(outside, bucket)
    for key in HOSTILE:
        outside.put_object(Bucket=bucket, Key=key, Body=b"x")
    outside.put_object(Bucket=bucket, Key="before", Body=b"123")
    outside.delete_object(Bucket=bucket, Key=HOSTILE[0])
    upload = outside.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    outside.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=1, Body=b"x" * 9)
    plan, found = await frozen(s3, bucket, folder)
    assert (found.objects, found.older, found.markers) == (len(HOSTILE), 2, 1)
    assert (found.uploads, found.upload_bytes) == (1, 9)
    assert found.sums.size_bytes == len(HOSTILE) + 8
    outside.put_object(Bucket=bucket, Key="later", Body=b"x")
    outside.put_object(Bucket=bucket, Key="before", Body=b"later")
    assert await empty.carry_out(s3, plan, Progress()) == []
    assert {key for key, _ in left_in(outside, bucket)} == {"later", "before"}
    assert len(left_in(outside, bucket)) == 2
    assert not outside.list_multipart_uploads(Bucket=bucket).get("Uploads")
    assert await empty.newcomers(s3, bucket) == (["before", "later"], False)


async def test_after_a_cancel_a_plan_read_from_disk_goes_on_with_what_is_left(
    s3: S3,
    gateway: Gateway,
    outside: Any,
    bucket: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(s3_delete, "BATCH", 3)
    for number in range(30):
        outside.put_object(Bucket=bucket, Key=f"k{number:02}", Body=b"x")
    plan, _ = await frozen(s3, bucket, folder)
    progress, call, asked = Progress(), gateway.call, []

    async def counted(service: str, operation: str, /, **params: Any) -> Any:
        if operation == "delete_objects":
            asked.append([one["Key"] for one in params["Delete"]["Objects"]])
            if len(asked) == 3:
                progress.cancel()
        return await call(service, operation, **params)

    monkeypatch.setattr(gateway, "call", counted)
    with pytest.raises(JobCancelled):
        await empty.carry_out(s3, plan, progress)
    gone = 30 - len(left_in(outside, bucket))
    assert 0 < gone < 30
    first = {key for keys in asked for key in keys}
    # One of the deleted keys is written anew: the plan must not take it once more.
    outside.put_object(Bucket=bucket, Key="k00", Body=b"new")
    asked.clear()
    assert await empty.carry_out(s3, again(folder), Progress()) == []
    assert not first & {key for keys in asked for key in keys}
    assert [key for key, _ in left_in(outside, bucket)] == ["k00"]


async def test_what_is_refused_is_told_and_alone_tried_again(
    s3: S3, gateway: Gateway, outside: Any, bucket: str, folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    switch(outside, bucket)
    for key in ("a", "b", "b", "c"):
        outside.put_object(Bucket=bucket, Key=key, Body=b"x")
    plan, _ = await frozen(s3, bucket, folder)
    call, asked = gateway.call, []

    async def refusing(service: str, operation: str, /, **params: Any) -> Any:
        if operation != "delete_objects":
            return await call(service, operation, **params)
        wanted = params["Delete"]["Objects"]
        asked.append(wanted)
        allowed = [one for one in wanted if one["Key"] != "b"]
        if allowed:
            await call(service, operation, **(params | {"Delete": {"Objects": allowed}}))
        locked = "Access Denied because object protected by object lock."
        return {
            "Errors": [
                one | {"Code": "AccessDenied", "Message": locked}
                for one in wanted
                if one["Key"] == "b"
            ]
        }

    with monkeypatch.context() as patched:
        patched.setattr(gateway, "call", refusing)
        failures = await empty.carry_out(s3, plan, Progress())
    assert {(one.key, one.code) for one in failures} == {("b", "AccessDenied")}
    assert len({one.version_id for one in failures}) == 2
    assert "locked" in failures[0].message
    with monkeypatch.context() as patched:
        patched.setattr(gateway, "call", refusing)
        asked.clear()
        assert len(await empty.carry_out(s3, again(folder), Progress())) == 2
        assert [one["Key"] for wanted in asked for one in wanted] == ["b", "b"]
    assert await empty.carry_out(s3, again(folder), Progress()) == []
    assert left_in(outside, bucket) == []


async def test_a_server_that_lists_no_versions_is_emptied_by_key(
    s3: S3, outside: Any, bucket: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("a", "b/c"):
        outside.put_object(Bucket=bucket, Key=key, Body=b"x")

    async def lacking(*_: Any) -> Any:
        for page in list[Any]():
            yield page
        raise AwsError("Can't", "not implemented", code="NotImplemented")

    monkeypatch.setattr(empty, "version_pages", lacking)
    monkeypatch.setattr(empty, "upload_pages", lacking)
    plan, found = await frozen(s3, bucket, folder)
    assert (found.plain, found.objects, found.uploads_unknown != "") == (True, 2, True)
    assert await empty.carry_out(s3, plan, Progress()) == []
    assert left_in(outside, bucket) == []


async def test_a_listing_that_fails_midway_makes_no_plan(
    s3: S3, bucket: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.core.versions import VersionPage

    async def failing(*_: Any) -> Any:
        yield VersionPage(())
        raise AwsError("Can't list", "access denied", code="AccessDenied")

    monkeypatch.setattr(empty, "version_pages", failing)
    monkeypatch.setattr(empty, "versioning", _versioned)
    plan = KeptPlan.begin(folder)
    with pytest.raises(AwsError, match="Can't list"):
        await empty.freeze(s3, bucket, plan, lambda _: None)
    plan.drop()
    assert list(folder.iterdir()) == []


async def _versioned(*_: Any) -> Any:
    from tui.core.versions import Versioning

    return Versioning("Enabled")


async def test_a_dead_network_ends_the_job_and_not_batch_after_batch(
    s3: S3, gateway: Gateway, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    async def dying(*_: Any, **__: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked > 2:
            raise AwsError("Can't reach AWS", "no network", code="EndpointConnectionError")
        await asyncio.sleep(0)
        return {}

    monkeypatch.setattr(gateway, "call", dying)
    monkeypatch.setattr(s3_delete, "BATCH", 1)
    with contextlib.suppress(JobCancelled), pytest.raises(AwsError, match="reach AWS"):
        await s3.delete_many(bucket, [f"k{number}" for number in range(100)], Progress())
    assert asked < 20


async def test_what_is_gone_already_is_skipped_off_the_event_loop(
    s3: S3, outside: Any, bucket: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        outside.put_object(Bucket=bucket, Key=f"k{number}", Body=b"x")
    plan, _ = await frozen(s3, bucket, folder)
    read, rows = [], plan._rows

    def watched() -> Any:
        for row in rows():
            read.append(threading.current_thread())
            yield row

    monkeypatch.setattr(plan, "_rows", watched)
    await empty.carry_out(s3, plan, Progress())
    assert read
    assert threading.main_thread() not in read
    assert left_in(outside, bucket) == []
