"""The app's side of the sandbox: start the child, ask it, stop it."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import queue
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

from tui.sandbox.records import (
    ACCOUNT,
    CONTROL_PATH,
    REGION,
    TOKEN_HEADER,
    DaemonConfig,
    SandboxError,
    SandboxInfo,
    SshEndpoint,
    launch_code,
)

NEEDED = ("moto", "flask", "flask_cors", "asyncssh")
PACKAGE_ROOT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 8.0
AWS_CONFIG = "aws_config"
# glibc keeps the bodies of uploads in its arenas: 1.1 GB stayed resident after a 1 GiB upload.
RETURN_MEMORY = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "262144",
    "MALLOC_TRIM_THRESHOLD_": "262144",
}


class Sandbox:
    """The embedded AWS: one child process that ends with this one, however this one ends.

    `start`, `stop`, `reset` and `endpoint` block; the app calls them from a thread.
    """

    def __init__(
        self, *, keep: Path | None = None, fast: bool = False, isolate: bool = True
    ) -> None:
        """Describe a sandbox; nothing runs before `start`.

        Args:
            keep: the folder that holds the state between runs; None for a temporary one.
            fast: state changes take no time (tests).
            isolate: False to do without bwrap (tests of the fallback).
        """
        self._keep = keep
        self._fast = fast
        self._isolate = isolate
        self._token = secrets.token_urlsafe(24)
        self._process: subprocess.Popen[str] | None = None
        self._info: SandboxInfo | None = None
        self._warnings: tuple[str, ...] = ()
        self._settled = False
        self._folder: Path | None = None
        self._lock = threading.Lock()
        # A proxy of the user's environment has no business with loopback.
        self._opener = build_opener(ProxyHandler({}))

    @property
    def info(self) -> SandboxInfo:
        """Where the sandbox is.

        Raises:
            SandboxError: it does not run.
        """
        if self._info is None:
            raise SandboxError("The sandbox does not run", hint="Start it first.")
        return self._info

    @property
    def running(self) -> bool:
        """Whether the child lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about what the sandbox cannot do here; grows once, a second after start."""
        return self._warnings

    @property
    def settled(self) -> bool:
        """Whether EC2's half is there too and `warnings` is complete."""
        return self._settled

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._process.pid if self._process is not None and self.running else None

    def start(self, timeout: float = 20.0) -> SandboxInfo:
        """Start the child and wait until it answers; again a no-op while it runs.

        Raises:
            SandboxError: the extra is not installed, the folder is not usable, or the child
                ended or stayed silent for `timeout` seconds.
        """
        with self._lock:
            if self.running:
                return self.info
            _check_installed()
            folder = self._make_folder()
            try:
                ready = self._launch(folder, timeout)
            except BaseException:
                self._end()
                raise
            self._warnings = self._warnings or tuple(ready["warnings"])
            self._info = _info(folder, ready)
            _write_aws_config(self._info)
            return self._info

    def stop(self) -> None:
        """End the child and its instances; wipe the folder unless it is kept. Idempotent."""
        with self._lock:
            self._end()

    def reset(self) -> None:
        """Empty everything: buckets, instances, roles. The seeded AMIs stay."""
        self._ask("reset", method="POST")

    def save(self) -> None:
        """Write the kept state now (it is also written at stop and from time to time)."""
        self._ask("save", method="POST")

    def endpoint(self, instance_id_or_address: str) -> SshEndpoint | None:
        """Where to dial for an instance id, a public or private address, or a DNS name.

        None when no running instance is known by it.

        Raises:
            SandboxError: the sandbox does not answer.
        """
        found = self._ask(f"endpoint?ref={quote(instance_id_or_address, safe='')}")
        return SshEndpoint(**found) if found else None

    def instances(self) -> list[dict[str, Any]]:
        """What the daemon knows of its instance processes (tests and figures)."""
        rows: list[dict[str, Any]] = self._ask("instances")
        return rows

    def _make_folder(self) -> Path:
        try:
            if self._keep is None:
                return Path(tempfile.mkdtemp(prefix="skydeck-sandbox-")).resolve()
            folder = self._keep.expanduser().resolve()
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise SandboxError(
                "Can't start the sandbox",
                f"its folder cannot be made ({error.strerror})",
                "Name another folder with --keep.",
            ) from error
        return folder

    def _launch(self, folder: Path, timeout: float) -> dict[str, Any]:
        self._folder = folder
        config = DaemonConfig(
            folder=str(folder),
            keep=self._keep is not None,
            fast=self._fast,
            isolate=self._isolate,
            parent_pid=os.getpid(),
            access_key_id="AKIASANDBOX" + secrets.token_hex(5).upper()[:9],
            secret_access_key=secrets.token_urlsafe(30),
            token=self._token,
        )
        log = folder / "daemon.log"
        with log.open("w", encoding="utf-8") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", launch_code(str(PACKAGE_ROOT), "tui.sandbox.daemon")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                cwd=folder,
                env=_child_environment(),
                start_new_session=True,
            )
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        reader = threading.Thread(
            target=self._read, args=(self._process, lines), name="sandbox-reader", daemon=True
        )
        reader.start()
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(config.to_json() + "\n")
            self._process.stdin.flush()
        try:
            line = lines.get(timeout=timeout)
        except queue.Empty:
            line = ""
        ready = _parse(line)
        if ready is None or "error" in ready:
            raise _start_error(ready, log, timeout)
        return {**ready, "secret_access_key": config.secret_access_key}

    def _read(self, process: subprocess.Popen[str], lines: queue.SimpleQueue[str]) -> None:
        """Hand on the READY line; later lines carry warnings."""
        assert process.stdout is not None
        first = True
        for line in process.stdout:
            if first:
                lines.put(line)
                first = False
            elif (event := _parse(line)) is not None and "warnings" in event:
                self._warnings = tuple(event["warnings"])
                self._settled = True
        if first:
            lines.put("")

    def _ask(self, path: str, method: str = "GET") -> Any:
        request = Request(
            self.info.endpoint_url + CONTROL_PATH + path,
            headers={TOKEN_HEADER: self._token},
            method=method,
        )
        try:
            with self._opener.open(request, timeout=30) as answer:
                return json.load(answer)
        except (URLError, OSError, ValueError) as error:
            raise SandboxError(
                "The sandbox does not answer",
                "its process has ended" if not self.running else "it is too busy",
                "Restart Skydeck.",
            ) from error

    def _end(self) -> None:
        process, self._process, self._info = self._process, None, None
        if process is not None:
            _close(process)
        folder, self._folder = self._folder, None
        if folder is not None and self._keep is None:
            shutil.rmtree(folder, ignore_errors=True)
        elif folder is not None:
            (folder / AWS_CONFIG).unlink(missing_ok=True)


def _check_installed() -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise SandboxError(
            "Can't start the sandbox",
            f"its packages are not installed ({', '.join(missing)})",
            "Install them: pip install 'skydeck[sandbox]'.",
        )


def _write_aws_config(info: SandboxInfo) -> None:
    """Let other tools in: `AWS_CONFIG_FILE=FOLDER/aws_config aws s3 ls` talks to this sandbox.

    The keys are good for this run of the sandbox alone.
    """
    text = (
        "[default]\n"
        f"region = {info.region}\n"
        f"endpoint_url = {info.endpoint_url}\n"
        f"aws_access_key_id = {info.access_key_id}\n"
        f"aws_secret_access_key = {info.secret_access_key}\n"
    )
    path = info.folder / AWS_CONFIG
    path.unlink(missing_ok=True)
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(target, "w", encoding="utf-8") as file:
        file.write(text)


def _child_environment() -> dict[str, str]:
    """The user's environment without anything that could point at a real account."""
    dropped = ("AWS_", "MOTO_", "BOTO_", "TEST_SERVER_MODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return kept | RETURN_MEMORY


def _close(process: subprocess.Popen[str]) -> None:
    """End the child by its lease, then by force."""
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _parse(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _start_error(answer: dict[str, Any] | None, log: Path, timeout: float) -> SandboxError:
    if answer is not None:
        return SandboxError("Can't start the sandbox", answer["error"], answer.get("hint", ""))
    with contextlib.suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        if lines:
            return SandboxError("Can't start the sandbox", f"its process ended: {lines[-1]}")
    return SandboxError("Can't start the sandbox", f"it gave no sign within {timeout:.0f} s")


def _info(folder: Path, ready: dict[str, Any]) -> SandboxInfo:
    return SandboxInfo(
        endpoint_url=ready["endpoint_url"],
        region=REGION,
        access_key_id=ready["access_key_id"],
        secret_access_key=ready["secret_access_key"],
        account=ACCOUNT,
        folder=folder,
        ssh_config=folder / "ssh_config",
        known_hosts=folder / "known_hosts",
        isolated=ready["isolated"],
    )
