"""Multi-part uploads that nobody loses: a ledger knows of each from before it is asked for.

Nothing shows the parts of an unfinished upload, but they are paid for. Blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import unquote_plus

from tui.aws.errors import error_code
from tui.aws.lookalikes import LACKING
from tui.aws.s3.running_uploads import is_running
from tui.aws.transfers.condition import http_status
from tui.aws.transfers.engine import Engine, Remote
from tui.aws.transfers.meter import Meter
from tui.aws.transfers.patience import on_behalf
from tui.core.ledger import ItemLedger, Mark, OpenUpload

SLACK_SECONDS: Final = 60.0  # two clocks, and whole seconds in S3's answers
GONE: Final = frozenset({"NoSuchUpload", "404", "NoSuchBucket"})
_MAY_NOT_LOOK: Final = LACKING | {"AccessDenied", "403"}
_REFUSED: Final = range(400, 500)


def begin_upload(  # noqa: PLR0917 - what an upload is
    client: Any,
    remote: Remote,
    asked: dict[str, Any],
    kept: ItemLedger,
    mark: Mark,
    part_bytes: int,
) -> str:
    """Ask for a new upload and return its id, which is on the disk by then.

    Raises:
        Exception: botocore's own; what was begun all the same is in the ledger.
    """
    kept.creating(remote.bucket, remote.key, remote.region or "", mark, part_bytes)
    try:
        begun = client.create_multipart_upload(**asked)
    except Exception as error:
        if http_status(error) in _REFUSED:
            kept.over()
        raise
    upload_id: str = begun["UploadId"]
    if begun.get("ResponseMetadata", {}).get("RetryAttempts"):
        # The answer to an earlier try got lost, perhaps with the id of an upload.
        with suppress(Exception):
            _abort_strays(client, kept.upload, upload_id)
    kept.created(upload_id)
    return upload_id


@contextmanager
def unfinished(engine: Engine, kept: ItemLedger, meter: Meter) -> Iterator[None]:
    """Do an upload inside; what ends it aborts it, but for a pause: then it is gone on with."""
    with meter.progress.owing():
        try:
            with on_behalf(meter, engine.gateway):
                yield
        except BaseException:
            if not meter.progress.suspended:
                with suppress(Exception):  # it stays in the ledger; the first error tells more
                    abandon(engine, kept)
            raise


def abandon(engine: Engine, kept: ItemLedger) -> None:
    """Abort what is begun of an item, also if its id never came; nothing where there is nothing.

    Raises:
        Exception: botocore's own; then it may still be there.
    """
    if (upload := kept.upload) is None:
        return
    client = engine.client(upload.region or None)
    if upload.upload_id:
        _abort(client, upload.bucket, upload.key, upload.upload_id)
    else:
        _abort_strays(client, upload)
    kept.over()


def parts_there(client: Any, remote: Remote, upload_id: str) -> dict[int, tuple[str, int]] | None:
    """Return {number: (ETag, bytes)} of an upload's parts; None where there is no such upload."""
    there: dict[int, tuple[str, int]] = {}
    try:
        pages = client.get_paginator("list_parts").paginate(**remote.params, UploadId=upload_id)
        for page in pages:
            for part in page.get("Parts", ()):
                there[part["PartNumber"]] = part["ETag"].strip('"'), part["Size"]
    except Exception as error:
        if error_code(error) in GONE:
            return None
        raise
    return there


def parts_known(
    client: Any, remote: Remote, begun: OpenUpload
) -> dict[int, tuple[str, int]] | None:
    """As `parts_there`; who may not look is told what the ledger knows.

    S3 compares the parts itself, by their ETags, when they are joined.
    """
    try:
        return parts_there(client, remote, begun.upload_id)
    except Exception as error:
        if error_code(error) not in _MAY_NOT_LOOK:
            raise
    return {at: (part.etag.strip('"'), part.length) for at, part in begun.parts.items()}


def _abort(client: Any, bucket: str, key: str, upload_id: str) -> None:
    try:
        client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)
    except Exception as error:
        if error_code(error) not in GONE:
            raise


def _abort_strays(client: Any, upload: OpenUpload | None, but: str = "") -> None:
    """Abort the uploads of the same key that were begun since, and that have no part.

    Those are ours, asked for by a request whose answer never came. Others have parts, or are older.
    """
    if upload is None:
        return
    try:
        found = list(_strays(client, upload))
    except Exception as error:
        if error_code(error) in _MAY_NOT_LOOK | GONE:  # nothing more can be done here
            return
        raise
    for upload_id in found:
        if upload_id == but or is_running(upload_id):
            continue
        remote = Remote(upload.bucket, upload.key)
        if parts_there(client, remote, upload_id) == {}:
            _abort(client, upload.bucket, upload.key, upload_id)


def _strays(client: Any, upload: OpenUpload) -> Iterator[str]:
    asked = {"Bucket": upload.bucket, "Prefix": upload.key, "EncodingType": "url"}
    for page in client.get_paginator("list_multipart_uploads").paginate(**asked):
        since = upload.begun_at + _ahead(page) - SLACK_SECONDS
        for entry in page.get("Uploads", ()):
            key = entry["Key"]
            if page.get("EncodingType") == "url":
                key = unquote_plus(key)
            if key == upload.key and entry["Initiated"].timestamp() >= since:
                yield entry["UploadId"]


def _ahead(answer: dict[str, Any]) -> float:
    """By how many seconds the server's clock is ahead of ours."""
    told = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        return (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return 0.0
