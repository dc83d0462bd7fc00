"""A plan that was shown is what is done: what it did not show is never replaced."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.aws.transfer_support import BIG, left_over, noise, unfinished
from tui.aws.gateway import Gateway
from tui.aws.transfers.plan import DownloadPlan, PlannedDownload, plan_upload, plan_uploads
from tui.aws.transfers.service import Transfers
from tui.core.errors import AwsError, LocalError
from tui.core.jobs import Progress

OLD = hashlib.md5(b"old").hexdigest()


def content(outside: Any, bucket: str, key: str) -> bytes:
    data: bytes = outside.get_object(Bucket=bucket, Key=key)["Body"].read()
    return data


# -- downloads -----------------------------------------------------------------------------------


def planned(folder: Path, *names: str, size: int = 3) -> DownloadPlan:
    return DownloadPlan(folder, tuple(PlannedDownload(name, folder / name, size) for name in names))


@pytest.mark.parametrize("newer", [b"mine", b"new", b"old"])
async def test_a_file_that_appeared_since_the_plan_is_not_replaced(
    newer: bytes, transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    for key in ("a", "b"):
        outside.put_object(Bucket=bucket, Key=key, Body=b"new")
    plan = planned(folder, "a", "b")
    (folder / "a").write_bytes(newer)
    report = await transfers.download_planned(bucket, plan, Progress())
    assert (folder / "a").read_bytes() == newer
    assert (folder / "b").read_bytes() == b"new"
    assert left_over(folder) == []
    if newer == b"new":  # the same bytes: nothing is lost, nothing is missing
        assert report.failures == ()
    else:
        assert [one.name for one in report.failures] == ["a"]
        assert report.failures[0].error.message == "a file appeared meanwhile"


async def test_a_file_that_appears_during_the_download_is_not_replaced(
    gateway: Gateway, transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=noise(BIG))

    def appear(**_: Any) -> None:
        (folder / "k").write_bytes(noise(BIG, 2))

    client = await gateway.client("s3")
    client.meta.events.register("before-call.s3.GetObject", appear)
    with pytest.raises(LocalError, match="k") as caught:
        await transfers.download(bucket, "k", folder / "k", Progress(), False)
    assert "a file appeared meanwhile" in str(caught.value)
    assert (folder / "k").read_bytes() == noise(BIG, 2)
    assert left_over(folder) == []


@pytest.mark.parametrize("kind", ["folder", "link", "dangling"])
async def test_whatever_appeared_stays(
    kind: str, transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=b"new")
    (folder / "other").write_bytes(b"new")
    if kind == "folder":
        (folder / "k").mkdir()
    else:
        (folder / "k").symlink_to("other" if kind == "link" else "nowhere")
    with pytest.raises(LocalError):
        await transfers.download(bucket, "k", folder / "k", Progress(), False)
    assert (folder / "k").is_dir() == (kind == "folder")
    assert (folder / "k").is_symlink() == (kind != "folder")
    assert (folder / "other").read_bytes() == b"new"


@pytest.mark.parametrize("there", [True, False])
async def test_a_disk_without_hard_links_replaces_nothing_either(
    there: bool,
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=b"new")

    def refuse(*_: Any, **__: Any) -> None:
        if there:
            (folder / "k").write_bytes(b"old")
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    report = await transfers.download_planned(bucket, planned(folder, "k"), Progress())
    assert len(report.failures) == there
    assert (folder / "k").read_bytes() == (b"old" if there else b"new")
    assert [path.name for path in folder.iterdir()] == ["k"]


async def test_a_planned_replacement_replaces(
    transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=b"new")
    (folder / "k").write_bytes(b"old")
    item = PlannedDownload("k", folder / "k", 3, replaces=True)
    await transfers.download_planned(bucket, DownloadPlan(folder, (item,)), Progress())
    assert (folder / "k").read_bytes() == b"new"


async def test_doing_a_plan_again_meets_its_own_files(
    transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=b"new")
    plan = planned(folder, "k", "gone")
    first = await transfers.download_planned(bucket, plan, Progress())
    assert [one.name for one in first.failures] == ["gone"]
    outside.put_object(Bucket=bucket, Key="gone", Body=b"now")
    again = await transfers.download_planned(bucket, plan, Progress())
    assert (again.files, again.failures) == (2, ())


# -- uploads -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [5_000, BIG])
@pytest.mark.parametrize("before", [b"", b"seen"])
async def test_an_object_that_appeared_or_changed_since_the_plan_is_not_replaced(
    size: int, before: bytes, transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    (folder / "a").write_bytes(noise(size))
    (folder / "b").write_bytes(b"b")
    if before:
        outside.put_object(Bucket=bucket, Key="raw/a", Body=before)
    plan = plan_uploads(folder, "raw/")
    plan = plan.with_seen(await transfers.existing(bucket, plan))
    assert [one.key for one in plan.replaced] == (["raw/a"] if before else [])
    outside.put_object(Bucket=bucket, Key="raw/a", Body=b"of someone else")
    report = await transfers.upload_planned(bucket, plan, Progress())
    assert content(outside, bucket, "raw/a") == b"of someone else"
    assert content(outside, bucket, "raw/b") == b"b"
    assert [one.name for one in report.failures] == ["raw/a"]
    assert "meanwhile" in report.failures[0].error.message
    assert unfinished(outside, bucket) == []


@pytest.mark.parametrize("size", [5_000, BIG])
async def test_one_file_replaces_only_what_was_seen(
    size: int, transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    source = folder / "a"
    source.write_bytes(noise(size))
    plan = plan_upload(source)
    plan = plan.with_seen(await transfers.existing(bucket, plan))
    assert plan.items[0].seen == ""
    outside.put_object(Bucket=bucket, Key="a", Body=b"new there")
    with pytest.raises(AwsError) as caught:
        await transfers.upload(bucket, "a", source, Progress(), plan.items[0].seen)
    assert "an object appeared there meanwhile" in str(caught.value)
    assert content(outside, bucket, "a") == b"new there"
    plan = plan.with_seen(await transfers.existing(bucket, plan))
    await transfers.upload(bucket, "a", source, Progress(), plan.items[0].seen)
    assert content(outside, bucket, "a") == noise(size)
    assert unfinished(outside, bucket) == []


@pytest.mark.parametrize("size", [5_000, BIG])
async def test_an_object_that_is_gone_since_the_plan_is_said_to_be(
    size: int, transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    (folder / "a").write_bytes(noise(size))
    with pytest.raises(AwsError) as caught:
        await transfers.upload(bucket, "a", folder / "a", Progress(), "0" * 32)
    assert "the object that it was to replace is gone" in str(caught.value)
    assert outside.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert unfinished(outside, bucket) == []


@pytest.mark.parametrize("size", [5_000, BIG])
async def test_doing_an_upload_again_meets_its_own_object(
    size: int, transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    (folder / "a").write_bytes(noise(size))
    progress = Progress()
    for _ in range(2):
        await transfers.upload(bucket, "a", folder / "a", progress, "")
    assert content(outside, bucket, "a") == noise(size)
    assert progress.done == 2 * size
    assert unfinished(outside, bucket) == []


def refusing(
    operation: str, code: str, status: int, wanted: str, sent: list[bool]
) -> Callable[..., Any]:
    """A `before-send` handler: a server that answers so where a header asks for a condition."""
    from botocore.awsrequest import AWSResponse

    class Raw:
        def stream(self) -> Any:
            yield f"<Error><Code>{code}</Code><Message>No.</Message></Error>".encode()

    def handler(request: Any, **_: Any) -> Any:
        conditional = wanted in request.headers
        sent.append(conditional)
        return AWSResponse(request.url, status, {}, Raw()) if conditional else None

    return handler


@pytest.mark.parametrize("size", [5_000, BIG])
@pytest.mark.parametrize(
    ("seen", "header", "code", "status"),
    [
        ("", "If-None-Match", "NotImplemented", 501),
        (OLD, "If-Match", "NotImplemented", 501),
        (OLD, "If-Match", "AccessDenied", 403),
    ],
)
async def test_a_server_without_conditional_writes_takes_the_plain_one(
    size: int,
    seen: str,
    header: str,
    code: str,
    status: int,
    gateway: Gateway,
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
) -> None:
    (folder / "a").write_bytes(noise(size))
    for key in "ab" if seen else "":
        outside.put_object(Bucket=bucket, Key=key, Body=b"old")
    operation = "CompleteMultipartUpload" if size == BIG else "PutObject"
    client, sent = await gateway.client("s3"), []
    handler = refusing(operation, code, status, header, sent)
    transfers._engine.fast.enabled = False  # it sends past the handler
    client.meta.events.register(f"before-send.s3.{operation}", handler)
    progress = Progress()
    await transfers.upload(bucket, "a", folder / "a", progress, seen)
    assert content(outside, bucket, "a") == noise(size)
    assert progress.done == size
    await transfers.upload(bucket, "b", folder / "a", Progress(), seen)
    # It is asked but once whether it knows conditions; the right to read is another matter.
    again = [True] if code == "AccessDenied" else []
    assert sent == [True, False, *again, False]
    assert unfinished(outside, bucket) == []


@pytest.mark.parametrize("known", [True, False])
async def test_where_the_server_knows_no_conditions_one_looks_before_one_writes(
    known: bool,
    gateway: Gateway,
    transfers: Transfers,
    bucket: str,
    outside: Any,
    folder: Path,
) -> None:
    (folder / "a").write_bytes(b"mine")
    outside.put_object(Bucket=bucket, Key="a", Body=b"of someone else")
    client, sent = await gateway.client("s3"), []
    transfers._engine.conditional = known
    handler = refusing("PutObject", "NotImplemented", 501, "If-None-Match", sent)
    transfers._engine.fast.enabled = False  # it sends past the handler
    client.meta.events.register("before-send.s3.PutObject", handler)
    with pytest.raises(AwsError, match="Can't upload") as caught:
        await transfers.upload(bucket, "a", folder / "a", Progress(), "")
    assert "appeared there meanwhile" in caught.value.message
    assert content(outside, bucket, "a") == b"of someone else"


async def test_a_denied_upload_to_a_new_key_is_denied(
    gateway: Gateway, transfers: Transfers, bucket: str, folder: Path
) -> None:
    (folder / "a").write_bytes(b"x")
    client, sent = await gateway.client("s3"), []
    handler = refusing("PutObject", "AccessDenied", 403, "If-None-Match", sent)
    transfers._engine.fast.enabled = False  # it sends past the handler
    client.meta.events.register("before-send.s3.PutObject", handler)
    with pytest.raises(AwsError) as caught:
        await transfers.upload(bucket, "a", folder / "a", Progress(), "")
    assert caught.value.code == "AccessDenied"
    assert sent == [True]


async def test_two_writers_at_once_are_told_apart_from_a_change(
    gateway: Gateway, transfers: Transfers, bucket: str, folder: Path
) -> None:
    (folder / "a").write_bytes(b"x")
    client = await gateway.client("s3")
    handler = refusing("PutObject", "ConditionalRequestConflict", 409, "If-None-Match", [])
    transfers._engine.fast.enabled = False  # it sends past the handler
    client.meta.events.register("before-send.s3.PutObject", handler)
    with pytest.raises(AwsError, match="upload") as caught:
        await transfers.upload(bucket, "a", folder / "a", Progress(), "")
    assert "something else was writing it at the same time" in str(caught.value)
    assert caught.value.retryable


async def test_a_lost_answer_to_a_conditional_write_is_no_refusal(
    gateway: Gateway, transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    """botocore sends the request once more, and meets the object that the first one has made."""
    (folder / "a").write_bytes(b"hello")
    client, sent = await gateway.client("s3"), []
    lost = refusing("PutObject", "InternalError", 500, "If-None-Match", sent)

    def handler(request: Any, **options: Any) -> Any:
        if sent:
            return None
        outside.put_object(Bucket=bucket, Key="a", Body=b"hello")
        return lost(request, **options)

    transfers._engine.fast.enabled = False  # it sends past the handler
    client.meta.events.register("before-send.s3.PutObject", handler)
    report = await transfers.upload(bucket, "a", folder / "a", Progress(), "")
    assert report.files == 1
    assert content(outside, bucket, "a") == b"hello"


async def test_what_is_there_comes_with_its_tags(
    transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    names = ["a b+c", "x[/y]", "é"]
    tags = {}
    for name in names:
        (folder / name.replace("/", "_")).write_bytes(b"1")
        key = f"raw/{name.replace('/', '_')}"
        tags[key] = outside.put_object(Bucket=bucket, Key=key, Body=b"2")["ETag"].strip('"')
    (folder / "new").touch()
    outside.put_object(Bucket=bucket, Key="raw/not-ours", Body=b"3")
    assert await transfers.existing(bucket, plan_uploads(folder, "raw")) == tags
    assert await transfers.existing(bucket, plan_upload(folder / "new", "raw/")) == {}
    with pytest.raises(AwsError):
        await transfers.existing("skydeck-not-there-7421", plan_uploads(folder, "raw"))


@pytest.mark.parametrize("name", ["gone", "x" * 300])
async def test_a_file_that_cannot_be_looked_at_says_so(
    name: str, transfers: Transfers, bucket: str, folder: Path
) -> None:
    with pytest.raises(LocalError, match="read"):
        await transfers.upload(bucket, "k", folder / name, Progress())
