"""HTTP/1.1 as the fault proxy needs it: heads as text, bodies in pieces, nothing held back."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

PIECE_BYTES = 256 * 1024
HEAD_LIMIT = 256 * 1024
_OF_A_KEY = {"GET": "GetObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}


class Ended(Exception):  # noqa: N818 - a fact, not a failure
    """The other side hung up."""


@dataclass(eq=False)
class Head:
    """A request's or an answer's first line and headers; names as they were sent."""

    first: str
    rows: list[tuple[str, str]]

    def get(self, name: str, default: str = "") -> str:
        """Return a header, by its name in lower case."""
        return next((value for key, value in self.rows if key.lower() == name), default)

    def set(self, name: str, value: str) -> None:
        """Put a header in place of those of its name."""
        self.drop(name)
        self.rows.append((name, value))

    def drop(self, *names: str) -> None:
        """Leave headers out, by their names in lower case."""
        gone = {name.lower() for name in names}
        self.rows = [(key, value) for key, value in self.rows if key.lower() not in gone]

    def encoded(self) -> bytes:
        """As it goes over the line."""
        lines = "".join(f"{key}: {value}\r\n" for key, value in self.rows)
        return f"{self.first}\r\n{lines}\r\n".encode("latin-1")

    @property
    def size(self) -> int | None:
        """The body's declared length; None where it has none of its own."""
        told = self.get("content-length")
        return int(told) if told.isdecimal() else None

    @property
    def chunked(self) -> bool:
        """Whether the body comes in chunks."""
        return "chunked" in self.get("transfer-encoding").lower()


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, as rules look at it. `number` counts all requests of the proxy, from 1."""

    number: int
    method: str
    target: str
    head: Head = field(repr=False)

    @property
    def query(self) -> dict[str, str]:
        """What follows the question mark."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    @property
    def bucket(self) -> str:
        """The bucket, addressed by path."""
        return unquote(self.target.partition("?")[0]).lstrip("/").partition("/")[0]

    @property
    def key(self) -> str:
        """The object's key, or ""."""
        return unquote(self.target.partition("?")[0].lstrip("/").partition("/")[2])

    @property
    def operation(self) -> str:
        """The operation's name at S3, as far as transfers use it."""
        query = self.query
        if not self.key:
            return "ListMultipartUploads" if "uploads" in query else f"{self.method}Bucket"
        if self.method == "POST":
            return "CreateMultipartUpload" if "uploads" in query else "CompleteMultipartUpload"
        if "uploadId" in query:
            return {"PUT": "UploadPart", "DELETE": "AbortMultipartUpload"}.get(
                self.method, "ListParts"
            )
        if self.method == "PUT":
            return "CopyObject" if self.head.get("x-amz-copy-source") else "PutObject"
        return _OF_A_KEY.get(self.method, self.method)


class Line:
    """One connection, read through a buffer."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def head(self) -> Head:
        """Read up to the empty line.

        Raises:
            Ended: there was none.
        """
        while (end := self._rest.find(b"\r\n\r\n")) < 0:
            if len(self._rest) > HEAD_LIMIT:
                raise Ended
            self._rest += self._received(65536)
        text, self._rest = self._rest[:end].decode("latin-1"), self._rest[end + 4 :]
        first, *lines = text.split("\r\n")
        pairs = (line.partition(":") for line in lines)
        return Head(first, [(name, value.strip()) for name, _, value in pairs])

    def _received(self, most: int) -> bytes:
        data = self.sock.recv(most)
        if not data:
            raise Ended
        return data

    def some(self, most: int) -> bytes:
        """Return the next bytes, at least one.

        Raises:
            Ended: there are no more.
        """
        if self._rest:
            data, self._rest = self._rest[:most], self._rest[most:]
            return data
        return self._received(min(most, PIECE_BYTES))

    def body(self, head: Head, *, to_the_end: bool) -> Iterator[bytes]:
        """Yield a body in pieces; chunks come as they are, with their lengths.

        Raises:
            Ended: it broke off.
        """
        if head.chunked:
            yield from self._chunks()
        elif head.size is not None:
            left = head.size
            while left:
                piece = self.some(left)
                left -= len(piece)
                yield piece
        elif to_the_end:
            try:
                while True:
                    yield self.some(PIECE_BYTES)
            except Ended:
                return

    def _chunks(self) -> Iterator[bytes]:
        while True:
            first = self._line()
            yield first
            left = int(first.split(b";")[0], 16)
            if not left:
                while (trailer := self._line()) != b"\r\n":
                    yield trailer
                yield b"\r\n"
                return
            left += 2
            while left:
                piece = self.some(left)
                left -= len(piece)
                yield piece

    def _line(self) -> bytes:
        while b"\n" not in self._rest:
            self._rest += self._received(65536)
        line, _, self._rest = self._rest.partition(b"\n")
        return line + b"\n"

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self.sock.sendall(data)

    def close(self, *, reset: bool = False) -> None:
        """End it; with `reset`, rudely."""
        if reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()
