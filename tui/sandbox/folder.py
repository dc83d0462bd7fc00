"""The sandbox's folder: private, and touched by the one daemon that holds its lock."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from tui.sandbox.records import REGION, DaemonConfig

AWS_CONFIG = "aws_config"
NOTICE_SECONDS = 3.0  # for a daemon to notice that its app was killed
ENDING_SECONDS = 120.0  # for it to save all it holds
LOG = "daemon.log"
OURS = frozenset(
    """
    amis.json aws_config daemon.log instances known_hosts known_hosts.new lock ssh_config
    ssh_config.new state.json state.new state.old state.pickle
    """.split()  # noqa: SIM905 - one name a line would be a screenful
)
"""What the sandbox writes there."""


def lock(folder: Path) -> bool:
    """Whether the folder is ours alone; the lock lives as long as the process."""
    handle = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return False
    return True


def lock_in_time(folder: Path, waiting: Callable[[], object]) -> bool:
    """As `lock`; waits for a daemon that is ending, because its app was killed a moment ago.

    Such a one no longer lets other tools in, or is about to shut them out. `waiting` is called
    twice a second meanwhile.
    """
    began = time.monotonic()
    while not lock(folder):
        waited = time.monotonic() - began
        serves = waited > NOTICE_SECONDS and (folder / AWS_CONFIG).exists()
        if serves or waited > ENDING_SECONDS:
            return False
        waiting()
        time.sleep(0.5)
    return True


def make_private(folder: Path) -> None:
    """Shut other users out, unless the folder is somebody else's or holds other things too."""
    found = folder.stat()
    is_open = stat.S_IMODE(found.st_mode) & 0o077
    names = {path.name for path in folder.iterdir()}
    if is_open and found.st_uid == os.getuid() and names <= OURS:
        folder.chmod(0o700)


def open_log(folder: Path) -> None:
    """Send what this process prints to the folder's log from now on."""
    target = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(target, stream)
    os.close(target)


def write_aws_config(config: DaemonConfig, endpoint_url: str) -> None:
    """Let other tools in: `AWS_CONFIG_FILE=FOLDER/aws_config aws s3 ls` talks to this sandbox.

    The keys are good for this run of the sandbox alone.
    """
    text = (
        "[default]\n"
        f"region = {REGION}\n"
        f"endpoint_url = {endpoint_url}\n"
        f"aws_access_key_id = {config.access_key_id}\n"
        f"aws_secret_access_key = {config.secret_access_key}\n"
    )
    write_private(Path(config.folder) / AWS_CONFIG, text.encode())


def open_private(path: Path) -> IO[bytes]:
    """A new file to write to, in the place of an old one; it was never readable for others."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def write_private(path: Path, data: bytes) -> None:
    """Write a file that was never readable for others, and wait until the disk has it."""
    with open_private(path) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
