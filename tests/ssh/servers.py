"""SSH servers on loopback for the tests: OpenSSH's own sshd, and a small one with asyncssh."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import getpass
import os
import pty
import shutil
import signal
import socket
import struct
import subprocess
import termios
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/sbin")


@dataclass(frozen=True, slots=True)
class Server:
    """Where a test server listens and how to log in."""

    kind: str
    port: int
    user: str
    key_path: Path
    host_public_key: str
    home: Path


def make_key(path: Path, *options: str) -> Path:
    """Make a key pair with ssh-keygen."""
    command = ["ssh-keygen", "-q", "-N", "", "-f", str(path), *(options or ("-t", "ed25519"))]
    subprocess.run(command, check=True)
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def openssh_server(folder: Path, *extra: str) -> Any:
    """Run sshd with a configuration of its own, as the present user."""
    assert SSHD
    host_key, user_key = make_key(folder / "host"), make_key(folder / "user")
    authorized = folder / "authorized_keys"
    authorized.write_text(user_key.with_suffix(".pub").read_text())
    port = free_port()
    shell_home = folder / "shell-home"  # the user's own start-up files have no place in a test
    shell_home.mkdir()
    settings = [
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {host_key}",
        f"AuthorizedKeysFile {authorized}",
        f"PidFile {folder / 'sshd.pid'}",
        "StrictModes no",
        "UsePAM no",
        "PasswordAuthentication no",
        "PermitRootLogin yes",
        "AcceptEnv LANG LC_* COLORTERM",
        f"SetEnv HOME={shell_home}",
        "Subsystem sftp internal-sftp",
        *extra,
    ]
    config = folder / "sshd_config"
    config.write_text("\n".join(settings) + "\n")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    process = subprocess.Popen(
        [SSHD, "-D", "-e", "-f", str(config)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=(folder / "sshd.log").open("wb"),
    )
    try:
        wait_for_port(port)
        public = host_key.with_suffix(".pub").read_text()
        yield Server("sshd", port, getpass.getuser(), user_key, public, Path.home())
    finally:
        process.terminate()
        process.wait()


def wait_for_port(port: int, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on {port}")


@contextlib.contextmanager
def asyncssh_server(folder: Path) -> Any:
    """Run a small server on a thread with a loop of its own; the shell is /bin/sh."""
    import asyncssh

    host_key, user_key = make_key(folder / "host"), make_key(folder / "user")
    home = folder / "home"
    home.mkdir()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    class Files(asyncssh.SFTPServer):
        def map_path(self, path: bytes) -> bytes:
            return os.path.join(os.fsencode(home), path)  # noqa: PTH118 - bytes

    class Host(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return True

        def public_key_auth_supported(self) -> bool:
            return True

        def validate_public_key(self, username: str, key: Any) -> bool:
            public = user_key.with_suffix(".pub").read_text().split()[1]
            return username == "ec2-user" and key.export_public_key().split()[1].decode() == public

    async def start() -> Any:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=Host,
            server_host_keys=[str(host_key)],
            process_factory=lambda process: _serve(process, home),
            sftp_factory=Files,
            encoding=None,
            line_editor=False,
        )

    listener = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    public = host_key.with_suffix(".pub").read_text()
    try:
        yield Server("asyncssh", listener.get_port(), "ec2-user", user_key, public, home)
    finally:
        loop.call_soon_threadsafe(listener.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)


async def _serve(process: Any, home: Path) -> None:
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "PS1": "$ "}
    if process.get_terminal_type():
        await _serve_terminal(process, home, environment)
        return
    child = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", process.command, stdin=-1, stdout=-1, stderr=-1, env=environment, cwd=home
    )

    async def feed() -> None:
        while data := await process.stdin.read(65536):
            child.stdin.write(data)  # type: ignore[union-attr]
        child.stdin.close()  # type: ignore[union-attr]

    async def pump(source: Any, sink: Any) -> None:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()

    feeding = asyncio.create_task(feed())
    await asyncio.gather(pump(child.stdout, process.stdout), pump(child.stderr, process.stderr))
    feeding.cancel()
    process.exit(await child.wait())


async def _serve_terminal(process: Any, home: Path, environment: dict[str, str]) -> None:
    import asyncssh

    loop = asyncio.get_running_loop()
    master, slave = pty.openpty()

    def size(columns: int, rows: int) -> None:
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    size(*process.get_terminal_size()[:2])
    child = subprocess.Popen(
        ["/bin/sh", "-i"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment | {"TERM": process.get_terminal_type()},
        cwd=home,
        start_new_session=True,
        preexec_fn=_own_terminal,  # noqa: PLW1509 - the child touches nothing shared
    )
    os.close(slave)

    async def feed() -> None:
        while True:
            try:
                data = await process.stdin.read(65536)
            except asyncssh.TerminalSizeChanged as changed:
                size(changed.width, changed.height)
                continue
            if not data:
                return
            os.write(master, data)

    feeding = asyncio.create_task(feed())
    with contextlib.suppress(OSError):  # EIO: the shell ended
        while data := await loop.run_in_executor(None, os.read, master, 65536):
            process.stdout.write(data)
            await process.stdout.drain()
    feeding.cancel()
    status = await loop.run_in_executor(None, child.wait)
    os.close(master)
    process.exit(status)


def _own_terminal() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
