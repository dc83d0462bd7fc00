"""Buckets and folders that an s3:// address may go on with, as one types it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.aws.calls import caused_by
from tui.aws.s3_copy_plan import SCHEME

if TYPE_CHECKING:
    from tui.aws.s3 import S3

FOLDERS_AT_MOST = 1000  # of one place: one request


class Completion:
    """Completes addresses; each folder is asked for once. Blocks, so it runs in a thread."""

    def __init__(self, s3: S3, buckets: Sequence[str]) -> None:
        self._s3, self._buckets = s3, sorted(buckets)
        self._known: dict[tuple[str, str], list[str]] = {}

    def __call__(self, text: str) -> list[str]:
        """Return the addresses that begin as typed, each ending in a slash."""
        if not text.startswith(SCHEME):
            return [SCHEME] if text and SCHEME.startswith(text) else []
        bucket, slash, key = text[len(SCHEME) :].partition("/")
        if not slash:
            return [f"{SCHEME}{name}/" for name in self._buckets if name.startswith(bucket)]
        folder = key[: key.rfind("/") + 1]
        found = self._folders(bucket, folder) if bucket else []
        return [f"{SCHEME}{bucket}/{name}" for name in found if name.startswith(key)]

    def _folders(self, bucket: str, folder: str) -> list[str]:
        if (bucket, folder) not in self._known:
            self._known[bucket, folder] = self._asked(bucket, folder)
        return self._known[bucket, folder]

    def _asked(self, bucket: str, folder: str) -> list[str]:
        try:
            with caused_by(None):
                client = self._s3.gateway.client_now("s3", self._s3.region_of(bucket))
                answer = client.list_objects_v2(
                    Bucket=bucket, Prefix=folder, Delimiter="/", MaxKeys=FOLDERS_AT_MOST
                )
        except Exception:  # a help, no more: what is wrong is told when the address is used
            return []
        return [entry["Prefix"] for entry in answer.get("CommonPrefixes", ())]
