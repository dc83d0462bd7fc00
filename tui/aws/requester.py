"""Requester-pays buckets: whoever reads pays, and must say so in every request.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ObjectsinRequesterPaysBuckets.html
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from tui.core.errors import AwsError

if TYPE_CHECKING:
    from tui.aws.s3 import S3

_MEMBER = "RequestPayer"


class Requester:
    """The buckets whose requests the user has agreed to pay for, for as long as one is connected.

    A client says so in each request about one of them, and in no other.
    """

    def __init__(self) -> None:
        self._accepted: set[str] = set()
        self._lock = threading.Lock()

    def accept(self, bucket: str) -> None:
        """Pay for requests about this bucket from now on."""
        with self._lock:
            self._accepted.add(bucket)

    def forget(self, bucket: str) -> None:
        """Pay for it no longer."""
        with self._lock:
            self._accepted.discard(bucket)

    def pays(self, bucket: str) -> bool:
        """Whether the user has agreed to pay for it."""
        with self._lock:
            return bucket in self._accepted

    def install(self, client: Any) -> None:
        """Have an S3 client say so; before the call log listens, so that it shows there too."""
        client.meta.events.register_first(
            "provide-client-params.s3", self._say_so, unique_id=f"requester-{id(self)}"
        )

    def _say_so(self, params: Any, model: Any, context: Any = None, **_: Any) -> None:
        # A link is signed with its headers, and a browser would not send this one.
        if not self._accepted or not isinstance(params, dict):
            return
        if isinstance(context, dict) and context.get("is_presign_request"):
            return
        members = model.input_shape.members if model.input_shape else {}
        if _MEMBER in members and any(self.pays(bucket) for bucket in _buckets(params)):
            params.setdefault(_MEMBER, "requester")


def _buckets(params: dict[str, Any]) -> list[str]:
    source = params.get("CopySource")
    if isinstance(source, str):
        source = {"Bucket": source.lstrip("/").partition("/")[0]}
    found = [params.get("Bucket"), (source or {}).get("Bucket")]
    return [str(bucket) for bucket in found if bucket]


async def who_pays(s3: S3, bucket: str) -> str:
    """Return "Requester" or "BucketOwner", or "" where only the bucket's owner may know."""
    try:
        answer = await s3.ask("get_bucket_request_payment", bucket)
    except AwsError:
        return ""
    return str(answer.get("Payer") or "")
