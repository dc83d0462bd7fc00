"""What a session connects to and what it reports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tui.core.errors import SshError


@dataclass(frozen=True, slots=True)
class Target:
    """A machine to log in to.

    `host` and `port` are dialled. The host key is filed under `host_key_id` (the instance id, or
    the address where there is none) and under `host_key_aliases` (the public address, DNS name).
    Without `key_path`, the SSH agent's keys are tried.
    """

    host: str
    port: int
    user: str
    key_path: Path | None
    label: str
    host_key_id: str
    host_key_aliases: tuple[str, ...] = ()

    @property
    def host_key_names(self) -> tuple[str, ...]:
        """All names of the host key, the deciding one first."""
        return tuple(dict.fromkeys((self.host_key_id, *self.host_key_aliases)))


@dataclass(frozen=True, slots=True)
class ExecResult:
    """How a command ended. `status` is -1 when a signal or the connection ended it.

    `out` and `err` are cut at the limit that was asked for; `cut` says so.
    """

    status: int
    out: bytes
    err: bytes
    cut: bool = False


class LoginRefused(SshError):  # noqa: N818 - a fact
    """The server did not accept the user or the key."""


class HostKeyRefused(SshError):  # noqa: N818 - a fact
    """The host key was changed, revoked, or not confirmed."""


class NotReachable(SshError):  # noqa: N818 - a fact
    """Nothing answered as an SSH server before the deadline."""


class ConnectionLost(SshError):  # noqa: N818 - a fact
    """The connection ended under an operation."""
