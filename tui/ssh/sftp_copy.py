"""SFTP on the wire: windows of requests, raw names, and renames. Blocking; for threads.

Names are bytes throughout: paramiko decodes them strictly, and one name that is not UTF-8 would
end a whole listing.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from tui.core.errors import JobCancelled

REQUESTS_IN_FLIGHT = 32
PIECE_BYTES = 255 * 1024
"""OpenSSH's server takes packets up to 256 KiB, header included."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What a copy does between two pieces."""

    progress: Callable[[int], object] | None
    stop: threading.Event

    def check(self) -> None:
        """Raise `JobCancelled` once the copy is to stop."""
        if self.stop.is_set():
            raise JobCancelled

    def advance(self, amount: int) -> None:
        """Count bytes that were moved."""
        self.check()
        if self.progress is not None:
            self.progress(amount)


def send(
    client: Any,
    handle: Any,
    source: BinaryIO,
    steps: Steps,
) -> int:
    """Write a file to an open handle; return the bytes that the server has acknowledged."""
    return _Sender(client, handle, steps).run(source)


def receive(
    client: Any,
    handle: Any,
    descriptor: int,
    size: int,
    steps: Steps,
) -> int:
    """Read `size` bytes of an open handle into a file; return the bytes that came."""
    return _Receiver(client, handle, descriptor, steps).run(size)


class _Sender:
    def __init__(self, client: Any, handle: Any, steps: Steps) -> None:
        self._client, self._handle = client, handle.handle
        self._steps = steps
        self._waiting: dict[int, int] = {}
        self._acknowledged = 0
        self._error: Exception | None = None

    def run(self, source: BinaryIO) -> int:
        from paramiko.sftp import CMD_WRITE, int64

        offset = 0
        while piece := source.read(PIECE_BYTES):
            self._steps.check()
            number = self._client._async_request(
                self, CMD_WRITE, self._handle, int64(offset), piece
            )
            self._waiting[number] = len(piece)
            offset += len(piece)
            while len(self._waiting) >= REQUESTS_IN_FLIGHT or (
                self._waiting and self._client.sock.recv_ready()
            ):
                self._step()
        while self._waiting:
            self._steps.check()
            self._step()
        return self._acknowledged

    def _step(self) -> None:
        self._client._read_response()
        if self._error is not None:
            raise self._error

    def _async_response(self, _kind: int, message: Any, number: int) -> None:
        length = self._waiting.pop(number)
        if self._error is not None:
            return  # an answer that comes while the rest is cleared away
        try:
            self._client._convert_status(message)
            self._acknowledged += length
            self._steps.advance(length)
        except Exception as error:  # raised by `_step`, outside of paramiko's reader
            self._error = error


class _Receiver:
    def __init__(self, client: Any, handle: Any, descriptor: int, steps: Steps) -> None:
        self._client, self._handle = client, handle.handle
        self._descriptor = descriptor
        self._steps = steps
        self._waiting: dict[int, tuple[int, int]] = {}
        self._received = 0
        self._ended = False
        self._error: Exception | None = None

    def run(self, size: int) -> int:
        offset = 0
        while (offset < size and not self._ended) or self._waiting:
            self._steps.check()
            while offset < size and not self._ended and len(self._waiting) < REQUESTS_IN_FLIGHT:
                length = min(PIECE_BYTES, size - offset)
                self._ask(offset, length)
                offset += length
            self._client._read_response()
            if self._error is not None:
                raise self._error
        return self._received

    def _ask(self, offset: int, length: int) -> None:
        from paramiko.sftp import CMD_READ, int64

        number = self._client._async_request(self, CMD_READ, self._handle, int64(offset), length)
        self._waiting[number] = (offset, length)

    def _async_response(self, kind: int, message: Any, number: int) -> None:
        from paramiko.sftp import CMD_STATUS

        offset, length = self._waiting.pop(number)
        if self._error is not None:
            return  # an answer that comes while the rest is cleared away
        try:
            if kind == CMD_STATUS:
                self._client._convert_status(message)
            else:
                self._take(message.get_string()[:length], offset, length)
        except EOFError:
            self._ended = True
        except Exception as error:  # raised by `run`, outside of paramiko's reader
            self._error = error

    def _take(self, data: bytes, offset: int, length: int) -> None:
        try:
            _write_all(self._descriptor, data, offset)
        except OSError as error:
            # Not an OSError, which would be taken for the server's word.
            raise LocalWriteFailed(error) from None
        self._received += len(data)
        self._steps.advance(len(data))
        if not data:
            self._ended = True
        elif len(data) < length:  # servers may send less than asked for
            self._ask(offset + len(data), length - len(data))


class LocalWriteFailed(Exception):  # noqa: N818 - a fact
    """The local file could not be written."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


Place = Callable[[Any, bytes, bytes], None]
"""Moves a temporary file to its target: (client, temporary, target)."""


def temporary_name(target: bytes) -> bytes:
    """Return a hidden name beside `target` that nobody else uses."""
    folder, name = posixpath.split(target)
    return posixpath.join(folder, b".%b.%b.part" % (name[:100], os.urandom(4).hex().encode()))


def replace(client: Any, temporary: bytes, target: bytes) -> None:
    """Rename over the target, atomically where the server can (posix-rename@openssh.com)."""
    try:
        client.posix_rename(temporary, target)
    except (FileNotFoundError, PermissionError):
        raise
    except OSError:
        _replace_by_steps(client, temporary, target)


def add(client: Any, temporary: bytes, target: bytes) -> None:
    """Rename to a name that is free.

    Raises:
        FileExistsError: it is not.
    """
    if _there(client, target):
        raise FileExistsError
    try:
        client.rename(temporary, target)
    except OSError:
        if _there(client, target):  # servers refuse with no more than 'failure'
            raise FileExistsError from None
        raise


def _there(client: Any, path: bytes) -> bool:
    try:
        client.lstat(path)
    except FileNotFoundError:
        return False
    return True


def status(client: Any, path: bytes) -> Any:
    """Return the attributes of what stands at a path, through links, or None.

    Of a link that leads nowhere, its own.
    """
    for look in (client.stat, client.lstat):
        with contextlib.suppress(FileNotFoundError):
            return look(path)
    return None


def _replace_by_steps(client: Any, temporary: bytes, target: bytes) -> None:
    """SFTP's own rename refuses an existing target: move that aside, and back if it fails."""
    aside = temporary + b".old"
    try:
        there = stat.S_ISREG(client.lstat(target).st_mode or 0)
    except OSError:
        there = False
    if there:
        client.rename(target, aside)
    try:
        client.rename(temporary, target)
    except BaseException:
        if there:
            client.rename(aside, target)
        raise
    if there:
        client.remove(aside)


def discard(client: Any, handle: Any, temporary: bytes) -> None:
    """Take a temporary file away, as far as the connection still allows."""
    with contextlib.suppress(Exception):
        handle.close()
    with contextlib.suppress(Exception):
        client.remove(temporary)


def real_path(client: Any, path: bytes) -> bytes:
    """Return the absolute form of a path."""
    from paramiko.sftp import CMD_NAME, CMD_REALPATH

    kind, message = client._request(CMD_REALPATH, path)
    if kind != CMD_NAME or message.get_int() != 1:
        raise OSError("no path in the answer")
    return bytes(message.get_string())


def list_folder(client: Any, path: bytes) -> list[tuple[bytes, Any]]:
    """Return (name, attributes) of everything in a folder but `.` and `..`."""
    from paramiko.sftp import CMD_CLOSE, CMD_HANDLE, CMD_NAME, CMD_OPENDIR, CMD_READDIR
    from paramiko.sftp_attr import SFTPAttributes

    kind, message = client._request(CMD_OPENDIR, path)
    if kind != CMD_HANDLE:
        raise OSError("no handle in the answer")
    handle = message.get_binary()
    found: list[tuple[bytes, Any]] = []
    try:
        while True:
            kind, message = client._request(CMD_READDIR, handle)
            if kind != CMD_NAME:
                raise OSError("no names in the answer")
            for _ in range(message.get_int()):
                name = bytes(message.get_string())
                message.get_string()  # the line as `ls -l` would write it
                attributes = SFTPAttributes._from_msg(message)
                if name not in (b".", b".."):
                    found.append((name, attributes))
    except EOFError:
        pass  # the end of the folder
    finally:
        client._request(CMD_CLOSE, handle)
    return found
