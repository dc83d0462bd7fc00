"""A loopback S3 that answers listings from canned rows, as fast as a socket goes.

Real emulators are O(N) a page and would measure themselves. Here all rows have one length, so that
a page is a slice of a block that was made once. Knows just what the S3 pane and its peers ask:
buckets, ListObjectsV2 (Prefix, Delimiter, StartAfter, ContinuationToken, MaxKeys), HeadObject,
ranges, and who we are.

Run: ``python -m tests.bench.stub.s3 --keys 100000 --latency-ms 0``; prints its port, ends with
its stdin.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import threading
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

PAGE = 1000
BUCKETS = ("big-bucket", "small-bucket")
PREFIX = "raw/trips/2026/"  # all keys lie here
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
    return f"{PREFIX}part-{number:07d}.csv"


def size_of(number: int) -> int:
    """The bytes of one row; of one length, like all of a row."""
    return 1_000_000 + number * 37 % 9_000_000


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


@lru_cache(maxsize=128)
def block(number: int) -> bytes:
    """A thousand rows, laid out as S3 does."""
    first = number * PAGE
    return "".join(
        f"<Contents><Key>{key_of(row)}</Key>"
        f"<LastModified>2026-03-{row % 28 + 1:02d}T{row % 24:02d}:00:00.000Z</LastModified>"
        f"<ETag>&quot;{row:032x}&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>"
        f"<ChecksumType>FULL_OBJECT</ChecksumType><Size>{size_of(row)}</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
        for row in range(first, first + PAGE)
    ).encode()


def rows_xml(start: int, end: int) -> bytes:
    """The rows of at most a page."""
    number, at = divmod(start, PAGE)
    length = len(block(number)) // PAGE
    rows = block(number)[at * length : (at + end - start) * length]
    if at + end - start > PAGE:
        rows += block(number + 1)[: (at + end - start - PAGE) * length]
    return rows


def first_after(key: str, keys: int) -> int:
    """The number of the first row whose key is greater."""
    low, high = 0, keys
    while low < high:
        middle = (low + high) // 2
        if key_of(middle) <= key:
            low = middle + 1
        else:
            high = middle
    return low


def page_xml(bucket: str, keys: int, asked: dict[str, str]) -> bytes:
    """One page of ListObjectsV2."""
    prefix, limit = asked.get("prefix", ""), min(PAGE, int(asked.get("max-keys", PAGE)))
    token = asked.get("continuation-token")
    start = int(token) if token else first_after(asked.get("start-after", ""), keys)
    rows, prefixes, end = b"", "", start
    if asked.get("delimiter") and PREFIX.startswith(prefix) and prefix != PREFIX:
        folder = PREFIX[: PREFIX.index("/", len(prefix)) + 1]
        prefixes = f"<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>"
        start = end = keys
    elif PREFIX.startswith(prefix) or key_of(0).startswith(prefix):
        end = min(keys, start + limit)
        rows = rows_xml(start, end) if end > start else b""
    more = start < end < keys
    head = (
        f"{_HEAD}<ListBucketResult {_NAMESPACE}><Name>{bucket}</Name><Prefix>{prefix}</Prefix>"
        + (f"<NextContinuationToken>{end}</NextContinuationToken>" if more else "")
        + f"<KeyCount>{end - start}</KeyCount><MaxKeys>{limit}</MaxKeys>"
        "<EncodingType>url</EncodingType>"
        f"<IsTruncated>{str(more).lower()}</IsTruncated>"
    )
    return head.encode() + rows + prefixes.encode() + b"</ListBucketResult>"


class Connection(asyncio.Protocol):
    """One client's requests, answered after the latency."""

    keys = 0
    latency = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].decode("latin-1")
            length = next(
                (
                    int(line[15:])
                    for line in head.split("\r\n")
                    if line.lower()[:15] == "content-length:"
                ),
                0,
            )
            if len(self.buffer) < end + 4 + length:
                return
            body = self.buffer[end + 4 : end + 4 + length]
            self.buffer = self.buffer[end + 4 + length :]
            loop = asyncio.get_running_loop()
            loop.call_later(self.latency, self.answer, head, body)

    def answer(self, head: str, body: bytes) -> None:
        method, target, _ = head.split("\r\n", 1)[0].split(" ")
        parts = urlsplit(target)
        bucket, _, key = parts.path.lstrip("/").partition("/")
        if method == "POST":
            self.send((_IDENTITY if b"GetCallerIdentity" in body else _INSTANCES).encode())
        elif key or method == "HEAD":
            self.send_object(method, key, head)
        elif not bucket:
            self.send((_HEAD + buckets_xml()).encode())
        elif "list-type" not in parts.query:  # a property of the bucket: there are none here
            self.send(b"<Error><Code>NotImplemented</Code></Error>", status="501 Not Implemented")
        else:
            asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            keys = self.keys if bucket == BUCKETS[0] else SMALL_KEYS
            self.send(page_xml(bucket, keys, asked))

    def send_object(self, method: str, key: str, head: str) -> None:
        """An object's head, or a range of a body that begins anew again and again."""
        row = int("0" + "".join(char for char in key[len(PREFIX) :] if char.isdigit()))
        size = size_of(row)
        asked = re.search(r"range: bytes=(\d+)-(\d*)", head, re.IGNORECASE)
        first, last = (int(asked[1]), int(asked[2] or size - 1)) if asked else (0, size - 1)
        last = min(last, size - 1)
        begin, count = first % len(BODY), last - first + 1
        body = (BODY * (count // len(BODY) + 2))[begin : begin + count]
        day, hour = row % 28 + 1, row % 24
        weekday = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")[(day - 1) % 7]
        more = (
            f'ETag: "{row:032x}"\r\nAccept-Ranges: bytes\r\nx-amz-storage-class: STANDARD\r\n'
            f"Last-Modified: {weekday}, {day:02d} Mar 2026 {hour:02d}:00:00 GMT\r\n"
        )
        if asked:
            more += f"Content-Range: bytes {first}-{last}/{size}\r\n"
        status = "206 Partial Content" if asked else "200 OK"
        length = count if method == "GET" else size
        self.send(body if method == "GET" else b"", status=status, more=more, length=length)

    def send(
        self, body: bytes, *, status: str = "200 OK", more: str = "", length: int | None = None
    ) -> None:
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\n{more}"
            f"Content-Length: {len(body) if length is None else length}\r\n\r\n"
        )
        if not self.transport.is_closing():
            self.transport.write(head.encode() + body)


async def serve() -> None:
    """Print the port and serve."""
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _end_with_stdin() -> None:
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    options = parser.parse_args()
    Connection.keys, Connection.latency = options.keys, options.latency_ms / 1000
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    asyncio.run(serve())


if __name__ == "__main__":
    main()
