"""Runs the launch's user data once, and tells the console what it says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.sandbox.guest.server import SshHost

Say = Callable[[str], Awaitable[None]]

CHUNK = 65536
LINE_MOST = 4096
"""Bytes; a longer line of output comes in pieces."""


async def run_user_data(host: SshHost, say: Say) -> int:
    """Run the script as cloud-init would, as the login user (there is no root here).

    Output goes to the console and to /var/log/cloud-init-output.log. Returns the exit status, or
    0 when the data is no script.
    """
    started = time.monotonic()
    root = Path(host.config.root)
    folder = root / "var/lib/cloud/instance"
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "user-data.txt"
    script.write_bytes(host.config.user_data.encode("utf-8", "surrogateescape"))
    script.chmod(0o700)

    async def line(text: str) -> None:
        await say(f"[{time.monotonic() - started + 12:12.6f}] cloud-init[1570]: {text}")

    if not host.config.user_data.startswith("#!"):
        await line("user data is no script (no #!): the sandbox runs scripts only")
        return 0
    status = await _run(host, script, root / "var/log/cloud-init-output.log", line)
    await line(f"user data script ended with status {status}")
    return status


async def _run(host: SshHost, script: Path, log: Path, line: Say) -> int:
    try:
        process = await asyncio.create_subprocess_exec(
            str(script),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=host.home_folder,
            env=host.shell_environment(None),
            start_new_session=True,
        )
    except OSError as error:
        await line(f"user data could not run: {error.strerror}")
        return 127
    assert process.stdout is not None
    lines = Lines()
    with log.open("ab") as output:
        while data := await process.stdout.read(CHUNK):
            output.write(data)
            output.flush()
            for text in lines.feed(data):
                await line(text)
    for text in lines.rest():
        await line(text)
    return await process.wait()


class Lines:
    """Cuts output into lines, none longer than LINE_MOST bytes."""

    def __init__(self) -> None:
        self._begun = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes."""
        *whole, self._begun = (self._begun + data).split(b"\n")
        if len(self._begun) >= LINE_MOST:
            whole.append(self._begun)
            self._begun = b""
        return [text for line in whole for text in _pieces(line)]

    def rest(self) -> list[str]:
        """What no line end followed."""
        begun, self._begun = self._begun, b""
        return _pieces(begun) if begun else []


def _pieces(line: bytes) -> list[str]:
    starts = range(0, max(len(line), 1), LINE_MOST)
    return [line[at : at + LINE_MOST].decode(errors="replace").rstrip() for at in starts]
