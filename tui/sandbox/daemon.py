"""The sandbox's child process: moto behind the front, and one process for each instance.

Reads its configuration from the first line of standard input, prints one JSON READY line, and
ends when standard input does, so that nothing outlives the app.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from tui.sandbox.control import Control
from tui.sandbox.folder import AWS_CONFIG, lock_in_time, make_private, open_log, write_aws_config
from tui.sandbox.front import Front
from tui.sandbox.front.moto_app import moto_application
from tui.sandbox.hosts.manager import HostManager
from tui.sandbox.hosts.wipe import wipe
from tui.sandbox.images import write_catalogue
from tui.sandbox.keeping import Keeper
from tui.sandbox.patches import EARLY, LATE, Clock, PatchContext, apply
from tui.sandbox.patches.access import Keys
from tui.sandbox.pulse import pulse
from tui.sandbox.records import ACCOUNT, SPOOL_BYTES, DaemonConfig

PARENT_POLL_SECONDS = 1.0
SAVE_SECONDS = 60.0
NOT_ISOLATED = (
    "No bwrap here: a shell on a sandbox instance can read and change your own files. "
    "Install bubblewrap to keep them apart."
)
NOT_SAVED = "The sandbox's state could not be saved ({why}); what was saved before is still there."
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
        self._front: Front
        self._keeper: Keeper | None = None
        self._voice = threading.Lock()

    def start(self) -> dict[str, Any]:
        """Listen and answer S3; EC2's half is imported behind. Returns the READY record."""
        write_catalogue(self._folder / "amis.json")
        _set_environment(self._folder)
        from moto import __version__
        from moto.moto_server.werkzeug_app import MotoRequestHandler
        from werkzeug.serving import make_server

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        control = Control(self._config.token)
        keys = Keys(self._config.access_key_id, self._config.secret_access_key)
        self._front = Front(moto_application(), control, self._ec2_ready.wait, keys)
        server = make_server(
            "127.0.0.1", 0, self._front, threaded=True, request_handler=MotoRequestHandler
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
            with pulse(self.say, "loading", lambda: 0):
                self._ec2_ready.wait()
        write_aws_config(self._config, url)
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
        # A broken pipe: the app is gone, and its lease ends this process in a moment.
        with self._voice, contextlib.suppress(OSError, ValueError):
            self._out.write(json.dumps(record) + "\n")
            self._out.flush()

    def _warn(self, text: str) -> None:
        """Tell the app one thing more, once."""
        if text not in self._warnings:
            self._warnings.append(text)
            self.say({"warnings": self._warnings})

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
            self._try_to_save()

    def _try_to_save(self) -> None:
        try:
            self._save()
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            why = error.strerror if isinstance(error, OSError) else type(error).__name__
            self._warn(NOT_SAVED.format(why=why))

    def _written(self) -> int:
        return self._keeper.written if self._keeper is not None else 0

    def end(self) -> None:
        """Save, end the instances, wipe what is not kept, and leave; whoever calls first."""
        if not self._ended.acquire(blocking=False):
            threading.Event().wait()  # another thread is ending the process
        try:
            with pulse(self.say, "saving", self._written):
                self._front.close()
                # Who starts anew meanwhile sees by this that it has only to wait.
                (self._folder / AWS_CONFIG).unlink(missing_ok=True)
                self._try_to_save()
                self._hosts.close(wipe=not self._config.keep)
                if not self._config.keep:
                    wipe(self._folder)
        except Exception:
            traceback.print_exc(file=sys.stderr)
        os._exit(0)


def _set_environment(folder: Path) -> None:
    """What moto reads while it is imported."""
    os.environ.update(
        MOTO_ACCOUNT_ID=ACCOUNT,
        MOTO_AMIS_PATH=str(folder / "amis.json"),
        MOTO_IAM_LOAD_MANAGED_POLICIES="true",
        MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION="1",
        MOTO_ENABLE_AMI_VALIDATION="1",
        MOTO_DISABLE_GLOBAL_CORS="true",
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


def _take_folder(folder: Path, waiting: Callable[[], object]) -> dict[str, str] | None:
    """Make the folder this process's own; what keeps it from that, or None."""
    try:
        if not lock_in_time(folder, waiting):
            hint = "Close the other Skydeck, or name another folder with --keep."
            return {"error": "another sandbox uses its folder", "hint": hint}
        make_private(folder)
        open_log(folder)
    except OSError as error:
        why = f"its folder cannot be used ({error.strerror})"
        return {"error": why, "hint": "Name another folder with --keep."}
    return None


def main() -> None:
    """Run the daemon until its lease ends."""
    os.umask(0o077)  # what it writes holds keys
    out = _take_output()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    config = DaemonConfig.from_json(sys.stdin.readline())
    daemon = Daemon(config, out)
    waiting = partial(daemon.say, {"busy": "waiting for the one before"})
    if (trouble := _take_folder(Path(config.folder), waiting)) is not None:
        daemon.say(trouble)
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
