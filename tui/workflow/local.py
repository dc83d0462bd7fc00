"""The script on this machine: written once, the user's from then on, run in a child process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from tui.core.errors import LocalError
from tui.core.lines import LineSplitter
from tui.core.paths import beside

TEMPLATE = Path(__file__).parent / "data" / "fares.py.txt"
READ_BYTES = 64 * 1024
MAX_LINE_CHARACTERS = 4_000
END_SECONDS = 2.0


def template() -> str:
    """Return the script as it comes."""
    return TEMPLATE.read_text(encoding="utf-8")


def ensure_script(path: Path) -> str:
    """Write the script if it is not there; return "new", "as written" or "edited". Blocks.

    A script that was edited is never overwritten, and none is ever there by half.

    Raises:
        LocalError: it can be neither written nor read.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            if not path.exists():
                _put_new(path, template())
                return "new"
        same = path.read_text(encoding="utf-8", errors="replace") == template()
    except OSError as error:
        raise LocalError(
            f"Can't write {path.name}",
            f"{path.parent}: {(error.strerror or 'unknown').lower()}",
            "Free some space, or choose another folder with e.",
        ) from error
    return "as written" if same else "edited"


def read_script(path: Path) -> str:
    """Return the script's text, to be edited. Blocks.

    Raises:
        LocalError: it cannot be read, or is no UTF-8 text and would not survive the editor.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise LocalError(
            f"Can't edit {path.name} here", "it is not UTF-8 text", "Use your own editor for it."
        ) from error
    except OSError as error:
        raise LocalError(f"Can't read {path.name}", (error.strerror or "").lower()) from error


def save_script(path: Path, text: str) -> None:
    """Replace the script's text; it is the old or the new one, never half. Blocks.

    Raises:
        LocalError: it cannot be written, and is as it was.
    """
    try:
        target = Path(os.path.realpath(path))  # a link stays a link
        with beside(target) as fresh:
            fresh.path.write_text(text, encoding="utf-8")
            fresh.path.chmod(stat.S_IMODE(target.stat().st_mode))
            fresh.replace()
    except OSError as error:
        raise LocalError(
            f"Can't save {path.name}",
            (error.strerror or "unknown").lower(),
            "It is as it was. Free some space, then save it again.",
        ) from error


def _put_new(path: Path, text: str) -> None:
    """Make a file that is not there yet, whole.

    Raises:
        FileExistsError: it is there by now.
    """
    with beside(path) as fresh:
        fresh.path.write_text(text, encoding="utf-8")
        fresh.add()


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
        splitter = LineSplitter(MAX_LINE_CHARACTERS)
        while data := await process.stdout.read(READ_BYTES):
            for line in splitter.feed(data):
                on_line(line)
        for line in splitter.end():
            on_line(line)
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
