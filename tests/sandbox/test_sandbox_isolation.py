"""What a shell on an instance must not reach: the daemon's ear, the user's own files and keys."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.machines import Launch, launch_machine, until
from tui.sandbox import Sandbox

SPEAK = """
import glob, os
event = b'{"ready": true, "port": "22\\\\n  ProxyCommand touch /tmp/escaped"}\\n'
event += b'{"ready": true, "port": 9}\\n{"console": "forged"}\\n'
for path in glob.glob("/proc/[0-9]*/fd/*"):
    try:
        target = os.readlink(path)
        if path.startswith(f"/proc/{os.getpid()}/") or target.endswith(".log"):
            continue
        fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        os.write(fd, event)
    except OSError:
        pass
print("spoken")
"""


@pytest.fixture
def walled(clean_sandbox: Sandbox) -> Sandbox:
    if not clean_sandbox.info.isolated:
        pytest.skip("no bwrap here")
    return clean_sandbox


def test_a_shell_cannot_speak_for_its_instance(walled: Sandbox, launch: Launch) -> None:
    machine = launch()
    before = walled.info.ssh_config.read_text()
    end = walled.endpoint(machine.instance_id)
    assert machine.ssh("python3", "-", text=SPEAK).stdout == "spoken\n"
    time.sleep(0.3)
    # What a new instance has written again would hold what the shell said.
    machine.ec2.reboot_instances(InstanceIds=[machine.instance_id])
    assert until(lambda: machine.ssh("true").returncode == 0)
    assert walled.info.ssh_config.read_text() == before
    assert walled.endpoint(machine.instance_id) == end
    output = machine.ec2.get_console_output(InstanceId=machine.instance_id)["Output"]
    assert "forged" not in output


def test_the_instances_own_process_is_closed_to_its_shells(walled: Sandbox, launch: Launch) -> None:
    done = launch().ssh("p=$(pgrep -x sshd); cat /proc/$p/environ; echo x > /proc/$p/fd/1; echo $p")
    assert done.stdout.strip().isdigit()
    assert done.stderr.count("Permission denied") == 2


def test_the_users_environment_is_not_on_the_instance(
    aws_client: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_planted")
    box = Sandbox(fast=True)
    if not box.start().isolated:
        box.stop()
        pytest.skip("no bwrap here")
    try:
        machine = launch_machine(box, aws_client(box, "ec2"), tmp_path)
        done = machine.ssh("cat /proc/[0-9]*/environ | tr '\\0' '\\n'")
        assert "PATH=" in done.stdout
        assert "ghp_planted" not in done.stdout
    finally:
        box.stop()


def test_certificates_and_names_are_there_and_private_keys_are_not(
    walled: Sandbox, launch: Launch
) -> None:
    machine = launch()
    assert machine.ssh("ls /etc/ssl/private /etc/pki/tls/private").stdout == ""
    if Path("/etc/ssl/certs/ca-certificates.crt").exists():
        assert "BEGIN" in machine.ssh("head -n 1 /etc/ssl/certs/ca-certificates.crt").stdout
    if Path("/etc/resolv.conf").exists():
        here = Path("/etc/resolv.conf").read_text()
        assert machine.ssh("cat /etc/resolv.conf").stdout == here


def test_a_link_in_the_home_is_not_followed_at_the_next_start(
    walled: Sandbox, launch: Launch, tmp_path: Path
) -> None:
    ssh = tmp_path / ".ssh"
    ssh.mkdir()
    (ssh / "authorized_keys").write_text("mine")
    machine = launch()
    links = f"rm -r ~/.ssh ~/.bashrc; ln -s {ssh} ~/.ssh; ln -s {tmp_path}/made ~/.bashrc"
    machine.ssh(links)
    machine.ec2.stop_instances(InstanceIds=[machine.instance_id])
    machine.wait_for("stopped")
    machine.ec2.start_instances(InstanceIds=[machine.instance_id])
    machine.wait_for("running")
    assert (ssh / "authorized_keys").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {".ssh", "test-key.pem"}


def test_root_without_user_namespaces_boots_and_has_no_power(
    aws_client: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = shutil.which("bwrap")
    if binary is None or os.getuid() != 0:
        pytest.skip("only root can do without a user namespace")
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / "bwrap"
    refusal = 'for a; do [ "$a" = --unshare-user ] && exit 1; done'
    fake.write_text(f'#!/bin/sh\n{refusal}\nexec {binary} "$@"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    box = Sandbox(fast=True)
    if not box.start().isolated:
        box.stop()
        pytest.skip("bwrap does not work here")
    try:
        machine = launch_machine(box, aws_client(box, "ec2"), tmp_path)
        done = machine.ssh("-tt", text="id -u; grep CapEff /proc/self/status; touch ~/x; exit\n")
        assert "\n0\r\n" in done.stdout.replace("\n0\n", "\n0\r\n")
        assert "CapEff:\t0000000000000000" in done.stdout
        assert "denied" not in done.stdout
        assert machine.ssh("python3", "-", text=SPEAK).stdout == "spoken\n"
        assert "ProxyCommand touch" not in box.info.ssh_config.read_text()
        assert machine.ssh("mount -o remount,rw /usr; chown 1 ~/x").returncode != 0
    finally:
        box.stop()
