"""The script on this machine: written once, the user's from then on, run in a child process."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from tui.core.errors import LocalError

TEMPLATE = Path(__file__).parent / "data" / "fares.py.txt"
READ_BYTES = 64 * 1024
MAX_LINE_CHARACTERS = 4_000
END_SECONDS = 2.0


def template() -> str:
    """Return the script as it comes."""
    return TEMPLATE.read_text(encoding="utf-8")


def ensure_script(path: Path) -> str:
    """Write the script if it is not there; return "new", "as written" or "edited". Blocks.

    A script that was edited is never overwritten.

    Raises:
        LocalError: it can be neither written nor read.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(template())
        except FileExistsError:
            same = path.read_text(encoding="utf-8", errors="replace") == template()
            return "as written" if same else "edited"
    except OSError as error:
        raise LocalError(
            f"Can't write {path.name}",
            f"{path.parent}: {(error.strerror or 'unknown').lower()}",
            "Choose another folder with e.",
        ) from error
    return "new"


async def run_script(script: Path, arguments: list[str], on_line: Callable[[str], None]) -> int:
    """Run a script with the app's own Python in its folder; return its exit status.

    stdout and stderr come as lines, in order. Cancelling ends the script and its children.

    Raises:
        LocalError: it could not be started.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-u",
            str(script),
            *arguments,
            cwd=script.parent,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # a group of its own, so that its children end with it
        )
    except OSError as error:
        raise LocalError(
            f"Can't run {script.name}", (error.strerror or "it did not start").lower()
        ) from error
    try:
        assert process.stdout is not None
        lines = Lines(on_line)
        while data := await process.stdout.read(READ_BYTES):
            lines.feed(data)
        lines.end()
        return await process.wait()
    except asyncio.CancelledError:
        await asyncio.shield(_end(process))
        raise


async def _end(process: asyncio.subprocess.Process) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), END_SECONDS)
            return


class Lines:
    """Cuts bytes into lines; an endless line is cut too."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""

    def feed(self, data: bytes) -> None:
        """Hand on the lines that are whole now."""
        text = self._rest + self._decode(data)
        *lines, self._rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for line in lines:
            self._on_line(line[:MAX_LINE_CHARACTERS])
        if len(self._rest) > MAX_LINE_CHARACTERS:
            self._on_line(self._rest[:MAX_LINE_CHARACTERS])
            self._rest = ""

    def end(self) -> None:
        """Hand on what stood after the last line end."""
        if self._rest:
            self._on_line(self._rest)
        self._rest = ""
