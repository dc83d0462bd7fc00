"""Without bwrap the instances still work, in a home of their own, and a warning says so."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.machines import Machine, a_long_time, launch_machine, sleepers, until
from tui.sandbox import Sandbox

psutil = pytest.importorskip("psutil")


@pytest.fixture(scope="module")
def plain() -> Iterator[Sandbox]:
    box = Sandbox(fast=True, isolate=False)
    box.start()
    yield box
    box.stop()


@pytest.fixture
def machine(plain: Sandbox, aws_client: Callable[..., Any], tmp_path: Path) -> Machine:
    plain.reset()
    return launch_machine(plain, aws_client(plain, "ec2"), tmp_path)


def test_the_warning_names_what_is_at_stake(plain: Sandbox) -> None:
    assert not plain.info.isolated
    assert any("your own files" in text for text in plain.warnings)


def test_home_is_the_instances_own(machine: Machine) -> None:
    folder = machine.sandbox.info.folder / "instances" / machine.instance_id
    assert machine.ssh("pwd; echo $HOME").stdout.split() == [str(folder / "home/ec2-user")] * 2


def test_the_prompt_names_the_instance(machine: Machine) -> None:
    done = machine.ssh("-tt", text="exit\n")
    assert "[ec2-user@ip-172-31-" in done.stdout


def test_python_finds_its_packages(machine: Machine) -> None:
    done = machine.ssh("python3 -c 'import boto3, pandas; print(1)'")
    assert done.stdout == "1\n", done.stderr


def test_sftp_stays_inside_the_instances_folder(machine: Machine, tmp_path: Path) -> None:
    target = f"{machine.instance_id}:note.txt"
    note = tmp_path / "note.txt"
    note.write_text("hello")
    sent = subprocess.run(
        ["scp", *machine.options(), str(note), target], capture_output=True, check=False
    )
    assert sent.returncode == 0, sent.stderr
    assert machine.ssh("cat ~/note.txt").stdout == "hello"
    machine.ssh(f"ln -s {tmp_path} ~/way-out")
    for path in ("way-out/note.txt", "../../../../../../etc/shadow"):
        stolen = subprocess.run(
            ["scp", *machine.options(), f"{machine.instance_id}:{path}", str(tmp_path / "x")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert stolen.returncode != 0
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("ended", ["stopped", "killed"])
def test_what_hides_from_its_instance_ends_with_it(machine: Machine, ended: str) -> None:
    # Without the instance's mark, out of its session, and reparented.
    seconds = a_long_time()
    machine.ssh(
        f"env -i setsid sh -c 'sleep {seconds} & sleep {seconds} &' </dev/null >/dev/null 2>&1"
    )
    assert until(lambda: len(sleepers(seconds)) == 2)
    if ended == "killed":
        os.kill(machine.sandbox.instances()[0]["pid"], signal.SIGKILL)
    else:
        machine.ec2.stop_instances(InstanceIds=[machine.instance_id])
        machine.wait_for("stopped")
    assert until(lambda: sleepers(seconds) == [])
    if ended == "killed":
        assert until(lambda: machine.ssh("echo up").stdout == "up\n")


def test_orphans_are_waited_for(machine: Machine) -> None:
    server = psutil.Process(machine.sandbox.instances()[0]["pid"])
    machine.ssh("setsid sh -c 'sleep 0.2 & sleep 0.2 &' </dev/null >/dev/null 2>&1")
    assert until(lambda: len(server.children()) == 2, 2)
    assert until(lambda: server.children() == [], 15)
