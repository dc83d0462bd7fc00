"""Buckets and objects. Big transfers are in `tui.aws.transfers.service`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tui.aws.calls import caused_by
from tui.aws.errors import error_code
from tui.aws.lookalikes import hold_condition, is_lookalike
from tui.aws.s3 import delete as s3_delete
from tui.aws.s3 import presign as s3_presign
from tui.aws.s3.delete import DeleteFailure
from tui.aws.s3.listing import cut_rows, page_of
from tui.aws.s3.shards import listed
from tui.core import bucket_names
from tui.core.errors import AwsError
from tui.core.jobs import Progress
from tui.core.records import Bucket, ObjectDetails, ObjectPage, ObjectQuery

if TYPE_CHECKING:
    from tui.aws.gateway import Gateway

__all__ = ["S3", "DeleteFailure"]

_NO_CONSTRAINT = "us-east-1"  # the one region that CreateBucket may not name


class S3:
    """Everything of S3 but transfers. Every method raises `AwsError` with a clear sentence."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._regions: dict[str, str] = {}

    @property
    def gateway(self) -> Gateway:
        """The door to AWS that all of this goes through."""
        return self._gateway

    async def ask(self, operation: str, bucket: str, **params: Any) -> dict[str, Any]:
        """Make one call about a bucket, in the bucket's region; `Bucket` need not be given.

        Raises:
            AwsError: whatever went wrong, in a sentence.
        """
        region = self.region_of(bucket)
        return await self._gateway.call("s3", operation, region=region, Bucket=bucket, **params)

    async def buckets(self) -> tuple[Bucket, ...]:
        """Return the account's buckets, by name."""
        found: list[Bucket] = []
        pages: dict[str, Any] = {"PaginationConfig": {"PageSize": 1000}}
        if is_lookalike(self._gateway.connection):
            pages = {}  # some refuse the question for pages
        async for page in self._gateway.pages("s3", "list_buckets", _buckets_of, **pages):
            found += page
        self._regions.update({bucket.name: bucket.region for bucket in found if bucket.region})
        return tuple(sorted(found, key=lambda bucket: bucket.name))

    async def create_bucket(self, name: str, region: str = "", *, lock: bool = False) -> None:
        """Create a bucket in `region` (the gateway's where empty); `lock` allows object locks.

        Raises:
            AwsError: the name breaks a rule, is taken, or is already ours.
        """
        if wrong := bucket_names.problem(name):
            raise AwsError(f"Can't create bucket {name}", wrong, code="InvalidBucketName")
        await self._refuse_existing(name)
        where = region or self._gateway.region
        params: dict[str, Any] = {"Bucket": name}
        if where != _NO_CONSTRAINT:
            params["CreateBucketConfiguration"] = {"LocationConstraint": where}
        if lock:
            params["ObjectLockEnabledForBucket"] = True
        await self._gateway.call("s3", "create_bucket", region=where, **params)
        self._regions[name] = where

    async def bucket_region(self, name: str) -> str:
        """Return the region where a bucket lives (HeadBucket), asked once."""
        if name not in self._regions:
            answer = await self._gateway.call("s3", "head_bucket", Bucket=name)
            headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
            region = answer.get("BucketRegion") or headers.get("x-amz-bucket-region")
            self._regions[name] = region or self._gateway.region
        return self._regions[name]

    async def delete_bucket(self, name: str) -> None:
        """Delete an empty bucket."""
        await self._gateway.call("s3", "delete_bucket", region=self.region_of(name), Bucket=name)
        self._regions.pop(name, None)

    async def objects(self, query: ObjectQuery, after: str = "") -> AsyncIterator[ObjectPage]:
        """Yield pages of up to 1,000 rows, in key order (ListObjectsV2).

        Without `recursive`, what lies deeper than the next slash comes as prefixes. A long listing
        is asked for in several parts at once. Leaving the loop stops asking. `after` goes on
        behind that key or prefix.

        Raises:
            AwsError: the bucket is missing or may not be listed.
        """
        params: dict[str, Any] = {"Bucket": query.bucket, "Prefix": query.prefix}
        if not query.recursive:
            params["Delimiter"] = "/"
        pages = listed(lambda where: self._page({**params, **where}), query, after)
        async with aclosing(pages):
            async for page in pages:
                yield page

    async def head(self, bucket: str, key: str) -> ObjectDetails:
        """Return an object's properties (HeadObject)."""

        def ask() -> ObjectDetails:
            client = self._gateway.client_now("s3", self.region_of(bucket))
            return _details_of(bucket, key, client.head_object(Bucket=bucket, Key=key))

        return await self._gateway.explained(ask, "head_object", f"{bucket}/{key}")

    async def read_range(self, bucket: str, key: str, start: int, length: int) -> bytes:
        """Read up to `length` bytes from `start`; fewer at the object's end, none past it."""
        if length <= 0:
            return b""
        span = f"bytes={start}-{start + length - 1}"

        def read() -> bytes:
            client = self._gateway.client_now("s3", self.region_of(bucket))
            with client.get_object(Bucket=bucket, Key=key, Range=span)["Body"] as body:
                data: bytes = body.read(length)  # a server without ranges sends it all
            return data

        try:
            return await self._gateway.explained(read, "get_object", f"{bucket}/{key}")
        except AwsError as error:
            if error.code in ("InvalidRange", "416"):
                return b""
            raise

    async def delete_many(
        self, bucket: str, keys: Sequence[str], progress: Progress
    ) -> tuple[DeleteFailure, ...]:
        """Delete exactly these keys, 1,000 a request; progress counts keys as items.

        Returns:
            What could not be deleted, key by key.

        Raises:
            AwsError: nothing at all could be deleted (no such bucket, no way to AWS).
        """
        return await s3_delete.delete_many(
            self._gateway, bucket, keys, progress, self.region_of(bucket)
        )

    async def summary(self, bucket: str, prefix: str = "") -> dict[str, tuple[int, int]]:
        """Count a prefix by storage class: {class: (objects, bytes)}. Lists every key."""
        totals: dict[str, tuple[int, int]] = {}
        async for page in self.objects(ObjectQuery(bucket, prefix, recursive=True)):
            for row in page.objects:
                count, size = totals.get(row.storage_class, (0, 0))
                totals[row.storage_class] = count + 1, size + row.size_bytes
        return totals

    async def put_bytes(
        self,
        bucket: str,
        key: str,
        data: bytes,
        *,
        overwrite: bool = True,
        if_match: str = "",
        **described: Any,
    ) -> str:
        """Write a small object and return its ETag.

        Without `overwrite` an existing object is left alone; with `if_match` only an object of
        that ETag is replaced. `described` is PutObject's own: ContentType, Metadata and so on.

        Raises:
            AwsError: code PreconditionFailed where one of these held it back.
        """
        params: dict[str, Any] = {"Key": key, "Body": data, **described}
        pin: dict[str, Any] = {}
        if if_match:
            pin["IfMatch"] = f'"{if_match}"'
        elif not overwrite:
            pin["IfNoneMatch"] = "*"
        if pin and is_lookalike(self._gateway.connection):
            await hold_condition(self, bucket, key, if_match)
        try:
            answer = await self.ask("put_object", bucket, **params, **pin)
        except AwsError as error:
            if not pin or error.code not in ("NotImplemented", "501"):
                raise
            await hold_condition(self, bucket, key, if_match)
            answer = await self.ask("put_object", bucket, **params)
        return str(answer.get("ETag", "")).strip('"')

    async def presign(
        self, bucket: str, key: str, seconds: int = 3600, *, upload: bool = False
    ) -> str:
        """Return a link that reads (or writes) one object for up to seven days.

        Made on this machine: no request is sent. The link is a secret for as long as it lives.

        Raises:
            AwsError: an upload link in read-only mode, no credentials.
        """
        wish = s3_presign.LinkWish(bucket, key, upload=upload, seconds=seconds)
        return (await s3_presign.make_link(self, wish)).url

    def region_of(self, bucket: str) -> str | None:
        """Return the region to ask about a bucket, or None for the gateway's own.

        botocore follows a redirect where this does not know better.
        """
        if self._gateway.connection.endpoint_url:
            return None
        return self._regions.get(bucket)

    async def _page(self, params: Mapping[str, Any]) -> tuple[ObjectPage, str | None]:
        bucket = params["Bucket"]

        def ask() -> tuple[ObjectPage, str | None]:
            client = self._gateway.client_now("s3", self.region_of(bucket))
            with cut_rows():
                answer = client.list_objects_v2(**params)
            more = answer.get("IsTruncated") and answer.get("NextContinuationToken")
            return page_of(answer), more or None

        subject = f"{bucket}/{params['Prefix']}" if params["Prefix"] else bucket
        return await self._gateway.explained(ask, "list_objects_v2", subject)

    async def _refuse_existing(self, name: str) -> None:
        # In us-east-1 CreateBucket answers 200 for a bucket that is already ours, and resets
        # its ACL, so look first.
        try:
            with caused_by(None):
                await self._gateway.call("s3", "head_bucket", Bucket=name)
        except AwsError as error:
            if error_code(error) in ("403", "404", "301", "AccessDenied", "NoSuchBucket"):
                return
            raise
        raise AwsError(
            f"Can't create bucket {name}",
            "you already have a bucket of that name, or may use it",
            "Open it instead.",
            code="BucketAlreadyOwnedByYou",
        )


def _buckets_of(answer: Mapping[str, Any]) -> list[Bucket]:
    return [
        Bucket(entry["Name"], entry.get("CreationDate"), entry.get("BucketRegion", ""))
        for entry in answer.get("Buckets", ())
    ]


def _details_of(bucket: str, key: str, answer: Mapping[str, Any]) -> ObjectDetails:
    modified: datetime = answer["LastModified"]
    return ObjectDetails(
        bucket=bucket,
        key=key,
        size_bytes=answer["ContentLength"],
        modified_at=modified,
        etag=answer.get("ETag", "").strip('"'),
        content_type=answer.get("ContentType", ""),
        storage_class=answer.get("StorageClass") or "STANDARD",
        encryption=answer.get("ServerSideEncryption", ""),
        version_id=answer.get("VersionId", ""),
        metadata=tuple(sorted(answer.get("Metadata", {}).items())),
    )
