"""The sandbox's child process: moto behind the front, and one process for each instance.

Reads its configuration from the first line of standard input, prints one JSON READY line, and
ends when standard input does, so that nothing outlives the app.
"""

from __future__ import annotations

import fcntl
import gc
import json
import logging
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from tui.sandbox.control import Control
from tui.sandbox.front import Front
from tui.sandbox.hosts.manager import HostManager
from tui.sandbox.images import write_catalogue
from tui.sandbox.keeping import Keeper
from tui.sandbox.patches import EARLY, LATE, Clock, PatchContext, apply
from tui.sandbox.records import ACCOUNT, SPOOL_BYTES, DaemonConfig

PARENT_POLL_SECONDS = 1.0
SAVE_SECONDS = 60.0
NOT_ISOLATED = (
    "No bwrap here: a shell on a sandbox instance can read and change your own files. "
    "Install bubblewrap to keep them apart."
)
OTHER_MOTO = "This moto is {version}; the sandbox was made for 5.2."


class Daemon:
    """Everything the child holds."""

    def __init__(self, config: DaemonConfig, out: TextIO) -> None:
        self._config = config
        self._out = out
        self._folder = Path(config.folder)
        self._warnings: list[str] = []
        self._ec2_ready = threading.Event()
        self._greeted = threading.Event()
        self._ended = threading.Lock()
        self._hosts: HostManager
        self._context: PatchContext
        self._keeper: Keeper | None = None

    def start(self) -> dict[str, Any]:
        """Listen and answer S3; EC2's half is imported behind. Returns the READY record."""
        write_catalogue(self._folder / "amis.json")
        _set_environment(self._folder)
        from moto import __version__
        from moto.moto_server.werkzeug_app import (
            DomainDispatcherApplication,
            MotoRequestHandler,
            create_backend_app,
        )
        from werkzeug.serving import make_server

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        control = Control(self._config.token)
        dispatcher = DomainDispatcherApplication(create_backend_app)
        front = Front(dispatcher, control, self._ec2_ready.wait, self._config.access_key_id)
        server = make_server(
            "127.0.0.1", 0, front, threaded=True, request_handler=MotoRequestHandler
        )
        url = f"http://127.0.0.1:{server.server_port}"
        self._hosts = HostManager(self._folder, url, isolate=self._config.isolate)
        clock = Clock.fast() if self._config.fast else Clock()
        self._context = PatchContext(self._hosts, clock)
        if self._config.keep:
            self._keeper = Keeper(self._folder, self._hosts)
        control.serve(self._hosts, self._reset, self._save)
        if not __version__.startswith("5.2."):
            self._warnings.append(OTHER_MOTO.format(version=__version__))
        if not self._hosts.isolated:
            self._warnings.append(NOT_ISOLATED)
        self._warnings += apply(EARLY, self._context)
        _spawn("http", lambda: server.serve_forever(poll_interval=0.1))
        _spawn("ec2", self._finish)
        if self._keeper is not None:
            # A kept bucket must be there before the first listing is answered.
            self._ec2_ready.wait()
        return {
            "endpoint_url": url,
            "access_key_id": self._config.access_key_id,
            "isolated": self._hosts.isolated,
            "warnings": self._warnings,
        }

    def _finish(self) -> None:
        """Import and patch EC2, bring back what was kept, then say what did not fit."""
        try:
            self._warnings += apply(LATE, self._context)
            if self._keeper is not None and (warning := self._keeper.load()):
                self._warnings.append(warning)
        except Exception:
            traceback.print_exc(file=sys.stderr)
            self._warnings.append("A part of the sandbox could not start; see its daemon.log.")
        finally:
            self._ec2_ready.set()
        # The catalogues are for ever: keep the collector from walking them again and again.
        gc.collect()
        gc.freeze()
        gc.collect()  # makes it forget their number, by which it puts full collections off
        self._greeted.wait()
        self.say({"warnings": self._warnings})

    def greet(self) -> None:
        """Start, and say READY before anything else is said."""
        self.say(self.start())
        self._greeted.set()

    def say(self, record: dict[str, Any]) -> None:
        """Send one line to the app."""
        try:
            self._out.write(json.dumps(record) + "\n")
            self._out.flush()
        except (OSError, ValueError):
            # The app is gone; its lease ends this process in a moment.
            pass

    def _reset(self) -> None:
        self._ec2_ready.wait()
        self._hosts.close(wipe=True)
        from moto.moto_api._internal.models import moto_api_backend

        moto_api_backend.reset()

    def _save(self) -> None:
        if self._keeper is not None:
            self._ec2_ready.wait()
            self._keeper.save()

    def watch(self) -> None:
        """Block until the app closes standard input, or is no longer the parent."""
        _spawn("parent", self._watch_parent)
        if self._keeper is not None:
            _spawn("saver", self._save_often)
        while sys.stdin.readline():
            pass
        self.end()

    def _watch_parent(self) -> None:
        """The second lease: a forked child of the app may hold the pipe's other end open."""
        while os.getppid() == self._config.parent_pid:
            time.sleep(PARENT_POLL_SECONDS)
        self.end()

    def _save_often(self) -> None:
        while True:
            time.sleep(SAVE_SECONDS)
            try:
                self._save()
            except Exception:
                traceback.print_exc(file=sys.stderr)

    def end(self) -> None:
        """Save, end the instances, wipe what is not kept, and leave; whoever calls first."""
        if not self._ended.acquire(blocking=False):
            time.sleep(60)  # another thread is ending the process
        try:
            self._save()
        except Exception:
            traceback.print_exc(file=sys.stderr)
        self._hosts.close(wipe=not self._config.keep)
        if not self._config.keep:
            shutil.rmtree(self._folder, ignore_errors=True)
        os._exit(0)


def _set_environment(folder: Path) -> None:
    """What moto reads while it is imported."""
    os.environ.update(
        MOTO_ACCOUNT_ID=ACCOUNT,
        MOTO_AMIS_PATH=str(folder / "amis.json"),
        MOTO_IAM_LOAD_MANAGED_POLICIES="true",
        MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION="1",
        MOTO_ENABLE_AMI_VALIDATION="1",
        MOTO_S3_DEFAULT_KEY_BUFFER_SIZE=str(SPOOL_BYTES),
        AWS_ACCESS_KEY_ID="sandbox",
        AWS_SECRET_ACCESS_KEY="sandbox",
        AWS_EC2_METADATA_DISABLED="true",
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    )


def _spawn(name: str, work: Callable[[], object]) -> None:
    threading.Thread(target=work, name=name, daemon=True).start()


def _take_output() -> TextIO:
    """Keep standard output for the protocol alone; whatever prints, prints to the log."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return out


def _lock(folder: Path) -> bool:
    """Whether the folder is ours alone; the lock lives as long as the process."""
    handle = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def main() -> None:
    """Run the daemon until its lease ends."""
    out = _take_output()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    config = DaemonConfig.from_json(sys.stdin.readline())
    daemon = Daemon(config, out)
    if config.keep and not _lock(Path(config.folder)):
        hint = "Close the other Skydeck, or name another folder with --keep."
        daemon.say({"error": "another sandbox uses its folder", "hint": hint})
        return
    try:
        daemon.greet()
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        daemon.say({"error": f"{type(error).__name__}: {error}"})
        os._exit(1)
    signal.signal(signal.SIGTERM, lambda *_: _spawn("end", daemon.end))
    daemon.watch()


if __name__ == "__main__":
    main()
