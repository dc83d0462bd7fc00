"""Versions of the sandbox's buckets, as the app lists, reads and brings them back."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.app.hostile import OWN
from tui.aws.gateway import Gateway
from tui.aws.s3 import version_code, versions, versions_rows
from tui.aws.s3.copy_plan import CopyItem
from tui.aws.s3.service import S3
from tui.aws.transfers.service import Transfers
from tui.core.errors import AwsError
from tui.core.jobs import Progress
from tui.core.versions import Histories, KeyHistory, ObjectVersion

HOSTILE = tuple(key for key in OWN if "\n" not in key)  # moto has no way to such a key


def switch(outside: Any, bucket: str, status: str = "Enabled") -> None:
    outside.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


async def all_of(s3: S3, bucket: str, prefix: str = "") -> list[ObjectVersion]:
    return [one async for page in versions.pages(s3, bucket, prefix) for one in page.versions]


async def test_versions_come_by_key_the_newest_first_whatever_the_page_size(
    s3: S3, outside: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch(outside, bucket)
    for _ in range(3):
        for key in HOSTILE[:4]:
            outside.put_object(Bucket=bucket, Key=key, Body=b"x")
    outside.delete_object(Bucket=bucket, Key=HOSTILE[0])
    found = await all_of(s3, bucket)
    assert len(found) == 13
    assert [one.key for one in found] == sorted(one.key for one in found)
    hidden = [one for one in found if one.key == HOSTILE[0]]
    assert [one.marker for one in hidden] == [True, False, False, False]
    assert [one.latest for one in hidden] == [True, False, False, False]
    assert hidden == [one async for page in versions.of_key(s3, bucket, HOSTILE[0])
                      for one in page.versions]  # fmt: skip


async def test_a_page_that_botocore_parses_has_the_same_rows(
    s3: S3, outside: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch(outside, bucket)
    for key in HOSTILE:
        outside.put_object(Bucket=bucket, Key=key, Body=b"12")
    outside.delete_object(Bucket=bucket, Key=HOSTILE[2])
    cut = await all_of(s3, bucket)
    monkeypatch.setattr(versions_rows, "_cut", lambda body: None)
    assert await all_of(s3, bucket) == cut
    assert {one.key for one in cut} == set(HOSTILE)


async def test_only_the_key_itself_counts_among_those_that_begin_with_it(
    s3: S3, outside: Any, bucket: str
) -> None:
    switch(outside, bucket)
    for key in ("a", "a.txt", "a/b", "a"):
        outside.put_object(Bucket=bucket, Key=key, Body=b"x")
    found = [one async for page in versions.of_key(s3, bucket, "a") for one in page.versions]
    assert [one.key for one in found] == ["a", "a"]


async def test_what_a_bucket_keeps_is_told(s3: S3, outside: Any, bucket: str) -> None:
    assert (await versions.versioning(s3, bucket)).status == ""
    switch(outside, bucket)
    assert (await versions.versioning(s3, bucket)).status == "Enabled"
    switch(outside, bucket, "Suspended")
    assert (await versions.versioning(s3, bucket)).status == "Suspended"
    missing = await versions.versioning(s3, "acme-nowhere-0417")
    assert (missing.status, bool(missing.why)) == ("?", True)


async def test_a_restored_version_brings_all_along(
    s3: S3, transfers: Transfers, outside: Any, bucket: str
) -> None:
    switch(outside, bucket)
    old = outside.put_object(
        Bucket=bucket,
        Key="k/é",
        Body=b"old",
        Metadata={"made": "by-hand"},
        ContentType="text/csv",
        StorageClass="STANDARD_IA",
    )["VersionId"]
    outside.put_object(Bucket=bucket, Key="k/é", Body=b"newer", Metadata={"made": "later"})
    version = next(one for one in await all_of(s3, bucket) if one.version_id == old)
    item = CopyItem(version.key, version.key, version.size_bytes, version.etag)
    await transfers.restore_version(bucket, item, old, Progress())
    got = outside.get_object(Bucket=bucket, Key="k/é")
    assert got["Body"].read() == b"old"
    assert (got["Metadata"], got["ContentType"]) == ({"made": "by-hand"}, "text/csv")
    assert got["StorageClass"] == "STANDARD_IA"
    assert len(await all_of(s3, bucket)) == 3


async def test_a_version_is_read_and_downloaded_by_its_id(
    s3: S3, transfers: Transfers, outside: Any, bucket: str, tmp_path: Path
) -> None:
    switch(outside, bucket)
    outside.put_object(Bucket=bucket, Key="k", Body=b"the old one")
    outside.put_object(Bucket=bucket, Key="k", Body=b"the new one")
    newest, oldest = await all_of(s3, bucket)
    assert await versions.read_first(s3, bucket, oldest, 7) == b"the old"
    target = tmp_path / "in" / "k"
    await transfers.download_version(bucket, oldest, target, Progress(), replaces=False)
    assert target.read_bytes() == b"the old one"
    with pytest.raises(Exception, match=r"(?i)k"):
        await transfers.download_version(bucket, newest, target, Progress(), replaces=False)
    assert target.read_bytes() == b"the old one"


async def test_a_server_without_versions_is_told_apart(
    s3: S3, gateway: Gateway, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def call(*_: Any, **__: Any) -> Any:
        raise AwsError("Can't", "a header you provided implies", code="NotImplemented")

    monkeypatch.setattr(gateway, "call", call)
    kept = await versions.versioning(s3, bucket)
    assert (kept.status, kept.why) == ("", "this server has no versions")


MOMENT = datetime(2026, 3, 1, tzinfo=UTC)


def version(key: str, number: int, size: int = 0, *, marker: bool = False) -> ObjectVersion:
    return ObjectVersion(key, str(number), MOMENT, size, latest=number == 0, marker=marker)


def test_versions_and_markers_of_one_second_are_merged_with_the_latest_first() -> None:
    held = [version("a", 1, 5), version("b", 0, 1)]
    found = versions_rows.merged(held, [version("a", 0, marker=True)])
    assert [(one.key, one.marker) for one in found] == [("a", True), ("a", False), ("b", False)]


@given(
    st.lists(st.lists(st.booleans(), min_size=1, max_size=5), min_size=1, max_size=6),
    st.integers(1, 4),
)
def test_histories_add_up_however_the_pages_are_cut(keys: list[list[bool]], size: int) -> None:
    rows = [
        version(f"k{at}", number, 0 if marker else 10, marker=marker)
        for at, marks in enumerate(keys)
        for number, marker in enumerate(marks)
    ]
    adding = Histories()
    found: list[KeyHistory] = []
    for at in range(0, len(rows), size):
        found += adding.add(rows[at : at + size])
    found += adding.end()
    assert [one.key for one in found] == [f"k{at}" for at in range(len(keys))]
    for history, marks in zip(found, keys, strict=True):
        leading = next((at for at, marker in enumerate(marks) if not marker), len(marks))
        assert len(history.hiding) == leading
        assert history.deleted == marks[0]
        assert history.restorable == (marks[0] and not all(marks))
        assert (history.versions, history.markers) == (marks.count(False), marks.count(True))
        current = 0 if marks[0] else 10
        assert history.hidden_bytes == marks.count(False) * 10 - current


def test_the_code_of_a_restore_names_the_version_and_quotes_what_a_shell_would_read() -> None:
    python, cli = version_code.restore("acme-lake", "a b$(x)?", "v/1", "us-east-1")
    assert "CopySource=source" in python
    assert "'VersionId': 'v/1'" in python.replace('"', "'")
    compile(python, "restore", "exec")
    words = shlex.split(cli)
    assert words[words.index("--key") + 1] == "a b$(x)?"
    assert words[words.index("--copy-source") + 1] == "acme-lake/a%20b%24%28x%29%3F?versionId=v/1"
    python, cli = version_code.download("b", "k", "v1", Path("/x/y"), "us-east-1")
    assert "ExtraArgs={'VersionId': 'v1'}" in python.replace('"', "'")
    assert shlex.split(cli)[:3] == ["aws", "s3api", "get-object"]
