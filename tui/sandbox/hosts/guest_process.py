"""The process of one running instance, the socket that is its lease, and who starts them all."""

from __future__ import annotations

import contextlib
import os
import signal
import site
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tui.sandbox.guest import prctl
from tui.sandbox.guest.sweep import descendants, kill_found, sweep
from tui.sandbox.hosts.events import EVENT_BYTES, Ready, Said, parse

END_SECONDS = 2.0
# What Python, its libraries and the shells' language need of the user's environment; whatever else
# is in it (keys, tokens) would be in /proc for the instance to read.
PASSED_ON = (
    "PATH",
    "LANG",
    "LANGUAGE",
    "TZ",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
    "PYTHONHOME",
    "__PYVENV_LAUNCHER__",
)
PASSED_ON_STARTS = ("LC_", "MALLOC_")


class GuestProcess:
    """A started process; it ends when the socket does."""

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket) -> None:
        self._process = process
        self._channel = channel
        self.booted = False
        """Whether its one READY came."""

    @property
    def pid(self) -> int:
        """Its process id (bwrap's own where there is one)."""
        return self._process.pid

    def configure(self, line: str) -> None:
        """Send the first line; may wait until it is read."""
        with contextlib.suppress(OSError):
            self._channel.sendall(line.encode() + b"\n")

    def change(self, line: str) -> None:
        """Send a later line. Who does not read, because the instance's user stopped it, is killed:
        it starts again with what holds by then.
        """
        data = line.encode() + b"\n"
        try:
            whole = self._channel.send(data, socket.MSG_DONTWAIT) == len(data)
        except BlockingIOError:
            whole = False
        except OSError:
            return  # it ended
        if not whole:
            self._kill()

    def events(self) -> Iterator[Ready | Said]:
        """What it says, until it ends."""
        with contextlib.suppress(OSError), self._channel.makefile("rb") as lines:
            while line := lines.readline(EVENT_BYTES):
                if (event := parse(line)) is not None:
                    yield event

    def end(self) -> None:
        """End it by its lease, then its whole group by force; returns when it is gone."""
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill()
            self._process.wait()
        self._channel.close()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


class Spawner:
    """Starts and ends every instance's process, and leaves nothing of one behind.

    bwrap's --die-with-parent follows the thread that started it, so one thread that never ends
    starts all.
    """

    def __init__(self, *, isolated: bool) -> None:
        self._isolated = isolated
        self._thread = ThreadPoolExecutor(1, "hosts")
        self._lock = threading.Lock()
        self._pids: set[int] = set()
        # Without a process namespace, what outlives its instance becomes this process's child.
        self._adopts = not isolated and prctl.adopt_orphans()

    def start(self, command: Callable[[int], list[str]], folder: Path) -> GuestProcess:
        """Start a process; `command` makes its arguments from the number of its socket.

        Raises:
            OSError: it cannot be started.
        """
        return self._thread.submit(self._start, command, folder).result()

    def _start(self, command: Callable[[int], list[str]], folder: Path) -> GuestProcess:
        ours, theirs = socket.socketpair()
        with theirs, (folder / "sandbox.log").open("ab") as log, self._lock:
            try:
                process = subprocess.Popen(
                    command(theirs.fileno()),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=folder,
                    env=guest_environment(isolated=self._isolated),
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )
            except BaseException:
                ours.close()
                raise
            self._pids.add(process.pid)
        return GuestProcess(process, ours)

    def end(self, process: GuestProcess, instance_id: str) -> None:
        """End a process and what its shells left behind."""
        process.end()
        with self._lock:
            self._pids.discard(process.pid)
        if not self._isolated:
            sweep(instance_id)
        if self._adopts:
            self._kill_strays()

    def _kill_strays(self) -> None:
        """Kill our children that we did not start: an instance's process was killed above them."""
        strays: set[int] = set()

        def find() -> set[int]:
            with self._lock:
                mine = descendants([os.getpid()])
                found: set[int] = mine - self._pids - descendants(self._pids)
            strays.update(found)
            return found

        kill_found(find)
        for pid in strays:
            with contextlib.suppress(OSError):
                os.waitpid(pid, os.WNOHANG)


def guest_environment(*, isolated: bool) -> dict[str, str]:
    """The environment that an instance's process starts with."""
    names = PASSED_ON if isolated else (*PASSED_ON, "TMPDIR")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in names or name.startswith(PASSED_ON_STARTS)
    }
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    packages = [path for path in paths if path.rstrip("/").endswith("-packages")]
    if packages:
        kept["PYTHONPATH"] = os.pathsep.join(packages)
    if site.ENABLE_USER_SITE and site.getusersitepackages() in sys.path:
        # Inside, the home that Python would look in is another.
        kept["PYTHONUSERBASE"] = site.getuserbase()
    return kept
