"""What the kills of moves have found."""

from __future__ import annotations

from tests.faults.world import BUCKET, PART_BYTES, noise, small_parts, transfers, world
from tui.aws.s3.copy_plan import CopyItem, CopyPlan
from tui.core.progress import Progress
from tui.sandbox import Sandbox


async def test_a_copy_that_is_there_already_leaves_no_upload_behind(clean_sandbox: Sandbox) -> None:
    """As after a kill between the end of the upload and the ledger's note of it."""
    with world(clean_sandbox) as place, small_parts():
        for key in ("from/k", "to/k"):
            place.outside.put_object(Bucket=BUCKET, Key=key, Body=noise(PART_BYTES + 1))
        etag = place.outside.head_object(Bucket=BUCKET, Key="from/k")["ETag"].strip('"')
        item = CopyItem("from/k", "to/k", PART_BYTES + 1, etag, seen="")
        async with transfers(place.connection) as mover:
            report = await mover.copy_planned(CopyPlan(BUCKET, BUCKET, (item,)), Progress())
        assert report.files == 1
        assert place.proxy.count("CreateMultipartUpload") == 1
        assert place.unfinished() == []
