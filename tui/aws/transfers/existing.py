"""What stands at S3 where a plan's files would go, with the ETags that conditional writes name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tui.aws.calls import caused_by
from tui.aws.transfers.plan import UploadPlan
from tui.core.errors import AwsError

if TYPE_CHECKING:
    from tui.aws.gateway import Gateway
    from tui.aws.s3.service import S3

_ABSENT: Final = frozenset({"404", "NoSuchKey"})


async def existing(gateway: Gateway, s3: S3, bucket: str, plan: UploadPlan) -> dict[str, str]:
    """Return {key: ETag} of the planned keys that are there already.

    One key is looked up, more are listed below the plan's target.

    Raises:
        AwsError: one may not look, or the bucket is missing.
    """
    with caused_by(None):
        if len(plan.items) == 1:
            return await _one(s3, bucket, plan.items[0].key)
        wanted = {item.key for item in plan.items}

        def tags(page: dict[str, Any]) -> dict[str, str]:
            rows = page.get("Contents", ())
            return {row["Key"]: row["ETag"].strip('"') for row in rows if row["Key"] in wanted}

        found: dict[str, str] = {}
        asked = {"Bucket": bucket, "Prefix": plan.target}
        region = s3.region_of(bucket)
        async for some in gateway.pages("s3", "list_objects_v2", tags, region=region, **asked):
            found |= some
        return found


async def _one(s3: S3, bucket: str, key: str) -> dict[str, str]:
    try:
        return {key: (await s3.head(bucket, key)).etag}
    except AwsError as error:
        if error.code in _ABSENT:
            return {}
        raise
