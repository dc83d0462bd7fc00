"""A process that begins a transfer and kills itself at a chosen request.

Run: ``python -m tests.aws.transfer_victim '<json>'``; see `Order`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Order:
    """What to do, and before (or after) which request of an operation to die."""

    endpoint: str
    keys: tuple[str, str]
    ledgers: str
    verb: str
    bucket: str
    folder: str
    operation: str
    nth: int
    before: bool = True


def killed_while(order: Order) -> None:
    """Have a process do it until it kills itself."""
    arguments = [sys.executable, "-m", "tests.aws.transfer_victim", json.dumps(asdict(order))]
    done = subprocess.run(arguments, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL


def deadly(client: Any, order: Order) -> None:
    """Have the client end this process."""
    numbers = iter(range(1, 10_000))

    def handler(**_: Any) -> None:
        if next(numbers) == order.nth:
            os.kill(os.getpid(), signal.SIGKILL)

    when = "before-call" if order.before else "after-call"
    client.meta.events.register(f"{when}.s3.{order.operation}", handler)


async def work(order: Order) -> None:
    """Begin."""
    from tui.aws.calls import CallLog
    from tui.aws.gateway import Connection, Gateway
    from tui.aws.s3.service import S3
    from tui.aws.transfers.service import Transfers
    from tui.core.ledger import Owner
    from tui.core.ledger_folder import LedgerFolder
    from tui.core.progress import Progress

    connection = Connection("", "us-east-1", order.endpoint, *order.keys, sandbox=True)
    gateway = Gateway(connection, CallLog())
    ledgers = LedgerFolder(Path(order.ledgers), Owner("000000000000", "sandbox:/kept"))
    transfers = Transfers(gateway, S3(gateway), ledgers)
    transfers._engine.fast.enabled = False
    deadly(await gateway.client("s3"), order)
    act = transfers.upload_folder if order.verb == "upload" else transfers.download_prefix
    await act(order.bucket, "raw/", Path(order.folder), Progress())


if __name__ == "__main__":
    asyncio.run(work(Order(**json.loads(sys.argv[1]))))
