"""Plans as rows of a ledger: what comes back is what was written."""

from __future__ import annotations

import json
import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tui.aws.s3.copy_plan import CopyItem, CopyPlan
from tui.aws.s3.sync_plan import LocalFile, RemoteFile, SyncAction, SyncOptions, SyncPlan
from tui.aws.transfers import plan_rows
from tui.aws.transfers.plan import (
    DownloadPlan,
    PlannedDownload,
    PlannedUpload,
    Skipped,
    UploadPlan,
)
from tui.aws.transfers.plan_rows import Work, plan_of, targets_of

TEXTS = st.text(min_size=1)
SIZES = st.integers(0, 2**50)
NAMES = st.binary(min_size=1).filter(lambda name: b"\0" not in name and b"/" not in name)
PATHS = NAMES.map(lambda name: Path("/data") / os.fsdecode(name))
SEEN = st.one_of(st.none(), TEXTS, st.just(""))
SKIPPED = st.lists(st.builds(Skipped, TEXTS, TEXTS), max_size=2).map(tuple)
UPLOADS = st.lists(st.builds(PlannedUpload, PATHS, TEXTS, SIZES, SEEN), max_size=4).map(tuple)
DOWNLOADS = st.builds(PlannedDownload, TEXTS, PATHS, SIZES, st.booleans())
COPIES = st.builds(CopyItem, TEXTS, TEXTS, SIZES, TEXTS, TEXTS, SEEN)
LOCAL = st.builds(LocalFile, TEXTS, SIZES, st.tuples(SIZES, SIZES, SIZES))
TIMES = st.floats(0, 2e9)
REMOTE = st.builds(RemoteFile, TEXTS, SIZES, TIMES, TEXTS, TEXTS, TEXTS)
KINDS = st.sampled_from(["copy", "overwrite", "delete"])
MAYBE_LOCAL, MAYBE_REMOTE = st.one_of(st.none(), LOCAL), st.one_of(st.none(), REMOTE)
ACTIONS = st.builds(SyncAction, KINDS, TEXTS, SIZES, TEXTS, MAYBE_LOCAL, MAYBE_REMOTE)


def there_and_back(work: Work) -> plan_rows.AnyPlan:
    rows = [json.loads(json.dumps(row)) for row in work.rows()]
    return plan_of(work.intent(), rows)


@given(UPLOADS, SKIPPED, TEXTS)
def test_uploads(
    items: tuple[PlannedUpload, ...], skipped: tuple[Skipped, ...], target: str
) -> None:
    plan = UploadPlan(items, skipped, target)
    assert there_and_back(plan_rows.upload_work(plan, "b")) == plan


@given(st.lists(DOWNLOADS, max_size=4), st.lists(PATHS, max_size=2), SKIPPED)
def test_downloads(
    items: list[PlannedDownload], folders: list[Path], skipped: tuple[Skipped, ...]
) -> None:
    plan = DownloadPlan(Path("/data"), tuple(items), tuple(folders), skipped)
    back = there_and_back(plan_rows.download_work(plan, "b"))
    assert back == plan
    assert list(targets_of(back)) == [item.path for item in items]


@given(st.lists(COPIES, max_size=4), SKIPPED, st.booleans())
def test_copies(items: list[CopyItem], skipped: tuple[Skipped, ...], moves: bool) -> None:
    plan = CopyPlan("a", "b", tuple(items), skipped, moves)
    work = plan_rows.copy_work(plan)
    assert there_and_back(work) == plan
    assert work.buckets == ("a", "b")


@given(st.lists(ACTIONS, max_size=6), st.booleans(), st.booleans())
def test_syncs_keep_the_order_of_their_items(
    actions: list[SyncAction], up: bool, deletes: bool
) -> None:
    options = SyncOptions(up=up, deletes=deletes)
    plan = SyncPlan(Path("/data"), "b", "p/", options, tuple(actions))
    work = plan_rows.sync_work(plan)
    back = there_and_back(work)
    assert isinstance(back, SyncPlan)
    assert plan_rows.sync_work(back).items == work.items
    assert work.intent().fits(plan_rows.sync_work(back).intent())


def test_a_relative_path_means_the_same_in_another_process() -> None:
    plan = UploadPlan((PlannedUpload(Path("a/../b"), "k", 1),))
    back = there_and_back(plan_rows.upload_work(plan, "b"))
    assert isinstance(back, UploadPlan)
    assert back.items[0].path == Path.cwd() / "a/../b"


def test_a_row_of_an_older_app_has_the_defaults() -> None:
    work = plan_rows.upload_work(UploadPlan((PlannedUpload(Path("/a"), "k", 1),)), "b")
    back = plan_of(work.intent(), [["i", "/a", "k", 1]])
    assert isinstance(back, UploadPlan)
    assert back.items == (PlannedUpload(Path("/a"), "k", 1),)
