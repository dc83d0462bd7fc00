"""What the app, the daemon and the instances tell each other, as frozen records."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tui.core.errors import UserError

ACCOUNT = "000000000000"
REGION = "us-east-1"
CONTROL_PATH = "/skydeck-sandbox/"
"""The daemon's private HTTP path; no bucket can be called so, it holds the token's secret door."""
TOKEN_HEADER = "X-Skydeck-Token"
SPOOL_BYTES = 1 << 20
"""An object of more than this lies in a file, not in memory."""
SHELL_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
"""What an instance's shells search behind the stand-in commands."""


def home_of(user: str) -> str:
    """A login user's home on an instance."""
    return "/root" if user == "root" else f"/home/{user}"


def launch_code(root: str, module: str) -> str:
    """What `python -P -c` runs for a child: `main` of a module of the package under `root`.

    -P keeps the working folder out of `sys.path`. The folder comes right after the standard
    library, so that an uninstalled checkout works, shadows no standard module, and an older
    installed Skydeck does not shadow it. An instance's shells get the umask that AWS's have, not
    the daemon's, which lets nobody else read.
    """
    return (
        "import os, sys; os.umask(0o022); "
        "at = [i for i, p in enumerate(sys.path) if p.startswith(os.path.dirname(os.__file__))]; "
        "at = [i for i in at if not sys.path[i].endswith('-packages')]; "
        f"sys.path.insert(at[-1] + 1 if at else 0, {root!r}); "
        f"from {module} import main; main()"
    )


class SandboxError(UserError):
    """The sandbox could not start, or does not answer."""


@dataclass(frozen=True, slots=True)
class SandboxInfo:
    """Where the running sandbox is and how to talk to it.

    Attributes:
        endpoint_url: the AWS endpoint, `http://127.0.0.1:PORT`.
        folder: what the sandbox keeps on disk; wiped at stop unless it was given.
        ssh_config: for `ssh -F`; knows every running instance by address, DNS name and id.
        known_hosts: the host keys of the running instances.
        isolated: True when the instances run inside bwrap; else their shells can touch the
            user's own files.
    """

    endpoint_url: str
    region: str
    access_key_id: str
    account: str
    folder: Path
    ssh_config: Path
    known_hosts: Path
    isolated: bool
    secret_access_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SshEndpoint:
    """Where to dial for an instance.

    Attributes:
        host: a loopback address (127.0.x.y).
        user: the AMI's login user.
        host_key: the public host key, one OpenSSH line.
        fingerprint: its `SHA256:...` fingerprint.
        ssh_open: whether a security group lets port 22 in; the server drops who dials otherwise.
    """

    instance_id: str
    host: str
    port: int
    user: str
    host_key: str
    fingerprint: str
    ssh_open: bool = True


@dataclass(frozen=True, slots=True)
class DaemonConfig:
    """What the daemon reads as its first line of standard input.

    Attributes:
        keep: True to save the state in `folder`; False to wipe `folder` at the end.
        fast: True to let state changes take no time.
        isolate: False to do without bwrap even where it works.
        parent_pid: the app's process id, the second lease beside the pipe.
    """

    folder: str
    keep: bool
    fast: bool
    isolate: bool
    parent_pid: int
    access_key_id: str
    secret_access_key: str = field(repr=False)
    token: str = field(repr=False)

    def to_json(self) -> str:
        """One line of JSON; written to a pipe, never to a file or an argument list."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> DaemonConfig:
        """The record that `to_json` wrote."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class GuestConfig:
    """What an instance's process reads as the first line of its socket.

    Attributes:
        root: the instance's root folder as the process sees it: "/" inside bwrap.
        environment: the shells' extra environment; holds the role's credentials.
        port: the port to listen on, 0 for any.
        ssh_open: whether a security group lets port 22 in.
        user_data: the launch's script, run when not empty.
        host_key_pem: the private host key, OpenSSH PEM.
        shims: the folder of stand-in commands (python, sudo, yum, ...) as the process sees it.
    """

    instance_id: str
    user: str
    hostname: str
    root: str
    bind: str
    port: int
    ssh_open: bool
    inside: bool
    shims: str
    user_data: str = field(repr=False)
    host_key_pem: str = field(repr=False)
    environment: dict[str, str] = field(repr=False)

    @property
    def home(self) -> str:
        """The login user's home as the instance's shells see it."""
        return home_of(self.user)

    def to_json(self) -> str:
        """One line of JSON; written to a socket, never to a file or an argument list."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> GuestConfig:
        """The record that `to_json` wrote."""
        values: dict[str, Any] = json.loads(text)
        return cls(**values)
