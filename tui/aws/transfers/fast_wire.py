"""Plain HTTP/1.1 over connections that botocore's own session opens: its TLS, CA bundle, timeouts.

urllib3 and http.client cost as much CPU for each request as all of the rest. What a request here
needs is small: a head, a body whose length is known, an answer whose length is known. Anything
else (a proxy, a chunked answer, a break) raises `Unsure`, and the connection is not used again.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from tui.aws.transfers.fast_sign import Unsure
from tui.aws.transfers.lanes import hands_off

if TYPE_CHECKING:
    from tui.aws.transfers.meter import Meter

CHUNK_BYTES: Final = 256 * 1024
TOGETHER_BYTES: Final = 64 * 1024  # a head and so much of a body go as one packet train
MOMENT_SECONDS: Final = 0.25  # how long what has come may wait for more
_MOMENT: Final = struct.pack("ll", 0, int(MOMENT_SECONDS * 1_000_000))
HEAD_LIMIT: Final = 64 * 1024
_FRESH_SECONDS: Final = 1.0  # S3 keeps a silent connection for longer
_OLD_SECONDS: Final = 20.0
_DRAIN_LIMIT: Final = 64 * 1024


class Line:
    """One connection; used by one thread at a time.

    `Meter.reading` takes it as it takes botocore's bodies: a cancel calls `shutdown`.
    """

    def __init__(self, owner: Any) -> None:
        self._owner = owner  # urllib3's connection, which keeps the socket open
        self.sock: Any = owner.sock
        self.timeout: float | None = self.sock.gettimeout()
        self.plain = type(self.sock) is socket.socket  # TLS gives 16 KiB at a time, at most
        self.since = time.monotonic()

    def fill(self, view: memoryview) -> int:
        """Read as much as there is room for, or as comes in a moment; return the bytes.

        A thread that takes what just came has to get the interpreter back for every few KiB. The
        kernel waits for all of it here.

        Raises:
            OSError, ValueError: it broke, or was silent for too long.
        """
        return self._fill_plain(view) if self.plain else self._fill_tls(view)

    def _fill_plain(self, view: memoryview) -> int:
        silent_from = time.monotonic()
        self.sock.settimeout(None)  # else it does not wait for all
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _MOMENT)
            while True:
                with suppress(BlockingIOError):
                    return int(self.sock.recv_into(view, 0, socket.MSG_WAITALL))
                if self.timeout is not None and time.monotonic() - silent_from > self.timeout:
                    raise TimeoutError
        finally:
            self.sock.settimeout(self.timeout)

    def _fill_tls(self, view: memoryview) -> int:
        filled, until = 0, time.monotonic() + MOMENT_SECONDS
        while filled < len(view):
            count = self.sock.recv_into(view[filled:])
            filled += count
            if not count or time.monotonic() > until:
                break
        return filled

    def wait(self) -> None:
        """Return once there is something to read, or the socket's timeout is over."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        poll.poll(None if self.timeout is None else self.timeout * 1000)

    def wait_as_before(self) -> None:
        """Have it wait again for what it reads and sends."""
        with suppress(OSError):
            self.sock.settimeout(self.timeout)

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        return

    @property
    def _raw_stream(self) -> Line:
        return self

    def shutdown(self) -> None:
        """End it under the thread that waits for it; from any thread, without waiting."""
        with suppress(OSError, ValueError, AttributeError):
            # Not SSLSocket's own, which would pull TLS away from under the reader.
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of it."""
        with suppress(Exception):
            self._owner.close()

    @property
    def usable(self) -> bool:
        """Whether the server still waits for a request, as far as one can see."""
        idle = time.monotonic() - self.since
        if idle < _FRESH_SECONDS:
            return True
        if idle > _OLD_SECONDS:
            return False
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return not poll.poll(0)


class Lines:
    """Idle connections by origin; the last one used is the next one taken."""

    def __init__(self) -> None:
        self._idle: dict[tuple[int, str], list[Line]] = {}
        self._trusting: dict[tuple[int, Any], Any] = {}  # contexts that have read a file
        self._lock = threading.Lock()
        self._closed = False

    def take(self, session: Any, origin: str) -> Line:
        """Return a connection to an origin, opened as botocore's session opens its own.

        Raises:
            Unsure: it goes by a proxy, or can't be opened.
        """
        key = id(session), origin
        while True:
            with self._lock:
                idle = self._idle.get(key)
                line = idle.pop() if idle else None
            if line is None:
                with hands_off():
                    return self._opened(session, origin)
            if line.usable:
                return line
            line.close()

    def give_back(self, session: Any, origin: str, line: Line) -> None:
        """Keep a connection for the next request."""
        line.since = time.monotonic()
        with self._lock:
            if not self._closed:
                self._idle.setdefault((id(session), origin), []).append(line)
                return
        line.close()

    def keep(self, most: int) -> None:
        """Close idle connections but the last used ones of each origin."""
        with self._lock:
            spare = [line for lines in self._idle.values() for line in lines[:-most]]
            self._idle = {origin: lines[-most:] for origin, lines in self._idle.items()}
        for line in spare:
            line.close()

    def close(self) -> None:
        """Drop the idle ones, and those in use once they are given back."""
        with self._lock:
            self._closed = True
            idle = [line for lines in self._idle.values() for line in lines]
            self._idle.clear()
        for line in idle:
            line.close()

    def _opened(self, session: Any, origin: str) -> Line:
        """botocore's own way to a connection; what changes in it some day is no reason to fail."""
        try:
            if session._proxy_config.proxy_url_for(origin):
                raise Unsure
            pool = session._manager.connection_from_url(origin)
            session._setup_ssl_cert(pool, origin, session._verify)
            owner = pool._new_conn()
            self._connect(owner)
            owner.sock.settimeout(pool.timeout.read_timeout)
            owner.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return Line(owner)
        except Unsure:
            raise
        except Exception as error:  # botocore tells it better
            raise Unsure from error

    def _connect(self, owner: Any) -> None:
        """Connect; reading the authorities' certificates anew each time would take 10-20 ms."""
        context = getattr(owner, "ssl_context", None)
        known = id(context), getattr(owner, "ca_certs", None)
        if context is not None and known in self._trusting:
            owner.ca_certs = None  # they are in its context; without them, none would be trusted
        owner.connect()
        if context is not None and context is owner.sock.context:
            self._trusting[known] = context  # held, so that no other one gets its id


class Answer:
    """An answer's head, and its body still on the line."""

    def __init__(
        self,
        line: Line,
        status: int,
        headers: dict[str, str],
        *,
        meter: Meter,
        buffer: memoryview,
        rest: memoryview,
    ) -> None:
        """`rest` is what has come of the body."""
        self.line, self.status, self.headers, self._meter = line, status, headers, meter
        self._buffer, self._rest = buffer, rest
        self.length = body_length(headers)
        if len(rest) > self.length:
            raise Unsure

    @property
    def reusable(self) -> bool:
        """Whether the server keeps the connection."""
        return self.headers.get("connection", "").lower() != "close"

    def chunks(self) -> Iterator[memoryview]:
        """Yield the body; each piece is good until the next is asked for.

        Raises:
            Unsure: it broke off.
        """
        left = self.length - len(self._rest)
        if self._rest:
            yield self._rest
        while left:
            try:
                count = self.line.fill(self._buffer[: min(left, self._meter.piece_bytes)])
            except (OSError, ValueError) as error:
                raise Unsure from error
            if not count:
                raise Unsure
            left -= count
            yield self._buffer[:count]

    def drain(self) -> None:
        """Read past what nobody needs."""
        if self.length > _DRAIN_LIMIT:
            raise Unsure
        for _ in self.chunks():
            pass


class _Buffers(threading.local):
    """Each thread's memory for what arrives."""

    def __init__(self) -> None:
        self.bytes = bytearray(CHUNK_BYTES)
        self.view = memoryview(self.bytes)


_BUFFERS = _Buffers()


@contextmanager
def asked(
    lines: Lines,
    session: Any,
    origin: str,
    meter: Meter,
    head: bytes,
    *,
    body: bytes = b"",
    sent: Callable[[int], None] | None = None,
) -> Iterator[Answer]:
    """Send a request and read the answer's head; its body may be read inside.

    `sent` is told the body's bytes as they leave. A cancel ends the connection at once.

    Raises:
        Unsure: anything went wrong on the way; whether the server has acted is not known.
        JobCancelled: the job was cancelled.
    """
    meter.check()
    line = lines.take(session, origin)
    good = False
    try:
        with meter.reading(line):
            try:
                _send(line, head, body, sent, meter)
                answer = _answer(line, meter)
            except (OSError, ValueError) as error:
                raise Unsure from error
            yield answer
            good = answer.reusable
    except Unsure:
        meter.check()  # a cancel breaks the line off
        raise
    finally:
        if good:
            lines.give_back(session, origin, line)
        else:
            line.close()


def _send(
    line: Line, head: bytes, body: bytes, sent: Callable[[int], None] | None, meter: Meter
) -> None:
    """Send all; `sent` is told of a piece before it leaves: it waits for the job's bandwidth."""
    told = sent or (lambda _: None)
    if len(body) <= min(TOGETHER_BYTES, meter.piece_bytes):
        if body:
            told(len(body))
        line.sock.sendall(head + body if body else head)
        return
    view = memoryview(body)
    with hands_off():
        line.sock.sendall(head)
        while view:
            piece = view[: min(CHUNK_BYTES, meter.piece_bytes)]
            told(len(piece))
            line.sock.sendall(piece)
            view = view[len(piece) :]


def _answer(line: Line, meter: Meter) -> Answer:
    buffer = _BUFFERS.view
    filled, end = 0, -1
    with hands_off():
        line.wait()
    while end < 0:
        count = line.sock.recv_into(buffer[filled : filled + meter.piece_bytes])
        filled += count
        end = _BUFFERS.bytes.find(b"\r\n\r\n", 0, min(filled, HEAD_LIMIT))
        if end < 0 and (not count or filled >= HEAD_LIMIT):
            raise Unsure
    status, headers = parsed_head(_BUFFERS.bytes[:end])
    rest = buffer[end + 4 : filled]
    return Answer(line, status, headers, meter=meter, buffer=buffer, rest=rest)


def parsed_head(head: bytes | bytearray) -> tuple[int, dict[str, str]]:
    """Return the status and headers of an answer, whose names are in lower case.

    Raises:
        Unsure: it is none that is understood.
    """
    first, *rows = head.decode("latin-1").split("\r\n")
    if not first.startswith("HTTP/1.1 ") or not first[9:12].isdecimal():
        raise Unsure
    found: dict[str, str] = {}
    for row in rows:
        name, colon, value = row.partition(":")
        name = name.lower()
        if not colon or (name in found and name in ("content-length", "etag")):
            raise Unsure
        found[name] = value.strip()
    return int(first[9:12]), found


def body_length(headers: Mapping[str, str]) -> int:
    """Return the bytes of an answer's body. Raises `Unsure` where it is not told in advance."""
    told = headers.get("content-length", "")
    if not told.isdecimal() or "transfer-encoding" in headers:
        raise Unsure
    return int(told)


def boto_answer(headers: Mapping[str, str], length: int) -> dict[str, Any]:
    """What boto3 would say of an object with these headers, as far as downloads ask."""
    answer: dict[str, Any] = {"ETag": headers.get("etag", ""), "ContentLength": length}
    for name, member in _MEMBERS.items():
        if name in headers:
            answer[member] = headers[name]
    return answer


_MEMBERS: Final = {
    "x-amz-checksum-crc32": "ChecksumCRC32",
    "x-amz-checksum-crc32c": "ChecksumCRC32C",
    "x-amz-checksum-crc64nvme": "ChecksumCRC64NVME",
    "x-amz-checksum-sha1": "ChecksumSHA1",
    "x-amz-checksum-sha256": "ChecksumSHA256",
    "x-amz-checksum-sha512": "ChecksumSHA512",
    "x-amz-checksum-md5": "ChecksumMD5",
    "x-amz-checksum-type": "ChecksumType",
    "x-amz-server-side-encryption": "ServerSideEncryption",
    "x-amz-storage-class": "StorageClass",
    "x-amz-server-side-encryption-customer-algorithm": "SSECustomerAlgorithm",
    "x-amz-version-id": "VersionId",
}
