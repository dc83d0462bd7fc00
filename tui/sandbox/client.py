"""The app's side of the sandbox: start the child, ask it, stop it."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

from tui.sandbox.folder import LOG
from tui.sandbox.hosts.wipe import wipe
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

START_FAILED = "Can't start the sandbox"
NO_ANSWER = "The sandbox does not answer"
NEEDED = ("moto", "flask", "flask_cors", "asyncssh")
PACKAGE_ROOT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 8.0
"""Of silence: while the child says that it is saving, it is left to it."""
SAVE_SECONDS = 600.0
POLL_SECONDS = 0.1
ENVIRONMENT = frozenset(
    """
    DYLD_FALLBACK_LIBRARY_PATH DYLD_LIBRARY_PATH HOME LANG LANGUAGE LD_LIBRARY_PATH LOCALE_ARCHIVE
    LOCPATH LOGNAME NIX_LD NIX_LD_LIBRARY_PATH PATH PYTHONDONTWRITEBYTECODE PYTHONHASHSEED
    PYTHONHOME PYTHONNOUSERSITE PYTHONPATH PYTHONPYCACHEPREFIX PYTHONUSERBASE PYTHONUTF8
    REQUESTS_CA_BUNDLE SHELL SSL_CERT_DIR SSL_CERT_FILE TEMP TERM TMP TMPDIR TZ USER VIRTUAL_ENV
    XDG_RUNTIME_DIR __PYVENV_LAUNCHER__
    """.split()  # noqa: SIM905 - one name a line would be a screenful
)
"""All that the child gets of the user's environment, with LC_*: the rest may hold secrets."""
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
        self,
        *,
        keep: Path | None = None,
        fast: bool = False,
        isolate: bool = True,
        on_warnings: Callable[[tuple[str, ...]], None] | None = None,
    ) -> None:
        """Describe a sandbox; nothing runs before `start`.

        Args:
            keep: the folder that holds the state between runs; None for a temporary one.
            fast: state changes take no time (tests).
            isolate: False to do without bwrap (tests of the fallback).
            on_warnings: called with all warnings, from a thread of the sandbox's, when they are
                complete (a second after start) and whenever one comes later.
        """
        self._keep = keep
        self._fast = fast
        self._isolate = isolate
        self._on_warnings = on_warnings
        self._token = secrets.token_urlsafe(24)
        self._process: subprocess.Popen[str] | None = None
        self._info: SandboxInfo | None = None
        self._warnings: tuple[str, ...] = ()
        self._settled = False
        self._folder: Path | None = None
        self._heard = 0.0
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
    def kept(self) -> bool:
        """Whether its folder, and so its state, outlives it."""
        return self._keep is not None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about what the sandbox cannot do here; `on_warnings` hears when they grow."""
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
            self._end()  # of one that died: its folder is still there
            _check_installed()
            folder = self._make_folder()
            try:
                ready = self._launch(folder, timeout)
            except BaseException:
                self._end()
                raise
            if not self._settled:
                self._warnings = tuple(ready["warnings"])
            self._info = _info(folder, ready)
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
        self._ask("save", method="POST", timeout=SAVE_SECONDS)

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
                START_FAILED,
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
        self._warnings, self._settled = (), False
        # The child alone opens the folder's log, once it holds the folder's lock.
        with tempfile.TemporaryFile() as errors:
            self._process = process = _spawn(folder, errors)
            self._heard = time.monotonic()
            lines: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
            reader = threading.Thread(
                target=self._read, args=(process, lines), name="sandbox-reader", daemon=True
            )
            reader.start()
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(config.to_json() + "\n")
                process.stdin.flush()
            ready = self._await_ready(lines, timeout)
            if "error" in ready:
                raise SandboxError(START_FAILED, ready["error"], ready.get("hint", ""))
            if not ready:
                raise _start_error(process, errors, folder / LOG, timeout)
        return {**ready, "secret_access_key": config.secret_access_key}

    def _await_ready(
        self, lines: queue.SimpleQueue[dict[str, Any]], timeout: float
    ) -> dict[str, Any]:
        """The child's first answer; empty when it ended, or was silent for `timeout` seconds."""
        while (left := self._heard + timeout - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                return lines.get(timeout=left)
        return {}

    def _read(
        self, process: subprocess.Popen[str], lines: queue.SimpleQueue[dict[str, Any]]
    ) -> None:
        """Hand on the READY line; other lines are signs of life, and warnings."""
        assert process.stdout is not None
        first = True
        for line in process.stdout:
            event = _parse(line)
            self._heard = time.monotonic()
            if event is None or "busy" in event:
                continue
            if first:
                lines.put(event)
                first = False
            elif "warnings" in event and process is self._process:
                self._warn(tuple(event["warnings"]))
        if first:
            lines.put({})

    def _warn(self, warnings: tuple[str, ...]) -> None:
        self._warnings, self._settled = warnings, True
        if self._on_warnings is not None:
            with contextlib.suppress(Exception):  # the reader must go on reading
                self._on_warnings(warnings)

    def _ask(self, path: str, method: str = "GET", timeout: float = 30.0) -> Any:
        request = Request(
            self.info.endpoint_url + CONTROL_PATH + path,
            headers={TOKEN_HEADER: self._token},
            method=method,
        )
        try:
            with self._opener.open(request, timeout=timeout) as answer:
                return json.load(answer)
        except HTTPError as error:
            said = _parse(error.read().decode("utf-8", "replace")) or {}
            title, why = said.get("title", NO_ANSWER), said.get("message", f"HTTP {error.code}")
            raise SandboxError(title, why) from error
        except (URLError, OSError, ValueError) as error:
            raise SandboxError(
                NO_ANSWER,
                "its process has ended" if not self.running else "it is too busy",
                "Restart Skydeck.",
            ) from error

    def _end(self) -> None:
        process, self._info = self._process, None
        if process is not None:
            self._close(process)
        self._process = None
        folder, self._folder = self._folder, None
        if folder is not None and self._keep is None:
            wipe(folder)

    def _close(self, process: subprocess.Popen[str]) -> None:
        """End the child by its lease; by force once it is silent, and so no longer saving."""
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
        self._heard = time.monotonic()
        while process.poll() is None:
            if time.monotonic() - self._heard > STOP_SECONDS:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(POLL_SECONDS)


def _spawn(folder: Path, errors: IO[bytes]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-c", launch_code(str(PACKAGE_ROOT), "tui.sandbox.daemon")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        cwd=folder,
        env=_child_environment(),
        start_new_session=True,
    )


def _check_installed() -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise SandboxError(
            START_FAILED,
            f"its packages are not installed ({', '.join(missing)})",
            "Install them: pip install 'skydeck[sandbox]'.",
        )


def _child_environment() -> dict[str, str]:
    """What the child needs of the user's environment, and nothing that names an account."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in ENVIRONMENT or name.startswith("LC_")
    }
    return kept | RETURN_MEMORY


def _parse(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _start_error(
    process: subprocess.Popen[str], errors: IO[bytes], log: Path, timeout: float
) -> SandboxError:
    """Why there was no answer: the child's last words, wherever it said them."""
    if process.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(POLL_SECONDS)
    errors.seek(0)
    said = errors.read()
    if process.poll() is not None and not said:
        with contextlib.suppress(OSError):
            said = log.read_bytes()
    lines = said.decode("utf-8", "replace").strip().splitlines()
    if lines:
        return SandboxError(START_FAILED, f"its process ended: {lines[-1]}")
    return SandboxError(START_FAILED, f"it gave no sign within {timeout:.0f} s")


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
