"""A loopback server that answers every AWS call with nothing and keeps what was asked."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Asked = dict[str, Any]

# What differs between two runs of the same call: signatures, times, random tokens.
VOLATILE = {
    "amz-sdk-invocation-id",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-user-agent",
    "x-amzn-trace-id",
}
KEPT = re.compile(r"x-amz|range|if-|content-(type|md5|enc|disp|lang)|cache-control|expires")
UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")
SIGNED = {"X-Amz-Date", "X-Amz-Signature"}
MORE = (
    "<IsTruncated>true</IsTruncated><NextContinuationToken>t2</NextContinuationToken>"
    "<Marker>t2</Marker><nextToken>t2</nextToken><NextToken>t2</NextToken>"
)
KEY = "<keyName>my key</keyName><keyMaterial>PRIVATE-KEY-4711</keyMaterial>"
MFA = "<VirtualMFADevice><QRCodePNG>aGk=</QRCodePNG></VirtualMFADevice>"
STATUS = 200


class Stub:
    """A server on a random loopback port; `requests` empties what it has kept."""

    def __init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.daemon_threads = True
        self.server.stub = self  # type: ignore[attr-defined]
        self.kept: list[tuple[str, str, dict[str, str], bytes]] = []
        self.paged = False
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def requests(self) -> list[Asked]:
        """Return what was asked since the last time, without what is random in it."""
        kept, self.kept = self.kept, []
        return [_normal(*request) for request in kept]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        stub: Stub = self.server.stub  # type: ignore[attr-defined]
        body = self._body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        stub.kept.append((self.command, self.path, headers, body))
        first = stub.paged and len(stub.kept) == 1
        kind, answer = _answer("x-amz-target" in headers, body.decode("latin-1"), first)
        self.send_response(STATUS)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


def _answer(is_json: bool, body: str, first: bool) -> tuple[str, bytes]:
    if is_json:
        return "application/x-amz-json-1.1", b'{"NextToken": "t2"}' if first else b"{}"
    inner = MORE if first else KEY if "Action=CreateKeyPair" in body else ""
    if "Action=" in body and "Version=2016-11-15" not in body:  # EC2 wraps no result
        action = dict(parse_qsl(body))["Action"]
        inner = MFA if action == "CreateVirtualMFADevice" else inner
        inner = f"<{action}Result>{inner}</{action}Result>"
    return "text/xml", f"<R>{inner}</R>".encode()


def _normal(method: str, target: str, headers: dict[str, str], body: bytes) -> Asked:
    """The parts of a request that say what was asked for."""
    url = urlsplit(target)
    if headers.get("content-encoding") == "aws-chunked":
        body = b"".join(re.findall(rb"(?s)[0-9a-f]+\r\n(.*?)\r\n", body))
        headers = {k: v for k, v in headers.items() if k != "content-encoding"}
    kept = {k: v for k, v in headers.items() if KEPT.match(k) and k not in VOLATILE}
    return {
        "method": method,
        "path": url.path,
        "query": sorted(parse_qsl(url.query, keep_blank_values=True)),
        "headers": kept,
        "body": UUID.sub("UUID", _shown(headers.get("content-type", ""), body)),
    }


def _shown(kind: str, body: bytes) -> str:
    if "json" in kind:
        return json.dumps(json.loads(body or b"{}"), sort_keys=True)
    if "form-urlencoded" not in kind:
        return repr(body)
    form: dict[str, Any] = dict(parse_qsl(body.decode(), keep_blank_values=True))
    if "PresignedUrl" in form:  # botocore signs a second request inside of this one
        query = parse_qsl(urlsplit(form["PresignedUrl"]).query)
        form["PresignedUrl"] = sorted(pair for pair in query if pair[0] not in SIGNED)
    return repr(sorted(form.items()))
