"""The instance's entry: configuration on standard input's first line, events on standard output.

Further lines of input change what may change while it runs; the end of input is the end of the
instance, so it cannot outlive the daemon.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from tui.sandbox.guest.server import SshHost
from tui.sandbox.guest.sweep import sweep
from tui.sandbox.guest.user_data import run_user_data
from tui.sandbox.records import GuestConfig


def tell(**event: Any) -> None:
    """Send one event to the daemon."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


async def serve() -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    config = GuestConfig.from_json(await reader.readline())
    os.environ["SKYDECK_INSTANCE"] = config.instance_id
    host = SshHost(config)
    port = await host.start()
    tell(ready=True, port=port)
    boot = None
    if config.user_data:
        boot = asyncio.create_task(run_user_data(host, lambda line: tell(console=line)))
    while line := await reader.readline():
        change = json.loads(line)
        if "ssh_open" in change:
            host.set_open(bool(change["ssh_open"]))
        if "environment" in change:
            host.environment = dict(change["environment"])
    if boot is not None:
        boot.cancel()
    await host.stop()
    sweep(config.instance_id, Path("/proc"))


def main() -> None:
    """Run the instance."""
    asyncio.run(serve())


if __name__ == "__main__":
    main()
