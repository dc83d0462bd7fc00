"""One object copied or moved inside S3, without its bytes passing here. Blocks, in a thread.

A copy is pinned to what the plan has seen at both ends. A move deletes its source only once the
copy is there whole, and only while the source is what was copied.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from tui.aws.errors import error_code
from tui.aws.lookalikes import is_lookalike
from tui.aws.s3.copy_plan import CopyItem
from tui.aws.s3.kept import CHECKSUMS, described, placement, tags_of
from tui.aws.s3.running_uploads import running
from tui.aws.transfers.condition import (
    Condition,
    answer_lost,
    etag_of_parts,
    etag_there,
    write_as_seen,
)
from tui.aws.transfers.engine import MAX_PARTS, MEBIBYTE, Engine, Remote, spans
from tui.aws.transfers.meter import Meter
from tui.aws.transfers.multipart import abandon, begin_upload, unfinished
from tui.core.errors import AwsError
from tui.core.ledger import ItemLedger

WHOLE_BYTES: Final = 256 * MEBIBYTE  # more goes in parts side by side; S3 takes 5 GiB at once
CHANGED: Final = "SourceChanged"  # a code of our own
COPY_PART_BYTES: Final = 64 * MEBIBYTE
_MD5 = re.compile(r"[0-9a-f]{32}")
_CHANGED: Final = frozenset({"PreconditionFailed", "412"})
_GONE: Final = frozenset({"NoSuchKey", "404"})
_UNKNOWN_TO_IT: Final = frozenset({"NotImplemented", "501"})
_FULL: Final = "FULL_OBJECT"


@dataclass(frozen=True, slots=True)
class Copying:
    """One copy under way; `head` is the source's HeadObject answer."""

    engine: Engine
    source: Remote
    target: Remote
    item: CopyItem
    meter: Meter
    head: dict[str, Any]
    kept: ItemLedger

    @property
    def client(self) -> Any:
        """The target's: copies are asked for where they go."""
        return self.engine.client(self.target.region)

    @property
    def etag(self) -> str:
        """What the source is pinned to."""
        return self.item.etag or str(self.head.get("ETag", "")).strip('"')

    @property
    def pinned(self) -> dict[str, Any]:
        """The source, and that it is what was seen."""
        return {"CopySource": self.source.params, "CopySourceIfMatch": f'"{self.etag}"'}


def copy_object(  # noqa: PLR0917 - what a copy is
    engine: Engine,
    source: Remote,
    target: Remote,
    item: CopyItem,
    meter: Meter,
    kept: ItemLedger,
    *,
    verb: str = "copy",
) -> int:
    """Copy one object (or the version that `source` names) as its plan says; returns its bytes.

    Metadata, tags, storage class and encryption go along. `verb` is what errors call it.

    Raises:
        AwsError: the source changed, or what is at the target is not what was seen; it stays.
        JobCancelled: the job was cancelled; an unfinished copy has been cleaned up.
        Exception: botocore's own, for `tui.aws.errors.explain`.
    """
    copying = _copied(engine, source, target, item, meter, kept, verb)
    return int(copying.head["ContentLength"])


def move_object(  # noqa: PLR0917 - what a move is
    engine: Engine,
    source: Remote,
    target: Remote,
    item: CopyItem,
    meter: Meter,
    kept: ItemLedger,
) -> int:
    """Copy one object, compare the two, delete the source; see `copy_object`.

    Raises:
        AwsError: the copy is not what the source is, or the source changed since; it stays.
    """
    try:
        copying = _copied(engine, source, target, item, meter, kept, "move")
    except AwsError as error:
        if error.code == CHANGED and kept.ledger.resumed and _was_moved(engine, target, item):
            meter.found(item.size_bytes)
            return item.size_bytes
        raise
    _verify(copying)
    delete_source(engine, source, copying.etag)
    return int(copying.head["ContentLength"])


def _copied(  # noqa: PLR0917 - what a copy is
    engine: Engine,
    source: Remote,
    target: Remote,
    item: CopyItem,
    meter: Meter,
    kept: ItemLedger,
    verb: str,
) -> Copying:
    with meter.asking():
        head = _source_head(engine, source, item, verb)
        copying = Copying(engine, source, target, item, meter, head, kept)
        _refuse_newcomer(copying, verb)
    if head["ContentLength"] > WHOLE_BYTES:
        _copy_parts(copying, verb)
    else:
        with meter.asking():
            _copy_whole(copying, verb)
        meter.advance(head["ContentLength"])
    return copying


def _was_moved(engine: Engine, target: Remote, item: CopyItem) -> bool:
    """Whether a source that is gone went with an earlier run, just before that ended."""
    try:
        head = engine.client(target.region).head_object(**target.params)
    except Exception as error:
        if error_code(error) in _GONE:
            return False
        raise
    etag = str(head.get("ETag", "")).strip('"')
    known = head.get("ContentLength") == item.size_bytes
    return known and (etag == item.etag or etag != item.seen)


def _verify(copying: Copying) -> None:
    """Compare source and copy by size and by whatever checksum both have."""
    there = copying.client.head_object(**copying.target.params, ChecksumMode="ENABLED")
    if is_same(copying.head, there) is False:
        raise AwsError(
            f"Can't move {copying.source}",
            "the copy is not what the source is",
            "The source stays. Look at both before you go on.",
            code="CopyDiffers",
        )


def delete_source(engine: Engine, source: Remote, etag: str) -> None:
    """Delete what was copied, and nothing that took its place since.

    Raises:
        AwsError: the source changed since it was copied; it stays.
    """
    try:
        delete_seen(engine, source, etag)
    except AwsError as error:
        if error.code != CHANGED:
            raise
        raise AwsError(
            error.title,
            "it changed after it was copied",
            "It stays, and its older state is at the target.",
            code=CHANGED,
        ) from error


def delete_seen(engine: Engine, remote: Remote, etag: str) -> None:
    """Delete the object of this ETag and no other; one that is gone already is no matter. Blocks.

    Raises:
        AwsError: another one is there by now; it stays.
    """
    client = engine.client(remote.region)
    if is_lookalike(engine.gateway.connection) and not _still(engine, remote, etag):
        return  # a look-alike may not know the condition
    try:
        client.delete_object(**remote.params, IfMatch=f'"{etag}"')
    except Exception as error:
        code = error_code(error)
        if code in _CHANGED:
            raise _stays(remote) from error
        if code not in _UNKNOWN_TO_IT | _GONE:
            raise
        if code in _UNKNOWN_TO_IT and _still(engine, remote, etag):
            client.delete_object(**remote.params)


def _still(engine: Engine, remote: Remote, etag: str) -> bool:
    """Whether the object is there and the same; False where it is gone."""
    now = etag_there(engine, remote)
    if now and now != etag:
        raise _stays(remote)
    return bool(now)


def is_same(one: dict[str, Any], other: dict[str, Any]) -> bool | None:
    """Whether two HeadObject answers are of the same bytes; None where they can't tell."""
    if one.get("ContentLength") != other.get("ContentLength"):
        return False
    whole = [_full_checksums(head) for head in (one, other)]
    for kind in CHECKSUMS:
        if kind in whole[0] and kind in whole[1]:
            return bool(whole[0][kind] == whole[1][kind])
    tags = [str(head.get("ETag", "")).strip('"') for head in (one, other)]
    if tags[0] and tags[0] == tags[1]:
        return True
    plain = all(_MD5.fullmatch(tag) for tag in tags)
    bare = all(head.get("ServerSideEncryption", "AES256") == "AES256" for head in (one, other))
    return False if plain and bare else None


def _full_checksums(head: dict[str, Any]) -> dict[str, str]:
    """The checksums of the whole bytes; a composite one is of the parts' checksums."""
    found = {kind: str(head.get(f"Checksum{kind}") or "") for kind in CHECKSUMS}
    if head.get("ChecksumType", _FULL) != _FULL:
        return {}
    return {kind: value for kind, value in found.items() if value and "-" not in value}


def _source_head(engine: Engine, source: Remote, item: CopyItem, verb: str) -> dict[str, Any]:
    client = engine.client(source.region)
    try:
        head: dict[str, Any] = client.head_object(**source.params, ChecksumMode="ENABLED")
    except Exception as error:
        if error_code(error) in _GONE:
            raise _source_changed(source, verb, "it is gone since the plan was made") from error
        if error_code(error) in ("400", "InvalidRequest"):
            raise AwsError(
                f"Can't {verb} {source}",
                "it can't be looked at; a key of its owner's own (SSE-C) may encrypt it",
                "Only whoever has that key can copy it.",
                code=error_code(error),
            ) from error
        raise
    if item.etag and head.get("ETag", "").strip('"') != item.etag:
        raise _source_changed(source, verb, "it changed since the plan was made")
    return head


def _refuse_newcomer(copying: Copying, verb: str) -> None:
    """Look at the target where a look-alike of S3 may not know conditions of a copy."""
    item, engine = copying.item, copying.engine
    if item.seen is None or not is_lookalike(engine.gateway.connection):
        return
    try:
        now = etag_there(engine, copying.target)
    except Exception:  # one may not look: the write will tell
        return
    if now != item.seen and not _landed(copying):
        why = "the object there changed meanwhile" if now else "the object there is gone"
        raise AwsError(
            f"Can't {verb} {copying.source}",
            why if item.seen else "an object appeared at the target meanwhile",
            f"Nothing was replaced. {verb.capitalize()} it again: you are asked first.",
            code="PreconditionFailed",
        )


def _copy_whole(copying: Copying, verb: str) -> None:
    kept = placement(copying.head, other_region=_elsewhere(copying))

    def write(condition: Condition) -> None:
        try:
            copying.client.copy_object(
                **copying.target.params, **copying.pinned, **kept, **condition
            )
        except Exception as error:
            if error_code(error) in _CHANGED | _GONE:
                _source_head(copying.engine, copying.source, copying.item, verb)
            raise

    landed = partial(_landed, copying)
    write_as_seen(copying.engine, copying.target, copying.item.seen, write, landed, verb=verb)


def _landed(copying: Copying) -> bool:
    """Whether the target is this very copy: a lost answer, or the retry of a job."""
    try:
        there = copying.client.head_object(**copying.target.params, ChecksumMode="ENABLED")
    except Exception:  # whatever it is, the first error tells more
        return False
    return is_same(copying.head, there) is True


def _elsewhere(copying: Copying) -> bool:
    own = copying.engine.gateway.region
    return (copying.source.region or own) != (copying.target.region or own)


def _copy_parts(copying: Copying, verb: str) -> None:
    client, head, meter = copying.client, copying.head, copying.meter
    kept = described(head) | placement(head, other_region=_elsewhere(copying))
    source = copying.source
    reader = copying.engine.client(source.region)
    kept |= tags_of(reader, source.bucket, source.key, source.version_id)
    kept |= _checksum_wish(copying)
    with unfinished(copying.engine, copying.kept, meter):
        abandon(copying.engine, copying.kept)  # of an earlier run
        asked = copying.target.params | kept
        begun = begin_upload(client, copying.target, asked, copying.kept, (), COPY_PART_BYTES)
        upload = copying.target.params | {"UploadId": begun}
        with running(begun):
            parts = copying.engine.each(_part_calls(copying, upload), meter, sends=False)
            meter.check()
            if not _complete(copying, upload, parts, verb):
                abandon(copying.engine, copying.kept)


def _checksum_wish(copying: Copying) -> dict[str, str]:
    """Have the copy carry the checksum that the source has, so that the two can be compared."""
    if not copying.engine.gateway.connection.full_checksums:
        return {}
    kinds = [kind for kind in _full_checksums(copying.head) if not kind.startswith("SHA")]
    return {"ChecksumAlgorithm": kinds[0], "ChecksumType": _FULL} if kinds else {}


def _part_calls(copying: Copying, upload: dict[str, str]) -> Iterator[Callable[[], dict[str, Any]]]:
    size = copying.head["ContentLength"]
    least = -(-size // MAX_PARTS)
    part_bytes = max(COPY_PART_BYTES, -(-least // MEBIBYTE) * MEBIBYTE)
    for number, start, length in spans(size, part_bytes):
        yield partial(_copy_part, copying, upload, number, start, length)


def _copy_part(
    copying: Copying, upload: dict[str, str], number: int, start: int, length: int
) -> dict[str, Any]:
    copying.meter.check()
    span = f"bytes={start}-{start + length - 1}"
    with copying.meter.asking():
        answer = copying.client.upload_part_copy(
            **upload, **copying.pinned, PartNumber=number, CopySourceRange=span
        )
    copying.meter.advance(length)
    result = answer["CopyPartResult"]
    names = ("ETag", *(f"Checksum{kind}" for kind in CHECKSUMS))
    return {"PartNumber": number} | {name: result[name] for name in names if result.get(name)}


def _complete(
    copying: Copying, upload: dict[str, str], parts: list[dict[str, Any]], verb: str
) -> bool:
    """Make the parts one object; False where it is there already, and the parts are too much."""

    def write(condition: Condition) -> None:
        try:
            copying.client.complete_multipart_upload(
                **upload, MultipartUpload={"Parts": parts}, **condition
            )
        except Exception as error:
            if not (answer_lost(error) and (joined() or _landed(copying))):
                raise

    def joined() -> bool:
        try:
            wanted = etag_of_parts([part["ETag"] for part in parts])
            return etag_there(copying.engine, copying.target) == wanted
        except Exception:
            return False

    return write_as_seen(
        copying.engine,
        copying.target,
        copying.item.seen,
        write,
        lambda: joined() or _landed(copying),
        verb=verb,
    )


def _source_changed(source: Remote, verb: str, why: str) -> AwsError:
    hint = "Nothing was done to it. List again, then choose it once more."
    return AwsError(f"Can't {verb} {source}", why, hint, code=CHANGED)


def _stays(remote: Remote) -> AwsError:
    return AwsError(
        f"Can't delete {remote}", "it changed meanwhile", "It stays; list again.", code=CHANGED
    )
