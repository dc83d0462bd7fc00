"""Archived objects are restored as S3 does it: by tier, once, in their time."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.machines import BUCKET
from tui.sandbox.patches.restoring import _restore


@pytest.fixture
def cold(s3: Any) -> Any:
    """A client, and an object in each archive."""
    for kind in ("GLACIER", "DEEP_ARCHIVE"):
        s3.put_object(Bucket=BUCKET, Key=kind, Body=b"x", StorageClass=kind)
    s3.put_object(Bucket=BUCKET, Key="warm", Body=b"x")
    return s3


def restore(client: Any, key: str, tier: str = "Standard", **wish: Any) -> Any:
    request = {"GlacierJobParameters": {"Tier": tier}} | ({"Days": 2} | wish)
    return client.restore_object(Bucket=BUCKET, Key=key, RestoreRequest=request)


def status(answer: Any) -> int:
    code: int = answer["ResponseMetadata"]["HTTPStatusCode"]
    return code


def test_a_restore_is_accepted_and_a_second_one_only_lasts_longer(cold: Any) -> None:
    assert "Restore" not in cold.head_object(Bucket=BUCKET, Key="GLACIER")
    assert status(restore(cold, "GLACIER", "Expedited")) == 202
    first = cold.head_object(Bucket=BUCKET, Key="GLACIER")["Restore"]
    assert first.startswith('ongoing-request="false", expiry-date=')
    assert first.endswith('00:00:00 GMT"')
    assert status(restore(cold, "GLACIER", Days=9)) == 200
    assert cold.head_object(Bucket=BUCKET, Key="GLACIER")["Restore"] != first
    assert cold.get_object(Bucket=BUCKET, Key="GLACIER")["Body"].read() == b"x"


@pytest.mark.parametrize(
    ("key", "tier", "code"),
    [
        ("warm", "Standard", "InvalidObjectState"),
        ("DEEP_ARCHIVE", "Expedited", "InvalidArgument"),
        ("none", "Standard", "NoSuchKey"),
    ],
)
def test_what_s3_would_not_restore_is_refused(cold: Any, key: str, tier: str, code: str) -> None:
    with pytest.raises(ClientError) as refused:
        restore(cold, key, tier)
    assert refused.value.response["Error"]["Code"] == code


def test_an_older_version_is_restored_by_its_id(cold: Any) -> None:
    cold.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    old = cold.put_object(Bucket=BUCKET, Key="v", Body=b"1", StorageClass="GLACIER")["VersionId"]
    cold.put_object(Bucket=BUCKET, Key="v", Body=b"2")
    request = {"Days": 1, "GlacierJobParameters": {"Tier": "Bulk"}}
    cold.restore_object(Bucket=BUCKET, Key="v", VersionId=old, RestoreRequest=request)
    assert "Restore" in cold.head_object(Bucket=BUCKET, Key="v", VersionId=old)


def test_a_restore_that_runs_is_asked_for_only_once() -> None:
    class Key:
        storage_class = "GLACIER"
        expiry_date: str | None = None
        response_dict: dict[str, str] = {}  # noqa: RUF012

        def restore(self, days: int) -> None:
            self.expiry_date = str(days)

        def set_expiry(self, moment: object) -> None:
            self.response_dict = {"x-amz-restore": 'ongoing-request="true"'}

    key: Any = Key()
    body = b"<RestoreRequest><Days>1</Days></RestoreRequest>"
    assert _restore(key, body, 100.0) == 202
    assert key.skydeck_restored_at > 0
    with pytest.raises(Exception, match="already in progress"):
        _restore(key, body, 100.0)
