"""Syncs of a folder and a place: what the plan says, that it is done so, and that it ends."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.app.hostile import OWN as HOSTILE
from tests.aws.transfer_support import BIG, left_over, noise
from tui.aws.s3 import sync
from tui.aws.s3.service import S3
from tui.aws.s3.sync_local import remove_file, same_content
from tui.aws.s3.sync_plan import (
    COPY,
    DELETE,
    OVERWRITE,
    SAME,
    SKIP,
    LocalFile,
    RemoteFile,
    SyncAction,
    SyncOptions,
    SyncPlan,
    by_size_and_time,
    plan_sync,
)
from tui.aws.transfers.plan import Skipped
from tui.aws.transfers.service import Transfers
from tui.core.errors import LocalError
from tui.core.jobs import Progress

NOW = 2_000_000_000

names = st.sampled_from(["a", "b", "c.csv", "d/e", "d/f.csv", "g/h/i"])
files = st.builds(
    lambda name, size, second: LocalFile(name, size, (size, second * 10**9 + 7, 1)),
    names,
    st.integers(0, 3),
    st.integers(1, NOW),
)
objects = st.builds(
    lambda name, size, second: RemoteFile(name, size, float(second), "e", local_name=name),
    names,
    st.integers(0, 3),
    st.integers(1, NOW),
)
patterns = st.lists(st.sampled_from(["*.csv", "d/*", "a", "*"]), max_size=2).map(tuple)
options = st.builds(SyncOptions, st.booleans(), st.booleans(), include=patterns, exclude=patterns)


def applied(
    plan: tuple[SyncAction, ...],
    here: dict[str, LocalFile],
    there: dict[str, RemoteFile],
    up: bool,
) -> tuple[dict[str, LocalFile], dict[str, RemoteFile]]:
    """Both sides after a plan was done, by what an upload and a download do to size and time."""
    here, there = dict(here), dict(there)
    for one in plan:
        if one.kind == DELETE:
            (there if up else here).pop(one.name)
        elif one.kind in (COPY, OVERWRITE) and up:
            assert one.local
            there[one.name] = RemoteFile(
                one.name, one.size_bytes, float(NOW), "n", local_name=one.name
            )
        elif one.kind in (COPY, OVERWRITE):
            assert one.remote
            mark = one.size_bytes, int(one.remote.modified_at) * 10**9, 2
            here[one.name] = LocalFile(one.name, one.size_bytes, mark)
    return here, there


@given(st.lists(files), st.lists(objects), options)
@settings(max_examples=300, deadline=None)
def test_a_plan_that_was_done_leaves_nothing_to_do(
    local: list[LocalFile], remote: list[RemoteFile], how: SyncOptions
) -> None:
    here = {one.name: one for one in local}
    there = {one.name: one for one in remote}
    differs = by_size_and_time(how.up)
    plan, _ = plan_sync(here.values(), there.values(), how, differs)
    after_here, after_there = applied(plan, here, there, how.up)
    again, _ = plan_sync(after_here.values(), after_there.values(), how, differs)
    assert {one.kind for one in again} <= {SAME}
    # The source is never touched, nor what the filters leave out.
    assert (after_here if how.up else after_there) == (here if how.up else there)
    target = (there, after_there) if how.up else (here, after_here)
    for name in target[0]:
        if not how.wants(name) or not how.deletes:
            assert name in target[1]
    source = after_here if how.up else after_there
    if how.deletes:
        kept = {name for name in target[1] if how.wants(name)}
        assert kept == {name for name in source if how.wants(name)}


@given(st.lists(files, min_size=1), st.lists(objects), st.booleans())
def test_what_the_source_left_out_is_not_deleted_at_the_target(
    local: list[LocalFile], remote: list[RemoteFile], up: bool
) -> None:
    how = SyncOptions(up=up, deletes=True)
    left = [Skipped("d", "it can't be read"), Skipped("a", "it is a link")]
    here = {one.name: one for one in local if not (up and one.name.startswith(("d/", "a")))}
    there = {one.name: one for one in remote if up or not one.name.startswith(("d/", "a"))}
    plan, _ = plan_sync(here.values(), there.values(), how, by_size_and_time(up), left)
    gone = {one.name for one in plan if one.kind == DELETE}
    assert not {name for name in gone if name == "a" or name.startswith("d/")}


def test_a_filter_does_not_open_a_folder_that_could_not_be_read_to_deletion() -> None:
    there = [RemoteFile("sub/a.csv", 1, 1.0, "e"), RemoteFile("b.csv", 1, 1.0, "e")]
    how = SyncOptions(deletes=True, include=("*.csv",))
    plan, _ = plan_sync([], there, how, by_size_and_time(True), [Skipped("sub", "access denied")])
    assert [one.name for one in plan if one.kind == DELETE] == ["b.csv"]


def test_two_names_that_are_one_file_to_the_disk_are_a_pair() -> None:
    here = [LocalFile("readme", 1, (1, 10**9, 1))]
    there = [RemoteFile("README", 1, 1.0, "e", local_name="README")]
    how = SyncOptions(up=False, deletes=True)
    plan, _ = plan_sync(here, there, how, by_size_and_time(False), same_file=str.casefold)
    assert [(one.kind, one.name) for one in plan] == [(SAME, "README")]


# -- against the sandbox --------------------------------------------------------------------------


def keys_of(client: Any, bucket: str) -> list[str]:
    return [row["Key"] for row in client.list_objects_v2(Bucket=bucket).get("Contents", ())]


def write(folder: Path, name: str, data: bytes, second: int = 1_700_000_000) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (second, second))
    return path


@pytest.fixture
def plan_of(s3: S3, bucket: str, folder: Path) -> Callable[..., Any]:
    """`await plan_of(up=True, ...)` plans the folder and `in/` of the bucket."""

    async def planned(**how: Any) -> SyncPlan:
        made = SyncOptions(**how)
        return await sync.planned(s3, bucket, "in/", folder, made, told=lambda _: None)

    return planned


def kinds(plan: SyncPlan) -> dict[str, str]:
    return {one.name: one.kind for one in plan.actions}


@pytest.mark.parametrize("by_content", [False, True])
async def test_up_copies_overwrites_deletes_and_then_has_nothing_to_do(
    by_content: bool,
    plan_of: Any,
    transfers: Transfers,
    outside: Any,
    bucket: str,
    folder: Path,
) -> None:
    for name in ("changed", "extra/x", "same"):
        outside.put_object(Bucket=bucket, Key=f"in/{name}", Body=name.encode())
    outside.put_object(Bucket=bucket, Key="in/extra/", Body=b"")  # a folder's marker
    outside.put_object(Bucket=bucket, Key="elsewhere", Body=b"1")
    write(folder, "changed", b"CHANGED" if by_content else b"longer than it was")
    write(folder, "same", b"same")
    write(folder, "new/a [b].csv", b"new")
    how = {"up": True, "deletes": True, "by_content": by_content}
    plan = await plan_of(**how)
    assert kinds(plan) == {
        "changed": OVERWRITE,
        "extra/x": DELETE,
        "new/a [b].csv": COPY,
        "same": SAME,
    }
    report = await transfers.sync_planned(plan, Progress())
    assert (report.files, report.failures, report.after) == (2, (), "1 deleted")
    assert keys_of(outside, bucket) == [
        *("elsewhere", "in/changed", "in/extra/", "in/new/a [b].csv", "in/same")
    ]
    assert not (await plan_of(**how)).changes


async def test_down_does_the_same_and_keeps_the_objects_times(
    plan_of: Any, transfers: Transfers, outside: Any, bucket: str, folder: Path
) -> None:
    hostile = [name for name in HOSTILE if len(name.encode()) < 1000 and "\n" not in name]
    hostile.remove("..")  # a file where ../../escaped needs a folder
    for name in (*hostile, "changed"):
        outside.put_object(Bucket=bucket, Key=f"in/{name}", Body=name.encode())
    write(folder, "changed", b"longer than it is")
    write(folder, "sub/extra", b"extra")
    outer = write(folder.parent, "outside", b"not ours")
    (folder / "link").symlink_to(outer)
    (folder / "linked").symlink_to(folder / "sub")
    how = {"up": False, "deletes": True}
    plan = await plan_of(**how)
    found = kinds(plan)
    assert {name for name, kind in found.items() if kind == DELETE} == {"sub/extra"}
    assert {name for name, kind in found.items() if kind == SKIP} == {"link", "linked"}
    assert {name for name, kind in found.items() if kind == COPY} == set(hostile)
    report = await transfers.sync_planned(plan, Progress())
    assert (report.failures, report.after) == ((), "1 deleted")
    assert (folder / "changed").read_bytes() == b"changed"
    head = outside.head_object(Bucket=bucket, Key="in/changed")
    assert int((folder / "changed").stat().st_mtime) == int(head["LastModified"].timestamp())
    assert (folder / "link").is_symlink()
    assert outer.read_bytes() == b"not ours"
    assert not (folder.parent.parent / "escaped").exists()
    assert left_over(folder) == []
    assert not (await plan_of(**how)).changes


@pytest.mark.parametrize("up", [True, False])
async def test_what_changes_after_the_plan_is_left_alone(
    up: bool, plan_of: Any, transfers: Transfers, outside: Any, bucket: str, folder: Path
) -> None:
    for name in ("both", "extra" if up else "theirs"):
        outside.put_object(Bucket=bucket, Key=f"in/{name}", Body=b"there")
    write(folder, "both", b"longer than it is")
    write(folder, "mine" if up else "extra", b"x")
    plan = await plan_of(up=up, deletes=True)
    if up:
        for name in ("both", "mine", "extra"):
            outside.put_object(Bucket=bucket, Key=f"in/{name}", Body=b"newer")
    else:
        for name in ("both", "theirs", "extra"):
            write(folder, name, b"newer")
    report = await transfers.sync_planned(plan, Progress())
    assert len(report.failures) == 2
    assert "Nothing was deleted" in report.after
    gone = SyncPlan(plan.folder, bucket, "in/", plan.options, plan.of(DELETE))
    report = await transfers.sync_planned(gone, Progress())
    assert [one.name for one in report.failures] == ["extra"]
    if up:
        bodies = [
            outside.get_object(Bucket=bucket, Key=f"in/{name}")["Body"].read()
            for name in ("both", "mine", "extra")
        ]
    else:
        bodies = [(folder / name).read_bytes() for name in ("both", "theirs", "extra")]
    assert bodies == [b"newer"] * 3


async def test_a_retry_does_not_stumble_over_its_own_first_try(
    plan_of: Any, transfers: Transfers, outside: Any, bucket: str, folder: Path
) -> None:
    outside.put_object(Bucket=bucket, Key="in/a", Body=b"new")
    write(folder, "a", b"old and longer")
    plan = await plan_of(up=False)
    done: set[str] = set()
    assert (await transfers.sync_planned(plan, Progress(), done)).files == 1
    assert (await transfers.sync_planned(plan, Progress(), done)).failures == ()


async def test_bytes_are_compared_however_the_object_was_uploaded(
    transfers: Transfers, outside: Any, bucket: str, folder: Path
) -> None:
    path = write(folder, "big", noise(BIG))
    await transfers.upload(bucket, "ours", path, Progress())
    outside.upload_file(str(path), bucket, "theirs")  # boto3's own parts
    stop = threading.Event()
    for key in ("ours", "theirs"):
        head = outside.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        etag = head["ETag"].strip('"')
        assert "-" in etag

        def never() -> dict[str, Any]:
            raise AssertionError("the ETag tells")

        assert same_content(path, etag, BIG, never, stop)
        assert not same_content(
            write(folder, "x", noise(BIG, 2)), etag, BIG, lambda h=head: h, stop
        )
    assert same_content(
        path,
        "0" * 32,
        BIG,
        lambda: outside.head_object(Bucket=bucket, Key="ours", ChecksumMode="ENABLED"),
        stop,
    )


def test_a_file_is_not_removed_through_a_link(tmp_path: Path) -> None:
    from tui.aws.s3.sync_local import mark_of

    (tmp_path / "in").mkdir()
    victim = write(tmp_path, "out/victim", b"mine")
    mark = mark_of(victim.stat())
    (tmp_path / "in" / "sub").symlink_to(tmp_path / "out")
    (tmp_path / "in" / "victim").symlink_to(victim)
    for name in ("sub/victim", "victim", "../out/victim"):
        with pytest.raises(LocalError):
            remove_file(tmp_path / "in", name, mark)
    assert victim.exists()
    remove_file(tmp_path, "out/victim", mark)
    assert not victim.exists()


def test_the_command_has_the_same_filters_and_flags() -> None:
    from tui.aws.s3.copy_code import sync_line

    line = sync_line(
        "b",
        "in/",
        Path("/data/a b"),
        "eu-west-1",
        up=True,
        deletes=True,
        include=("*.csv",),
        exclude=("tmp/*",),
    )
    assert line.startswith("aws s3 sync '/data/a b' s3://b/in/ --no-follow-symlinks --delete")
    assert "--exclude '*' --include '*.csv' --exclude 'tmp/*'" in line
