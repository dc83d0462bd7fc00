"""The files an instance starts with, and the two files that make the real `ssh -F` work."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from tui.sandbox.records import SHELL_PATH

BASHRC = """\
# .bashrc
export PATH={path}
PS1='[{user}@{host} \\W]{sign} '
alias ll='ls -l --color=auto'
alias ls='ls --color=auto'
"""
PROFILE = "[ -f ~/.bashrc ] && . ~/.bashrc\n"
REFUSAL = """\
#!/bin/sh
echo "{name}: this is a Skydeck sandbox instance: {why}" >&2
exit {code}
"""
NO_PACKAGES = "nothing can be installed here. Python, boto3 and pandas are ready: try 'python'."
NO_ROOT = "there is no root. Your own files and commands work without it."


@dataclass(frozen=True, slots=True)
class HostFiles:
    """What an instance's first files are made from.

    Attributes:
        root: the instance's folder on this machine.
        home: the login user's home inside.
        bin_folder: where the stand-in commands are, as the shells see it.
        os_name: the AMI's description, for /etc/os-release.
    """

    root: Path
    user: str
    home: str
    hostname: str
    bin_folder: str
    os_name: str
    os_id: str
    public_key: str
    uid: int


def prepare(files: HostFiles) -> None:
    """Make the folders and first files; what a stopped instance kept is left alone.

    What the instance's user could write to since (home, tmp, var) is not touched again: a link
    there leads to wherever they say, outside the instance too.
    """
    home = files.root / files.home.lstrip("/")
    for folder in (home, *(files.root / name for name in ("tmp", "var", "etc", "bin"))):
        folder.mkdir(parents=True, exist_ok=True)
    _write_etc(files)
    _write_shims(files)
    made = files.root / "made"
    if not made.exists():
        for name in ("var/tmp", "var/log"):
            (files.root / name).mkdir(exist_ok=True)
        _write_home(files, home)
        made.touch()


def _write_home(files: HostFiles, home: Path) -> None:
    path = f"{files.bin_folder}:{SHELL_PATH}:{Path(sys.executable).parent}"
    sign = "#" if files.user == "root" else "$"
    (home / ".bashrc").write_text(
        BASHRC.format(path=shlex.quote(path), user=files.user, host=files.hostname, sign=sign)
    )
    (home / ".bash_profile").write_text(PROFILE)
    ssh = home / ".ssh"
    ssh.mkdir(mode=0o700, exist_ok=True)
    keys = ssh / "authorized_keys"
    keys.write_text(files.public_key + "\n" if files.public_key else "")
    keys.chmod(0o600)


def _write_etc(files: HostFiles) -> None:
    etc = files.root / "etc"
    root_line = "root:x:0:0:root:/root:/bin/bash\n" if files.uid else ""
    user_line = f"{files.user}:x:{files.uid}:{files.uid}::{files.home}:/bin/bash\n"
    (etc / "passwd").write_text(root_line + user_line)
    (etc / "group").write_text(f"{files.user}:x:{files.uid}:\n")
    (etc / "hostname").write_text(files.hostname + "\n")
    (etc / "hosts").write_text(f"127.0.0.1 localhost\n127.0.0.1 {files.hostname}\n")
    (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files dns\n")
    (etc / "os-release").write_text(
        f'NAME="{files.os_name}"\nPRETTY_NAME="{files.os_name} (Skydeck sandbox)"\n'
        f"ID={files.os_id}\n"
    )
    (etc / "profile").write_text("# The login shell's settings are in ~/.bash_profile.\n")


def _write_shims(files: HostFiles) -> None:
    folder = files.root / "bin"
    executable = shlex.quote(sys.executable)
    python = f'#!/bin/sh\nexec {executable} "$@"\n'
    shims = {"python": python, "python3": python}
    shims |= {name: _refusal(name, NO_PACKAGES) for name in ("yum", "dnf", "apt", "apt-get")}
    shims |= {name: _refusal(name, NO_PACKAGES) for name in ("zypper", "snap", "rpm", "dpkg")}
    shims |= {name: _refusal(name, NO_ROOT) for name in ("sudo", "su", "systemctl")}
    shims |= {name: _refusal(name, "stop it from the EC2 pane.") for name in ("shutdown", "reboot")}
    if (Path(sys.executable).parent / "aws").exists():
        shims["aws"] = f'#!/bin/sh\nexec {executable} -m awscli "$@"\n'
    for name, text in shims.items():
        path = folder / name
        path.write_text(text)
        path.chmod(0o755)


def _refusal(name: str, why: str) -> str:
    return REFUSAL.format(name=name, why=why, code=1)


# Names come from API calls, which an instance's role may make: a space, a line end or a pattern in
# one would write the user's ssh_config.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*", re.ASCII)
_PUBLIC_KEY = re.compile(r"ssh-[a-z0-9-]+ [A-Za-z0-9+/=]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class SshHost:
    """One running instance as `ssh_config` and `known_hosts` name it."""

    names: tuple[str, ...]
    address: str
    port: int
    user: str
    public_key: str

    def safe(self) -> SshHost | None:
        """The same without names that no file may hold; None when the rest is no better."""
        names = tuple(name for name in self.names if _NAME.fullmatch(name))
        whole = all(_NAME.fullmatch(text) for text in (self.address, self.user))
        if not names or not whole or not _PUBLIC_KEY.fullmatch(self.public_key):
            return None
        return replace(self, names=names, port=int(self.port))


def write_ssh_files(folder: Path, hosts: Iterable[SshHost]) -> None:
    """Write `ssh_config` and `known_hosts`; the last block never dials out."""
    known: list[str] = []
    config: list[str] = ["# Written by Skydeck's sandbox; use it as: ssh -F THIS_FILE HOST", ""]
    known_hosts = _quoted(folder / "known_hosts")
    for host in filter(None, (host.safe() for host in hosts)):
        known.append(f"{','.join(host.names)} {host.public_key}")
        config += [
            f"Host {' '.join(host.names)}",
            f"  HostName {host.address}",
            f"  Port {host.port}",
            f"  HostKeyAlias {host.names[0]}",
            f"  User {host.user}",
            f"  UserKnownHostsFile {known_hosts}",
            "  IdentitiesOnly yes",
            "  ProxyCommand none",
            "",
        ]
    refusal = "sandbox: no running instance at this address"
    config += ["Host *", f"  ProxyCommand sh -c 'echo {refusal} >&2; exit 1'"]
    _replace(folder / "known_hosts", "\n".join(known) + "\n")
    _replace(folder / "ssh_config", "\n".join(config) + "\n")


def _quoted(path: Path) -> str:
    """A path for `ssh_config`: % begins a token there, and a backslash keeps a quote a quote.

    No file that ssh would read can have a control character in its name; it is then none.
    """
    text = str(path)
    if not text.isprintable():
        return "none"
    for special, escaped in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%")):
        text = text.replace(special, escaped)
    return f'"{text}"'


def _replace(path: Path, text: str) -> None:
    """Write whole or not at all: ssh may read at any moment."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(0o600)
    os.replace(fresh, path)  # noqa: PTH105 - atomic by contract
