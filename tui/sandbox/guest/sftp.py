"""SFTP (and so scp) on an instance, with the very root that the shell sees."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import asyncssh

if TYPE_CHECKING:
    from tui.sandbox.guest.server import SshHost


class SftpServer(asyncssh.SFTPServer):
    """Paths as the shell sees them: relative ones start in the home folder."""

    def __init__(self, channel: Any, host: SshHost) -> None:
        self._host = host
        self._channel = channel
        root = os.fsencode(host.config.root)
        self._root = os.path.realpath(root)
        super().__init__(channel, chroot=None if host.config.inside else root)

    def exit(self) -> None:
        """Send an exit status; without it OpenSSH's scp ends with 1 after a good upload."""
        if self._channel.get_subsystem() == "sftp":
            with contextlib.suppress(Exception):
                self._channel.exit(0)

    def map_path(self, path: bytes) -> bytes:
        """The local path; refused when a link leads out of the instance's folder."""
        mapped = super().map_path(self._absolute(path))
        folder = os.path.realpath(os.path.dirname(mapped))  # noqa: PTH120 - bytes
        if os.path.islink(mapped):  # noqa: PTH114 - bytes
            folder = os.path.realpath(mapped)
        inside = folder == self._root or folder.startswith(self._root.rstrip(b"/") + b"/")
        if not inside:
            raise asyncssh.SFTPPermissionDenied("outside the instance")
        return mapped

    def realpath(self, path: bytes) -> bytes:
        """The absolute path as the client should see it."""
        real = super().realpath(self._absolute(path))
        assert isinstance(real, bytes)
        return real

    def _absolute(self, path: bytes) -> bytes:
        if path.startswith(b"/"):
            return path
        return self._host.config.home.encode() + b"/" + path
