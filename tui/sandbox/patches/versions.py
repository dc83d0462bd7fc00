"""Versioning as S3 has it: suspended buckets keep what they have, and uploads know their start.

moto takes "Suspended" for "never versioned": a write or a delete drops every version of the key.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

from tui.sandbox.patches.base import PatchContext, need, put
from tui.sandbox.records import ACCOUNT

_WHO = f"arn:aws:sts::{ACCOUNT}:user/moto"  # who the sandbox's own key is
# Batches delete versions of one key at a time from several threads.
_CHANGING = threading.RLock()


def install(context: PatchContext) -> None:
    """Keep versions in suspended buckets, and take single versions away one by one."""
    from moto.s3.models import FakeBucket, S3Backend

    need(FakeBucket, "is_versioned")
    write = need(S3Backend, "put_object", "bucket_name", "key_name")
    delete = need(S3Backend, "delete_object", "bucket_name", "key_name", "version_id", "bypass")

    def put_object(self: Any, bucket_name: str, key_name: str, *args: Any, **named: Any) -> Any:
        made = write(self, bucket_name, key_name, *args, **named)
        bucket = self.get_bucket(bucket_name)
        if bucket.versioning_status == "Suspended":
            with _CHANGING:
                older = [one for one in bucket.keys.getlist(key_name, []) if one is not made]
                made._version_id = "null"
                dict.__setitem__(bucket.keys, key_name, [*_without(older, "null"), made])
        return made

    def delete_object(
        self: Any, bucket_name: str, key_name: str, version_id: Any = None, bypass: bool = False
    ) -> Any:
        bucket = self.get_bucket(bucket_name)
        status = bucket.versioning_status
        if status not in ("Enabled", "Suspended"):
            return delete(self, bucket_name, key_name, version_id, bypass)
        with _CHANGING:
            if version_id is not None:
                return _delete_version(bucket, key_name, str(version_id), bypass)
            return _mark(bucket, key_name, suspended=status == "Suspended")

    put(FakeBucket, is_versioned=property(lambda self: bool(self.versioning_status)))
    put(S3Backend, put_object=put_object, delete_object=delete_object)


def install_uploads(context: PatchContext) -> None:
    """Have uploads know when they began."""
    from moto.s3.models import FakeMultipart

    initialise = need(FakeMultipart, "__init__", "key_name")

    def init(self: Any, *args: Any, **named: Any) -> None:
        initialise(self, *args, **named)
        self.skydeck_begun = datetime.now(UTC)

    put(FakeMultipart, __init__=init)


def begun_at(upload: Any) -> str:
    """When an upload began, as S3 writes it."""
    begun: datetime = getattr(upload, "skydeck_begun", None) or datetime.now(UTC)
    return f"{begun:%Y-%m-%dT%H:%M:%S}.{begun.microsecond // 1000:03d}Z"


def begun_by(upload: Any) -> str:
    """The ARN of whoever began an upload."""
    return _WHO


def _mark(bucket: Any, key_name: str, *, suspended: bool) -> tuple[bool, dict[str, Any]]:
    """Hide a key under a delete marker; a suspended bucket's takes the null version's place."""
    from moto.s3.models import FakeDeleteMarker, FakeKey

    there = bucket.keys.getlist(key_name, [])
    hidden = there[-1] if there else FakeKey(key_name, b"", ACCOUNT, bucket.region_name)
    marker = FakeDeleteMarker(key=hidden)
    if suspended:
        marker._version_id = "null"
        there = _without(there, "null")
    if key_name in bucket.keys:
        dict.__setitem__(bucket.keys, key_name, [*there, marker])
    else:
        bucket.keys[key_name] = marker
    return True, {"version-id": marker.version_id, "delete-marker": "true"}


def _delete_version(
    bucket: Any, key_name: str, version_id: str, bypass: bool
) -> tuple[bool, dict[str, Any]]:
    from moto.s3.exceptions import AccessDeniedByLock

    told: dict[str, Any] = {"version-id": version_id}
    there = bucket.keys.getlist(key_name, [])
    wanted = next((one for one in there if str(one.version_id) == version_id), None)
    if wanted is None:
        return True, told  # gone already, and S3 is content
    if hasattr(wanted, "is_locked"):
        if wanted.is_locked(governance_bypass=bypass):
            raise AccessDeniedByLock
    else:
        told["delete-marker"] = "true"
    left = [one for one in there if one is not wanted]
    if left:
        dict.__setitem__(bucket.keys, key_name, left)
        _dispose(wanted)
    else:
        bucket.keys.pop(key_name)
    return True, told


def _without(versions: list[Any], version_id: str) -> list[Any]:
    for version in versions:
        if str(version.version_id) == version_id:
            _dispose(version)
    return [version for version in versions if str(version.version_id) != version_id]


def _dispose(version: Any) -> None:
    if hasattr(version, "dispose"):
        version.dispose()
