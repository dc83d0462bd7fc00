"""Without bwrap the instances still work, in a home of their own, and a warning says so."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.machines import Machine, launch_machine
from tui.sandbox import Sandbox


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
