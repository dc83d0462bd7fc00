"""A small S3 server that is not Amazon's: it overlooks what follows the question mark.

As `rclone serve s3` does, seen from outside: a question about an object's tags gets the object,
an order about them changes the object itself; conditions on writes are overlooked too. With
`strict` it refuses what it does not know (as LocalBucket does), several deletes at once and pages
of buckets among it.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

Objects = dict[str, tuple[bytes, dict[str, str]]]
_KNOWN = frozenset(
    [
        "x-id",
        "list-type",
        "prefix",
        "delimiter",
        "encoding-type",
        "max-keys",
        "continuation-token",
        "start-after",
    ]
)
_KEPT = ("content-type", "cache-control")


class Server(ThreadingHTTPServer):
    """Its buckets, and each request as "METHOD path?query"."""

    def __init__(self, *, strict: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.daemon_threads = True
        self.strict = strict
        self.ranges = True
        self.refuses = ""  # the code that everybody gets
        self.buckets: dict[str, Objects] = {}
        self.asked: list[str] = []
        self.sent_bytes = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving(*, strict: bool = False) -> Iterator[Server]:
    """A server on loopback, for as long as inside."""
    server = Server(strict=strict)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def _begin(self) -> tuple[str, str, dict[str, str], bytes]:
        address = urlsplit(self.path)
        bucket, _, key = unquote(address.path[1:]).partition("/")
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked.append(f"{self.command} {self.path}")
        return bucket, key, query, body

    def _refused(self, query: dict[str, str]) -> bool:
        if self.server.refuses:
            self._error(403, self.server.refuses)
            return True
        if self.server.strict and set(query) - _KNOWN:
            self._error(501, "NotImplemented")
            return True
        return False

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
            self.server.sent_bytes += len(body)

    def _error(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        bucket, key, query, _ = self._begin()
        if self._refused(query):
            return
        if not bucket:
            names = "".join(f"<Bucket><Name>{name}</Name></Bucket>" for name in self.server.buckets)
            self._xml(
                f"<ListAllMyBucketsResult><Buckets>{names}</Buckets></ListAllMyBucketsResult>"
            )
        elif bucket not in self.server.buckets:
            self._error(404, "NoSuchBucket")
        elif key:
            self._send_object(self.server.buckets[bucket].get(key))
        elif self.command == "HEAD":
            self._answer(200)
        else:
            self._list(self.server.buckets[bucket], query)

    def _send_object(self, found: tuple[bytes, dict[str, str]] | None) -> None:
        if found is None:
            self._error(404, "NoSuchKey")
            return
        data, headers = found
        etag = f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
        told = headers | {"etag": etag, "last-modified": headers["last-modified"]}
        span = self.headers.get("range")
        if span is None or not self.server.ranges:
            self._answer(200, data, **told)
            return
        first, _, last = span.removeprefix("bytes=").partition("-")
        part = data[int(first) : int(last) + 1]
        if not part:
            self._error(416, "InvalidRange")
            return
        end = int(first) + len(part) - 1
        self._answer(206, part, content_range=f"bytes {first}-{end}/{len(data)}", **told)

    def _list(self, objects: Objects, query: dict[str, str]) -> None:
        """All of it in one page, without the fields that one may leave out."""
        prefix, folders, rows = query.get("prefix", ""), set(), ""
        for key, (data, _) in sorted(objects.items()):
            if not key.startswith(prefix):
                continue
            rest = key[len(prefix) :]
            if query.get("delimiter") and "/" in rest:
                folders.add(prefix + rest.partition("/")[0] + "/")
                continue
            name = quote(key) if query.get("encoding-type") == "url" else escape(key)
            rows += (
                f"<Contents><Key>{name}</Key><Size>{len(data)}</Size>"
                f"<LastModified>{_NOW:%Y-%m-%dT%H:%M:%S.123Z}</LastModified></Contents>"
            )
        rows += "".join(
            f"<CommonPrefixes><Prefix>{quote(one)}</Prefix></CommonPrefixes>"
            for one in sorted(folders)
        )
        encoded = "<EncodingType>url</EncodingType>" if query.get("encoding-type") else ""
        self._xml(f"<ListBucketResult>{encoded}{rows}</ListBucketResult>")

    def do_PUT(self) -> None:
        bucket, key, query, body = self._begin()
        if self._refused(query):
            return
        if not key:
            taken = bucket in self.server.buckets
            self.server.buckets.setdefault(bucket, {})
            self._error(409, "BucketAlreadyExists") if taken else self._answer(200)
            return
        if source := self.headers.get("x-amz-copy-source"):
            name, _, old = unquote(source.lstrip("/")).partition("/")
            body = self.server.buckets[name][old][0]
        kept = {
            name.lower(): value
            for name, value in self.headers.items()
            if name.lower() in _KEPT or name.lower().startswith("x-amz-meta-")
        }
        kept["last-modified"] = format_datetime(_NOW, usegmt=True)
        self.server.buckets[bucket][key] = body, kept
        if source:
            self._xml("<CopyObjectResult><ETag>&quot;e&quot;</ETag></CopyObjectResult>")
        else:
            etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
            self._answer(200, etag=f'"{etag}"')

    def do_POST(self) -> None:
        bucket, key, query, body = self._begin()
        if self._refused(query):
            return
        if key or "delete" not in query:
            self._error(405, "MethodNotAllowed")
        elif "content-md5" not in self.headers:
            self._error(400, "MissingContentMD5")
        else:
            for name in re.findall(r"<Key>([^<]*)</Key>", body.decode()):
                self.server.buckets[bucket].pop(unescape(name), None)
            self._xml("<DeleteResult></DeleteResult>")

    def do_DELETE(self) -> None:
        bucket, key, query, _ = self._begin()
        if self._refused(query):
            return
        if key:
            self.server.buckets[bucket].pop(key, None)
        else:
            self.server.buckets.pop(bucket, None)
        self._answer(204)

    def _xml(self, text: str) -> None:
        self._answer(200, f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode())


_NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
