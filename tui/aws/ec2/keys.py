"""Private keys on this disk: written once, for their owner's eyes only."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tui.aws.errors import explain_local
from tui.aws.undo import kept, whole
from tui.core.errors import LocalError, UserError
from tui.core.local_names import PART_LIMIT_BYTES, local_part, shortened
from tui.core.paths import expanded, is_file
from tui.core.publish import sync_folder
from tui.core.records import NewKeyPair

if TYPE_CHECKING:
    from tui.aws.ec2.service import Ec2

_ENDING = ".pem"


def key_file(folder: Path, name: str) -> Path:
    """Return where the private key of a key pair of that name belongs: `<name>.pem`.

    What a file name can't hold is written as `local_names` does, a slash as `%2F`, the end of a
    name that is too long as `%~` and its SHA-256. So no two names share a file.
    """
    stem = "%2F".join(local_part(part) for part in name.split("/"))
    return folder / (shortened(stem, PART_LIMIT_BYTES - len(_ENDING)) + _ENDING)


def find_key(keys_folder: Path, key_name: str) -> Path | None:
    """Return the private key file of a key pair (NAME.pem, or NAME), or None. Reads the disk."""
    if not key_name:
        return None
    folder = expanded(keys_folder)
    paths = [key_file(folder, key_name)]
    # A key pair's name may hold anything, a path among it.
    if Path(key_name).name == key_name and not key_name.startswith("."):
        paths += [folder / f"{key_name}.pem", folder / key_name]
    return next((path for path in paths if is_file(path)), None)


async def create_and_save(ec2: Ec2, name: str, kind: str, folder: Path) -> tuple[NewKeyPair, Path]:
    """Create a key pair with its file on the disk before anything is launched with it.

    The file is reserved first: a key whose file can't be written is never made. If a later step
    fails or is cancelled, neither the file nor the key pair is left.

    Raises:
        AwsError: AWS refuses the key pair.
        LocalError: the file exists or can't be written.
    """
    path = await whole(ec2.gateway.run(reserve, folder, name), _removed)
    try:
        key = await whole(
            ec2.create_key_pair(name, kind), lambda made: ec2.delete_key_pair(made.name)
        )
    except BaseException:
        await _removed(path)
        raise
    try:
        await whole(ec2.gateway.run(fill, path, key), lambda _: _removed(path))
    except BaseException as error:
        await _removed(path)
        await kept(_taken_back(ec2, key, error))
        raise
    return key, path


async def _removed(path: Path) -> None:
    _remove(path)


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


async def _taken_back(ec2: Ec2, key: NewKeyPair, error: BaseException) -> None:
    """Delete the key pair; if that fails too, have the error say so."""
    try:
        await ec2.delete_key_pair(key.name)
    except UserError:
        if isinstance(error, UserError):
            error.hint = f"{error.hint} Key pair {key.name} is left at AWS: delete it.".strip()


def reserve(folder: Path, name: str) -> Path:
    """Create the empty file `<name>.pem`, mode 0600, that the key will fill. Blocks.

    Raises:
        LocalError: a file of that name exists (it is left alone), or it can't be written.
    """
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
                stream.write(text.encode())
            os.fsync(handle)
        finally:
            os.close(handle)
        sync_folder(path.parent)
    except OSError as error:
        _remove(path)
        raise explain_local(error, "save the private key as", path) from error
