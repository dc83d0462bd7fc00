"""A process that has imported all of it and forks a victim for each order.

Importing boto3 and making a client takes a second; a fork takes milliseconds. It has one thread
only, as whoever forks must. Run: python tests/faults/zygote.py CONNECTION(json); orders come as
lines of JSON, and each is answered by {"pid": …} and {"status": …}.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class Zygote:
    """The harness's side of it."""

    def __init__(self, connection: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve()), json.dumps(connection)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def fork(self, order: dict[str, Any]) -> int:
        """Begin a victim; returns its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._heard()["pid"])

    def wait(self) -> int:
        """Wait for the victim's end; returns the signal that ended it, or 0."""
        return os.WTERMSIG(status) if os.WIFSIGNALED(status := int(self._heard()["status"])) else 0

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)

    def _heard(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the zygote has ended")
        heard: dict[str, Any] = json.loads(line)
        return heard


def main(connection: dict[str, Any]) -> None:
    """Serve orders until the harness hangs up."""
    from tests.faults import victim
    from tests.faults.world import small_parts
    from tui.aws.calls import CallLog
    from tui.aws.connection import Connection
    from tui.aws.gateway import Gateway

    gateway = Gateway(Connection(**connection), CallLog())
    gateway.client_now("s3", None)
    with small_parts():
        for line in sys.stdin:
            pid = os.fork()
            if not pid:
                victim.main(victim.Order(**json.loads(line)), gateway)
                os._exit(0)
            print(json.dumps({"pid": pid}), flush=True)
            _, status = os.waitpid(pid, 0)
            print(json.dumps({"status": status}), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main(json.loads(sys.argv[1]))
