"""Instances behave as SSH hosts: the real ssh and scp, a real PTY, keys, ports, files."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.machines import Launch, Machine, open_port_22, until
from tui.sandbox import Sandbox

CHECKOUT = Path(__file__).resolve().parents[2]


def test_exec_gives_output_errors_and_the_exit_status(launch: Launch) -> None:
    done = launch().ssh("echo out; echo err >&2; exit 7")
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 7)


def test_every_name_of_the_instance_works(launch: Launch) -> None:
    machine = launch()
    found = machine.describe()
    for name in (found["PublicDnsName"], found["PublicIpAddress"], machine.instance_id):
        assert machine.ssh("echo $USER", name=name).stdout == "ec2-user\n"


def test_an_unknown_address_is_never_dialled(launch: Launch) -> None:
    done = launch().ssh("true", name="8.8.8.8")
    assert done.returncode == 255
    assert "no running instance" in done.stderr


def test_the_prompt_and_the_host_name_are_amazons(launch: Launch) -> None:
    machine = launch()
    host = "ip-" + machine.describe()["PrivateIpAddress"].replace(".", "-")
    done = machine.ssh("-tt", text="stty size; echo $HOSTNAME; exit 3\n")
    assert f"[ec2-user@{host} ~]$" in done.stdout
    assert f"\n{host}\n" in done.stdout
    if machine.sandbox.info.isolated:
        assert machine.ssh("hostname").stdout == f"{host}\n"
    assert done.returncode == 3


def test_the_login_user_follows_the_ami(launch: Launch) -> None:
    image = "resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current"
    image += "/amd64/hvm/ebs-gp3/ami-id"
    machine = launch(ImageId=image)
    user, home = machine.ssh("echo $USER; pwd").stdout.split()
    assert user == "ubuntu"
    assert home.endswith("/home/ubuntu")
    if machine.sandbox.info.isolated:
        assert machine.ssh("whoami; pwd").stdout == "ubuntu\n/home/ubuntu\n"


def test_a_wrong_key_is_refused(launch: Launch, tmp_path: Path) -> None:
    machine = launch()
    other = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True)
    done = subprocess.run(
        ["ssh", *machine.options(other), machine.instance_id, "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 255
    assert "Permission denied" in done.stderr


def test_another_user_name_is_refused(launch: Launch) -> None:
    machine = launch()
    done = machine.ssh("true", name=f"root@{machine.instance_id}")
    assert "Permission denied" in done.stderr


def test_closing_port_22_ends_logins_and_opening_it_lets_in_again(launch: Launch) -> None:
    machine = launch()
    group = machine.describe()["SecurityGroups"][0]["GroupId"]
    open_port_22(machine.ec2, group, is_open=False)
    assert until(lambda: machine.ssh("true").returncode == 255)
    open_port_22(machine.ec2, group)
    assert until(lambda: machine.ssh("true").returncode == 0)


def test_scp_copies_both_ways_into_the_shells_own_home(launch: Launch, tmp_path: Path) -> None:
    machine = launch()
    sent = tmp_path / "sent file.bin"
    sent.write_bytes(bytes(range(256)) * 5000)
    back = tmp_path / "back.bin"
    for legacy in ([], ["-O"]):
        there = f"{machine.instance_id}:sent.bin"
        up = ["scp", *legacy, *machine.options(), str(sent), there]
        assert subprocess.run(up, capture_output=True, check=False).returncode == 0
        assert machine.ssh("stat -c %s ~/sent.bin").stdout == "1280000\n"
        down = ["scp", *legacy, *machine.options(), there, str(back)]
        assert subprocess.run(down, capture_output=True, check=False).returncode == 0
        assert back.read_bytes() == sent.read_bytes()


def test_sftp_sees_the_same_root_as_the_shell(launch: Launch, tmp_path: Path) -> None:
    machine = launch()
    batch = tmp_path / "batch"
    batch.write_text(f"pwd\nls /etc/passwd\n-ls -1 {CHECKOUT}\n")
    done = subprocess.run(
        ["sftp", *machine.options(), "-b", str(batch), machine.instance_id],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "/home/ec2-user" in done.stdout
    if machine.sandbox.info.isolated:
        assert machine.ssh("cat /etc/passwd").stdout.startswith("root:x:0:0")
        # The interpreter's folder may lie in the checkout; nothing else of it is there.
        assert "pyproject.toml" not in done.stdout
        assert machine.ssh(f"ls {CHECKOUT}/pyproject.toml").returncode != 0


def test_a_resized_window_reaches_the_shell(clean_sandbox: Sandbox, launch: Launch) -> None:
    paramiko = pytest.importorskip("paramiko")
    machine = launch()
    end = clean_sandbox.endpoint(machine.instance_id)
    assert end is not None
    client = paramiko.SSHClient()
    kind, text = end.host_key.split()
    key = paramiko.Ed25519Key(data=base64.b64decode(text))
    client.get_host_keys().add(f"[{end.host}]:{end.port}", kind, key)
    client.connect(
        end.host,
        end.port,
        end.user,
        pkey=paramiko.Ed25519Key.from_private_key_file(str(machine.key_file)),
        look_for_keys=False,
        allow_agent=False,
    )
    shell = client.invoke_shell(width=91, height=33)
    shell.send(b"stty size\n")
    assert _read_until(shell, b"33 91")
    shell.resize_pty(width=120, height=40)
    shell.send(b"stty size\n")
    assert _read_until(shell, b"40 120")
    shell.send(b"sleep 60\n")
    time.sleep(0.3)
    shell.send(b"\x03")
    time.sleep(0.2)
    shell.send(b"echo al''ive\n")
    assert _read_until(shell, b"alive")
    client.close()


def test_the_host_key_is_in_the_console_output(launch: Launch) -> None:
    machine = launch()
    output = machine.ec2.get_console_output(InstanceId=machine.instance_id)["Output"]
    end = machine.sandbox.endpoint(machine.instance_id)
    assert end is not None
    assert "-----BEGIN SSH HOST KEY KEYS-----" in output
    assert end.host_key in output
    assert f"256 {end.fingerprint} root@" in output


def test_user_data_runs_once_and_speaks_on_the_console(launch: Launch) -> None:
    machine = launch(UserData="#!/bin/bash\necho hello from user data\ndate >> ~/booted\n")

    def said() -> bool:
        output = machine.ec2.get_console_output(InstanceId=machine.instance_id)["Output"]
        return "hello from user data" in output and "ended with status 0" in output

    assert until(said)
    machine.ec2.stop_instances(InstanceIds=[machine.instance_id])
    machine.wait_for("stopped")
    machine.ec2.start_instances(InstanceIds=[machine.instance_id])
    machine.wait_for("running")
    time.sleep(0.3)
    assert machine.ssh("wc -l < ~/booted").stdout.strip() == "1"


def test_stop_keeps_files_and_terminate_wipes_them(launch: Launch) -> None:
    machine = launch()
    machine.ssh("echo kept > ~/note")
    machine.ec2.stop_instances(InstanceIds=[machine.instance_id])
    machine.wait_for("stopped")
    assert machine.sandbox.endpoint(machine.instance_id) is None
    machine.ec2.start_instances(InstanceIds=[machine.instance_id])
    machine.wait_for("running")
    assert machine.ssh("cat ~/note").stdout == "kept\n"
    folder = machine.sandbox.info.folder / "instances" / machine.instance_id
    assert folder.exists()
    machine.ec2.terminate_instances(InstanceIds=[machine.instance_id])
    machine.wait_for("terminated")
    assert not folder.exists()
    assert machine.sandbox.instances() == []


def test_nohup_survives_the_logout(launch: Launch) -> None:
    machine = launch()
    machine.ssh("nohup sh -c 'sleep 0.5; echo alive > ~/alive' >/dev/null 2>&1 &")
    assert until(lambda: machine.ssh("cat ~/alive").stdout == "alive\n")


def test_reboot_keeps_the_files_and_comes_back(launch: Launch) -> None:
    machine = launch()
    machine.ssh("echo kept > ~/note")
    machine.ec2.reboot_instances(InstanceIds=[machine.instance_id])
    assert until(lambda: machine.ssh("cat ~/note").stdout == "kept\n")


SCRIPT = "import boto3; print([b['Name'] for b in boto3.client('s3').list_buckets()['Buckets']])"


def test_without_a_role_a_script_has_no_credentials(launch: Launch) -> None:
    machine = launch()
    done = machine.ssh("python3", "-", text=SCRIPT)
    assert "NoCredentialsError" in done.stderr
    assert "AWS_SECRET" not in machine.ssh("env").stdout


def test_a_role_gives_the_shell_what_its_policy_allows(
    launch: Launch, clean_sandbox: Sandbox, aws_client: Callable[..., Any]
) -> None:
    make_profile(aws_client(clean_sandbox, "iam"), "AmazonS3ReadOnlyAccess")
    s3 = aws_client(clean_sandbox, "s3")
    s3.create_bucket(Bucket="role-bucket")
    s3.put_object(Bucket="role-bucket", Key="in.csv", Body=b"a,b\n1,2\n")
    machine = launch(IamInstanceProfile={"Name": "reader"})
    assert machine.ssh("python", "-", text=SCRIPT).stdout == "['role-bucket']\n"
    read = "import boto3, pandas; s3 = boto3.client('s3'); "
    read += "body = s3.get_object(Bucket='role-bucket', Key='in.csv')['Body']; "
    read += "print(pandas.read_csv(body).b.sum())"
    assert machine.ssh("python", "-", text=read).stdout == "2\n"
    write = "import boto3; boto3.client('s3').put_object(Bucket='role-bucket',Key='x',Body=b'')"
    assert "AccessDenied" in machine.ssh("python", "-", text=write).stderr
    launchy = "import boto3; boto3.client('ec2').describe_instances()"
    assert "UnauthorizedOperation" in machine.ssh("python", "-", text=launchy).stderr


def test_package_managers_and_sudo_explain_themselves(launch: Launch) -> None:
    machine = launch()
    for command in ("sudo ls", "yum install x", "dnf install x", "apt update"):
        done = machine.ssh(command)
        assert done.returncode == 1
        assert "sandbox" in done.stderr


def test_the_shell_cannot_see_the_users_files(
    launch: Launch, clean_sandbox: Sandbox, tmp_path: Path
) -> None:
    if not clean_sandbox.info.isolated:
        pytest.skip("no bwrap here")
    (tmp_path / "secret").write_text("mine")
    machine = launch()
    assert machine.ssh(f"cat {tmp_path}/secret").returncode != 0
    assert machine.ssh("ls /home").stdout == "ec2-user\n"
    processes = machine.ssh("ps ax | wc -l").stdout
    assert int(processes) < 12


def test_ten_instances_at_once_all_take_logins(launch: Launch, clean_sandbox: Sandbox) -> None:
    first = launch()
    made = first.ec2.run_instances(
        ImageId=first.describe()["ImageId"],
        InstanceType="t3.micro",
        KeyName="test-key",
        SecurityGroupIds=[first.describe()["SecurityGroups"][0]["GroupId"]],
        MinCount=9,
        MaxCount=9,
    )
    machines = [first]
    machines += [
        Machine(clean_sandbox, first.ec2, row["InstanceId"], first.key_file)
        for row in made["Instances"]
    ]
    for machine in machines:
        machine.wait_for("running", 30)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda machine: machine.ssh("sleep 1; echo $HOSTNAME"), machines))
    assert [answer.returncode for answer in answers] == [0] * 10
    assert len({answer.stdout for answer in answers}) == 10
    assert len({row["pid"] for row in clean_sandbox.instances()}) == 10


def make_profile(iam: Any, policy: str) -> None:
    """An instance profile named `reader` with one of AWS's policies."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(trust))
    iam.attach_role_policy(RoleName="reader", PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    iam.create_instance_profile(InstanceProfileName="reader")
    iam.add_role_to_instance_profile(InstanceProfileName="reader", RoleName="reader")


def _read_until(shell: Any, wanted: bytes, seconds: float = 10.0) -> bool:
    shell.settimeout(0.5)
    seen = b""
    deadline = time.monotonic() + seconds
    while wanted not in seen and time.monotonic() < deadline:
        try:
            seen += shell.recv(4096)
        except TimeoutError:
            continue
    return wanted in seen
