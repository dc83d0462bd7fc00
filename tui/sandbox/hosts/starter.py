"""Makes a host's files, its configuration and the command that runs it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import tui
from tui.sandbox.hosts import bwrap, files, role, user_data
from tui.sandbox.hosts.guest_process import GuestProcess, Spawner
from tui.sandbox.hosts.host import Host
from tui.sandbox.records import GuestConfig, launch_code


class Starter:
    """Starts hosts, inside bwrap where there is one."""

    def __init__(self, endpoint_url: str, walls: bwrap.Bwrap | None) -> None:
        self._endpoint_url = endpoint_url
        self._bwrap = walls
        self._spawner = Spawner(isolated=walls is not None)

    def start(self, host: Host) -> GuestProcess:
        """Start a host's process.

        Raises:
            Exception: it cannot be started; the user's own data may be the reason.
        """
        config = self._guest_config(host)
        files.prepare(self._host_files(host, config))
        process = self._spawner.start(lambda fd: self._command(host, fd), host.root)
        host.seeded = True
        process.configure(config.to_json())
        return process

    def end(self, host: Host, process: GuestProcess) -> None:
        """End a host's process and all that runs on it."""
        self._spawner.end(process, host.instance.id)

    def environment(self, host: Host) -> dict[str, str]:
        """What the shells' environment holds beside the usual."""
        region = host.instance.region_name
        return {
            "AWS_ENDPOINT_URL": self._endpoint_url,
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            **role.role_environment(host.instance),
        }

    def _command(self, host: Host, fd: int) -> list[str]:
        inside = self._bwrap is not None
        library = f"{bwrap.RUN}/lib" if inside else str(Path(tui.__file__).resolve().parents[1])
        code = launch_code(library, "tui.sandbox.guest.main")
        inner = [sys.executable, "-P", "-c", code, str(fd)]
        if self._bwrap is None:
            return inner
        return self._bwrap.command(
            root=host.root, home=host.home, hostname=host.hostname, inner=inner
        )

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
            uid=self._bwrap.uid if self._bwrap is not None else os.getuid(),
        )

    def _guest_config(self, host: Host) -> GuestConfig:
        inside = self._bwrap is not None
        host.role = role.identity(host.instance)
        host.ssh_open = role.ssh_is_open(host.instance)
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
            user_data=_first_boot_script(host),
            host_key_pem=host.key.pem,
            environment=self.environment(host),
        )


def _first_boot_script(host: Host) -> str:
    """The user data of a host that never ran; what cannot be read is said on the console."""
    if host.seeded:
        return ""
    try:
        return user_data.script(host.instance.user_data)
    except ValueError as error:
        host.console.add(f"cloud-init[1570]: user data is skipped: {error}")
        return ""
