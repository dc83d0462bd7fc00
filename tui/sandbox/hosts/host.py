"""What the daemon knows of one instance's host."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui.sandbox.hosts.console import Console
from tui.sandbox.hosts.guest_process import GuestProcess
from tui.sandbox.hosts.keys import HostKey
from tui.sandbox.hosts.turns import Turns
from tui.sandbox.records import home_of

LOGIN_USERS = (
    ("ubuntu", "ubuntu"),
    ("debian", "admin"),
    ("suse", "ec2-user"),
    ("rhel", "ec2-user"),
    ("al2023", "ec2-user"),
    ("amzn", "ec2-user"),
)


def login_user(image_name: str) -> str:
    """The user that an AMI's instances let in, by the AMI's name."""
    name = image_name.lower()
    return next((user for word, user in LOGIN_USERS if word in name), "ec2-user")


@dataclass(slots=True)
class Host:
    """One instance's host: what outlives a stop, and the process while it runs.

    Attributes:
        instance: moto's own record.
        bind: the loopback address it listens on, its own for life.
        console: what its console said.
        ready: True while its SSH server answers.
        failed: True when it could not boot; its state changes then wait for nothing.
        wanted: what the newest order says: False once it is to end.
        seeded: True once user data ran; it runs at the first boot only.
        revivals: how often its process ended unasked and was started again since its boot.
        role: the instance profile and its role, as the process knows them.
        listed: its names as `ssh_config` has them.
        turns: its orders; only they change `process`.
    """

    instance: Any
    root: Path
    bind: str
    key: HostKey
    user: str
    port: int = 0
    console: Console = field(default_factory=Console)
    ready: bool = False
    failed: bool = False
    wanted: bool = True
    seeded: bool = False
    revivals: int = 0
    ssh_open: bool = False
    role: tuple[str, str] = ("", "")
    listed: tuple[str, ...] = ()
    process: GuestProcess | None = None
    turns: Turns = field(default_factory=Turns)

    @property
    def hostname(self) -> str:
        """`ip-172-31-0-4`, as AWS names hosts."""
        return "ip-" + str(self.instance.private_ip).replace(".", "-")

    @property
    def home(self) -> str:
        """The login user's home inside."""
        return home_of(self.user)

    def names(self) -> tuple[str, ...]:
        """Every name one may dial: public address and name, private ones, and the id."""
        instance = self.instance
        names = (
            instance.public_ip,
            instance.public_dns_name,
            instance.id,
            instance.private_ip,
            instance.private_dns_name,
        )
        return tuple(name for name in names if name)

    def kept(self) -> dict[str, Any]:
        """What a kept sandbox must remember of it."""
        return {
            "instance_id": self.instance.id,
            "region": self.instance.region_name,
            "bind": self.bind,
            "port": self.port,
            "public": self.key.public,
            "fingerprint": self.key.fingerprint,
            "pem": self.key.pem,
            "user": self.user,
            "console": self.console.lines,
            "seeded": self.seeded,
        }


def boot_lines(host: Host, image_id: str) -> list[str]:
    """What the console says up to the login prompt, host keys as cloud-init prints them."""
    comment = f"root@{host.hostname}"
    bar = "<14>ec2: " + "#" * 61
    return [
        f"[    0.000000] Linux version 6.1.0-sandbox ({image_id})",
        "[    3.104211] cloud-init[1514]: Cloud-init v. 22.2.2 running 'init'",
        bar,
        "<14>ec2: -----BEGIN SSH HOST KEY FINGERPRINTS-----",
        f"<14>ec2: 256 {host.key.fingerprint} {comment} (ED25519)",
        "<14>ec2: -----END SSH HOST KEY FINGERPRINTS-----",
        bar,
        "-----BEGIN SSH HOST KEY KEYS-----",
        f"{host.key.public} {comment}",
        "-----END SSH HOST KEY KEYS-----",
        "[   12.000000] cloud-init[1570]: Cloud-init v. 22.2.2 finished",
        "",
        f"{host.hostname} login: ",
    ]
