"""Private keys on this disk: written once, for their owner's eyes only."""

from __future__ import annotations

import asyncio
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tui.aws.errors import explain_local
from tui.core.errors import LocalError
from tui.core.local_names import local_part
from tui.core.records import NewKeyPair

if TYPE_CHECKING:
    from tui.aws.ec2 import Ec2

_SEPARATORS = re.compile(r"[/\\]")


def key_file(folder: Path, name: str) -> Path:
    """Return where the private key of a key pair of that name belongs."""
    return folder / local_part(_SEPARATORS.sub("_", name) + ".pem")


def save_private_key(key: NewKeyPair, folder: Path) -> Path:
    """Write the private key as `<name>.pem`, mode 0600, and return its path. Blocks.

    Raises:
        LocalError: a file of that name exists (it is left alone), or it can't be written
            (nothing is left).
    """
    path = reserve(folder, key.name)
    fill(path, key)
    return path


async def create_and_save(ec2: Ec2, name: str, kind: str, folder: Path) -> tuple[NewKeyPair, Path]:
    """Create a key pair with its file on the disk before anything is launched with it.

    The file is reserved first: a key whose file can't be written is never made. If a later step
    fails, neither the file nor the key pair is left.

    Raises:
        AwsError: AWS refuses the key pair.
        LocalError: the file exists or can't be written.
    """
    path = await ec2.gateway.run(reserve, folder, name)
    asked = asyncio.ensure_future(ec2.create_key_pair(name, kind))
    try:
        key = await asyncio.shield(asked)
    except BaseException:
        path.unlink(missing_ok=True)
        await _take_back(ec2, asked, name)
        raise
    try:
        await ec2.gateway.run(fill, path, key)
    except BaseException:
        await asyncio.shield(ec2.delete_key_pair(name))
        raise
    return key, path


async def _take_back(ec2: Ec2, asked: asyncio.Future[NewKeyPair], name: str) -> None:
    """Delete the key pair if a request that was given up made one after all."""
    await asyncio.wait([asked])
    if not asked.cancelled() and asked.exception() is None:
        await asyncio.shield(ec2.delete_key_pair(name))


def reserve(folder: Path, name: str) -> Path:
    """Create the empty file, mode 0600, that the key will fill; see `save_private_key`."""
    path = key_file(folder, name)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
        os.close(os.open(path, flags, 0o600))
    except FileExistsError:
        raise LocalError(
            f"Can't save the private key as {path}",
            "a file of that name exists",
            "Choose another name; a private key is never written over.",
            code="EEXIST",
        ) from None
    except OSError as error:
        raise explain_local(error, "save the private key as", path) from error
    return path


def fill(path: Path, key: NewKeyPair) -> None:
    """Write the key into its reserved file, safely on the disk; on failure remove the file."""
    text = key.private_key if key.private_key.endswith("\n") else key.private_key + "\n"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
        try:
            os.fchmod(handle, 0o600)
            with os.fdopen(os.dup(handle), "wb") as stream:
                stream.write(text.encode("ascii"))
            os.fsync(handle)
        finally:
            os.close(handle)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise explain_local(error, "save the private key as", path) from error


def sync_folder(folder: Path) -> None:
    """Have the folder's entries on the disk; not every file system can, so errors are left."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
