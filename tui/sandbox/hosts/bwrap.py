"""The bwrap command that gives an instance its own root, home, /tmp and process table.

Everything is an allow-list: what is not bound here does not exist for the instance.
"""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

import tui

RUN = "/run/skydeck"
"""Where the instance finds Skydeck's own modules and the stand-in commands."""

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix")
_ETC = (
    "alternatives",
    "bash_completion.d",
    "ca-certificates",
    "ca-certificates.conf",
    "crypto-policies",
    "fonts",
    "inputrc",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "pki/ca-trust",
    "pki/tls/cert.pem",
    "pki/tls/certs",
    "pki/tls/openssl.cnf",
    "protocols",
    "python3",
    "resolv.conf",
    "services",
    # Not all of /etc/ssl and /etc/pki: this machine's private keys lie beside the certificates.
    "ssl/cert.pem",
    "ssl/certs",
    "ssl/openssl.cnf",
    "terminfo",
    "vim",
)


class Bwrap:
    """A bwrap that was probed and works."""

    def __init__(self, binary: str, *, own_user: bool) -> None:
        self.binary = binary
        self._own_user = own_user

    @property
    def uid(self) -> int:
        """The login user's id inside."""
        return 1000 if self._own_user else os.getuid()

    def command(self, *, root: Path, home: str, hostname: str, inner: list[str]) -> list[str]:
        """The argument list that runs `inner` inside the instance rooted at `root`.

        Only the instance's folders `home`, `tmp`, `var` and `root` are writable.
        """
        args = [*_walls(self.binary, own_user=self._own_user), "--hostname", hostname]
        args += _system_binds()
        args += ["--bind", str(root / "etc"), "/etc"]
        for name in _ETC:
            args += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
        args += ["--remount-ro", "/etc", "--dev", "/dev", "--proc", "/proc"]
        args += ["--tmpfs", "/run", "--tmpfs", "/home", "--tmpfs", "/root"]
        args += ["--bind", str(root / "tmp"), "/tmp", "--bind", str(root / "var"), "/var"]
        args += ["--bind", str(root / home.lstrip("/")), home]
        for folder in python_folders():  # after the home: a virtual environment may lie under it
            args += ["--ro-bind", folder, folder]
        args += [*_own_modules(), "--ro-bind", str(root / "bin"), f"{RUN}/bin"]
        return [*args, "--chdir", "/", "--", *inner]


def find() -> Bwrap | None:
    """The installed bwrap if it works here (it may be forbidden in containers), or None."""
    binary = shutil.which("bwrap")
    if binary is None or not sys.platform.startswith("linux"):
        return None
    for own_user in (True, False):
        trial = _walls(binary, own_user=own_user)
        trial += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/run"]
        done = subprocess.run([*trial, "true"], capture_output=True, check=False)
        if done.returncode == 0:
            return Bwrap(binary, own_user=own_user)
    return None


def _walls(binary: str, *, own_user: bool) -> list[str]:
    """The namespaces, and what an instance may not: no capability is left to it.

    Without a user namespace root inside is root outside, and only lacks the power to use it.
    """
    args = [binary, "--die-with-parent", "--unshare-pid", "--unshare-uts", "--unshare-ipc"]
    if own_user:
        args += ["--unshare-user", "--uid", "1000", "--gid", "1000"]
    elif os.getuid() == 0:  # a bwrap with the setuid bit takes this from root alone
        args += ["--cap-drop", "ALL"]
    return args


def _system_binds() -> list[str]:
    args: list[str] = []
    for name in _SYSTEM:
        path = Path(name)
        if path.is_symlink():
            args += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            args += ["--ro-bind", name, name]
    return args


def python_folders() -> list[str]:
    """The folders this interpreter and its packages live in, outside the system's own.

    A virtual environment may lie anywhere, under a home or /tmp too. A checkout on `sys.path` is
    left out: the instance has no business in the user's project, nor in the home that somebody
    made a virtual environment of.
    """
    executable = Path(sys.executable)
    paths = [Path(sys.prefix), Path(sys.base_prefix), executable.resolve().parent.parent]
    paths += [Path(sysconfig.get_paths()[name]) for name in ("stdlib", "purelib", "platlib")]
    paths += [Path(name) for name in site.getsitepackages()]
    paths += [Path(p) for p in sys.path if Path(p).name in ("site-packages", "dist-packages")]
    return _outermost(part for path in paths if path.is_dir() for part in _without_home(path))


def _without_home(folder: Path) -> list[Path]:
    """The folder, or only its Python parts when the user's home lies in it."""
    if not Path.home().resolve().is_relative_to(folder.resolve()):
        return [folder]
    parts = (folder / name for name in ("bin", "include", "lib", "lib64", "pyvenv.cfg"))
    return [part for part in parts if part.exists()]


def _outermost(paths: Iterable[Path]) -> list[str]:
    kept: list[Path] = []
    system = [Path(name) for name in _SYSTEM]
    for path in sorted(set(paths), key=lambda item: len(item.parts)):
        if len(path.parts) < 2 or any(path.is_relative_to(root) for root in [*system, *kept]):
            continue
        kept.append(path)
    return [str(path) for path in kept]


def _own_modules() -> list[str]:
    """The few modules that the instance's process runs, and nothing else of the checkout."""
    package = Path(tui.__file__).resolve().parent
    args: list[str] = []
    for part in ("__init__.py", "core", "sandbox"):
        args += ["--ro-bind", str(package / part), f"{RUN}/lib/tui/{part}"]
    return args
