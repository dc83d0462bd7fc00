"""Orders the instances' processes, and keeps them in step with what moto says."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tui.sandbox.hosts import bwrap, files, role
from tui.sandbox.hosts.console import Console
from tui.sandbox.hosts.events import Ready
from tui.sandbox.hosts.guest_process import GuestProcess
from tui.sandbox.hosts.host import Host, boot_lines, login_user
from tui.sandbox.hosts.keys import HostKey, new_host_key
from tui.sandbox.hosts.starter import Starter
from tui.sandbox.hosts.wipe import wipe
from tui.sandbox.records import SshEndpoint

Gate = Callable[[], bool]
"""Opens when a state change is really over: the SSH server answers, or the process is gone."""

POLL_SECONDS = 0.4
REVIVALS_MOST = 3
"""How often a process that ends unasked is started again, between two boots."""
PROMPT_LINES = 2


class HostManager:
    """Every instance's host. Methods may be called from any thread."""

    def __init__(self, folder: Path, endpoint_url: str, *, isolate: bool) -> None:
        self._folder = folder
        walls = bwrap.find() if isolate else None
        self._isolated = walls is not None
        self._starter = Starter(endpoint_url, walls)
        self._hosts: dict[str, Host] = {}
        self._kept: dict[str, dict[str, Any]] = {}
        self._lock = threading.RLock()
        self._serial = 0
        self._write_ssh_files()
        threading.Thread(target=self._follow, name="rules", daemon=True).start()

    @property
    def isolated(self) -> bool:
        """Whether instances run inside bwrap."""
        return self._isolated

    # -- what moto's patched instances report

    def started(self, instance: Any) -> Gate:
        """An instance was launched or started; the gate opens when its SSH server answers."""
        with self._lock:
            host = self._hosts.get(instance.id)
            if host is None:
                host = self._hosts[instance.id] = self._new_host(instance)
            host.instance = instance
            host.ready = host.failed = False
            host.wanted = True
            host.turns.add(partial(self._boot, host))
        return lambda: host.ready or host.failed

    def stopped(self, instance: Any) -> Gate:
        """An instance was stopped; its files stay."""
        return self._order_end(instance, wiped=False)

    def terminated(self, instance: Any) -> Gate:
        """An instance was terminated; its files go, and then it is forgotten."""
        return self._order_end(instance, wiped=True)

    def rebooted(self, instance: Any) -> Gate:
        """An instance was rebooted: its processes end and start again."""
        with self._lock:
            host = self._hosts.get(instance.id)
            if host is None or not host.wanted:
                return lambda: True
            host.ready = host.failed = False
            host.turns.add(partial(self._reboot, host))
        return lambda: host.ready or host.failed

    def failed(self, instance_id: str) -> bool:
        """Whether an instance could not boot, or ended unasked once too often."""
        host = self._hosts.get(instance_id)
        return host is not None and host.failed

    def console(self, instance_id: str) -> str:
        """The console's text so far."""
        host = self._hosts.get(instance_id)
        return host.console.text() if host is not None else ""

    # -- what the control path asks

    def endpoint(self, name: str) -> SshEndpoint | None:
        """Where to dial for an address, a DNS name, or an id."""
        with self._lock:
            hosts = [host for host in self._hosts.values() if host.ready]
        for host in hosts:
            if name in host.names():
                return SshEndpoint(
                    instance_id=host.instance.id,
                    host=host.bind,
                    port=host.port,
                    user=host.user,
                    host_key=host.key.public,
                    fingerprint=host.key.fingerprint,
                    ssh_open=role.ssh_is_open(host.instance),
                )
        return None

    def rows(self) -> list[dict[str, Any]]:
        """Every host: id, process id, readiness."""
        with self._lock:
            hosts = list(self._hosts.values())
        return [
            {
                "instance_id": host.instance.id,
                "pid": process.pid if (process := host.process) else None,
                "ready": host.ready,
                "ssh_open": host.ssh_open,
            }
            for host in hosts
        ]

    def kept(self) -> list[dict[str, Any]]:
        """What must be saved beside moto's state."""
        with self._lock:
            return [host.kept() for host in self._hosts.values()]

    def restore(self, rows: list[dict[str, Any]]) -> None:
        """Remember what `kept` said, for the instances that come back."""
        self._kept = {row["instance_id"]: row for row in rows}

    def adopt(self, instance: Any) -> None:
        """Take a stopped instance of a kept sandbox back, without starting it."""
        with self._lock:
            self._hosts.setdefault(instance.id, self._new_host(instance))

    def close(self, *, wipe: bool) -> None:
        """End every host and wait for it."""
        with self._lock:
            hosts = list(self._hosts.values())
            self._hosts.clear()
            for host in hosts:
                host.ready = host.wanted = False
            ends = [host.turns.add(partial(self._end, host, wiped=wipe)) for host in hosts]
        for end in ends:
            end.wait()

    # -- inside

    def _new_host(self, instance: Any) -> Host:
        images = instance.ec2_backend.describe_images(filters={"image-id": instance.image_id})
        root = self._folder / "instances" / instance.id
        if (kept := self._kept.get(instance.id)) is not None:
            return Host(
                instance=instance,
                root=root,
                bind=kept["bind"],
                port=kept["port"],
                key=HostKey(kept["public"], kept["fingerprint"], kept["pem"]),
                user=kept["user"],
                console=Console(kept["console"]),
                seeded=kept["seeded"],
            )
        user = login_user(images[0].name or "" if images else "")
        return Host(instance, root, self._new_address(), new_host_key(), user)

    def _new_address(self) -> str:
        """A loopback address of its own; only Linux has more than one without set-up."""
        self._serial += 1
        if not sys.platform.startswith("linux"):
            return "127.0.0.1"
        taken = {host.bind for host in self._hosts.values()}
        taken |= {row["bind"] for row in self._kept.values()}
        while True:
            address = f"127.0.{16 + self._serial // 250}.{2 + self._serial % 250}"
            if address not in taken:
                return address
            self._serial += 1

    def _order_end(self, instance: Any, *, wiped: bool) -> Gate:
        with self._lock:
            host = self._hosts.get(instance.id)
            if host is None:
                return lambda: True
            host.ready = host.wanted = False
            return host.turns.add(partial(self._end, host, wiped=wiped)).is_set

    # -- a host's turns: one at a time, and only these change its process

    def _boot(self, host: Host) -> None:
        host.revivals = 0
        self._start(host)

    def _reboot(self, host: Host) -> None:
        self._end(host, wiped=False)
        self._boot(host)

    def _start(self, host: Host) -> None:
        if not host.wanted or host.process is not None:
            return  # a newer order waits, or it runs
        try:
            host.process = process = self._starter.start(host)
        except Exception as error:
            self._fail(host, f"{type(error).__name__}: {error}")
            return
        threading.Thread(target=self._listen, args=(host, process), daemon=True).start()

    def _end(self, host: Host, *, wiped: bool) -> None:
        with self._lock:
            process, host.process = host.process, None
            host.ready = False
        if process is not None:
            self._starter.end(host, process)
        if wiped and not wipe(host.root):
            print(f"sandbox: {host.root} could not be removed", file=sys.stderr)
        with self._lock:  # not before: `close` waits for every host that it knows
            if wiped and self._hosts.get(host.instance.id) is host:
                del self._hosts[host.instance.id]
        self._write_ssh_files()

    def _revive(self, host: Host, process: GuestProcess) -> None:
        """Start a process again that ended unasked: somebody on the instance killed it."""
        if host.process is not process:
            return
        self._end(host, wiped=False)
        if not process.booted:
            self._fail(host, "its process ended; see sandbox.log")
        elif host.revivals >= REVIVALS_MOST:
            self._fail(host, f"its process ended {host.revivals + 1} times")
        else:
            host.revivals += 1
            host.console.add("sandbox: the SSH server ended; it starts again")
            self._start(host)

    @staticmethod
    def _fail(host: Host, why: str) -> None:
        print(f"sandbox: {host.instance.id} did not boot: {why}", file=sys.stderr)
        host.console.add(f"sandbox: boot failed: {why}")
        host.failed = True

    # -- what a running process says, and what it is told

    def _listen(self, host: Host, process: GuestProcess) -> None:
        """Take the events of one process until it ends."""
        for event in process.events():
            if not isinstance(event, Ready):
                host.console.add(event.text, before=PROMPT_LINES if process.booted else 0)
            elif not process.booted:
                process.booted = True
                self._booted(host, process, event.port)
        with self._lock:
            if host.process is process:  # nobody ended it
                host.ready = False
                host.turns.add(partial(self._revive, host, process))

    def _booted(self, host: Host, process: GuestProcess, port: int) -> None:
        with self._lock:
            if host.process is not process:
                return
            host.port = port
            host.console.add(*boot_lines(host, host.instance.image_id))
            self._write_ssh_files(host)
            host.ready = host.wanted

    def _follow(self) -> None:
        """Re-read what may change under a running instance: rules, its role and its names."""
        while True:
            time.sleep(POLL_SECONDS)
            with self._lock:
                hosts = [host for host in self._hosts.values() if host.ready]
            for host in hosts:
                with contextlib.suppress(Exception):
                    self._update(host)
            with contextlib.suppress(Exception):
                if any(host.names() != host.listed for host in hosts if host.ready):
                    self._write_ssh_files()

    def _update(self, host: Host) -> None:
        change: dict[str, Any] = {}
        if (is_open := role.ssh_is_open(host.instance)) != host.ssh_open:
            host.ssh_open = change["ssh_open"] = is_open
        if (identity := role.identity(host.instance)) != host.role:
            host.role = identity
            change["environment"] = self._starter.environment(host)
        if change and (process := host.process) is not None:
            process.change(json.dumps(change))

    def _write_ssh_files(self, starting: Host | None = None) -> None:
        with self._lock:
            rows: list[files.SshHost] = []
            for host in self._hosts.values():
                if host.ready or host is starting:
                    host.listed = host.names()
                    row = (host.listed, host.bind, host.port, host.user, host.key.public)
                    rows.append(files.SshHost(*row))
            files.write_ssh_files(self._folder, rows)
