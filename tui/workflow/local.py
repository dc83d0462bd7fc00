"""The script on this machine: written once, the user's from then on, run in a child process."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import errno
import os
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tui.core.errors import LocalError

TEMPLATE = Path(__file__).parent / "data" / "fares.py.txt"
READ_BYTES = 64 * 1024
MAX_LINE_CHARACTERS = 4_000
END_SECONDS = 2.0
# What file systems without hard links say.
NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


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
        with _beside(target, text) as fresh:
            fresh.chmod(stat.S_IMODE(target.stat().st_mode))
            fresh.replace(target)
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
    with _beside(path, text) as fresh:
        try:
            os.link(fresh, path)  # unlike a rename, it replaces nothing
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            if os.path.lexists(path):
                raise FileExistsError(errno.EEXIST, "it is there") from None
            fresh.rename(path)


@contextlib.contextmanager
def _beside(path: Path, text: str) -> Iterator[Path]:
    """A file of this text beside `path`, whole and on the disk; gone at the end, unless moved."""
    fresh = path.with_name(f".{path.name}.{os.urandom(4).hex()}.part")
    try:
        with fresh.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield fresh
    finally:
        fresh.unlink(missing_ok=True)


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
