"""Instances under strain: orders that overtake each other, killed servers, input without end."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.machines import Launch, Machine, launch_machine, open_port_22, until
from tui.sandbox import Sandbox

psutil = pytest.importorskip("psutil")


def console(machine: Machine) -> str:
    found: str = machine.ec2.get_console_output(InstanceId=machine.instance_id).get("Output", "")
    return found


def server_of(machine: Machine) -> Any:
    """The process of the instance's SSH server, as this machine sees it."""
    pid = next(row["pid"] for row in machine.sandbox.instances())
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return next(p for p in reversed(family) if "guest.main" in " ".join(p.cmdline()))


def children_of(sandbox: Sandbox) -> list[Any]:
    assert sandbox.pid is not None
    found = psutil.Process(sandbox.pid).children(recursive=True)
    return [p for p in found if p.status() != psutil.STATUS_ZOMBIE]


def test_a_reboot_is_overtaken_by_a_stop(launch: Launch, clean_sandbox: Sandbox) -> None:
    machine = launch()
    ids = [machine.instance_id]
    for pause in (0.0, 0.05, 0.15, 0.3):
        machine.ec2.reboot_instances(InstanceIds=ids)
        time.sleep(pause)
        machine.ec2.stop_instances(InstanceIds=ids)
        machine.wait_for("stopped")
        time.sleep(0.3)
        assert clean_sandbox.instances()[0]["pid"] is None
        assert children_of(clean_sandbox) == []
        machine.ec2.start_instances(InstanceIds=ids)
        machine.wait_for("running")
        assert machine.ssh("echo up").stdout == "up\n"


def test_a_reboot_is_overtaken_by_a_termination(launch: Launch, clean_sandbox: Sandbox) -> None:
    machine = launch()
    ids = [machine.instance_id]
    machine.ec2.reboot_instances(InstanceIds=ids)
    time.sleep(0.1)
    machine.ec2.terminate_instances(InstanceIds=ids)
    machine.wait_for("terminated")
    time.sleep(0.3)
    assert clean_sandbox.instances() == []
    assert children_of(clean_sandbox) == []
    assert not (clean_sandbox.info.folder / "instances" / machine.instance_id).exists()


def test_a_rebooting_instance_is_running_all_along(launch: Launch) -> None:
    machine = launch()
    machine.ec2.reboot_instances(InstanceIds=[machine.instance_id])
    seen = set()

    def is_back() -> bool:
        seen.add(machine.describe()["State"]["Name"])
        return machine.sandbox.endpoint(machine.instance_id) is not None

    assert until(is_back, 30)
    assert seen == {"running"}
    assert machine.ssh("echo up").stdout == "up\n"


def test_pkill_python_leaves_the_ssh_server_alone(launch: Launch, clean_sandbox: Sandbox) -> None:
    if not clean_sandbox.info.isolated:
        pytest.skip("without bwrap it would end this very test")
    machine = launch()
    before = server_of(machine).pid
    machine.ssh("pkill python")
    assert machine.ssh("echo up").stdout == "up\n"
    assert server_of(machine).pid == before


def test_a_killed_ssh_server_starts_again_a_few_times(launch: Launch) -> None:
    machine = launch(UserData="#!/bin/sh\necho once >> ~/booted\n")
    machine.ssh("echo kept > ~/note")
    for _ in range(3):
        server = server_of(machine)
        server.send_signal(signal.SIGKILL)
        server.wait(5)
        assert until(lambda: machine.ssh("cat ~/note").stdout == "kept\n")
    assert machine.describe()["State"]["Name"] == "running"
    assert machine.ssh("cat ~/booted").stdout == "once\n"
    server_of(machine).send_signal(signal.SIGKILL)
    assert until(lambda: instance_status(machine) == "impaired")
    assert machine.sandbox.endpoint(machine.instance_id) is None
    machine.ec2.reboot_instances(InstanceIds=[machine.instance_id])
    assert until(lambda: machine.ssh("true").returncode == 0)
    assert instance_status(machine) == "ok"


def test_a_stopped_ssh_server_does_not_hold_the_others_up(
    launch: Launch, clean_sandbox: Sandbox
) -> None:
    machine = launch()
    server_of(machine).send_signal(signal.SIGSTOP)
    group = machine.describe()["SecurityGroups"][0]["GroupId"]
    for number in range(3):
        open_port_22(machine.ec2, group, is_open=bool(number % 2))
        time.sleep(0.5)
    machine.ec2.terminate_instances(InstanceIds=[machine.instance_id])
    machine.wait_for("terminated")
    assert children_of(clean_sandbox) == []


def instance_status(machine: Machine) -> str:
    found = machine.ec2.describe_instance_status(InstanceIds=[machine.instance_id])
    status: str = found["InstanceStatuses"][0]["InstanceStatus"]["Status"]
    return status


def test_an_instance_that_cannot_boot_is_impaired(launch: Launch) -> None:
    machine = launch()
    assert instance_status(machine) == "ok"
    machine.ec2.stop_instances(InstanceIds=[machine.instance_id])
    machine.wait_for("stopped")
    folder = machine.sandbox.info.folder / "instances" / machine.instance_id
    (folder / "etc").rename(folder / "etc-away")
    (folder / "etc").touch()
    machine.ec2.start_instances(InstanceIds=[machine.instance_id])
    machine.wait_for("running")
    assert instance_status(machine) == "impaired"
    assert "boot failed" in console(machine)


def test_a_signal_without_a_name_ends_the_command(launch: Launch) -> None:
    machine = launch()
    for number in (40, 63):
        done = subprocess.run(
            ["ssh", *machine.options(), machine.instance_id, f"kill -{number} $$"],
            capture_output=True,
            timeout=20,
            check=False,
        )
        assert done.returncode == 128 + number
    assert machine.ssh("kill -9 $$").returncode == 255


def test_input_that_nobody_reads_is_not_kept_in_memory(launch: Launch) -> None:
    machine = launch()
    for command in (["sleep 3"], ["-tt", "stty raw -echo; sleep 3"]):
        with Path("/dev/zero").open("rb") as zeros:
            options, words = command[:-1], command[-1:]
            ssh = subprocess.Popen(
                ["ssh", *options, *machine.options(), machine.instance_id, *words],
                stdin=zeros,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            assert ssh.wait(30) == 0
    status = Path(f"/proc/{server_of(machine).pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    assert int(peak.split()[1]) < 80 << 10, peak


def test_input_that_waits_arrives_whole(launch: Launch) -> None:
    machine = launch()
    data = os.urandom(1 << 20) * 12
    done = subprocess.run(
        ["ssh", *machine.options(), machine.instance_id, "sleep 1; sha256sum"],
        input=data,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split()[0].decode() == hashlib.sha256(data).hexdigest()


def test_packed_user_data_runs(launch: Launch) -> None:
    script = gzip.compress(b"#!/bin/sh\necho unpacked > ~/unpacked\n")
    machine = launch(UserData=script)
    assert until(lambda: machine.ssh("cat ~/unpacked").stdout == "unpacked\n")


def test_broken_user_data_is_said_on_the_console_and_boots(launch: Launch) -> None:
    machine = launch(UserData=b"\x1f\x8b and no more")
    assert "user data is skipped" in console(machine)
    assert machine.ssh("echo up").stdout == "up\n"


def test_user_data_with_endless_lines_speaks_and_ends(launch: Launch) -> None:
    script = "#!/bin/sh\nhead -c 300000 /dev/zero | tr '\\0' x\necho\necho the end\n"
    machine = launch(UserData=script)
    assert until(lambda: "ended with status 0" in console(machine))
    text = console(machine)
    assert "the end" in text
    assert len(text.encode()) <= 64 << 10


def test_a_role_that_joins_the_profile_later_reaches_the_instance(
    launch: Launch, clean_sandbox: Sandbox, aws_client: Callable[..., Any]
) -> None:
    iam = aws_client(clean_sandbox, "iam")
    trust = {"Version": "2012-10-17", "Statement": []}
    iam.create_instance_profile(InstanceProfileName="empty")
    machine = launch(IamInstanceProfile={"Name": "empty"})
    time.sleep(0.6)
    assert "AWS_SECRET" not in machine.ssh("env").stdout
    iam.create_role(RoleName="late", AssumeRolePolicyDocument=json.dumps(trust))
    iam.add_role_to_instance_profile(InstanceProfileName="empty", RoleName="late")
    assert until(lambda: "AWS_SECRET" in machine.ssh("env").stdout)


def test_an_elastic_address_is_in_the_ssh_config(launch: Launch) -> None:
    machine = launch()
    old = machine.describe()["PublicIpAddress"]
    address = machine.ec2.allocate_address(Domain="vpc")
    machine.ec2.associate_address(
        InstanceId=machine.instance_id, AllocationId=address["AllocationId"]
    )
    new = address["PublicIp"]
    assert until(lambda: machine.ssh("echo up", name=new).stdout == "up\n")
    assert machine.ssh("true", name=old).returncode == 255


def test_the_endpoint_says_whether_port_22_is_open(launch: Launch) -> None:
    machine = launch()

    def is_open() -> bool:
        end = machine.sandbox.endpoint(machine.instance_id)
        assert end is not None
        return end.ssh_open

    assert is_open()
    group = machine.describe()["SecurityGroups"][0]["GroupId"]
    open_port_22(machine.ec2, group, is_open=False)
    assert not is_open()


def test_a_kept_folder_may_have_any_name(aws_client: Callable[..., Any], tmp_path: Path) -> None:
    box = Sandbox(keep=tmp_path / 'an "odd" 100%d folder', fast=True)
    box.start()
    try:
        machine = launch_machine(box, aws_client(box, "ec2"), tmp_path)
        assert machine.ssh("python3 -c 'print(1)'").stdout == "1\n"
        assert "[ec2-user@ip-172-31-" in machine.ssh("-tt", text="exit\n").stdout
    finally:
        box.stop()


def test_base64_of_user_data_is_what_describe_says(launch: Launch) -> None:
    raw = b"#!/bin/sh\n# \xfc\ntrue\n"
    machine = launch(UserData=raw)
    found = machine.ec2.describe_instance_attribute(
        InstanceId=machine.instance_id, Attribute="userData"
    )
    assert base64.b64decode(found["UserData"]["Value"]) == raw
    assert until(lambda: "ended with status 0" in console(machine))
