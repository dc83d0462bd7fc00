"""Starts and ends the instances' processes, and keeps them in step with what moto says."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tui
from tui.sandbox.hosts import bwrap, files, role
from tui.sandbox.hosts.host import Host, boot_lines, login_user
from tui.sandbox.hosts.keys import HostKey, new_host_key
from tui.sandbox.records import GuestConfig, SshEndpoint, launch_code

Gate = Callable[[], bool]
"""Opens when a state change is really over: the SSH server answers, or the process is gone."""

END_SECONDS = 2.0
POLL_SECONDS = 0.4


class HostManager:
    """Every instance's host. Methods may be called from any thread."""

    def __init__(self, folder: Path, endpoint_url: str, *, isolate: bool) -> None:
        self._folder = folder
        self._endpoint_url = endpoint_url
        self._bwrap = bwrap.find() if isolate else None
        self._hosts: dict[str, Host] = {}
        self._kept: dict[str, dict[str, Any]] = {}
        self._lock = threading.RLock()
        self._serial = 0
        self._orders: queue.SimpleQueue[Host | None] = queue.SimpleQueue()
        self._write_ssh_files()
        # bwrap's --die-with-parent follows the thread that started it, so one thread starts all.
        threading.Thread(target=self._start_hosts, name="hosts", daemon=True).start()
        threading.Thread(target=self._follow, name="rules", daemon=True).start()

    @property
    def isolated(self) -> bool:
        """Whether instances run inside bwrap."""
        return self._bwrap is not None

    # -- what moto's patched instances report

    def started(self, instance: Any) -> Gate:
        """An instance was launched or started; the gate opens when its SSH server answers."""
        with self._lock:
            host = self._hosts.get(instance.id)
            if host is None:
                host = self._hosts[instance.id] = self._new_host(instance)
        host.instance = instance
        return self._order(host)

    def stopped(self, instance: Any) -> Gate:
        """An instance was stopped; its files stay."""
        return self._end_instance(instance, wipe=False)

    def terminated(self, instance: Any) -> Gate:
        """An instance was terminated; its files go."""
        gate = self._end_instance(instance, wipe=True)
        with self._lock:
            self._hosts.pop(instance.id, None)
        return gate

    def rebooted(self, instance: Any) -> Gate:
        """An instance was rebooted: its processes end and start again."""
        host = self._hosts.get(instance.id)
        if host is None:
            return lambda: True

        def again() -> None:
            self._end(host, wipe=False)
            self._order(host)

        host.ready = False
        threading.Thread(target=again, daemon=True).start()
        return lambda: host.ready

    def console(self, instance_id: str) -> str:
        """The console's text so far."""
        host = self._hosts.get(instance_id)
        return "\r\n".join(host.console) + "\r\n" if host is not None and host.console else ""

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
                )
        return None

    def rows(self) -> list[dict[str, Any]]:
        """Every host: id, process id, readiness."""
        with self._lock:
            hosts = list(self._hosts.values())
        return [
            {
                "instance_id": host.instance.id,
                "pid": host.process.pid if host.process else None,
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
            host.wanted = False
        ends = [
            threading.Thread(target=self._end, args=(host,), kwargs={"wipe": wipe})
            for host in hosts
        ]
        for end in ends:
            end.start()
        for end in ends:
            end.join()
        if hosts:
            self._write_ssh_files()

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
                console=list(kept["console"]),
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

    def _order(self, host: Host) -> Gate:
        """Have it started, in turn."""
        host.ready = host.failed = False
        host.wanted = True
        self._orders.put(host)
        return lambda: host.ready or host.failed

    def _start_hosts(self) -> None:
        while (host := self._orders.get()) is not None:
            if not host.wanted or host.process is not None:
                continue
            try:
                self._start_host(host)
            except Exception as error:
                self._fail(host, f"{type(error).__name__}: {error}")
            self._end_unwanted(host)

    def _end_unwanted(self, host: Host) -> None:
        """End a host again that was stopped or terminated while it started."""
        if not host.wanted:
            self._end(host, wipe=host.instance.id not in self._hosts)

    @staticmethod
    def _fail(host: Host, why: str) -> None:
        print(f"sandbox: {host.instance.id} did not boot: {why}", file=sys.stderr)
        host.console.append(f"sandbox: boot failed: {why}")
        host.failed = True

    def _start_host(self, host: Host) -> None:
        config = self._guest_config(host)
        files.prepare(self._host_files(host, config))
        code = launch_code(self._library(config.inside), "tui.sandbox.guest.main")
        inner = [sys.executable, "-P", "-c", code]
        if self._bwrap is not None:
            inner = self._bwrap.command(
                root=host.root, home=host.home, hostname=host.hostname, inner=inner
            )
        with (host.root / "sandbox.log").open("ab") as log:
            host.process = process = subprocess.Popen(
                inner,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=host.root,
                start_new_session=True,
            )
        host.gone = False
        host.seeded = True
        threading.Thread(target=self._listen, args=(host, process), daemon=True).start()
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(config.to_json() + "\n")
            process.stdin.flush()

    @staticmethod
    def _library(inside: bool) -> str:
        return f"{bwrap.RUN}/lib" if inside else str(Path(tui.__file__).resolve().parents[1])

    def _host_files(self, host: Host, config: GuestConfig) -> files.HostFiles:
        instance = host.instance
        images = instance.ec2_backend.describe_images(filters={"image-id": instance.image_id})
        pair = instance.ec2_backend.key_pairs.get(instance.key_name) if instance.key_name else None
        return files.HostFiles(
            root=host.root,
            user=host.user,
            home=host.home,
            hostname=host.hostname,
            bin_folder=config.shims,
            os_name=(images[0].description or "Linux") if images else "Linux",
            os_id=host.user if host.user == "ubuntu" else "linux",
            public_key=pair.material_public.decode().strip() if pair else "",
            uid=self._uid(),
        )

    def _uid(self) -> int:
        return self._bwrap.uid if self._bwrap is not None else os.getuid()

    def _guest_config(self, host: Host) -> GuestConfig:
        inside = self._bwrap is not None
        host.profile_arn = role.profile_arn(host.instance)
        host.environment = self._environment(host)
        host.ssh_open = role.ssh_is_open(host.instance)
        data = host.instance.user_data
        return GuestConfig(
            instance_id=host.instance.id,
            user=host.user,
            hostname=host.hostname,
            root="/" if inside else str(host.root),
            bind=host.bind,
            port=host.port,
            ssh_open=host.ssh_open,
            inside=inside,
            shims=f"{bwrap.RUN}/bin" if inside else str(host.root / "bin"),
            user_data=data.decode() if data is not None and not host.seeded else "",
            host_key_pem=host.key.pem,
            environment=host.environment,
        )

    def _environment(self, host: Host) -> dict[str, str]:
        region = host.instance.region_name
        return {
            "AWS_ENDPOINT_URL": self._endpoint_url,
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            **role.role_environment(host.instance),
        }

    def _listen(self, host: Host, process: subprocess.Popen[str]) -> None:
        """Take the events of one process until it ends."""
        assert process.stdout is not None
        for line in process.stdout:
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                if "console" in event:
                    host.console.insert(max(len(host.console) - 2, 0), event["console"])
                if event.get("ready"):
                    self._booted(host, event["port"])
        if host.process is process:  # nobody ended it
            host.ready = False
            self._fail(host, "its process ended; see sandbox.log")

    def _booted(self, host: Host, port: int) -> None:
        host.port = port
        host.console += boot_lines(host, host.instance.image_id)
        self._write_ssh_files(host)
        host.ready = True

    def _end_instance(self, instance: Any, *, wipe: bool) -> Gate:
        host = self._hosts.get(instance.id)
        if host is None:
            return lambda: True
        host.ready = host.wanted = host.gone = False
        threading.Thread(target=self._end, args=(host,), kwargs={"wipe": wipe}, daemon=True).start()
        return lambda: host.gone

    def _end(self, host: Host, *, wipe: bool) -> None:
        with self._lock:
            process, host.process = host.process, None
        host.ready = False
        if process is not None:
            end_process(process)
            host.ready = False  # it may have said READY at the last moment
        if wipe:
            shutil.rmtree(host.root, ignore_errors=True)
        self._write_ssh_files()
        host.gone = True

    def _follow(self) -> None:
        """Re-read what may change under a running instance: rules and the instance profile."""
        while True:
            time.sleep(POLL_SECONDS)
            for host in [host for host in list(self._hosts.values()) if host.ready]:
                with contextlib.suppress(Exception):
                    self._update(host)

    def _update(self, host: Host) -> None:
        change: dict[str, Any] = {}
        if (is_open := role.ssh_is_open(host.instance)) != host.ssh_open:
            host.ssh_open = change["ssh_open"] = is_open
        if (arn := role.profile_arn(host.instance)) != host.profile_arn:
            host.profile_arn = arn
            host.environment = change["environment"] = self._environment(host)
        process = host.process
        if change and process is not None and process.stdin is not None:
            process.stdin.write(json.dumps(change) + "\n")
            process.stdin.flush()

    def _write_ssh_files(self, starting: Host | None = None) -> None:
        with self._lock:
            hosts = [host for host in self._hosts.values() if host.ready or host is starting]
            files.write_ssh_files(
                self._folder,
                [
                    files.SshHost(host.names(), host.bind, host.port, host.user, host.key.public)
                    for host in hosts
                ],
            )


def end_process(process: subprocess.Popen[str]) -> None:
    """End one instance's process by its lease, then its whole group by force."""
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
