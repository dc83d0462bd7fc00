"""A loopback S3 that answers DeleteObjects with "all gone" after a set time, and counts.

Run: ``python -m tests.bench.stub.s3_deletes --latency-ms 30``; prints its port, ends with its
stdin. GET /counts tells how many requests and keys came since the last time it was asked.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_GONE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></DeleteResult>'
)


class _Counts:
    """What came in, since it was last told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests = self._keys = self._most = 0

    def add(self, keys: int) -> None:
        """One request of so many keys."""
        with self._lock:
            self._requests += 1
            self._keys += keys
            self._most = max(self._most, keys)

    def told(self) -> dict[str, int]:
        """The counts; begins anew."""
        with self._lock:
            found = {"requests": self._requests, "keys": self._keys, "most": self._most}
            self._requests = self._keys = self._most = 0
        return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    latency = 0.0
    counts = _Counts()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
        return

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.counts.add(body.count(b"<Object>"))
        time.sleep(self.latency)
        self._send(_GONE, "application/xml")

    def do_GET(self) -> None:
        self._send(json.dumps(self.counts.told()).encode(), "application/json")

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency-ms", type=float, default=30.0)
    _Handler.latency = parser.parse_args().latency_ms / 1000
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
