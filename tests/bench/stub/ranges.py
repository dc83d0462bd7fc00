"""A loopback S3 of two objects of 1 GB, a CSV and a Parquet file, computed and not stored.

The CSV repeats one block of rows. The Parquet file has one real row group; its footer names it
128 times, and zeros fill the space between. Knows what the S3 pane asks of them: buckets, one
listing, HeadObject, ranges. `GET /__stat` tells the body bytes and the requests since it was last
asked.

Run: ``python -m tests.bench.stub.ranges --latency-ms 30``; prints its port, ends with its stdin.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import re
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import urlsplit

from tests.bench.stub.s3 import _HEAD, _IDENTITY, _INSTANCES, _NAMESPACE

BUCKET = "bench-lake"
CSV_KEY, PARQUET_KEY, SMALL_KEY = "big.csv", "big.parquet", "a-small.txt"
GIGABYTE = 1_000_000_000
GROUPS = 128
GROUP_ROWS = 100_000
COLUMNS = ("id", "amount")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_PIECE = 256 * 1024


@dataclass(frozen=True)
class Content:
    """Bytes by position: a head, a block that repeats, a tail."""

    size: int
    head: bytes
    block: bytes
    tail: bytes = b""

    def pieces(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` up to `end`."""
        middle = self.size - len(self.tail)
        while start < end:
            if start < len(self.head):
                piece = self.head[start : min(end, start + _PIECE)]
            elif start < middle:
                at = (start - len(self.head)) % len(self.block)
                piece = self.block[at : at + min(_PIECE, end - start, middle - start)]
            else:
                piece = self.tail[start - middle : end - middle]
            yield piece
            start += len(piece)


def csv_content() -> Content:
    """Rows of eight columns, about 70 bytes each."""
    pick = random.Random(1)
    countries = ["FR", "DE", "US", "JP", "BR", "IN"]
    rows = [
        f"{n},2026-03-{n % 28 + 1:02d} {n % 24:02d}:00,{pick.choice(countries)},"
        f"{pick.random():.6f},{pick.random() * 100:.2f},{n % 7},"
        f"{'' if n % 11 == 0 else n % 97},note {n}\n"
        for n in range(14_000)
    ]
    head = b"id,at,country,amount,fare,kind,code,note\n"
    return Content(GIGABYTE, head, "".join(rows).encode())


def parquet_content() -> Content:
    """One row group of ten columns, named by the footer as often as makes 1 GB."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    pick = np.random.default_rng(1)
    columns: dict[str, Any] = {
        "id": np.arange(GROUP_ROWS),
        "country": pa.array(["FR", "DE", "US", "JP"] * (GROUP_ROWS // 4)),
        "amount": pick.random(GROUP_ROWS),
    }
    columns |= {f"x{number}": pick.random(GROUP_ROWS) for number in range(7)}
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, row_group_size=GROUP_ROWS)
    data = file.getvalue()
    footer_bytes = int.from_bytes(data[-8:-4], "little") + 8
    metadata = pq.read_metadata(io.BytesIO(data))
    once = pq.read_metadata(io.BytesIO(data))
    for _ in range(GROUPS - 1):
        metadata.append_row_groups(once)
    written = io.BytesIO()
    metadata.write_metadata_file(written)
    return Content(GIGABYTE, data[:-footer_bytes], bytes(1 << 20), written.getvalue()[4:])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    latency = 0.0
    contents: ClassVar[dict[str, Content]] = {}
    lock = threading.Lock()
    sent = requests = 0

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
        return

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._send((_IDENTITY if b"GetCallerIdentity" in asked else _INSTANCES).encode())

    def do_HEAD(self) -> None:
        time.sleep(self.latency)
        content = self.contents.get(urlsplit(self.path).path.rpartition("/")[2])
        self._head(200, content.size if content else 0)

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/__stat":
            with self.lock:
                told = f"{_Handler.sent} {_Handler.requests}"
                _Handler.sent = _Handler.requests = 0
            self._send(told.encode())
            return
        time.sleep(self.latency)
        bucket, _, key = path.lstrip("/").partition("/")
        if key:
            self._object(self.contents[key])
        elif bucket:
            self._send(_listing(self.contents).encode())
        else:
            self._send(_buckets().encode())

    def _object(self, content: Content) -> None:
        start, end = 0, content.size
        asked = _RANGE.fullmatch(self.headers.get("Range") or "")
        if asked is not None and asked[1]:
            start = int(asked[1])
            end = min(end, int(asked[2]) + 1) if asked[2] else end
        elif asked is not None:
            start = max(0, end - int(asked[2]))
        span = f"bytes {start}-{end - 1}/{content.size}" if asked is not None else ""
        self._head(206 if span else 200, end - start, span)
        with self.lock:
            _Handler.requests += 1
        for piece in content.pieces(start, end):
            try:
                self.wfile.write(piece)
            except OSError:  # the reader has what it wanted
                self.close_connection = True
                return
            with self.lock:
                _Handler.sent += len(piece)

    def _head(self, status: int, length: int, span: str = "") -> None:
        self.send_response(status)
        self.send_header("ETag", '"0123456789abcdef0123456789abcdef"')
        self.send_header("Last-Modified", "Sun, 01 Mar 2026 00:00:00 GMT")
        self.send_header("Content-Type", "binary/octet-stream")
        self.send_header("Content-Length", str(length))
        if span:
            self.send_header("Content-Range", span)
        self.end_headers()

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/xml")
        self.end_headers()
        self.wfile.write(body)


def _buckets() -> str:
    row = (
        f"<Bucket><Name>{BUCKET}</Name><CreationDate>2026-01-02T03:04:05.000Z</CreationDate>"
        "<BucketRegion>us-east-1</BucketRegion></Bucket>"
    )
    inner = f"<Buckets>{row}</Buckets>"
    return f"{_HEAD}<ListAllMyBucketsResult {_NAMESPACE}>{inner}</ListAllMyBucketsResult>"


def _listing(contents: dict[str, Content]) -> str:
    rows = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-03-01T00:00:00.000Z</LastModified>"
        f"<ETag>&quot;0&quot;</ETag><Size>{content.size}</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
        for key, content in sorted(contents.items())
    )
    return (
        f"{_HEAD}<ListBucketResult {_NAMESPACE}><Name>{BUCKET}</Name><Prefix></Prefix>"
        f"<KeyCount>{len(contents)}</KeyCount><MaxKeys>1000</MaxKeys>"
        f"<IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"
    )


def main() -> None:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency-ms", type=float, default=30.0)
    _Handler.latency = parser.parse_args().latency_ms / 1000
    _Handler.contents = {
        SMALL_KEY: Content(6, b"hello\n", b"\0"),
        CSV_KEY: csv_content(),
        PARQUET_KEY: parquet_content(),
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
