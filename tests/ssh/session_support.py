"""What the tests of sessions share."""

from __future__ import annotations

import socket
import threading

from tests.support import until
from tui.ssh.session import SshSession


class Output:
    """Collects what a shell prints."""

    def __init__(self, session: SshSession) -> None:
        self.data = bytearray()
        session.on_data = self.data.extend

    async def until(self, wanted: bytes) -> bytes:
        await until(None, lambda: wanted in self.data)
        return bytes(self.data)


def splice(source: socket.socket, sink: socket.socket) -> None:
    """Pass bytes on until one end is closed, then close the other."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        sink.close()


def transports() -> list[str]:
    """The threads of connections that are open."""
    return [t.name for t in threading.enumerate() if type(t).__name__ == "Transport"]
