"""Restores of archived objects that take their time, by tier, and can be asked for only once.

moto restores at once, whatever the tier and the version.
"""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Any

from tui.sandbox.patches.base import PatchContext, need, put

# What hours are here, in steps of the clock's `restoring`; no tier is missing but one.
_STEPS = {"Expedited": 1, "Standard": 3, "Bulk": 6}

_DAYS = re.compile(rb"<Days>\s*(\d{1,6})\s*</Days>")
_TIER = re.compile(rb"<Tier>\s*(\w+)\s*</Tier>")


def install(context: PatchContext) -> None:
    """POST ?restore of one object or version."""
    from moto.s3.models import FakeKey
    from moto.s3.responses import S3Response

    answer = need(S3Response, "_key_response_post", "request", "body", "query", "key_name")
    status = need(FakeKey, "status")

    def restored(self: Any) -> Any:
        ready = getattr(self, "skydeck_restored_at", None)
        if ready is not None and time.time() < ready:
            return "IN_PROGRESS"
        return status.fget(self)

    def post(  # noqa: PLR0917 - moto's own
        self: Any,
        request: Any,
        body: bytes,
        bucket_name: str,
        query: dict[str, Any],
        key_name: str,
    ) -> Any:
        if "restore" not in query:
            return answer(self, request, body, bucket_name, query, key_name)
        self.data["Action"] = "RestoreObject"
        self._authenticate_and_authorize_s3_action(bucket_name=bucket_name, key_name=key_name)
        key, _ = self._get_key(validate_storage_class=False)
        return _restore(key, body, context.clock.restoring), {}, ""

    put(FakeKey, status=property(restored, status.fset))
    put(S3Response, _key_response_post=post)


def _restore(key: Any, body: bytes, step_seconds: float) -> int:
    """Begin a restore, or have a restored copy stay longer; the HTTP status."""
    from moto.core.utils import utcnow
    from moto.s3.exceptions import MalformedXML

    days, tier = _wish(body)
    if key.storage_class not in ("GLACIER", "DEEP_ARCHIVE"):
        message = "Restore is not allowed for the object's current storage class"
        raise _refusal("InvalidObjectState", message)
    if key.response_dict.get("x-amz-restore", "").startswith('ongoing-request="true"'):
        raise _refusal("RestoreAlreadyInProgress", "Object restore is already in progress")
    if days < 1:
        raise MalformedXML()
    if tier not in _STEPS or (key.storage_class, tier) == ("DEEP_ARCHIVE", "Expedited"):
        raise _refusal("InvalidArgument", f"Retrieval option {tier} is not supported")
    again = key.expiry_date is not None
    key.restore(days)
    # S3 rounds up to the next midnight: AmazonS3/latest/userguide/restoring-objects.html
    midnight = utcnow().replace(hour=0, minute=0, second=0, microsecond=0)
    key.set_expiry(midnight + timedelta(days=days + 1))
    if not again:
        key.skydeck_restored_at = time.time() + step_seconds * _STEPS[tier]
    return 200 if again else 202


def _wish(body: bytes) -> tuple[int, str]:
    days, tier = _DAYS.search(body), _TIER.search(body)
    return int(days[1]) if days else 0, tier[1].decode() if tier else "Standard"


def _refusal(code: str, message: str) -> Exception:
    from moto.s3.exceptions import S3ClientError

    error: Exception = S3ClientError(code, message)
    return error
