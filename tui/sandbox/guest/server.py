"""The SSH server of one instance: who may log in, and what a session gets."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import Any

import asyncssh

from tui.sandbox.guest.session import ShellSession
from tui.sandbox.guest.sweep import MARK
from tui.sandbox.records import SHELL_PATH, GuestConfig


class SshHost:
    """One instance's SSH server and its shells."""

    def __init__(self, config: GuestConfig) -> None:
        self.config = config
        self.environment = dict(config.environment)
        self.processes: set[asyncio.subprocess.Process] = set()
        self.connections: set[asyncssh.SSHServerConnection] = set()
        self._open = config.ssh_open
        self._acceptor: asyncssh.SSHAcceptor | None = None

    @property
    def home_folder(self) -> str:
        """The login user's home as this process sees it."""
        return str(Path(self.config.root) / self.config.home.lstrip("/"))

    @property
    def is_open(self) -> bool:
        """Whether a security group lets port 22 in."""
        return self._open

    def set_open(self, is_open: bool) -> None:
        """Follow the security groups; closing the port drops who is in."""
        self._open = is_open
        if not is_open:
            for connection in list(self.connections):
                connection.abort()

    async def start(self) -> int:
        """Listen; returns the port. The wanted port may be taken: any other will do."""
        for port in dict.fromkeys((self.config.port, 0)):
            try:
                self._acceptor = await self._listen(port)
                return int(self._acceptor.sockets[0].getsockname()[1])
            except OSError:
                if port == 0:
                    raise
        raise AssertionError("unreachable")

    async def _listen(self, port: int) -> asyncssh.SSHAcceptor:
        return await asyncssh.create_server(
            lambda: _Server(self),
            self.config.bind,
            port,
            server_host_keys=[asyncssh.import_private_key(self.config.host_key_pem)],
            encoding=None,
            line_editor=False,
            keepalive_interval=15,
            x11_forwarding=False,
            agent_forwarding=False,
            server_version="OpenSSH_8.7",
            login_timeout=30,
        )

    async def stop(self) -> None:
        """Hang up on everybody, then kill what is left."""
        if self._acceptor is not None:
            self._acceptor.close()
        self._signal_all(signal.SIGHUP)
        for connection in list(self.connections):
            connection.disconnect(
                asyncssh.DISC_BY_APPLICATION, "The system is going down for power off NOW!"
            )
        await asyncio.sleep(0.05)
        for connection in list(self.connections):
            connection.abort()
        self._signal_all(signal.SIGKILL)

    def _signal_all(self, number: signal.Signals) -> None:
        for process in list(self.processes):
            if process.returncode is not None:
                continue  # its number may be another's by now; the sweep finds what it left
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, number)

    def shell_environment(self, term: str | None) -> dict[str, str]:
        """The environment a login on the instance starts with."""
        config = self.config
        values = {
            "HOME": self.home_folder,
            "USER": config.user,
            "LOGNAME": config.user,
            "SHELL": "/bin/bash",
            "LANG": "C.UTF-8",
            "PATH": f"{config.shims}:{SHELL_PATH}",
            "HOSTNAME": config.hostname,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONDONTWRITEBYTECODE": "1",
            MARK: config.instance_id,
            **self.environment,
        }
        if term:
            values["TERM"] = term
        return values

    def authorized_keys(self) -> list[asyncssh.SSHKey]:
        """The keys in the login user's authorized_keys; at launch, the key pair's alone."""
        path = Path(self.home_folder) / ".ssh/authorized_keys"
        keys: list[asyncssh.SSHKey] = []
        with contextlib.suppress(OSError):
            for line in path.read_text(errors="replace").splitlines():
                with contextlib.suppress(asyncssh.KeyImportError, ValueError):
                    keys.append(asyncssh.import_public_key(line))
        return keys


class _Server(asyncssh.SSHServer):
    """One connection: refused while port 22 is closed, let in by the key pair alone."""

    def __init__(self, host: SshHost) -> None:
        self._host = host
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._host.connections.add(conn)
        if not self._host.is_open:
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._host.connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == self._host.config.user and key in self._host.authorized_keys()

    def session_requested(self) -> Any:
        # asyncssh ignores this as soon as its own sftp_factory is set; the session offers SFTP.
        return ShellSession(self._host)

    def connection_requested(
        self, dest_host: str, dest_port: int, orig_host: str, orig_port: int
    ) -> bool:
        # Port forwarding to what listens on the instance itself (a notebook, a web app).
        return dest_host in ("localhost", "127.0.0.1", "::1", self._host.config.hostname)
