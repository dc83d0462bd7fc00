"""The user's own editor on a private file: found, run with the app out of its way, cleaned up."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shlex
import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui import settings
from tui.core.errors import LocalError, UserError
from tui.core.local_names import local_part
from tui.core.paths import why

if TYPE_CHECKING:
    from textual.app import App

KNOWN = ("nano", "vim", "vi")
ABOUT = ".skydeck.json"
RunEditor = Callable[["App[Any]", Path], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class Draft:
    """A private file that is being edited, alone in its folder."""

    path: Path

    def read(self) -> bytes:
        """Return what is in it now. Blocks.

        Raises:
            LocalError: the editor removed it.
        """
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise LocalError("Can't read what was edited", why(error), str(self.path)) from error

    def remove(self) -> None:
        """Leave nothing of it, nor of the editor's own backups. Blocks."""
        shutil.rmtree(self.path.parent, ignore_errors=True)


def drafts_folder() -> Path:
    """Where drafts live: they outlast a crash, and nobody else may look."""
    return settings.state_folder() / "edits"


def make_draft(bucket: str, key: str, data: bytes) -> Draft:
    """Write a private file (0600 in a folder of 0700) named like the object. Blocks.

    Raises:
        LocalError: the disk refused.
    """
    folder = drafts_folder() / secrets.token_hex(6)
    path = folder / local_part(key.rpartition("/")[2] or "object")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(mode=0o700)
        about = json.dumps({"bucket": bucket, "key": key, "pid": os.getpid()})
        for name, body in ((folder / ABOUT, about.encode()), (path, data)):
            handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(body)
    except OSError as error:
        raise LocalError("Can't make a file to edit", why(error)) from error
    return Draft(path)


def left_drafts() -> list[tuple[str, Path]]:
    """(s3:// address, file) of drafts whose app has ended: a crash, or an edit that was kept."""
    found: list[tuple[str, Path]] = []
    with suppress(OSError):
        for folder in sorted(drafts_folder().iterdir()):
            with suppress(OSError, ValueError, TypeError, KeyError):
                about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
                if _lives(int(about["pid"])):
                    continue
                files = [path for path in folder.iterdir() if path.name != ABOUT]
                found += [(f"s3://{about['bucket']}/{about['key']}", path) for path in files[:1]]
    return found


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return True


def editor_command(environ: Mapping[str, str] = os.environ) -> list[str] | None:
    """The user's editor as a command, or one that most systems have; None if there is none.

    Raises:
        UserError: the one that the user named is not there.
    """
    for name in ("VISUAL", "EDITOR"):
        if not (wish := environ.get(name, "").strip()):
            continue
        try:
            command = shlex.split(wish)
        except ValueError:
            command = []
        if command and shutil.which(command[0]):
            return command
        raise UserError("Can't open your editor", f"${name} is {wish}, and no such program is here")
    return next(([name] for name in KNOWN if shutil.which(name)), None)


async def run_editor(app: App[Any], path: Path) -> float:
    """Run the editor on a file with the terminal its own; returns the seconds that it took.

    Jobs go on meanwhile: only the screen stands still.

    Raises:
        UserError: there is no editor, no terminal to give it, or it failed.
    """
    from textual.app import SuspendNotSupported

    command = editor_command()
    if command is None:
        raise UserError(
            "There is no editor here",
            "$VISUAL and $EDITOR are not set, and nano, vim and vi are not installed",
            "Set EDITOR to a program that edits text files, then start Skydeck again.",
        )
    began, failed, status, stopped = time.monotonic(), "", 0, False
    try:
        with app.suspend(), app.batch_update(), _interrupts_of_the_editor():
            try:
                process = await asyncio.create_subprocess_exec(*command, str(path))
                status = await process.wait()
            # Whatever is raised inside would leave the terminal to nobody.
            except OSError as error:
                failed = why(error)
            except asyncio.CancelledError:
                stopped = True
    except SuspendNotSupported as error:
        raise UserError("Can't open an editor", "this terminal can't be lent to it") from error
    if stopped:
        raise asyncio.CancelledError
    if failed or status:
        raise UserError(
            f"{command[0]} failed", failed or f"it ended with status {status}", "Nothing was put."
        )
    return time.monotonic() - began


@contextmanager
def _interrupts_of_the_editor() -> Iterator[None]:
    """Ctrl+c in the editor is the editor's, though the terminal sends it to both."""
    try:
        # No SIG_IGN: the editor would inherit that.
        before = signal.signal(signal.SIGINT, lambda *_: None)
    except ValueError:  # not in the main thread: nobody is interrupted
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
