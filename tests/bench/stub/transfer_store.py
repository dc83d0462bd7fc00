"""What the transfer bench's server keeps, and what each request about it gets."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import parse_qsl, unquote

from tui.aws.checksums import crc_of

BUCKET = "bench-lake"
SMALL_BYTES = 1 << 20  # up to here, an ETag is the real MD5 and a checksum is really compared
PAGE = 1000
_RANGE = re.compile(rb"\nrange: *bytes=(\d+)-(\d*)", re.IGNORECASE)
_MATCH = re.compile(rb"\nif-match: *\"?([^\"\r]+)", re.IGNORECASE)
_NONE = re.compile(rb"\nif-none-match: *\*", re.IGNORECASE)
_CRC = re.compile(rb"\nx-amz-checksum-crc32: *([A-Za-z0-9+/=]+)", re.IGNORECASE)
_MODE = re.compile(rb"\nx-amz-checksum-mode: *enabled", re.IGNORECASE)
_NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
_HEAD = (
    "x-amz-id-2: 0123456789abcdef0123456789abcdef0123456789abcdef\r\n"
    "x-amz-request-id: 0123456789ABCDEF\r\nDate: Sun, 01 Mar 2026 00:00:00 GMT\r\n"
    "Server: AmazonS3\r\n"
)
_ENTITY = "Last-Modified: Sun, 01 Mar 2026 00:00:00 GMT\r\nAccept-Ranges: bytes\r\n"
_REASONS = {200: "OK", 206: "Partial Content"}


@dataclass(eq=False)
class Stored:
    """One object: its pieces in order. `crc` is the CRC-32 that its uploader told, if any."""

    pieces: list[memoryview]
    etag: str
    crc: str = ""
    _own: str = ""

    @property
    def checksum(self) -> str:
        """The header's end: S3 keeps a CRC-64/NVME of what comes without a checksum."""
        if self.crc:
            return f"crc32: {self.crc}"
        if not self._own:
            whole = 0
            for piece in self.pieces:
                whole = crc_of("crc64nvme", piece, whole)
            self._own = base64.b64encode(whole.to_bytes(8, "big")).decode()
        return f"crc64nvme: {self._own}"

    @property
    def size(self) -> int:
        """All pieces together."""
        return sum(len(piece) for piece in self.pieces)

    def cut(self, start: int, end: int) -> list[memoryview]:
        """The bytes from `start` up to `end`, without a copy."""
        found, at = [], 0
        for piece in self.pieces:
            low, high = max(start - at, 0), min(end - at, len(piece))
            if low < high:
                found.append(piece[low:high])
            at += len(piece)
        return found

    def sum(self) -> int:
        """The CRC-32 of the whole."""
        crc = 0
        for piece in self.pieces:
            crc = zlib.crc32(piece, crc)
        return crc


@dataclass(eq=False)
class Store:
    """Everything that was sent."""

    objects: dict[str, Stored] = field(default_factory=dict)  # by "bucket/key"
    parts: dict[str, dict[int, memoryview]] = field(default_factory=dict)  # by upload id
    spare: dict[int, list[bytearray]] = field(default_factory=dict)  # big buffers, by size
    requests: int = 0
    under_way: int = 0
    most: int = 0

    def buffer(self, size: int) -> memoryview:
        """Memory for a body; a used one where there is one, so that no page faults are measured."""
        spare = self.spare.get(size)
        return memoryview(spare.pop() if spare else bytearray(size))

    def release(self, piece: memoryview) -> None:
        """Keep a big buffer for the next body of its size."""
        if len(piece) > SMALL_BYTES and isinstance(piece.obj, bytearray):
            self.spare.setdefault(len(piece), []).append(piece.obj)

    def replace(self, name: str, stored: Stored) -> None:
        """Put an object in place of what was there."""
        self.forget(name)
        self.objects[name] = stored

    def forget(self, name: str) -> None:
        """Drop an object."""
        old = self.objects.pop(name, None)
        for piece in old.pieces if old else ():
            self.release(piece)


class RefusalError(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class Requests:
    """What each request gets: (status, further headers, pieces of the body, declared length)."""

    def __init__(self, store: Store) -> None:
        self._uploads = count(1)  # requests that came while others wait have one number
        self.store = store

    def answer(self, head: bytes, body: memoryview) -> list[memoryview]:
        """Return the whole answer in pieces."""
        line = head[: head.index(b"\r\n")].decode("ascii")
        method, target, _ = line.split(" ")
        path, _, query_text = target.partition("?")
        query = dict(parse_qsl(query_text, keep_blank_values=True))
        name = unquote(path).lstrip("/")
        try:
            status, more, pieces = self._act(method, name, query, head, body)
        except RefusalError as refusal:
            said = f"<Error><Code>{refusal.code}</Code><Message>{refusal.code}</Message></Error>"
            status, more, pieces = refusal.status, "", [memoryview(said.encode())]
        length = sum(len(piece) for piece in pieces)
        if method == "HEAD":
            if name in self.store.objects:
                length = self.store.objects[name].size
            pieces = []
        reason = _REASONS.get(status, "Refused")
        said = f"HTTP/1.1 {status} {reason}\r\n{_HEAD}{more}Content-Length: {length}\r\n\r\n"
        if length <= SMALL_BYTES:  # one system call, one packet
            return [memoryview(b"".join((said.encode(), *pieces)))]
        return [memoryview(said.encode()), *pieces]

    def _act(
        self, method: str, name: str, query: dict[str, str], head: bytes, body: memoryview
    ) -> tuple[int, str, list[memoryview]]:
        bucket, _, key = name.partition("/")
        if method in ("GET", "HEAD") and key:
            return self._own(bucket, key) if bucket.startswith("__") else self._get(name, head)
        if method == "PUT" and key:
            return self._put(name, query, head, body)
        if method == "POST" and key:
            text = self._multipart(name, query, head, body)
        elif method == "GET" and bucket.startswith("__"):
            return self._own(bucket, key)
        elif method == "GET" and bucket:
            text = self._listing(bucket, query)
        elif method == "HEAD":
            text = ""
        elif method == "DELETE":
            self.store.forget(name)
            return 204, "", []
        else:
            raise RefusalError(501, "NotImplemented")
        return 200, "Content-Type: application/xml\r\n", [memoryview(text.encode())]

    def _get(self, name: str, head: bytes) -> tuple[int, str, list[memoryview]]:
        stored = self.store.objects.get(name)
        if stored is None:
            raise RefusalError(404, "NoSuchKey")
        pin = _MATCH.search(head)
        if pin is not None and pin[1].decode() != stored.etag:
            raise RefusalError(412, "PreconditionFailed")
        size = stored.size
        more = f'{_ENTITY}ETag: "{stored.etag}"\r\nContent-Type: binary/octet-stream\r\n'
        asked = _RANGE.search(head)
        if asked is None:
            if _MODE.search(head):
                more += f"x-amz-checksum-{stored.checksum}\r\n"
                more += "x-amz-checksum-type: FULL_OBJECT\r\n"
            return 200, more, stored.cut(0, size)
        start, end = int(asked[1]), min(size, int(asked[2]) + 1 if asked[2] else size)
        if start >= size:
            raise RefusalError(416, "InvalidRange")
        more += f"Content-Range: bytes {start}-{end - 1}/{size}\r\n"
        return 206, more, stored.cut(start, end)

    def _put(
        self, name: str, query: dict[str, str], head: bytes, body: memoryview
    ) -> tuple[int, str, list[memoryview]]:
        told = _CRC.search(head)
        crc = told[1].decode() if told else ""
        if "partNumber" in query:
            parts = self.store.parts.get(query["uploadId"])
            if parts is None:
                raise RefusalError(404, "NoSuchUpload")
            number = int(query["partNumber"])
            if number in parts:
                self.store.release(parts[number])
            parts[number] = body
            return 200, f'ETag: "{number:032x}"\r\n', []
        self._refuse_unseen(name, head)
        if len(body) <= SMALL_BYTES:
            etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
            if crc and crc != _text(zlib.crc32(body)):
                raise RefusalError(400, "BadDigest")
        else:
            etag = f"{self.store.requests:032x}-1"
        self.store.replace(name, Stored([body], etag, crc))
        return 200, f'ETag: "{etag}"\r\n', []

    def _refuse_unseen(self, name: str, head: bytes) -> None:
        there = self.store.objects.get(name)
        if there is not None and _NONE.search(head):
            raise RefusalError(412, "PreconditionFailed")
        pin = _MATCH.search(head)
        if pin is not None and (there is None or there.etag != pin[1].decode()):
            raise RefusalError(
                412 if there else 404, "PreconditionFailed" if there else "NoSuchKey"
            )

    def _multipart(self, name: str, query: dict[str, str], head: bytes, body: memoryview) -> str:
        bucket, _, key = name.partition("/")
        place = f"<Bucket>{bucket}</Bucket><Key>{key}</Key>"
        if "uploads" in query:
            upload = f"upload-{next(self._uploads)}"
            self.store.parts[upload] = {}
            inner = f"{place}<UploadId>{upload}</UploadId>"
            return _wrapped("InitiateMultipartUploadResult", inner)
        self._refuse_unseen(name, head)
        parts = self.store.parts.pop(query.get("uploadId", ""), None)
        if parts is None:
            raise RefusalError(404, "NoSuchUpload")
        listed = [int(n) for n in re.findall(rb"<PartNumber>(\d+)<", bytes(body))]
        if listed != sorted(parts):
            raise RefusalError(400, "InvalidPart")
        told = _CRC.search(head)
        etag = f"{self.store.requests:032x}-{len(parts)}"
        pieces = [parts[number] for number in listed]
        self.store.replace(name, Stored(pieces, etag, told[1].decode() if told else ""))
        inner = f"<Location>x</Location>{place}<ETag>&quot;{etag}&quot;</ETag>"
        return (
            f"<CompleteMultipartUploadResult {_NAMESPACE}>{inner}</CompleteMultipartUploadResult>"
        )

    def _listing(self, bucket: str, query: dict[str, str]) -> str:
        if "location" in query:
            return f"<LocationConstraint {_NAMESPACE}/>"
        prefix = query.get("prefix", "")
        after = query.get("continuation-token") or query.get("start-after", "")
        start = len(bucket) + 1
        keys = sorted(n[start:] for n in self.store.objects if n.startswith(f"{bucket}/{prefix}"))
        keys = [key for key in keys if key > after]
        shown = keys[: min(PAGE, int(query.get("max-keys", PAGE)))]
        more = len(keys) > len(shown)
        rows = "".join(self._row(bucket, key) for key in shown)
        token = f"<NextContinuationToken>{shown[-1]}</NextContinuationToken>" if more else ""
        return (
            f"<ListBucketResult {_NAMESPACE}><Name>{bucket}</Name><Prefix>{prefix}</Prefix>"
            f"<KeyCount>{len(shown)}</KeyCount><MaxKeys>{PAGE}</MaxKeys>{token}"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{rows}</ListBucketResult>"
        )

    def _row(self, bucket: str, key: str) -> str:
        stored = self.store.objects[f"{bucket}/{key}"]
        return (
            f"<Contents><Key>{key}</Key><LastModified>2026-03-01T00:00:00.000Z</LastModified>"
            f"<ETag>&quot;{stored.etag}&quot;</ETag><Size>{stored.size}</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
        )

    def _own(self, what: str, rest: str) -> tuple[int, str, list[memoryview]]:
        store = self.store
        if what == "__stat":
            text = f"{store.requests} {store.most}"
            store.requests = store.most = 0
        elif what == "__sum":
            found = [kept for name, kept in store.objects.items() if name.startswith(rest)]
            total = sum(kept.sum() for kept in found)
            _ = [kept.checksum for kept in found]  # now, not while somebody is measured
            text = f"{len(found)} {sum(kept.size for kept in found)} {total}"
        elif what == "__drop":
            for name in [name for name in store.objects if name.startswith(rest)]:
                store.forget(name)
            text = "dropped"
        else:
            raise RefusalError(404, "NoSuchKey")
        return 200, "", [memoryview(text.encode())]


def _text(crc: int) -> str:
    return base64.b64encode(crc.to_bytes(4, "big")).decode()


def _wrapped(name: str, inner: str) -> str:
    return f"<{name} {_NAMESPACE}>{inner}</{name}>"
