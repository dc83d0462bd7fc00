"""The instance's entry: one socket to the daemon, its number the only argument.

The configuration is the socket's first line; further lines change what may change while it runs.
Events go the other way. The socket's end is the end of the instance, so it cannot outlive the
daemon. A socket, not standard input and output: /proc lets a shell open a pipe of another process.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from typing import Any

from tui.sandbox.guest import prctl
from tui.sandbox.guest.server import SshHost
from tui.sandbox.guest.sweep import MARK, Reaper, sweep
from tui.sandbox.guest.user_data import run_user_data
from tui.sandbox.records import GuestConfig

CONFIG_BYTES = 4 << 20
REAP_SECONDS = 5.0


class Daemon:
    """The other end of the socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, channel: socket.socket) -> Daemon:
        """Talk over `channel`."""
        return cls(*await asyncio.open_unix_connection(sock=channel, limit=CONFIG_BYTES))

    async def tell(self, **event: Any) -> None:
        """Send one event; waits while the daemon is behind."""
        self._writer.write(json.dumps(event).encode() + b"\n")
        with contextlib.suppress(OSError):
            await self._writer.drain()

    async def config(self) -> GuestConfig:
        """The first line."""
        return GuestConfig.from_json(await self._reader.readline())

    async def changes(self) -> AsyncIterator[dict[str, Any]]:
        """The later lines, until the socket ends."""
        with contextlib.suppress(OSError, ValueError):
            while line := await self._reader.readline():
                yield json.loads(line)


async def serve(channel: socket.socket) -> None:
    """Serve until the daemon lets go."""
    daemon = await Daemon.connect(channel)
    config = await daemon.config()
    os.environ[MARK] = config.instance_id
    host = SshHost(config)
    port = await host.start()
    await daemon.tell(ready=True, port=port)
    tasks: list[asyncio.Task[Any]] = []
    if not config.inside and prctl.adopt_orphans():
        tasks.append(asyncio.create_task(_reap()))
    if config.user_data:
        boot = run_user_data(host, lambda text: daemon.tell(console=text))
        tasks.append(asyncio.create_task(boot))
    async for change in daemon.changes():
        if "ssh_open" in change:
            host.set_open(bool(change["ssh_open"]))
        if "environment" in change:
            host.environment = dict(change["environment"])
    for task in tasks:
        task.cancel()
    await host.stop()
    sweep(config.instance_id, family=os.getpid())


async def _reap() -> None:
    reaper = Reaper()
    while True:
        await asyncio.sleep(REAP_SECONDS)
        reaper.look()


def main() -> None:
    """Run the instance."""
    prctl.hide()
    prctl.set_name("sshd")
    asyncio.run(serve(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()
