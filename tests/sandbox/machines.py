"""Launches real instances in the sandbox and logs in to them with the real `ssh`."""

from __future__ import annotations

import subprocess
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tui.sandbox import Sandbox

BUCKET = "the-bucket"
AMAZON_LINUX = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


@dataclass(frozen=True, slots=True)
class Machine:
    """A running instance and the key that opens it."""

    sandbox: Sandbox
    ec2: Any
    instance_id: str
    key_file: Path

    def describe(self) -> dict[str, Any]:
        """What DescribeInstances says of it now."""
        answer = self.ec2.describe_instances(InstanceIds=[self.instance_id])
        found: dict[str, Any] = answer["Reservations"][0]["Instances"][0]
        return found

    def wait_for(self, state: str, seconds: float = 15.0) -> dict[str, Any]:
        """Wait until it is in `state`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if (found := self.describe())["State"]["Name"] == state:
                return found
            time.sleep(0.05)
        pytest.fail(f"{self.instance_id} is {self.describe()['State']}, not {state}")

    def options(self, key_file: Path | None = None) -> list[str]:
        """What the real ssh and scp need."""
        config = str(self.sandbox.info.ssh_config)
        key = str(key_file or self.key_file)
        strict = ["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]
        return ["-F", config, "-i", key, *strict]

    def ssh(
        self, *words: str, name: str = "", text: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one command over the real ssh."""
        target = name or str(self.describe()["PublicIpAddress"])
        return subprocess.run(
            ["ssh", *self.options(), target, *words],
            capture_output=True,
            text=True,
            input=text,
            timeout=60,
            check=False,
        )


Launch = Callable[..., Machine]


def open_port_22(ec2: Any, group: str, *, is_open: bool = True) -> None:
    """Let SSH in through a security group, or stop it."""
    rule = [
        {
            "IpProtocol": "tcp",
            "FromPort": 22,
            "ToPort": 22,
            "IpRanges": [{"CidrIp": "198.51.100.7/32"}],
        }
    ]
    change = ec2.authorize_security_group_ingress if is_open else ec2.revoke_security_group_ingress
    change(GroupId=group, IpPermissions=rule)


def run(ec2: Any, **options: Any) -> list[dict[str, Any]]:
    """What RunInstances says of the instances that it launched."""
    settings: dict[str, Any] = {
        "ImageId": AMAZON_LINUX,
        "InstanceType": "t3.micro",
        "MinCount": 1,
        "MaxCount": 1,
    }
    found: list[dict[str, Any]] = ec2.run_instances(**(settings | options))["Instances"]
    return found


def launch_machine(sandbox: Sandbox, ec2: Any, folder: Path, **options: Any) -> Machine:
    """Launch one instance that SSH can reach, and wait until it runs."""
    pair = ec2.create_key_pair(KeyName="test-key", KeyType="ed25519")
    key_file = folder / "test-key.pem"
    key_file.write_text(pair["KeyMaterial"])
    key_file.chmod(0o600)
    group = ec2.create_security_group(GroupName="ssh", Description="ssh")["GroupId"]
    open_port_22(ec2, group)
    made = run(ec2, **({"KeyName": "test-key", "SecurityGroupIds": [group]} | options))
    machine = Machine(sandbox, ec2, made[0]["InstanceId"], key_file)
    machine.wait_for("running")
    return machine


def a_long_time() -> str:
    """Seconds for `sleep`, some nine hours: no other process of this machine sleeps as long."""
    return f"32100.{uuid.uuid4().int % 10**12:012}"


def sleepers(seconds: str) -> list[Any]:
    """Every `sleep` of just so many seconds on this machine."""
    import psutil

    found = psutil.process_iter(["name", "cmdline"])  # gives None for what it may not read
    return [p for p in found if p.info["name"] == "sleep" and seconds in (p.info["cmdline"] or [])]


def until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether it came true within the time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return False
