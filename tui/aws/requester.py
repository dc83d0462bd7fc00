"""Requester-pays buckets: whoever reads pays, and must say so in every request.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ObjectsinRequesterPaysBuckets.html
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from tui.core.errors import AwsError

if TYPE_CHECKING:
    from tui.aws.s3.service import S3

_MEMBER = "RequestPayer"
_IN_LINK = "skydeck-requester-pays"


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
        client.meta.events.register("before-sign.s3", _say_so_in_link)

    def _say_so(self, params: Any, model: Any, context: Any = None, **_: Any) -> None:
        if not self._accepted or not isinstance(params, dict):
            return
        members = model.input_shape.members if model.input_shape else {}
        if _MEMBER not in members or not any(self.pays(bucket) for bucket in _buckets(params)):
            return
        if isinstance(context, dict) and context.get("is_presign_request"):
            context[_IN_LINK] = True  # as a header it would be signed, and no browser sends it
        else:
            params.setdefault(_MEMBER, "requester")


def _say_so_in_link(request: Any, **_: Any) -> None:
    """A link of such a bucket says it in its address: without that it opens nothing."""
    if request.context.get(_IN_LINK):
        request.params = {**(request.params or {}), "x-amz-request-payer": "requester"}


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
