"""A loopback S3 that answers listings from canned pages, as fast as a socket goes.

Real emulators are O(N) a page and would measure themselves. Knows just what the S3 pane asks:
buckets, ListObjectsV2 without folders, HeadObject, ranges, and who we are.

Run: ``python -m tests.bench.stub.s3 --keys 100000 --latency-ms 0``; prints its port, ends with
its stdin.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

PAGE = 1000
BUCKETS = ("big-bucket", "small-bucket")
SMALL_KEYS = 500
BODY = b"pickup,zone,km\n2026-03-01 00:04,Harlem,2.41\n" * 40
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
_IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
    "<GetCallerIdentityResult><Arn>arn:aws:iam::000000000000:user/bench</Arn><UserId>A</UserId>"
    "<Account>000000000000</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)
_INSTANCES = (
    '<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
    "<reservationSet/></DescribeInstancesResponse>"
)


def key_of(number: int) -> str:
    """The key of one row."""
    return f"raw/trips/2026/part-{number:07d}.csv"


def buckets_xml() -> str:
    """The answer to ListBuckets."""
    rows = "".join(
        f"<Bucket><Name>{name}</Name><CreationDate>2026-01-02T03:04:05.000Z</CreationDate>"
        "<BucketRegion>us-east-1</BucketRegion></Bucket>"
        for name in BUCKETS
    )
    return (
        f"<ListAllMyBucketsResult {_NAMESPACE}><Buckets>{rows}</Buckets></ListAllMyBucketsResult>"
    )


def page_xml(bucket: str, start: int, keys: int) -> str:
    """One page of ListObjectsV2 from row `start`, laid out as S3 does."""
    end = min(keys, start + PAGE)
    rows = "".join(
        f"<Contents><Key>{key_of(number)}</Key>"
        f"<LastModified>2026-03-{number % 28 + 1:02d}T{number % 24:02d}:00:00.000Z</LastModified>"
        f"<ETag>&quot;{number:032x}&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>"
        f"<ChecksumType>FULL_OBJECT</ChecksumType><Size>{number * 37 + len(BODY)}</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
        for number in range(start, end)
    )
    more = end < keys
    token = f"<NextContinuationToken>{end}</NextContinuationToken>" if more else ""
    return (
        f"<ListBucketResult {_NAMESPACE}><Name>{bucket}</Name><Prefix></Prefix>{token}"
        f"<KeyCount>{end - start}</KeyCount><MaxKeys>{PAGE}</MaxKeys>"
        "<EncodingType>url</EncodingType>"
        f"<IsTruncated>{str(more).lower()}</IsTruncated>{rows}</ListBucketResult>"
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    keys = 0
    latency = 0.0
    pages: ClassVar[dict[tuple[str, int], bytes]] = {}

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
        return

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._send((_IDENTITY if b"GetCallerIdentity" in asked else _INSTANCES).encode())

    def do_HEAD(self) -> None:
        self._send(b"", {"ETag": '"0123"', "Last-Modified": "Sun, 01 Mar 2026 00:00:00 GMT"})

    def do_GET(self) -> None:
        time.sleep(self.latency)
        parts = urlsplit(self.path)
        bucket, _, key = parts.path.lstrip("/").partition("/")
        if key:
            self._send(BODY, {"ETag": '"0123"'})
        elif not bucket:
            self._send((_HEAD + buckets_xml()).encode())
        else:
            token = parse_qs(parts.query).get("continuation-token", ["0"])[0]
            self._send(self.pages[bucket, int(token)])

    def _send(self, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(200)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/xml")
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    options = parser.parse_args()
    _Handler.latency = options.latency_ms / 1000
    for bucket, keys in (("big-bucket", options.keys), ("small-bucket", SMALL_KEYS)):
        for start in range(0, keys, PAGE):
            _Handler.pages[bucket, start] = (_HEAD + page_xml(bucket, start, keys)).encode()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
