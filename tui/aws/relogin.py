"""Notices that somebody has logged in again, and has a gateway use the new credentials.

A session reads most kinds of credentials once. So a fresh one asks who they belong to, in the
background: every few seconds, and as soon as one of the files changes that a login writes.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from tui.aws.calls import CallLog, caused_by
from tui.aws.gateway import Gateway
from tui.aws.identity import who_am_i
from tui.aws.profiles import profile_kind
from tui.core.errors import UserError

EVERY_SECONDS: Final = 10.0
# A credential_process may open a window at the user's each time that it is asked.
EVERY_SECONDS_OF_A_PROGRAM: Final = 60.0
LOOK_SECONDS: Final = 1.0  # between two looks at the files
_CACHES: Final = ("sso/cache", "login/cache", "cli/cache")

_Mark = tuple[tuple[str, int, int], ...]


class Relogin:
    """Waits for the next login of one gateway's profile.

    Attributes:
        stranger: the account that its profile belongs to now, where that is another one.
    """

    def __init__(self, gateway: Gateway, account: str) -> None:
        self._gateway = gateway
        self._account = account
        self._mark: _Mark = ()
        self._renewed_at = -EVERY_SECONDS
        self._wake = asyncio.Event()
        self.stranger = ""

    def look_now(self) -> None:
        """Try at once: somebody says that it may work."""
        self._wake.set()

    async def tried(self) -> bool:
        """Ask whose the credentials are now; true once they work, and the gateway uses them.

        Raises:
            RuntimeError: the gateway is closed.
        """
        if time.monotonic() - self._renewed_at < EVERY_SECONDS:
            return False  # what failed with those just now will not work yet
        self._mark = await self._gateway.run(_mark_of_files)
        try:
            account = await self._asked()
        except UserError:
            return False
        self.stranger = account if self._account and account != self._account else ""
        if self.stranger:
            return False
        await self._gateway.run(self._gateway.renew)
        self._renewed_at = time.monotonic()
        return True

    async def waited(self) -> None:
        """Return when it is time to try again.

        Raises:
            RuntimeError: the gateway is closed.
        """
        kind = await self._gateway.run(profile_kind, self._gateway.connection.profile)
        every = EVERY_SECONDS_OF_A_PROGRAM if kind == "process" else EVERY_SECONDS
        until = time.monotonic() + every
        while (rest := until - time.monotonic()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), min(rest, LOOK_SECONDS))
                break
            if await self._gateway.run(_mark_of_files) != self._mark:
                break
        self._wake.clear()

    async def _asked(self) -> str:
        """The account that a fresh session's credentials belong to."""
        connection = self._gateway.connection
        fresh = await self._gateway.run(lambda: Gateway(connection, CallLog(), workers=1))
        try:
            with caused_by(None):
                return (await who_am_i(fresh)).account
        finally:
            with suppress(RuntimeError):
                self._gateway.submit(fresh.close)


def _mark_of_files() -> _Mark:
    """What the files of a login look like now. Blocks, for a few system calls."""
    home = Path("~/.aws").expanduser()
    files = [
        Path(os.environ.get("AWS_CONFIG_FILE") or home / "config").expanduser(),
        Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or home / "credentials").expanduser(),
    ]
    for cache in _CACHES:
        with suppress(OSError):
            files += sorted((home / cache).iterdir())[:200]
    found = []
    for file in files:
        with suppress(OSError):
            status = file.stat()
            found.append((str(file), status.st_mtime_ns, status.st_size))
    return tuple(found)
