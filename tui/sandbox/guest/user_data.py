"""Runs the launch's user data once, and tells the console what it says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.sandbox.guest.server import SshHost


async def run_user_data(host: SshHost, say: Callable[[str], None]) -> int:
    """Run the script as cloud-init would, as the login user (there is no root here).

    Output goes to the console and to /var/log/cloud-init-output.log. Returns the exit status, or
    0 when the data is no script.
    """
    started = time.monotonic()
    root = Path(host.config.root)
    folder = root / "var/lib/cloud/instance"
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "user-data.txt"
    script.write_text(host.config.user_data)
    script.chmod(0o700)

    def line(text: str) -> None:
        say(f"[{time.monotonic() - started + 12:12.6f}] cloud-init[1570]: {text}")

    if not host.config.user_data.startswith("#!"):
        line("user data is no script (no #!): the sandbox runs scripts only")
        return 0
    status = await _run(host, script, root / "var/log/cloud-init-output.log", line)
    line(f"user data script ended with status {status}")
    return status


async def _run(host: SshHost, script: Path, log: Path, line: Callable[[str], None]) -> int:
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
        line(f"user data could not run: {error.strerror}")
        return 127
    assert process.stdout is not None
    with log.open("ab") as output:
        while data := await process.stdout.readline():
            output.write(data)
            output.flush()
            line(data.decode(errors="replace").rstrip())
    return await process.wait()
