"""Ask for a readable copy of an archived object (RestoreObject)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.core.errors import AwsError

if TYPE_CHECKING:
    from tui.aws.s3.service import S3

ASKED, EXTENDED, UNDER_WAY = "asked for", "kept longer", "under way already"


async def restore_object(
    s3: S3, bucket: str, key: str, *, days: int, tier: str, version_id: str = ""
) -> str:
    """Ask for a copy that stays `days`; returns `ASKED`, `EXTENDED` or `UNDER_WAY`.

    Of an object that is restored already, only the days are counted anew, without a retrieval.

    Args:
        tier: Expedited, Standard or Bulk.
        days: 0 for an object of Intelligent-Tiering, which moves back to stay.

    Raises:
        AwsError: it is not archived, the tier is not to be had now, or it is refused.
    """
    request: dict[str, Any] = {"GlacierJobParameters": {"Tier": tier}}
    if days:
        request["Days"] = days
    where = {"VersionId": version_id} if version_id else {}
    try:
        answer = await s3.ask("restore_object", bucket, Key=key, RestoreRequest=request, **where)
    except AwsError as error:
        if error.code == "RestoreAlreadyInProgress":
            return UNDER_WAY
        raise
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return EXTENDED if status == 200 else ASKED
